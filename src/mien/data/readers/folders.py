"""Folders of labelled pictures: FER2013's layouts, and class folders for any label space.

``folder_photos`` lists without opening a picture.

    SRC/train/<class>/*  SRC/test/<class>/*        split by the file's prefix (see below)
    SRC/train/<class>/*  SRC/validation/<class>/*  also val, valid, eval, dev, test, testing
    SRC/<class>/*                                  one split, "all"

A file name that starts with ``Training_``, ``PublicTest_`` or ``PrivateTest_`` names its split,
whatever folder it is in. Without a prefix, ``train`` is ``Training`` and any other split keeps
the name of its folder. Case is ignored in the names of folders. ``SRC/subjects.csv``, where there
is one, tells who is seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from mien.core.errors import DataError
from mien.core.labels import LabelSpace, fer7
from mien.core.splits import FER2013_SPLITS, TEST, TRAINING, WHOLE
from mien.data.readers.listing import (
    Photo,
    first_picture,
    natural,
    only_pictures,
    subfolders,
)
from mien.data.readers.naming import class_index, unknown_labels
from mien.data.readers.tables import header_columns, open_table, table_rows

SUBJECTS = "subjects.csv"
"""Table beside the class folders that tells who is seen: columns ``picture`` and ``subject``."""

_OFFICIAL = {"train": TRAINING, **{usage.lower(): usage for usage in FER2013_SPLITS}}
_OTHER_SPLITS = (TEST, "testing", "validation", "valid", "val", "eval", "dev")


def split_of_folder(name: str) -> str | None:
    """Split that a folder stands for; None if it is no split folder."""
    key = name.casefold()
    return _OFFICIAL.get(key) or (name if key in _OTHER_SPLITS else None)


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


def folder_photos(
    folder: Path, space: LabelSpace = fer7, names: Mapping[str, str] | None = None
) -> list[Photo]:
    """List the labelled pictures below ``folder``; none is opened.

    Official splits come first, then the others by name; within a split the order is that of the
    file names, numbers in them counted as numbers. Hidden files are passed over.

    Args:
        folder: In one of the layouts above.
        space: Label space of the class folders, matched without regard to case; common spellings
            are known (anger, happiness, sadness, surprised, fearful, disgusted, ...).
        names: Labels by folded name of folders that are called otherwise.

    Raises:
        DataError: If class folders are unknown (all are named) or hold something that is no
            picture, there is no picture at all, or a row of ``subjects.csv`` is wrong.
    """
    found: list[Photo] = []
    inside_of = class_folders(folder)
    labels = _labels_of(folder, [inside for _, inside in inside_of], space, names)
    for split, inside in inside_of:
        label = labels[inside.name]
        found += [Photo(path, label, _split(path, split)) for path in only_pictures(inside)]
    if not found:
        raise DataError(f"{str(folder)!r}: the class folders hold no pictures")
    found.sort(key=_order)
    table = folder / SUBJECTS
    if not table.is_file():
        return found
    below = [photo.name(folder) for photo in found]
    known = _subjects(table, set(below))
    return [
        photo._replace(subject=known.get(name, ""))
        for photo, name in zip(found, below, strict=True)
    ]


def named_class_photos(
    folder: Path, space: LabelSpace, name: re.Pattern[str], like: str
) -> list[Photo]:
    """All pictures of class folders whose names begin with who is seen, group 1 of ``name``.

    Raises:
        DataError: If a folder is no class, a name is another, or there is no picture.
    """
    found: list[Photo] = []
    labels = _labels_of(folder, subfolders(folder), space)
    for inside in subfolders(folder):
        label = labels[inside.name]
        for path in only_pictures(inside):
            match = name.fullmatch(path.stem)
            if match is None:
                raise DataError(
                    f"{path}: expected a name like {like}, got {path.name!r}; without it nobody "
                    "knows who is seen"
                )
            found.append(Photo(path, label, WHOLE, match[1]))
    if not found:
        raise DataError(f"{str(folder)!r}: the class folders hold no pictures")
    return found


def first_named(folders: Iterable[Path], name: re.Pattern[str]) -> str:
    """A picture with such a name that is the first of its folder, in words; "" = none."""
    firsts = filter(None, map(first_picture, folders))
    first = next((path.name for path in firsts if name.fullmatch(path.stem)), "")
    return f"class folders with names like {first}" if first else ""


def folder_pictures(folder: Path) -> list[Path]:
    """The pictures of all class folders, whatever label they stand for.

    Raises:
        DataError: As ``folder_photos`` does, except for names that are no label.
    """
    return [path for _, inside in class_folders(folder) for path in only_pictures(inside)]


def named_like_fer2013(names: Iterable[str]) -> bool:
    """Whether a file is called like those of the copies of FER2013 in folders."""
    prefixes = tuple(f"{usage}_" for usage in FER2013_SPLITS)
    return any(name.startswith(prefixes) for name in names)


def _labels_of(
    folder: Path, inside: list[Path], space: LabelSpace, names: Mapping[str, str] | None = None
) -> dict[str, int]:
    """Label by name of each class folder; raises ``DataError`` with all that are no labels."""
    labels = {path.name: class_index(path.name, space, names) for path in inside}
    if unknown := [name for name, label in labels.items() if label is None]:
        above = (path for path in inside if labels[path.name] is None and subfolders(path))
        if deeper := next((path for path in above if first_picture(path) is None), None):
            raise DataError(
                f"{str(folder)!r}: folder {deeper.name!r} is no label of {space.name} and holds "
                f"folders; if those are the classes, give {str(deeper)!r}"
            )
        raise DataError(
            f"{str(folder)!r}: folder {unknown[0]!r}{unknown_labels(unknown, space, names)}"
        )
    return {name: label for name, label in labels.items() if label is not None}


def _subjects(table: Path, pictures: set[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    with open_table(table) as lines:
        header, rows = table_rows(lines, str(table), ("picture", "subject"))
        at = header_columns(header)
        for where, row in rows:
            name = row[at["picture"]]
            if name not in pictures:
                raise DataError(f"{where}: there is no picture {name!r} beside the table")
            found[name] = row[at["subject"]].strip()
    return found


def _split(path: Path, of_folder: str) -> str:
    prefix, found, _ = path.name.partition("_")
    return prefix if found and prefix in FER2013_SPLITS else of_folder


def _order(item: Photo) -> tuple[int, str, list[str | int], int]:
    rank = FER2013_SPLITS.index(item.split) if item.split in FER2013_SPLITS else len(FER2013_SPLITS)
    return rank, item.split, natural(item.path.name), item.label
