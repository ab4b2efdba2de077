"""What a folder of pictures holds: names only, no picture is opened."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from mien.core.errors import DataError
from mien.store.images import PICTURE_SUFFIXES, is_clutter


class Photo(NamedTuple):
    """One labelled face.

    Args:
        path: The picture.
        label: Index in the label space of the listing.
        split: Name of the split.
        subject: Who is seen, "" = unknown.
        box: x1 y1 x2 y2 in pixels of the picture, where the data set has one.
        face: What tells apart several faces of one picture, "" = the only one.
    """

    path: Path
    label: int
    split: str
    subject: str = ""
    box: tuple[float, float, float, float] | None = None
    face: str = ""

    def name(self, folder: Path) -> str:
        """Path below ``folder``, and which face of it."""
        name = self.path.relative_to(folder).as_posix()
        return f"{name}#{self.face}" if self.face else name


def visible(folder: Path) -> list[Path]:
    """Files and folders in ``folder``, sorted, without hidden ones and system clutter.

    Raises:
        DataError: If the folder cannot be listed.
    """
    try:
        inside = sorted(folder.iterdir())
    except OSError as error:
        raise DataError(f"{str(folder)!r} cannot be listed ({error.strerror or error})") from error
    return [path for path in inside if not is_clutter(path.name)]


def subfolders(folder: Path) -> list[Path]:
    """Visible folders in ``folder``, sorted."""
    return [path for path in visible(folder) if path.is_dir()]


def pictures(folder: Path) -> list[Path]:
    """Visible pictures in ``folder``, numbers in their names counted as numbers."""
    return sorted(filter(is_picture, visible(folder)), key=lambda path: natural(path.name))


def only_pictures(folder: Path) -> list[Path]:
    """Visible pictures in ``folder``, which may hold nothing else, by name.

    Raises:
        DataError: If it holds anything else.
    """
    paths = visible(folder)
    for path in paths:
        if is_picture(path):
            continue
        kind = "a folder" if path.is_dir() else f"no {' '.join(PICTURE_SUFFIXES)} file"
        raise DataError(
            f"{str(folder)!r} may hold pictures only, {path.name!r} is {kind}; "
            "convert it or move it out, so that no row is left out unnoticed"
        )
    return paths


def first_picture(folder: Path) -> Path | None:
    """The first visible picture in ``folder``; the others are not looked at."""
    return next(filter(is_picture, visible(folder)), None)


def is_picture(path: Path) -> bool:
    """Whether ``path`` is a file that is named like a picture."""
    return path.suffix.casefold() in PICTURE_SUFFIXES and path.is_file()


def natural(name: str) -> list[str | int]:
    """Sorting key in which numbers count as numbers.

    >>> sorted(["a10", "a9"], key=natural)
    ['a9', 'a10']
    """
    parts: list[str | int] = list(re.split(r"([0-9]+)", name))
    parts[1::2] = [int(number) for number in parts[1::2]]
    return parts
