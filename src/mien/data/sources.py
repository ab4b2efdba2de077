"""One door to every data set: ``load`` picks the reader by what the path is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from mien.core.errors import DataError, LabelError
from mien.core.labels import LabelSpace, fer7, mapping
from mien.data.cache import cached, default_folder, source_key
from mien.data.faceset import FaceSet
from mien.data.fer2013 import SIDE, load_fer2013
from mien.data.ferplus import load_ferplus, with_votes
from mien.data.folders import class_folders, class_index, labelled_paths, load_folder


def load(
    source: str | Path,
    *,
    votes: Path | None = None,
    labels: LabelSpace = fer7,
    side: int = SIDE,
    cache: Path | None = None,
) -> FaceSet:
    """Read a FER2013 table (plain, gzip, zip, tar) or a folder of pictures.

    Args:
        source: The table, or the folder.
        votes: FER+ table to join; tables only, since a folder has no row order to join by.
        labels: Label space of the answer. Tables, and folders whose classes are FER2013's, are
            mapped into it, and rows without a counterpart are dropped.
        side: Pixels per side of the crops read from a folder; a table always has 48.
        cache: Folder for parsed arrays; None = ``default_folder()``, which may be off.

    Raises:
        DataError: If the source is missing, malformed, or cannot be combined with the options.
        LabelError: If no mapping into ``labels`` is recorded.
    """
    path = Path(source)
    if path.is_dir():
        if votes is not None:
            raise DataError(
                f"{str(path)!r} is a folder: FER+ votes are joined by row order, which pictures in "
                "folders do not keep; give the table fer2013.csv"
            )
        faces = _folder(path, labels, side, cache or default_folder())
    elif path.is_file():
        if side != SIDE:
            raise DataError(f"{path.name!r} is a table: side must be {SIDE}, got {side}")
        faces = _table(path, cache or default_folder())
    else:
        raise DataError(f"no file or folder {str(path)!r}; check the path")
    if votes is not None:
        faces = with_votes(faces, load_ferplus(votes))
    return faces if faces.space == labels else faces.mapped(labels)


def _table(path: Path, cache: Path | None) -> FaceSet:
    def read() -> FaceSet:
        return load_fer2013(path)

    if cache is None:
        return read()
    faces = cached(lambda: source_key(["table"], {"": path}), read, cache)
    return replace(faces, source=path.name)  # the same bytes may lie under another name now


def _folder(path: Path, labels: LabelSpace, side: int, cache: Path | None) -> FaceSet:
    space = _space_of(path, labels)

    def read() -> FaceSet:
        return load_folder(path, space, side)

    def key() -> str:
        listed = labelled_paths(path, space)
        files = {item.path.relative_to(path).as_posix(): item.path for item in listed}
        return source_key(["folder", side, space.name, space.labels], files)

    if cache is None:
        return read()
    return replace(cached(key, read, cache), source=path.name or str(path))


def _space_of(path: Path, wanted: LabelSpace) -> LabelSpace:
    """``wanted``, or ``fer7`` for a folder of FER2013's classes that can be mapped into it."""
    names = [folder.name for _, folder in class_folders(path)]
    if all(class_index(name, wanted) is not None for name in names):
        return wanted
    try:
        mapping(fer7, wanted)
    except LabelError:
        return wanted
    fits = all(class_index(name, fer7) is not None for name in names)
    return fer7 if fits else wanted
