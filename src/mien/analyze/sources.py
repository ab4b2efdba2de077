"""Inputs of an analysis: files, folders, patterns and stdin as items in a fixed order."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from threading import Event
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from mien.core.errors import ImageDecodeError, InputError
from mien.store.camera import Camera, camera_named
from mien.store.images import MAX_PIXELS, PICTURE_SUFFIXES, is_clutter, read_image
from mien.store.video import Frame, OnDamage, is_video, read_frames
from mien.store.video.opening import holds_video

STDIN = "stdin"
"""Name of the picture that is read from ``-``."""


@dataclass(frozen=True, slots=True)
class Item:
    """One picture, video or camera that is not read yet, or the reason why there is none.

    Args:
        name: As the person wrote it, with the path below a named folder.
        place: Where it is, or what went wrong while looking for it.
    """

    name: str
    place: str | BinaryIO | Camera | Exception

    @property
    def is_video(self) -> bool:
        """Whether it has frames, by its name or by what it begins with."""
        if self.is_live or not isinstance(self.place, str):
            return self.is_live
        return is_video(self.place) or holds_video(self.place)

    @property
    def is_live(self) -> bool:
        """Whether it is a camera."""
        return isinstance(self.place, Camera)

    def frames(
        self,
        start_s: float = 0.0,
        end_s: float = np.inf,
        max_pixels: int = MAX_PIXELS,
        stop: Event | None = None,
        on_damage: OnDamage | None = None,
    ) -> Iterator[Frame]:
        """The frames of a video, or of a camera until ``stop`` is set.

        Raises:
            VideoDecodeError: If it cannot be read, or was damaged and ``on_damage`` is None.
            OSError: If it cannot be opened.
        """
        if isinstance(self.place, Camera):
            return self.place.frames(start_s=start_s, end_s=end_s, stop=stop)
        if not isinstance(self.place, str):
            raise InputError(f"{self.name} has no frames")
        return read_frames(
            self.place, start_s=start_s, end_s=end_s, max_pixels=max_pixels, on_damage=on_damage
        )

    def image(self, max_pixels: int = MAX_PIXELS) -> NDArray[np.uint8]:
        """Read the picture as ``(H, W, 3)`` uint8 RGB.

        Raises:
            ImageDecodeError: If it cannot be read whole.
            OSError: If its folder could not be listed, or nothing was found.
        """
        if isinstance(self.place, Exception):
            raise self.place
        if isinstance(self.place, Camera):
            raise InputError(f"{self.name} is a camera; read its frames")
        return read_image(self.place, max_pixels=max_pixels)


def find_items(
    inputs: Iterable[str | Path], *, stdin: BinaryIO | None = None, exclude: Collection[Path] = ()
) -> Iterator[Item]:
    """The items behind ``inputs``, in the order given; folders by name, with what they contain.

    A folder gives every file below it, whatever its suffix, because a damaged or misnamed picture
    must be reported and not passed over. Hidden files and folders and the clutter of file managers
    are left out. Links to folders are followed, each folder once. A pattern (``*``, ``?``, ``[``,
    ``**``) that is not itself the name of a file gives the files it matches. ``-`` is one picture
    on ``stdin``, ``camera:0`` a camera. An input that matches nothing, or a folder that cannot be
    listed, is an item that raises; the others are still answered.

    Args:
        inputs: Names of files and folders, patterns, ``camera:N``, or ``-``.
        stdin: Where ``-`` is read from.
        exclude: Outputs of this run, which are not taken for inputs.

    Raises:
        InputError: If nothing at all matches; nothing is read before that is known.
    """
    skipped = {os.path.realpath(f"{path}{end}") for path in exclude for end in ("", ".part")}
    found = chain.from_iterable(_expanded(str(each), stdin, skipped) for each in inputs)
    held: list[Item] = []
    for item in found:
        held.append(item)
        if not isinstance(item.place, FileNotFoundError):
            return chain(held, found)
    reasons = "; ".join(f"{item.name}: {item.place}" for item in held) or "no input was given"
    raise InputError(
        f"nothing to analyse ({reasons}); give pictures, videos, folders, patterns, camera:0, or -"
    )


def _expanded(name: str, stdin: BinaryIO | None, skipped: Collection[str]) -> Iterator[Item]:
    if name == "-":
        return iter([Item(STDIN, stdin or FileNotFoundError("stdin is not connected"))])
    if os.path.lexists(name):
        return _walked(name, skipped) if _is_folder(name) else iter([Item(name, name)])
    if (camera := camera_named(name)) is not None:
        return iter([Item(name, camera)])
    return _matched(name, skipped)


def _is_folder(name: str) -> bool:
    try:
        return stat.S_ISDIR(os.stat(name).st_mode)  # noqa: PTH116 - names stay text, as given
    except OSError:
        return False  # a dangling link, say; reading it says so


def _matched(pattern: str, skipped: Collection[str]) -> Iterator[Item]:
    if not any(sign in pattern for sign in "*?["):
        yield Item(pattern, FileNotFoundError("no such file or folder"))
        return
    anchor = Path(pattern).anchor
    # Before Python 3.13 a final ** means folders alone.
    below = Path(pattern, "*") if Path(pattern).name == "**" else Path(pattern)
    try:
        paths = sorted(Path(anchor).glob(str(below.relative_to(anchor))))
    except (OSError, ValueError) as error:
        yield Item(pattern, FileNotFoundError(f"no file matches the pattern ({error})"))
        return
    meant = {part for part in Path(pattern).parts if part.startswith(".")}
    files = [
        str(path)
        for path in paths
        if not path.is_dir()
        and not any(is_clutter(part) for part in path.parts if part not in meant)
        and os.path.realpath(path) not in skipped
    ]
    if not files:
        yield Item(pattern, FileNotFoundError("no file matches the pattern"))
    yield from (Item(name, name) for name in files)


def _walked(folder: str, skipped: Collection[str]) -> Iterator[Item]:
    """Files below ``folder``; a stack and not recursion, since trees may be deep."""
    visited: set[tuple[int, int]] = set()
    stack = [_listed(folder, visited)]
    any_found = False
    while stack:
        entry = next(stack[-1], None)
        if entry is None:
            stack.pop()
        elif isinstance(entry, Item):
            any_found = True
            yield entry
        elif os.path.realpath(entry) in skipped:
            continue
        elif _is_folder(entry):
            stack.append(_listed(entry, visited))
        else:
            any_found = True
            yield Item(entry, entry)
    if not any_found:
        yield Item(folder, FileNotFoundError("the folder holds no files"))


def _listed(folder: str, visited: set[tuple[int, int]]) -> Iterator[str | Item]:
    """Paths in ``folder`` by name, or the item that says why it cannot be listed."""
    try:
        status = os.stat(folder)  # noqa: PTH116 - names stay text, as given
        if (status.st_dev, status.st_ino) in visited:
            return
        visited.add((status.st_dev, status.st_ino))
        with os.scandir(folder) as entries:
            found = sorted((entry.name, entry.path) for entry in entries)
    except OSError as error:
        yield Item(folder, error)
        return
    if not found and Path(folder).suffix.casefold() in PICTURE_SUFFIXES:
        yield Item(folder, ImageDecodeError("expected a picture file, this is an empty folder"))
    yield from (path for name, path in found if not is_clutter(name))
