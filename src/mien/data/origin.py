"""Whose data a source holds, and under which terms; converted sets carry that with them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from mien.core.errors import DataError
from mien.data.readers.folders import folder_pictures, named_like_fer2013
from mien.data.readers.source import Source
from mien.data.sources import reader_of
from mien.store.atomic import writing

RECORD = "data_set.json"
"""Record in a converted folder; beside a converted table ``x.csv``, ``x.csv.data_set.json``."""


@dataclass(frozen=True)
class Origin:
    """A data set.

    Args:
        title: Its name.
        terms: Terms of its use, in words.
    """

    title: str
    terms: str


FER2013 = Origin("FER2013", "research only; pictures from the web")


def origins_of(source: str | Path | Source) -> tuple[Origin, ...]:
    """The data sets that ``source`` holds, one unless it was mixed.

    A record that ``mien data convert`` wrote counts first, then what a reader knows. A table, and
    class folders whose pictures have the names of FER2013's splits, are FER2013; of any other
    folder only its name is known.

    Raises:
        DataError: If there is no such source, or the record is damaged.
        UnknownNameError: If there is no such reader.
    """
    given = Source.of(source)
    path, info = given.path, reader_of(given)
    record = path / RECORD if path.is_dir() else _beside(path)
    if record.is_file():
        return _read(record)
    if info is not None:
        return (Origin(info.title, info.terms),)
    if path.is_file():
        return (FER2013,)
    pictures = folder_pictures(path) if given.labels_file is None else []
    if named_like_fer2013(each.name for each in pictures):
        return (FER2013,)
    return (Origin(path.resolve().name, "not told"),)


def terms(*sources: str | Path) -> dict[str, str]:
    """What a card records of data sets other than FER2013: whose they are, under which terms.

    ``data_set`` names them where nothing else was trained on, so that a card says nothing of
    FER2013 that does not hold; ``data_terms`` are the terms of each.

    Raises:
        DataError: As ``origins_of`` does.
    """
    found = dict.fromkeys(origin for source in sources for origin in origins_of(source))
    others = [origin for origin in found if origin != FER2013]
    if not others:
        return {}
    names = dict.fromkeys(origin.title for origin in others)
    only = {"data_set": ", ".join(names)} if len(others) == len(found) else {}
    return only | {"data_terms": "; ".join(f"{each.title}: {each.terms}" for each in others)}


def write_origins(origins: Sequence[Origin], target: Path) -> None:
    """Put a record into a folder, or beside a table; none beside a table of FER2013 alone.

    Raises:
        InputError: If it cannot be written.
    """
    if not target.is_dir() and set(origins) <= {FER2013}:
        _beside(target).unlink(missing_ok=True)
        return
    with writing(target / RECORD if target.is_dir() else _beside(target)) as file:
        json.dump({"data_sets": [asdict(each) for each in origins]}, file, indent=1)
        file.write("\n")


def _beside(table: Path) -> Path:
    return table.with_name(f"{table.name}.{RECORD}")


def _read(record: Path) -> tuple[Origin, ...]:
    try:
        told = json.loads(record.read_text(encoding="utf-8"))["data_sets"]
        return tuple(Origin(str(each["title"]), str(each["terms"])) for each in told)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"{record} is damaged ({error}): it tells whose data these are. Convert them again, "
            "or remove it if you know"
        ) from error
