"""Writing a face set in FER2013's two forms: the challenge table, and folders of PNG pictures."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import numpy as np

from mien.core.errors import DataError, InputError
from mien.core.labels import LabelSpace, fer7
from mien.core.splits import FER2013_SPLITS, TEST, TRAINING, WHOLE
from mien.data.faceset import FaceSet
from mien.data.origin import FER2013, Origin, write_origins
from mien.data.readers.fer2013 import SIDE
from mien.data.readers.folders import SUBJECTS, split_of_folder
from mien.data.readers.naming import class_index
from mien.store.atomic import writing, writing_folder

TABLES = (".csv", ".csv.gz")
"""Ends of the names of tables that are written; anything else is a folder."""

_GREYS = tuple(str(level) for level in range(256))


def write_table(faces: FaceSet, path: Path, origins: Sequence[Origin] = ()) -> None:
    """Write rows in order as ``emotion,pixels,Usage``; packed bytes depend on rows and zlib only.

    FER+ votes are not written: they keep their own file, joined by the order of the rows.

    Args:
        faces: 48 x 48 faces in ``fer7``, of the three official splits.
        path: ``.csv`` or ``.csv.gz``; replaced at once when the table is complete.
        origins: Whose data they are; other than FER2013 go into a record beside the table.

    Raises:
        DataError: If the challenge's form cannot hold the rows, or the name ends otherwise.
        InputError: If the file cannot be written.
    """
    _check_table(faces, path)
    rows = zip(faces.labels.tolist(), faces.images, faces.splits.tolist(), strict=True)
    with _table(path) as file:
        file.write("emotion,pixels,Usage\n")
        for label, image, usage in rows:
            pixels = " ".join([_GREYS[level] for level in image.tobytes()])
            file.write(f"{label},{pixels},{usage}\n")
    write_origins(origins, path)


def check_writable(
    path: Path, space: LabelSpace, splits: Sequence[str], *, people: bool = False
) -> None:
    """Whether rows of these labels and splits could be written, before the work of finding them.

    Args:
        path: The table, or the folder.
        space: Of the labels.
        splits: Of the rows.
        people: Whether it is known who is seen.

    Raises:
        DataError: If the challenge's table cannot hold them.
        InputError: If the folder holds anything already, or there is nowhere to write.
    """
    if path.name.lower().endswith(TABLES):
        _check_form(space, splits, "this", people=people)
    elif path.exists() and not (path.is_dir() and not any(path.iterdir())):
        raise InputError(f"{path} is not empty; choose another name")
    if not path.resolve().parent.is_dir():
        raise InputError(f"no folder {path.resolve().parent}; create it, or correct the path")


def _check_form(space: LabelSpace, splits: Sequence[str], source: str, *, people: bool) -> None:
    if space.labels != fer7.labels:
        raise DataError(
            f"the challenge's table holds labels of fer7, {source} has {space.name}; "
            "write a folder instead"
        )
    if other := [name for name in splits if name not in FER2013_SPLITS]:
        raise DataError(
            f"the challenge's table knows {', '.join(FER2013_SPLITS)}, {source} has {other[0]!r}; "
            "write a folder instead"
        )
    if people:
        raise DataError(
            f"the challenge's table cannot tell who is seen, and {source} does: nothing would "
            "keep a person on one side of a split; write a folder instead"
        )


def _check_table(faces: FaceSet, path: Path) -> None:
    if not path.name.lower().endswith(TABLES):
        raise DataError(f"a table is written as .csv or .csv.gz, got {path.name!r}")
    if not len(faces):
        raise DataError(f"{faces.source} has no rows to write")
    people = faces.subjects is not None and bool((faces.subjects != "").any())
    _check_form(faces.space, faces.split_names, faces.source, people=people)
    if faces.images.shape[1:] != (SIDE, SIDE):
        height, width = faces.images.shape[1:]
        raise DataError(
            f"the challenge's table holds {SIDE} x {SIDE} faces, {faces.source} has "
            f"{width} x {height}; read it with side {SIDE}, or write a folder instead"
        )


@contextmanager
def _table(path: Path) -> Iterator[IO[str]]:
    if path.suffix.lower() != ".gz":
        with writing(path) as file:
            yield file
        return
    # No name and no date in the header. Level 5 takes half the time of 6 for 5 % more bytes.
    with (
        writing(path, "wb") as raw,
        gzip.GzipFile(filename="", mode="wb", fileobj=raw, compresslevel=5, mtime=0) as packed,
        io.TextIOWrapper(packed, encoding="ascii", newline="\n") as file,
    ):
        yield file


def write_folder(faces: FaceSet, path: Path, origins: Sequence[Origin] = ()) -> None:
    """Write PNG pictures in the layout that ``load_folder`` reads back, pixels and labels exact.

    ``Training`` goes into ``train``, ``PublicTest`` and ``PrivateTest`` into ``test``, each with
    the split as prefix of the name (``Training`` of FER2013 alone); ``validation`` and the like
    into folders of their own; a set with the split ``all`` only into class folders. The number in a
    name is the place of the row, so each split is read back in its order. Subjects go into
    ``subjects.csv`` beside the folders, and whose data they are into ``data_set.json``. FER+ votes
    are not written.

    Raises:
        DataError: If a split or label cannot be the name of a folder that is read back.
        InputError: If ``path`` holds anything already or cannot be written.
    """
    from PIL import Image

    height, across = faces.images.shape[1:]
    if not len(faces):
        raise DataError(f"{faces.source} has no rows to write")
    if height != across:
        raise DataError(
            f"folders are read back as squares, {faces.source} has faces of {across} x {height}"
        )
    above = {split: _split_folder(split, faces) for split in faces.split_names}
    classes = [_class_folder(label, faces.space) for label in faces.space.labels]
    width = len(str(len(faces) - 1))
    rows = zip(faces.splits.tolist(), faces.labels.tolist(), faces.images, strict=True)
    # Names like FER2013's are for FER2013; PublicTest and PrivateTest have no other mark.
    named = [
        split for split in FER2013_SPLITS if split != TRAINING or FER2013 in (origins or (FER2013,))
    ]
    with writing_folder(path, durable=False) as part:
        for split in faces.split_names:
            for label in classes:  # all of them, so that the labels can be read off the folders
                (part / above[split] / label).mkdir(parents=True, exist_ok=True)
        written: list[Path] = []
        for number, (split, label, image) in enumerate(rows):
            prefix = f"{split}_" if split in named else ""
            written.append(Path(above[split], classes[label], f"{prefix}{number:0{width}}.png"))
            Image.fromarray(np.ascontiguousarray(image)).save(part / written[-1], format="PNG")
        if faces.subjects is not None:
            _write_subjects(part / SUBJECTS, written, faces.subjects.tolist())
        if origins:
            write_origins(origins, part)


def _write_subjects(path: Path, pictures: list[Path], subjects: list[str]) -> None:
    with writing(path) as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(("picture", "subject"))
        rows.writerows(zip((p.as_posix() for p in pictures), subjects, strict=True))


def _split_folder(split: str, faces: FaceSet) -> str:
    if split in FER2013_SPLITS:
        return "train" if split == TRAINING else TEST
    if split == WHOLE and faces.split_names == (WHOLE,):
        return ""
    if split_of_folder(split) != split:
        raise DataError(
            f"{faces.source}: split {split!r} would not be read back from a folder; "
            f"expected {', '.join(FER2013_SPLITS)}, validation or test"
        )
    return split


def _class_folder(label: str, space: LabelSpace) -> str:
    index = class_index(label, space)
    plain = Path(label).name == label and not label.startswith(".") and label == label.strip()
    if not plain or index is None or space.labels[index] != label or split_of_folder(label):
        raise DataError(f"label {label!r} of {space.name} would not be read back from a folder")
    return label
