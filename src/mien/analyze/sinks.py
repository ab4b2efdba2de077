"""Where rows go: JSON lines, CSV, annotated pictures. Each takes one row at a time."""

from __future__ import annotations

import csv
import os
import re
import unicodedata
from collections.abc import Collection, Generator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import IO, TYPE_CHECKING, Literal, Protocol

from mien.analyze.overlay import annotated
from mien.analyze.sources import find_items
from mien.core.errors import InputError
from mien.core.rows import encode_row, is_error
from mien.core.table import columns, csv_cell, records
from mien.core.text import printable
from mien.store.atomic import writing
from mien.store.images import PICTURE_SUFFIXES

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mien.core.labels import LabelSpace
    from mien.core.rows import Row

RowFormat = Literal["jsonl", "json", "csv"]

# Suffixes of files that hold rows: never pictures, so they may be written again.
_ROWS = {".csv", ".json", ".jsonl", ".ndjson"}
# Suffixes a picture is written with; any other format becomes PNG.
_WRITTEN = {".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG", ".webp": "WEBP"}
_NOT_WRITTEN = {".heic", *PICTURE_SUFFIXES} - set(_WRITTEN)
_QUALITY = {"JPEG": {"quality": 92, "subsampling": 0}, "WEBP": {"quality": 92}, "PNG": {}}
_LONGEST_STEM = 200  # bytes; leaves room for a number and a suffix on every file system


class Sink(Protocol):
    """Takes the rows of an analysis, in input order."""

    def write(self, row: Row, image: NDArray[np.uint8] | None) -> None:
        """Take one row, and the picture it is about (None where it could not be read)."""
        ...


