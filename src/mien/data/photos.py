"""From listed pictures to a face set: whole pictures, annotated boxes, or detected faces."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mien.core.alignment import box_affines, face_affines
from mien.core.boxes import area, iou
from mien.core.crop import cropped
from mien.core.errors import DataError, ImageDecodeError
from mien.core.faces import Faces
from mien.core.labels import LabelSpace
from mien.data.faceset import FaceSet
from mien.data.grey import centre_square, grey_levels, resampled
from mien.data.listing import Photo
from mien.store.images import read_image

SAME_FACE = 0.3
"""Least overlap (intersection over union) of a found face with an annotated box: below it, the
box of the data set is taken. Boxes of different detectors on one face overlap by more."""


def read_photos(listed: Sequence[Photo], folder: Path, space: LabelSpace, side: int) -> FaceSet:
    """Read pictures as grey squares; nothing looks for a face here.

    Colour becomes .299 R + .587 G + .114 B. A face with a box is cut out of its picture (the
    square of the mean side on the box's centre); otherwise it is the centre square of the
    picture, resampled to ``side`` (area means down, linear up).

    Raises:
        DataError: With file and reason for a picture that is damaged, or if ``side`` is below 1.
    """
    if side < 1:
        raise DataError(f"the side must be 1 pixel or more, got {side}")
    images = np.empty((len(listed), side, side), np.uint8)
    for row, (photo, rgb) in enumerate(_opened(listed)):
        assert rgb is not None  # noqa: S101 - a damaged picture was an error
        if photo.box is None:
            images[row] = resampled(grey_levels(centre_square(rgb)), side)
        else:
            images[row] = cropped(rgb, box_affines([photo.box])[0], side)
    return _face_set(listed, images, folder, space)


def crop_photos(
    listed: Sequence[Photo],
    folder: Path,
    space: LabelSpace,
    detect: Callable[[NDArray[np.uint8]], Faces],
    on_rows: Callable[[int, int], None] = lambda *_: None,
    on_damaged: Callable[[Photo, ImageDecodeError], None] | None = None,
) -> tuple[FaceSet, tuple[Photo, ...]]:
    """Find the faces and cut them out as the model's 48 x 48 frames, aligned by landmarks.

    Without a box, the largest face of a picture is taken. With one, the found face that overlaps
    it most is; the box itself, if none does.

    Args:
        listed: The pictures.
        folder: Where they lie, for names.
        space: Label space of the listing.
        detect: Faces of an RGB picture; ``mien.runtime``'s detectors have such a method.
        on_rows: Called with (pictures done, pictures).
        on_damaged: Called with an entry whose picture is damaged and the reason; it is left out.
            None = raise.

    Returns:
        The faces in order, and what is left out because no face was found.

    Raises:
        DataError: With file and reason for a picture that is damaged, or if there is no face.
    """
    kept: list[Photo] = []
    missed: list[Photo] = []
    images: list[NDArray[np.uint8]] = []
    last: tuple[Path | None, Faces] = (None, Faces.empty())
    for done, (photo, rgb) in enumerate(_opened(listed, on_damaged), start=1):
        if rgb is None:
            on_rows(done, len(listed))
            continue
        if photo.path != last[0]:
            last = (photo.path, detect(rgb))
        face = _chosen(last[1], photo)
        if len(face):
            kept.append(photo)
            images.append(cropped(rgb, face_affines(face)[0]))
        else:
            missed.append(photo)
        on_rows(done, len(listed))
    if not kept:
        raise DataError(f"{str(folder)!r}: no face was found in {len(listed)} pictures")
    return _face_set(kept, np.stack(images), folder, space), tuple(missed)


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
    on_damaged: Callable[[Photo, ImageDecodeError], None] | None = None,
) -> Iterator[tuple[Photo, NDArray[np.uint8] | None]]:
    """Each entry with its picture, None = damaged; entries of one picture in a row read it once."""
    path: Path | None = None
    rgb: NDArray[np.uint8] | None = None
    for photo in listed:
        if photo.path != path:
            path, rgb = photo.path, None
            try:
                rgb = read_image(photo.path)
            except ImageDecodeError as error:
                if on_damaged is None:
                    raise DataError(f"{str(photo.path)!r}: {error}") from error
                on_damaged(photo, error)
        yield photo, rgb


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
