"""Comma-separated tables in every packing: plain, gzip, zip, tar. Nothing is unpacked to disk."""

from __future__ import annotations

import csv
import gzip
import io
import itertools
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, TextIO, cast

from mien.core.errors import DataError
from mien.store.images import is_clutter

# The challenge's archives hold several tables; these two are the whole data set.
_WHOLE = ("fer2013.csv", "icml_face_data.csv")

# What reading a cut-off or overwritten file raises, packing by packing.
_DAMAGE = (
    csv.Error, EOFError, OSError, UnicodeDecodeError,
    zlib.error, zipfile.BadZipFile, tarfile.TarError,
)  # fmt: skip


def numbered_rows(lines: Iterable[str], source: str) -> Iterator[tuple[int, list[str]]]:
    """Rows with their number: the header is row 1; blank rows are counted, not returned.

    Raises:
        DataError: With the last good row, when the lines end early or are damaged.
    """
    lines = iter(lines)
    number = 0
    try:
        for line in lines:
            # csv.reader walks through every character in vain where nothing is quoted.
            if '"' in line:
                row = next(csv.reader(itertools.chain((line,), lines), strict=True))
            else:
                row = line.rstrip("\r\n").split(",")
            number += 1
            if row != [""]:
                yield number, row
    except _DAMAGE as error:
        reason = str(error) or type(error).__name__
        raise DataError(
            f"{source}, after row {number}: the file ends early or is damaged ({reason}); "
            "fetch it again"
        ) from error


def header_columns(row: Sequence[str]) -> dict[str, int]:
    """Place of each column by name, blanks around it and case ignored; repeated names are lost."""
    return {name.strip().lower(): place for place, name in enumerate(row)}


def table_rows(
    lines: Iterable[str], source: str, needed: Sequence[str] = ()
) -> tuple[list[str], Iterator[tuple[str, list[str]]]]:
    """The header, and each row with its place in words ("x.csv, row 2").

    Raises:
        DataError: If the header lacks a column of ``needed``; later, at the first row that has
            another number of columns than the header.
    """
    rows = numbered_rows(lines, source)
    _, header = next(rows, (1, [""]))
    at = header_columns(header)
    if missing := [name for name in needed if name.lower() not in at]:
        raise DataError(
            f"{source}, row 1: no column {', '.join(missing)} in the header; expected "
            f"{', '.join(needed)}"
        )

    def checked() -> Iterator[tuple[str, list[str]]]:
        for number, row in rows:
            where = f"{source}, row {number}"
            if len(row) != len(header):
                raise DataError(
                    f"{where}: expected {len(header)} columns, got {len(row)}; is the file cut off?"
                )
            yield where, row

    return header, checked()


@contextmanager
def open_table(path: Path) -> Iterator[TextIO]:
    """Open the text of a table; the packing is known by the first bytes, not by the name.

    Reads plain text, gzip, and the single ``.csv`` member of a zip or tar archive (of several,
    ``fer2013.csv`` or ``icml_face_data.csv``).

    Raises:
        DataError: If the file is missing, unreadable, damaged, or holds no single table.
    """
    try:
        with ExitStack() as stack:
            unpacked = _unpacked(path, stack)
            text = io.TextIOWrapper(unpacked, encoding="utf-8-sig", newline="")  # type: ignore[arg-type]
            yield stack.enter_context(text)
    except _DAMAGE as error:
        reason = str(error) or type(error).__name__
        raise DataError(f"{path}: cannot be read ({reason})") from error


def _unpacked(path: Path, stack: ExitStack) -> IO[bytes]:
    with path.open("rb") as file:
        head = file.read(512)
    if head.startswith(b"PK"):
        return _zip_member(path, stack)
    if head.startswith(b"\x1f\x8b"):
        with gzip.open(path) as file:
            head = file.read(512)
        if not _is_tar(head):
            return cast("IO[bytes]", stack.enter_context(gzip.open(path)))
    if _is_tar(head):
        return _tar_member(path, stack)
    return stack.enter_context(path.open("rb"))


def _is_tar(head: bytes) -> bool:
    return head[257:262] == b"ustar"


def _zip_member(path: Path, stack: ExitStack) -> IO[bytes]:
    archive = stack.enter_context(zipfile.ZipFile(path))
    member = _table_of(archive.namelist(), path)
    try:
        return stack.enter_context(archive.open(member))
    except (RuntimeError, NotImplementedError) as error:  # password or unknown compression
        raise DataError(f"{path}: cannot be unpacked ({error}); unpack it first") from error


def _tar_member(path: Path, stack: ExitStack) -> IO[bytes]:
    archive = tarfile.open(path)  # noqa: SIM115 - the stack closes it
    stack.enter_context(archive)
    files = {member.name: member for member in archive if member.isfile()}
    member = archive.extractfile(files[_table_of(list(files), path)])
    return stack.enter_context(cast("IO[bytes]", member))  # regular files always have a stream


def _table_of(names: Sequence[str], path: Path) -> str:
    """The one table among the members of an archive."""
    tables = [
        name
        for name in names
        if name.lower().endswith(".csv") and not any(map(is_clutter, PurePosixPath(name).parts))
    ]
    whole = [name for name in tables if PurePosixPath(name).name.lower() in _WHOLE]
    found = whole if len(tables) > 1 else tables
    if len(found) != 1:
        listed = ", ".join(repr(name) for name in tables[:5]) or "none"
        raise DataError(f"{path}: expected one .csv inside, found {listed}; unpack it first")
    return found[0]