class JsonLinesSink:
    """One line of JSON per row (``mien.row/1``), flushed, so that a reader sees it at once."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def write(self, row: Row, image: NDArray[np.uint8] | None = None) -> None:  # noqa: ARG002 - a sink takes both
        """Write one line."""
        self._stream.write(encode_row(row) + "\n")
        self._stream.flush()


class JsonSink:
    """One JSON array of all rows, for readers that take a whole document; ``close`` ends it."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._before = "[\n"

    def write(self, row: Row, image: NDArray[np.uint8] | None = None) -> None:  # noqa: ARG002 - a sink takes both
        """Write one element."""
        self._stream.write(self._before + encode_row(row))
        self._before = ",\n"

    def close(self) -> None:
        """End the array; without a row it is an empty one."""
        self._stream.write("[]\n" if self._before == "[\n" else "\n]\n")


class CsvSink:
    """Fixed columns, one record per face; the header is written at once."""

    def __init__(self, stream: IO[str], labels: LabelSpace) -> None:
        self._stream = stream
        self._columns = columns(labels.labels)
        self._writer = csv.writer(stream, lineterminator="\n")
        self._writer.writerow([csv_cell(name) for name in self._columns])

    def write(self, row: Row, image: NDArray[np.uint8] | None = None) -> None:  # noqa: ARG002 - a sink takes both
        """Write the records of one row."""
        for record in records(row):
            unknown = record.keys() - set(self._columns)
            if unknown:
                raise InputError(f"the row has columns that the file has not: {sorted(unknown)}")
            self._writer.writerow([csv_cell(record.get(name)) for name in self._columns])
        self._stream.flush()


class OverlaySink:
    """Annotated pictures: one file, or a folder with one file per picture.

    A target whose name ends like a picture (``.jpg``, ``.png``, ``.webp``) and is no folder takes
    one picture and is replaced if it exists, unless it is an input. Any other target is a folder,
    created if missing, in which nothing is ever replaced: pictures keep their names with awkward
    characters replaced, and one whose name is taken, by an earlier run too, gets ``-2``.

    Args:
        target: The file or folder.
        blur_faces: Make the faces unrecognisable.
        inputs: What is analysed, as ``find_items`` takes it.

    Raises:
        InputError: If the folder cannot be made, its parent is missing, or the file is an input.
    """

    def __init__(
        self, target: Path, *, blur_faces: bool = False, inputs: Collection[str | Path] = ()
    ) -> None:
        self._target = target
        self._blur = blur_faces
        self._taken: set[str] = set()
        suffix = target.suffix.lower()
        self._single = suffix in _WRITTEN and not target.is_dir()
        if suffix in _NOT_WRITTEN and not target.is_dir():
            raise InputError(f"overlays are JPEG, PNG or WebP, got {target.name!r}; choose one")
        if target.is_file() and not self._single:
            raise InputError(f"{target} is a file; give a folder, or a .png, .jpg or .webp file")
        if not target.parent.is_dir():
            raise InputError(f"no folder {target.parent}; create it, or correct the path")
        if self._single and _is_input(target, inputs):
            raise _own_input(target)
        if not self._single:
            try:
                target.mkdir(exist_ok=True)
            except OSError as error:
                raise InputError(
                    f"cannot write pictures to {target} ({error.strerror or error})"
                ) from error

    def write(self, row: Row, image: NDArray[np.uint8] | None = None) -> None:
        """Write the annotated picture of one row; rows without a picture are passed over.

        Raises:
            InputError: If a second picture is to go into one file, or one over its own original,
                or the row is of a frame of a video.
            OSError: If the picture cannot be written.
        """
        if image is None or is_error(row):
            return
        if row["time_s"] is not None:
            raise InputError("overlays are pictures, and this is a video; leave --overlay out")
        path = self._path(row["source"])
        if _same_file(path, row["source"]):
            raise _own_input(path)
        file_format = _WRITTEN[path.suffix.lower()]
        picture = annotated(image, row, blur_faces=self._blur)
        with writing(path, "wb") as file:
            picture.save(file, file_format, **_QUALITY[file_format])

    def _path(self, source: str) -> Path:
        if self._single:
            if self._taken:
                raise InputError(
                    f"{self._target} takes one picture; give a folder for the overlays of several"
                )
            self._taken.add("")
            return self._target
        stem, suffix = safe_name(source)
        name, number = stem + suffix, 1
        # Of names that differ in case alone, the second counts as taken on every file system.
        while (key := unicodedata.normalize("NFC", name).casefold()) in self._taken or (
            os.path.lexists(self._target / name)
        ):
            number += 1
            name = f"{stem}-{number}{suffix}"
        self._taken.add(key)
        return self._target / name


def _is_input(target: Path, inputs: Collection[str | Path]) -> bool:
    """Whether a file that exists is named by ``inputs``, matches them, or lies in their folders."""
    named = [name for name in map(str, inputs) if name != "-"]
    if not named or not target.exists():
        return False
    try:
        places = [item.place for item in find_items(named)]
    except InputError:  # nothing matches
        return False
    return any(_same_file(target, place) for place in places if isinstance(place, str))


def _same_file(path: Path, name: str) -> bool:
    try:
        return os.path.samefile(path, name)  # noqa: PTH121 - names stay text, as given
    except (OSError, ValueError):  # one of them is not there, or is no name of a file
        return False


def _own_input(path: Path) -> InputError:
    return InputError(
        f"{path} is among the inputs and would be lost; choose another name or folder"
    )


def safe_name(source: str) -> tuple[str, str]:
    """Stem and suffix for the picture of ``source`` that every file system accepts.

    >>> safe_name("photos/a b.jpg"), safe_name("x/scan.tiff"), safe_name("con.png")
    (('a b', '.jpg'), ('scan', '.png'), ('_con', '.png'))
    """
    name = Path(source).name
    suffix = Path(name).suffix
    stem = name.removesuffix(suffix)
    if suffix.lower() not in _WRITTEN:
        suffix = ".png"
    stem = re.sub(r'[\\/:*?"<>|\x00-\x1f]', "_", printable(stem))
    stem = stem.encode()[:_LONGEST_STEM].decode(errors="ignore").rstrip(" .")
    if not stem or stem[0] in ".-=+@~" or re.fullmatch(r"(?i)con|prn|aux|nul|(com|lpt)\d", stem):
        stem = f"_{stem}"
    return stem, suffix.lower()


@contextmanager
def rows_to(
    target: Path | IO[str],
    row_format: RowFormat,
    labels: LabelSpace,
    *,
    inputs: Collection[str | Path] = (),
) -> Generator[Sink]:
    """A sink into an open stream, or into a file that appears when the block succeeds.

    Args:
        target: The stream or file.
        row_format: ``jsonl``, ``json`` (one array) or ``csv``.
        labels: Label space of the rows.
        inputs: What is analysed, as ``find_items`` takes it. A file named there is not replaced,
            nor is one in a folder of it, unless its suffix says that it holds rows.

    Raises:
        InputError: If the file is an input, or cannot be written.
    """
    if isinstance(target, Path):
        named = any(_same_file(target, str(name)) for name in inputs)
        if named or (target.suffix.lower() not in _ROWS and _is_input(target, inputs)):
            raise _own_input(target)
    with writing(target) if isinstance(target, Path) else nullcontext(target) as stream:
        if row_format == "json":
            array = JsonSink(stream)
            try:
                yield array
            finally:  # a stream stays whole, too
                array.close()
        else:
            yield CsvSink(stream, labels) if row_format == "csv" else JsonLinesSink(stream)
