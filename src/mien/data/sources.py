"""One door to every data set: ``load`` picks the reader by what the path is."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mien.core.errors import DataError, LabelError, MienWarning, unknown_name
from mien.core.labels import LabelSpace, fer7, label_space, label_spaces, mapping
from mien.data.cache import cached, default_folder, source_key
from mien.data.crops.framing import unlike_crops
from mien.data.crops.photos import first_of, read_photos
from mien.data.faceset import FaceSet
from mien.data.readers import ReaderInfo, build_reader, readers, recognised
from mien.data.readers.fer2013 import SIDE, load_fer2013
from mien.data.readers.ferplus import load_ferplus, with_votes
from mien.data.readers.folders import class_folders, folder_photos, folder_pictures
from mien.data.readers.labels_file import listed_rows, rows_of
from mien.data.readers.listing import Photo
from mien.data.readers.naming import class_index
from mien.data.readers.source import Source

FOLDERS = "folders"
"""Name of the reader of class folders, which is chosen when no other layout is recognised."""


def load(
    source: str | Path | Source,
    *,
    votes: Path | None = None,
    labels: LabelSpace | None = fer7,
    side: int = SIDE,
    cache: Path | None = None,
    drop_unmapped: bool = False,
    whole_photos: bool = False,
) -> FaceSet:
    """Read a FER2013 table, a folder of pictures by class, or a data set that a reader knows.

    Args:
        source: The table (plain, gzip, zip, tar), or the folder; a ``Source`` says more of it.
        votes: FER+ table to join; tables only, since a folder has no row order to join by.
        labels: Label space of the answer; None = that of the source. Rows of FER2013's classes
            without a counterpart in it are dropped, those of other data refused.
        side: Pixels per side of the crops read from a folder; a table always has 48.
        cache: Folder for parsed arrays; None = ``default_folder()``, which may be off.
        drop_unmapped: Drop rows of other data whose label has no counterpart in ``labels``
            (contempt), instead of refusing them.
        whole_photos: Take photos as they are, as large as the face may be in them, instead of
            refusing to.

    Raises:
        DataError: If the source is missing, malformed, or cannot be combined with the options.
        LabelError: If no mapping into ``labels`` is recorded.
        UnknownNameError: If there is no such reader.
    """
    given = Source.of(source)
    path, info = given.path, reader_of(given)
    kept = cache or default_folder()
    if path.is_dir():
        if votes is not None:
            raise DataError(
                f"{str(path)!r} is a folder: FER+ votes are joined by row order, which pictures in "
                "folders do not keep; give the table fer2013.csv"
            )
        if info is not None and info.frames == "photos" and not whole_photos:
            raise DataError(
                f"{str(path)!r} holds photos ({info.title}), in which faces have to be found "
                f"first; do: mien data convert {path.name} --out OUT --crop, or evaluate with "
                "--end-to-end"
            )
        faces = _folder(given, info, labels, side, kept)
        if damaged := faces.damaged:
            warnings.warn(
                f"{faces.source}: {len(damaged):,} damaged pictures are left out: "
                f"{first_of(damaged)}",
                MienWarning,
                stacklevel=2,
            )
    else:
        if side != SIDE:
            raise DataError(f"{path.name!r} is a table: side must be {SIDE}, got {side}")
        faces = _table(path, kept)
    if votes is not None:
        faces = with_votes(faces, load_ferplus(votes))
    if labels is None or faces.space == labels:
        return faces
    check_mapped(faces.counts, faces.space, labels, faces.source, info, drop=drop_unmapped)
    return faces.mapped(labels)


def reader_of(source: str | Path | Source) -> ReaderInfo | None:
    """The reader that ``load`` uses for ``source``; None = FER2013's table or class folders.

    Raises:
        DataError: If there is no such source, it is no folder but a reader is named, or its
            layout is that of several readers.
        UnknownNameError: If there is no such reader.
    """
    given, known = Source.of(source), readers()
    path, reader = given.path, given.reader
    if not path.is_dir() and not path.is_file():
        raise DataError(f"no file or folder {str(path)!r}; check the path")
    as_said = bool(given.names) or given.labels_file is not None
    if path.is_file() and (as_said or given.skip_damaged):
        raise DataError(
            f"{path.name!r} is a table: --map, --labels-file and --skip-damaged are for folders"
        )
    if as_said:
        if reader not in (None, FOLDERS):
            raise DataError(f"--map and --labels-file are for class folders, not for {reader}")
        return None
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
            "one with --reader NAME"
        )
    return known[next(iter(found))] if found else None


def listed_photos(
    source: str | Path | Source, *, labels: LabelSpace | None = fer7
) -> tuple[list[Photo], LabelSpace]:
    """The labelled faces of a folder and the space of their labels; no picture is opened.

    Args:
        source: The folder.
        labels: Label space of class folders, None = told by their names. A data set that a reader
            knows has its own.

    Raises:
        DataError: If ``source`` is no folder, or its layout is wrong.
        UnknownNameError: If there is no such reader.
    """
    given = Source.of(source)
    info = reader_of(given)
    if given.path.is_file():
        raise DataError(f"{given.path.name!r} is a table of crops; expected a folder of pictures")
    return _listed(given, info, labels)


def one_face_photos(
    source: str | Path | Source, *, labels: LabelSpace | None = fer7
) -> tuple[list[Photo], LabelSpace]:
    """What ``listed_photos`` lists, for a measurement in which one answer stands for a photo.

    Raises:
        DataError: As ``listed_photos``, or if a photo has several labelled faces.
    """
    photos, space = listed_photos(source, labels=labels)
    if len({photo.path for photo in photos}) < len(photos):
        raise DataError(
            f"{str(source)!r} labels several faces of a photo; cut them out first: "
            "mien data convert SRC --out OUT --crop"
        )
    return photos, space


def framing_warning(source: str | Path | Source) -> str | None:
    """What to say of class folders that are taken for face crops and may be photos.

    Tables and the data sets of ``readers`` have a framing of their own: None.

    Raises:
        DataError: If a folder has another layout.
    """
    given = Source.of(source)
    if not given.path.is_dir() or reader_of(given) is not None:
        return None
    if given.labels_file is None:
        return unlike_crops(given.path, folder_pictures(given.path))
    photos, _ = listed_photos(given, labels=None)
    return unlike_crops(given.path, [photo.path for photo in photos])


def check_mapped(
    counts: NDArray[np.int64],
    space: LabelSpace,
    labels: LabelSpace,
    source: str,
    info: ReaderInfo | None,
    *,
    drop: bool,
) -> None:
    """Refuse rows of labels in ``space`` that have no counterpart in ``labels``.

    Not if they are to be dropped; rows of FER2013's classes that no reader found always are.
    ``counts`` are those of each label of ``space``.

    Raises:
        DataError: If such rows are refused.
        LabelError: If no mapping is recorded.
    """
    lost = counts * (mapping(space, labels).table < 0)
    if lost.any() and not drop and (info is not None or space != fer7):
        named = zip(space.labels, lost.tolist(), strict=True)
        rows = ", ".join(f"{count} rows of {label}" for label, count in named if count)
        raise DataError(
            f"{source}: {rows} have no counterpart in {labels.name}. mien data convert "
            f"SRC --out OUT --drop-unmapped drops them; --labels {space.name}, or labels in a "
            "recipe, keeps them"
        )


def _table(path: Path, cache: Path | None) -> FaceSet:
    def read() -> FaceSet:
        return load_fer2013(path)

    if cache is None:
        return read()
    faces = cached(lambda: source_key(["table"], {"": path}), read, cache)
    return replace(faces, source=path.name)  # the same bytes may lie under another name now


def _folder(
    given: Source, info: ReaderInfo | None, labels: LabelSpace | None, side: int, cache: Path | None
) -> FaceSet:
    path, skip = given.path, given.skip_damaged

    def read() -> FaceSet:
        photos, space = _listed(given, info, labels)
        return read_photos(photos, path, space, side, skip_damaged=skip)

    def key() -> str:
        photos, space = _listed(given, info, labels)
        files = {photo.path.relative_to(path).as_posix(): photo.path for photo in photos}
        rows = [[photo.name(path), *photo[1:]] for photo in photos]
        return source_key(["pictures", side, skip, space.name, space.labels, rows], files)

    if cache is None:
        return read()
    return replace(cached(key, read, cache), source=path.name or str(path))


def _listed(
    given: Source, info: ReaderInfo | None, labels: LabelSpace | None
) -> tuple[list[Photo], LabelSpace]:
    if info is not None:
        return build_reader(info.name).photos(given.path), info.space
    if given.labels_file is not None:
        rows = rows_of(given.labels_file)
        space = _space_of({row.label for row in rows}, labels, given.names)
        return listed_rows(given.path, rows, space, given.names), space
    folders = {folder.name for _, folder in class_folders(given.path)}
    space = _space_of(folders, labels, given.names)
    return folder_photos(given.path, space, given.names), space


def _space_of(
    called: Collection[str], wanted: LabelSpace | None, names: Mapping[str, str]
) -> LabelSpace:
    """``wanted``, or else a space of the classes that can be mapped into it."""

    def fits(space: LabelSpace) -> bool:
        return all(class_index(name, space, names) is not None for name in called)

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
