"""Rewriting data sets, whole or in part, photos as crops of their faces."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mien.core.errors import DataError
from mien.core.faces import Faces
from mien.core.labels import LabelSpace, fer7, mapping
from mien.data.crops.photos import crop_photos
from mien.data.origin import origins_of
from mien.data.readers.listing import Photo
from mien.data.readers.source import Source
from mien.data.select.choice import Choice
from mien.data.sources import check_mapped, listed_photos, load, reader_of
from mien.data.writers import TABLES, check_writable, write_folder, write_table


@dataclass(frozen=True)
class Converted:
    """What was written, and the names of what was not.

    Args:
        rows: Rows written.
        photos: Photos that faces were looked for in.
        missed: Those of them without a face.
        damaged: Those of them that cannot be read, by name, with the reason.
        skipped: Whether damaged pictures were to be left out.
    """

    rows: int
    photos: int = 0
    missed: tuple[str, ...] = ()
    damaged: dict[str, str] = field(default_factory=dict[str, str])
    skipped: bool = False


def convert(
    source: Path | Source,
    out: Path,
    choice: Choice,
    *,
    labels: LabelSpace = fer7,
    drop_unmapped: bool = False,
    detect: Callable[[NDArray[np.uint8]], Faces] | None = None,
    on_rows: Callable[[int, int], None] = lambda *_: None,
) -> Converted:
    """Rewrite a data set as a table or as folders of pictures, with whose data it is.

    Args:
        source: As for ``load``.
        out: ``.csv`` or ``.csv.gz``, or else a new folder.
        choice: Which rows.
        labels: Label space of the rows.
        drop_unmapped: As for ``load``.
        detect: Finds the faces of an RGB picture, to cut them out of photos; None = the pictures
            are crops.
        on_rows: Called with (photos done, photos).

    Raises:
        DataError: If the source is malformed, has no such rows, or ``out`` cannot hold them.
        InputError: If ``out`` stands in the way, or cannot be written.
    """
    given = Source.of(source)
    left = Converted(0)
    if detect is None:
        faces = load(given, labels=labels, drop_unmapped=drop_unmapped)
    else:
        photos, space = _wanted(given, labels, choice.splits, drop=drop_unmapped)
        people = any(photo.subject for photo in photos)
        check_writable(out, labels, sorted({photo.split for photo in photos}), people=people)
        faces, missed, damaged = crop_photos(photos, given.path, space, detect, on_rows)
        left = Converted(0, len(photos), missed, damaged, given.skip_damaged)
        faces = faces.mapped(labels)
    faces = choice.of(faces)
    table = out.name.lower().endswith(TABLES)
    (write_table if table else write_folder)(faces, out, origins_of(given))
    return replace(left, rows=len(faces))


def _wanted(
    source: Source, labels: LabelSpace, splits: Sequence[str], *, drop: bool
) -> tuple[list[Photo], LabelSpace]:
    """The photos to look for faces in, without those that would be dropped afterwards."""
    photos, space = listed_photos(source, labels=labels)
    if unknown := sorted(set(splits) - {photo.split for photo in photos}):
        known = ", ".join(sorted({photo.split for photo in photos}))
        raise DataError(f"{source} has no rows of split {unknown[0]!r}; it has: {known}")
    photos = [photo for photo in photos if not splits or photo.split in splits]
    counts = np.bincount([photo.label for photo in photos], minlength=len(space))
    check_mapped(counts, space, labels, source.path.name, reader_of(source), drop=drop)
    kept = mapping(space, labels).table >= 0
    return [photo for photo in photos if kept[photo.label]], space
