"""Folders of labelled pictures: FER2013's layouts, and class folders for any label space.

``labelled_paths`` lists without opening a picture; ``load_folder`` reads what it lists.

    SRC/train/<class>/*  SRC/test/<class>/*        split by the file's prefix (see below)
    SRC/train/<class>/*  SRC/validation/<class>/*  also val, valid, eval, dev, test, testing
    SRC/<class>/*                                  one split, "all"

A file name that starts with ``Training_``, ``PublicTest_`` or ``PrivateTest_`` names its split,
whatever folder it is in. Without a prefix, ``train`` is ``Training`` and any other split keeps
the name of its folder. Case is ignored in the names of folders.
"""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mien.core.errors import DataError, ImageDecodeError
from mien.core.labels import LabelSpace, fer7
from mien.data.faceset import FaceSet
from mien.data.fer2013 import SIDE, USAGES
from mien.data.grey import centre_square, grey_levels, resampled
from mien.store.images import read_image

WHOLE = "all"
"""Split of a folder that has class folders only."""

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

_PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".pgm", ".ppm")
_CLUTTER = ("thumbs.db", "desktop.ini", "__macosx")
_OFFICIAL = {"train": "Training", **{usage.lower(): usage for usage in USAGES}}
_OTHER_SPLITS = ("test", "testing", "validation", "valid", "val", "eval", "dev")


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
    top = _folders(folder)
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
    return [(split, path) for inner, split in splits.items() for path in _folders(inner)]


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
        found += [LabelledPath(path, label, _split(path, split)) for path in _pictures(inside)]
    if not found:
        raise DataError(f"{str(folder)!r}: the class folders hold no pictures")
    found.sort(key=_order)
    return found


def load_folder(folder: Path, space: LabelSpace = fer7, side: int = SIDE) -> FaceSet:
    """Read labelled pictures as grey squares.

    Colour becomes .299 R + .587 G + .114 B; of a picture that is not square the centre square is
    taken; another size is resampled to ``side`` (area means down, linear up). Nothing looks for a
    face here. The names of the rows are the paths below ``folder``.

    Raises:
        DataError: If the layout is wrong, or with file and reason for a picture that is damaged.
    """
    if side < 1:
        raise DataError(f"the side must be 1 pixel or more, got {side}")
    listed = labelled_paths(folder, space)
    images = np.empty((len(listed), side, side), np.uint8)
    for row, item in enumerate(listed):
        images[row] = _grey_square(item.path, side)
    return FaceSet(
        images=images,
        labels=np.array([item.label for item in listed], dtype=np.int64),
        usages=np.array([item.split for item in listed]),
        space=space,
        source=folder.name or str(folder),
        names=np.array([item.path.relative_to(folder).as_posix() for item in listed]),
    )


def _grey_square(path: Path, side: int) -> NDArray[np.uint8]:
    try:
        rgb = read_image(path)
    except ImageDecodeError as error:
        raise DataError(f"{str(path)!r}: {error}") from error
    return resampled(grey_levels(centre_square(rgb)), side)


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name.strip()).casefold()


def _visible(folder: Path) -> list[Path]:
    try:
        inside = sorted(folder.iterdir())
    except OSError as error:
        raise DataError(f"{str(folder)!r} cannot be listed ({error.strerror or error})") from error
    return [
        path
        for path in inside
        if not path.name.startswith(".") and path.name.casefold() not in _CLUTTER
    ]


def _folders(folder: Path) -> list[Path]:
    return [path for path in _visible(folder) if path.is_dir()]


def _pictures(folder: Path) -> list[Path]:
    paths = _visible(folder)
    for path in paths:
        if path.suffix.casefold() in _PICTURES and path.is_file():
            continue
        kind = "a folder" if path.is_dir() else f"no {' '.join(_PICTURES)} file"
        raise DataError(
            f"{str(folder)!r} may hold pictures only, {path.name!r} is {kind}; "
            "convert it or move it out, so that no row is left out unnoticed"
        )
    return paths


def _split(path: Path, of_folder: str) -> str:
    prefix, found, _ = path.name.partition("_")
    return prefix if found and prefix in USAGES else of_folder


def _order(item: LabelledPath) -> tuple[int, str, list[str | int], int]:
    rank = USAGES.index(item.split) if item.split in USAGES else len(USAGES)
    parts: list[str | int] = list(re.split(r"([0-9]+)", item.path.name))
    parts[1::2] = [int(number) for number in parts[1::2]]
    return rank, item.split, parts, item.label
