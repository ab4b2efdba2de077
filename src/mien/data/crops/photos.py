"""From listed pictures to a face set: whole pictures, annotated boxes, or detected faces."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mien.core.alignment import box_affines, face_affines
from mien.core.boxes import area, iou
from mien.core.crop import cropped
from mien.core.errors import DataError, ImageDecodeError
from mien.core.faces import Faces
from mien.core.labels import LabelSpace
from mien.data.crops.grey import centre_square, grey_levels, resampled
from mien.data.faceset import FaceSet
from mien.data.readers.listing import Photo
from mien.store.images import read_image

SAME_FACE = 0.3
"""Least overlap (intersection over union) of a found face with an annotated box: below it, the
box of the data set is taken. Boxes of different detectors on one face overlap by more."""


NAMED = 20
"""Damaged pictures that an error or a warning names; of the others it gives the number."""


def first_of(words: Sequence[str]) -> str:
    """The first ``NAMED`` of them, and how many more there are."""
    more = len(words) - NAMED
    return "; ".join(words[:NAMED]) + (f"; and {more:,} more" if more > 0 else "")


def read_photos(
    listed: Sequence[Photo],
    folder: Path,
    space: LabelSpace,
    side: int,
    *,
    skip_damaged: bool = False,
) -> FaceSet:
    """Read pictures as grey squares; nothing looks for a face here.

    Colour becomes .299 R + .587 G + .114 B. A face with a box is cut out of its picture (the
    square of the mean side on the box's centre); otherwise it is the centre square of the
    picture, resampled to ``side`` (area means down, linear up).

    Raises:
        DataError: With file and reason for the pictures that are damaged, unless they are left
            out (``FaceSet.damaged``), or if ``side`` is below 1.
    """
    if side < 1:
        raise DataError(f"the side must be 1 pixel or more, got {side}")
    kept: list[Photo] = []
    damaged: dict[Path, str] = {}
    images = np.empty((len(listed), side, side), np.uint8)
    for photo, rgb in _opened(listed):
        if isinstance(rgb, ImageDecodeError):
            damaged[photo.path] = str(rgb)
            continue
        if photo.box is None:
            images[len(kept)] = resampled(grey_levels(centre_square(rgb)), side)
        else:
            images[len(kept)] = cropped(rgb, box_affines([photo.box])[0], side)
        kept.append(photo)
    if damaged and (not skip_damaged or not kept):
        reasons = [f"{str(path)!r}: {reason}" for path, reason in damaged.items()]
        raise DataError(
            f"{len(damaged):,} of {len(listed):,} pictures cannot be read: {first_of(reasons)}. "
            "Mend them, or leave them out with --skip-damaged"
        )
    names = tuple(path.relative_to(folder).as_posix() for path in damaged)
    return replace(_face_set(kept, images[: len(kept)], folder, space), damaged=names)


def crop_photos(
    listed: Sequence[Photo],
    folder: Path,
    space: LabelSpace,
    detect: Callable[[NDArray[np.uint8]], Faces],
    on_rows: Callable[[int, int], None] = lambda *_: None,
) -> tuple[FaceSet, tuple[str, ...], dict[str, str]]:
    """Find the faces and cut them out as the model's 48 x 48 frames, aligned by landmarks.

    Without a box, the largest face of a picture is taken. With one, the found face that overlaps
    it most is; the box itself, if none does.

    Args:
        listed: The pictures.
        folder: Where they lie, for names.
        space: Label space of the listing.
        detect: Faces of an RGB picture; ``mien.runtime``'s detectors have such a method.
        on_rows: Called with (pictures done, pictures).

    Returns:
        The faces in order, the names of what is left out because no face was found, and of
        damaged pictures by name why they are.

    Raises:
        DataError: If there is no face.
    """
    kept: list[Photo] = []
    missed: list[str] = []
    damaged: dict[str, str] = {}
    images: list[NDArray[np.uint8]] = []
    last: tuple[Path | None, Faces] = (None, Faces.empty())
    for done, (photo, rgb) in enumerate(_opened(listed), start=1):
        if isinstance(rgb, ImageDecodeError):
            damaged[photo.name(folder)] = str(rgb)
        else:
            if photo.path != last[0]:
                last = (photo.path, detect(rgb))
            face = _chosen(last[1], photo)
            if len(face):
                kept.append(photo)
                images.append(cropped(rgb, face_affines(face)[0]))
            else:
                missed.append(photo.name(folder))
        on_rows(done, len(listed))
    if not kept:
        broken = f"; {len(damaged)} are damaged, {min(damaged)!r} for one" if damaged else ""
        raise DataError(f"{str(folder)!r}: no face was found in {len(listed)} pictures{broken}")
    return _face_set(kept, np.stack(images), folder, space), tuple(missed), damaged


def _chosen(found: Faces, photo: Photo) -> Faces:
    """The one face that a label is about, or none."""
    if photo.box is None:
        return found[int(area(found.boxes).argmax())] if len(found) else found
    overlap = iou([photo.box], found.boxes)[0]
    if len(found) and overlap.max() >= SAME_FACE:
        return found[int(overlap.argmax())]
    return Faces(boxes=np.array([photo.box], np.float32), scores=np.ones(1, np.float32))


def _opened(
    listed: Sequence[Photo],
) -> Iterator[tuple[Photo, NDArray[np.uint8] | ImageDecodeError]]:
    """Each entry with its picture, or why it is damaged; one picture in a row is read once."""
    for path, entries in itertools.groupby(listed, key=lambda photo: photo.path):
        try:
            rgb = read_image(path)
        except ImageDecodeError as error:
            rgb = error
        yield from ((photo, rgb) for photo in entries)


def _face_set(
    listed: Sequence[Photo], images: NDArray[np.uint8], folder: Path, space: LabelSpace
) -> FaceSet:
    subjects = np.array([photo.subject for photo in listed], dtype=np.str_)
    return FaceSet(
        images=images,
        labels=np.array([photo.label for photo in listed], dtype=np.int64),
        splits=np.array([photo.split for photo in listed], dtype=np.str_),
        space=space,
        source=folder.name or str(folder),
        names=np.array([photo.name(folder) for photo in listed], dtype=np.str_),
        subjects=subjects if (subjects != "").any() else None,
    )
