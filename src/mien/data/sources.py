"""One door to every data set: ``load`` picks the reader by what the path is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mien.core.errors import DataError, LabelError, unknown_name
from mien.core.labels import LabelSpace, fer7, label_space, label_spaces, mapping
from mien.data.cache import cached, default_folder, source_key
from mien.data.faceset import FaceSet
from mien.data.fer2013 import SIDE, load_fer2013
from mien.data.ferplus import load_ferplus, with_votes
from mien.data.folders import (
    SUBJECTS,
    LabelledPath,
    class_folders,
    class_index,
    folder_photos,
    labelled_paths,
    load_folder,
)
from mien.data.listing import Photo
from mien.data.photos import read_photos
from mien.data.readers import ReaderInfo, build_reader, readers, recognised

FOLDERS = "folders"
"""Name of the reader of class folders, which is chosen when no other layout is recognised."""


def load(
    source: str | Path,
    *,
    votes: Path | None = None,
    labels: LabelSpace | None = fer7,
    side: int = SIDE,
    cache: Path | None = None,
    reader: str | None = None,
    drop_unmapped: bool = False,
    whole_photos: bool = False,
) -> FaceSet:
    """Read a FER2013 table, a folder of pictures by class, or a data set that a reader knows.

    Args:
        source: The table (plain, gzip, zip, tar), or the folder.
        votes: FER+ table to join; tables only, since a folder has no row order to join by.
        labels: Label space of the answer; None = that of the source. Rows of FER2013's classes
            without a counterpart in it are dropped, those of other data refused.
        side: Pixels per side of the crops read from a folder; a table always has 48.
        cache: Folder for parsed arrays; None = ``default_folder()``, which may be off.
        reader: Name of a reader, ``folders`` for class folders; None = told by the layout.
        drop_unmapped: Drop rows of other data whose label has no counterpart in ``labels``
            (contempt), instead of refusing them.
        whole_photos: Take photos as they are, as large as the face may be in them, instead of
            refusing to.

    Raises:
        DataError: If the source is missing, malformed, or cannot be combined with the options.
        LabelError: If no mapping into ``labels`` is recorded.
        UnknownNameError: If there is no such reader.
    """
    path = Path(source)
    info = reader_of(path, reader)
    kept = cache or default_folder()
    if path.is_dir():
        if votes is not None:
            raise DataError(
                f"{str(path)!r} is a folder: FER+ votes are joined by row order, which pictures in "
                "folders do not keep; give the table fer2013.csv"
            )
        if info is None:
            faces = _folder(path, _space_of(path, labels), side, kept)
        else:
            faces = _collection(path, info, side, kept, whole_photos=whole_photos)
            if labels is not None:
                return in_space(faces, labels, drop_unmapped=drop_unmapped)
    else:
        if side != SIDE:
            raise DataError(f"{path.name!r} is a table: side must be {SIDE}, got {side}")
        faces = _table(path, kept)
    if votes is not None:
        faces = with_votes(faces, load_ferplus(votes))
    if labels is not None and faces.space not in (labels, fer7):  # class folders of other data
        return in_space(faces, labels, drop_unmapped=drop_unmapped)
    return faces if labels is None or faces.space == labels else faces.mapped(labels)


def reader_of(source: str | Path, reader: str | None = None) -> ReaderInfo | None:
    """The reader that ``load`` uses for ``source``; None = FER2013's table or class folders.

    Raises:
        DataError: If there is no such source, it is no folder but a reader is named, or its
            layout is that of several readers.
        UnknownNameError: If there is no such reader.
    """
    path, known = Path(source), readers()
    if not path.is_dir() and not path.is_file():
        raise DataError(f"no file or folder {str(path)!r}; check the path")
    if reader is not None:
        if reader not in known and reader != FOLDERS:
            raise unknown_name("reader", reader, [*known, FOLDERS])
        if path.is_file():
            raise DataError(f"{path.name!r} is a table: the reader {reader} expects a folder")
        return known.get(reader)
    if path.is_file():
        return None
    found = recognised(path)
    if len(found) > 1:
        seen = "; ".join(f"{name} ({evidence})" for name, evidence in found.items())
        raise DataError(
            f"{str(path)!r} looks like several data sets: {seen}; move them apart, or choose "
            "one: mien data convert SRC OUT --reader NAME"
        )
    return known[next(iter(found))] if found else None


def listed_photos(
    source: str | Path, *, labels: LabelSpace | None = fer7, reader: str | None = None
) -> tuple[list[Photo], LabelSpace]:
    """The labelled faces of a folder and the space of their labels; no picture is opened.

    Args:
        source: The folder.
        labels: Label space of class folders, None = told by their names. A data set that a reader
            knows has its own.
        reader: As for ``load``.

    Raises:
        DataError: If ``source`` is no folder, or its layout is wrong.
        UnknownNameError: If there is no such reader.
    """
    path = Path(source)
    info = reader_of(path, reader)
    if path.is_file():
        raise DataError(f"{path.name!r} is a table of crops; expected a folder of pictures")
    if info is not None:
        return build_reader(info.name).photos(path), info.space
    space = _space_of(path, labels)
    return folder_photos(path, space), space


def one_face_photos(
    source: str | Path, *, labels: LabelSpace | None = fer7, reader: str | None = None
) -> tuple[list[LabelledPath], LabelSpace]:
    """What ``listed_photos`` lists, for a measurement in which one answer stands for a photo.

    Raises:
        DataError: As ``listed_photos``, or if a photo has several labelled faces.
    """
    photos, space = listed_photos(source, labels=labels, reader=reader)
    if len({photo.path for photo in photos}) < len(photos):
        raise DataError(
            f"{str(source)!r} labels several faces of a photo; cut them out first: "
            "mien data convert SRC OUT --crop"
        )
    return [LabelledPath(photo.path, photo.label, photo.split) for photo in photos], space


def in_space(faces: FaceSet, labels: LabelSpace, *, drop_unmapped: bool = False) -> FaceSet:
    """The rows in ``labels``; those without a counterpart are refused unless told to be dropped.

    Raises:
        DataError: If rows have no counterpart and may not be dropped.
        LabelError: If no mapping is recorded.
    """
    check_mapped(faces.counts, faces.space, labels, faces.source, drop_unmapped=drop_unmapped)
    return faces.mapped(labels)


def check_mapped(
    counts: NDArray[np.int64],
    space: LabelSpace,
    labels: LabelSpace,
    source: str,
    *,
    drop_unmapped: bool,
) -> None:
    """Whether all rows may go from ``space`` to ``labels``; ``counts`` are those of each label.

    Raises:
        DataError: If rows have no counterpart and may not be dropped.
        LabelError: If no mapping is recorded.
    """
    lost = counts * (mapping(space, labels).table < 0)
    if lost.any() and not drop_unmapped:
        told = zip(space.labels, lost.tolist(), strict=True)
        rows = ", ".join(f"{count} rows of {label}" for label, count in told if count)
        raise DataError(
            f"{source}: {rows} have no counterpart in {labels.name}. mien data convert "
            f"SRC OUT --drop-unmapped drops them; --labels {space.name}, or labels in a "
            "recipe, keeps them"
        )


def _table(path: Path, cache: Path | None) -> FaceSet:
    def read() -> FaceSet:
        return load_fer2013(path)

    if cache is None:
        return read()
    faces = cached(lambda: source_key(["table"], {"": path}), read, cache)
    return replace(faces, source=path.name)  # the same bytes may lie under another name now


def _folder(path: Path, space: LabelSpace, side: int, cache: Path | None) -> FaceSet:
    def read() -> FaceSet:
        return load_folder(path, space, side)

    def key() -> str:
        listed = [item.path for item in labelled_paths(path, space)]
        if (path / SUBJECTS).is_file():
            listed.append(path / SUBJECTS)
        files = {file.relative_to(path).as_posix(): file for file in listed}
        return source_key(["folder", side, space.name, space.labels], files)

    if cache is None:
        return read()
    return replace(cached(key, read, cache), source=path.name or str(path))


def _collection(
    path: Path, info: ReaderInfo, side: int, cache: Path | None, *, whole_photos: bool
) -> FaceSet:
    if info.frames == "photos" and not whole_photos:
        raise DataError(
            f"{str(path)!r} holds photos ({info.title}), in which faces have to be found first; "
            f"do: mien data convert {path.name} OUT --crop, or evaluate with --end-to-end"
        )

    def listed() -> list[Photo]:
        return build_reader(info.name).photos(path)

    def read() -> FaceSet:
        return read_photos(listed(), path, info.space, side)

    def key() -> str:
        photos = listed()
        files = {photo.path.relative_to(path).as_posix(): photo.path for photo in photos}
        rows = [[photo.name(path), *photo[1:]] for photo in photos]
        return source_key(["reader", info.name, side, info.space.labels, rows], files)

    if cache is None:
        return read()
    return replace(cached(key, read, cache), source=path.name or str(path))


def _space_of(path: Path, wanted: LabelSpace | None) -> LabelSpace:
    """``wanted``, or else a space of the folder's classes that can be mapped into it."""
    names = [folder.name for _, folder in class_folders(path)]

    def fits(space: LabelSpace) -> bool:
        return all(class_index(name, space) is not None for name in names)

    if wanted is None:
        # Folders are read by name, so that any space with these names gives the same answer.
        return next(filter(fits, map(label_space, label_spaces())), fer7)
    if fits(wanted):
        return wanted
    for space in (fer7, *map(label_space, label_spaces())):
        try:
            mapping(space, wanted)
        except LabelError:
            continue
        if fits(space):
            return space
    return wanted
