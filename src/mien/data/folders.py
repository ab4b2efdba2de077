"""Folders of labelled pictures: FER2013's layouts, and class folders for any label space.

``labelled_paths`` lists without opening a picture; ``load_folder`` reads what it lists.

    SRC/train/<class>/*  SRC/test/<class>/*        split by the file's prefix (see below)
    SRC/train/<class>/*  SRC/validation/<class>/*  also val, valid, eval, dev, test, testing
    SRC/<class>/*                                  one split, "all"

A file name that starts with ``Training_``, ``PublicTest_`` or ``PrivateTest_`` names its split,
whatever folder it is in. Without a prefix, ``train`` is ``Training`` and any other split keeps
the name of its folder. Case is ignored in the names of folders. ``SRC/subjects.csv``, where there
is one, tells who is seen.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from mien.core.errors import DataError
from mien.core.labels import LabelSpace, fer7
from mien.core.splits import FER2013_SPLITS, TEST, TRAINING, WHOLE
from mien.data.faceset import FaceSet
from mien.data.fer2013 import SIDE
from mien.data.listing import (
    Photo,
    natural,
    only_pictures,
    subfolders,
)
from mien.data.photos import read_photos
from mien.data.tables import header_columns, numbered_rows, open_table

SUBJECTS = "subjects.csv"
"""Table beside the class folders that tells who is seen: columns ``picture`` and ``subject``."""

# Names of one expression, as data sets spell it; each group stands for any label it contains.
_SAME = (
    ("angry", "anger"),
    ("anxious", "anxiety"),
    ("contempt", "contemptuous"),
    ("disgust", "disgusted"),
    ("fear", "fearful", "afraid"),
    ("happy", "happiness"),
    ("neutral", "neutrality"),
    ("sad", "sadness"),
    ("surprise", "surprised"),
)

_OFFICIAL = {"train": TRAINING, **{usage.lower(): usage for usage in FER2013_SPLITS}}
_OTHER_SPLITS = (TEST, "testing", "validation", "valid", "val", "eval", "dev")


class LabelledPath(NamedTuple):
    """One labelled picture: where it is, its index in the label space, its split."""

    path: Path
    label: int
    split: str


def split_of_folder(name: str) -> str | None:
    """Split that a folder stands for; None if it is no split folder."""
    key = name.casefold()
    return _OFFICIAL.get(key) or (name if key in _OTHER_SPLITS else None)


def class_index(name: str, space: LabelSpace) -> int | None:
    """Index of the label that a class folder stands for; None if the space has none."""
    key = _folded(name)
    group = next((names for names in _SAME if key in names), ())
    for candidates in ((key,), group):
        for index, label in enumerate(space.labels):
            if _folded(label) in candidates:
                return index
    return None


def class_folders(folder: Path) -> list[tuple[str, Path]]:
    """Split and path of each class folder, sorted.

    Raises:
        DataError: If there is none, split and class folders are mixed, or one is unreadable.
    """
    top = subfolders(folder)
    splits = {path: split for path in top if (split := split_of_folder(path.name)) is not None}
    if not top:
        raise DataError(
            f"{str(folder)!r} holds no class folders; expected <class>/* or train/<class>/*. "
            "If it holds a table, give the table itself"
        )
    if not splits:
        return [(WHOLE, path) for path in top]
    odd = [path.name for path in top if path not in splits]
    if odd:
        raise DataError(
            f"{str(folder)!r} holds split folders ({', '.join(sorted(p.name for p in splits))}) "
            f"and also {odd[0]!r}; move it out, or give a folder of classes"
        )
    return [(split, path) for inner, split in splits.items() for path in subfolders(inner)]


def labelled_paths(folder: Path, space: LabelSpace = fer7) -> list[LabelledPath]:
    """List the labelled pictures below ``folder``; none is opened.

    Official splits come first, then the others by name; within a split the order is that of the
    file names, numbers in them counted as numbers. Hidden files are passed over.

    Args:
        folder: In one of the layouts above.
        space: Label space of the class folders, matched without regard to case; common spellings
            are known (anger, happiness, sadness, surprised, fearful, disgusted, ...).

    Raises:
        DataError: If a class folder is unknown or holds something that is no picture, or there
            is no picture at all.
    """
    found: list[LabelledPath] = []
    for split, inside in class_folders(folder):
        label = class_index(inside.name, space)
        if label is None:
            raise DataError(
                f"{str(folder)!r}: folder {inside.name!r} is no label of {space.name}; "
                f"expected {', '.join(space.labels)}. If these lie deeper, give that folder"
            )
        found += [LabelledPath(path, label, _split(path, split)) for path in only_pictures(inside)]
    if not found:
        raise DataError(f"{str(folder)!r}: the class folders hold no pictures")
    found.sort(key=_order)
    return found


def folder_pictures(folder: Path) -> list[Path]:
    """The pictures of all class folders, whatever label they stand for.

    Raises:
        DataError: As ``labelled_paths`` does, except for names that are no label.
    """
    return [path for _, inside in class_folders(folder) for path in only_pictures(inside)]


def named_like_fer2013(names: Iterable[str]) -> bool:
    """Whether a file is called like those of the copies of FER2013 in folders."""
    prefixes = tuple(f"{usage}_" for usage in FER2013_SPLITS)
    return any(name.startswith(prefixes) for name in names)


def load_folder(folder: Path, space: LabelSpace = fer7, side: int = SIDE) -> FaceSet:
    """Read labelled pictures as grey squares.

    Colour becomes .299 R + .587 G + .114 B; of a picture that is not square the centre square is
    taken; another size is resampled to ``side`` (area means down, linear up). Nothing looks for a
    face here. The names of the rows are the paths below ``folder``.

    Raises:
        DataError: If the layout is wrong, or with file and reason for a picture that is damaged.
    """
    return read_photos(folder_photos(folder, space), folder, space, side)


def folder_photos(folder: Path, space: LabelSpace = fer7) -> list[Photo]:
    """What ``labelled_paths`` lists, with the subjects of ``subjects.csv``; nothing is opened.

    Raises:
        DataError: As ``labelled_paths``, or if a row of the table is wrong.
    """
    listed = labelled_paths(folder, space)
    names = [item.path.relative_to(folder).as_posix() for item in listed]
    table = folder / SUBJECTS
    known = _subjects(table, set(names)) if table.is_file() else {}
    return [
        Photo(item.path, item.label, item.split, known.get(name, ""))
        for item, name in zip(listed, names, strict=True)
    ]


def _subjects(table: Path, pictures: set[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    with open_table(table) as lines:
        rows = numbered_rows(lines, table.name)
        _, header = next(rows, (1, [""]))
        at = header_columns(header)
        if not {"picture", "subject"} <= set(at):
            raise DataError(f"{table}: expected the columns picture, subject; got {header}")
        for number, row in rows:
            where = f"{table}, row {number}"
            if len(row) != len(header):
                raise DataError(
                    f"{where}: expected {len(header)} columns, got {len(row)}; is the file cut off?"
                )
            name = row[at["picture"]]
            if name not in pictures:
                raise DataError(f"{where}: there is no picture {name!r} beside the table")
            found[name] = row[at["subject"]].strip()
    return found


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name.strip()).casefold()


def _split(path: Path, of_folder: str) -> str:
    prefix, found, _ = path.name.partition("_")
    return prefix if found and prefix in FER2013_SPLITS else of_folder


def _order(item: LabelledPath) -> tuple[int, str, list[str | int], int]:
    rank = FER2013_SPLITS.index(item.split) if item.split in FER2013_SPLITS else len(FER2013_SPLITS)
    return rank, item.split, natural(item.path.name), item.label
