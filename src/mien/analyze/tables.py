"""Rows as a table in pandas, for whoever has it."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mien.core.errors import InputError, MissingExtraError
from mien.core.rows import Row, decode_row, parse_row
from mien.core.table import columns, records

if TYPE_CHECKING:
    from mien.core.labels import LabelSpace


def read_rows(path: str | Path) -> Iterator[Row]:
    """The rows of a file of JSON that ``mien analyze`` wrote, checked one by one.

    Args:
        path: JSON lines, read lazily, or one array (``.json``).

    Raises:
        InputError: If a line or an element is no row.
        OSError: If the file cannot be read.
    """
    with Path(path).open(encoding="utf-8") as file:
        first = next((line for line in file if line.strip()), "")
        if not first.lstrip().startswith("["):
            yield from map(decode_row, chain([first] if first else [], file))
            return
        try:
            elements = json.loads(first + file.read())
        except ValueError as error:
            raise InputError(
                f"{path} is no whole array of JSON ({error}); write it again"
            ) from error
        yield from map(parse_row, elements)


def table(rows: Iterable[Row], labels: LabelSpace | None = None) -> Any:
    """Rows as a pandas ``DataFrame``: one line per face, with the columns of the CSV output.

    Args:
        rows: From ``Reading.to_row`` or ``read_rows``.
        labels: Labels that have columns even if there is no face; None = those of the faces.

    Raises:
        MissingExtraError: If pandas is not installed.
    """
    try:
        import pandas  # type: ignore[import-not-found] - what is installed is the user's choice
    except ImportError as error:
        raise MissingExtraError(
            "this needs pandas, which is not installed. Do: "
            f"{shlex.quote(sys.executable or 'python')} -m pip install pandas"
        ) from error
    kept = list(rows)
    names = list(labels.labels if labels else ())
    for row in kept:
        names += [name for face in row.get("faces", ()) for name in face["probabilities"]]
    flat = [record for row in kept for record in records(row)]
    return pandas.DataFrame(flat, columns=list(columns(tuple(dict.fromkeys(names)))))
