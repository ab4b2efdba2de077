"""The FER2013 challenge table (Goodfellow et al., ICML 2013 workshop) in every packing.

``parse_fer2013`` is pure; ``load_fer2013`` opens plain, gzip, zip and tar files.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mien.core.errors import DataError
from mien.core.labels import fer7
from mien.core.splits import FER2013_SPLITS, PRIVATE_TEST, PUBLIC_TEST, TRAINING
from mien.data.faceset import FaceSet
from mien.data.readers.tables import header_columns, open_table, table_rows

SIDE = 48

# Official counts per label in fer7 order. Copies in circulation differ by a few rows.
KNOWN_COUNTS: dict[str, tuple[int, ...]] = {
    TRAINING: (3995, 436, 4097, 7215, 4830, 3171, 4965),
    PUBLIC_TEST: (467, 56, 496, 895, 653, 415, 607),
    PRIVATE_TEST: (491, 55, 528, 879, 594, 416, 626),
}

_PIXELS = SIDE * SIDE
_COLUMNS = {"emotion", "pixels", "usage"}
_LABELS = {str(index): index for index in range(len(fer7))}
_WHOLE_NUMBER = re.compile(r"-?[0-9]+")


def _pixels(text: str, where: str) -> NDArray[np.uint8]:
    """``(2304,)`` grey levels; what is not plainly right is read again to say what is wrong."""
    pixels = _plain_pixels(text)
    return _checked_pixels(text, where) if pixels is None else pixels


def _plain_pixels(text: str) -> NDArray[np.uint8] | None:
    """Numbers of one to three digits with single blanks between them; None for any other text.

    Several times faster than a number at a time: every digit of the row is weighed at once.
    """
    if not text.isascii():
        return None
    digits = np.zeros(len(text) + 2, np.uint8)  # two in front: room for tens and hundreds
    np.subtract(np.frombuffer(text.encode("ascii"), np.uint8), ord("0"), out=digits[2:])
    blanks = np.flatnonzero(digits == (ord(" ") - ord("0")) % 256)
    if len(blanks) != _PIXELS - 1 or np.count_nonzero(digits < 10) != len(digits) - len(blanks):
        return None
    digits[blanks] = 0
    bounds = np.empty(_PIXELS + 1, np.intp)  # the place behind each number, and before the first
    bounds[0], bounds[1:-1], bounds[-1] = 1, blanks, len(digits)
    ends, lengths = bounds[1:], bounds[1:] - bounds[:-1] - 1
    if lengths.min() < 1 or lengths.max() > 3:
        return None
    values = digits[ends - 1].astype(np.int16)
    values += digits[ends - 2] * np.int16(10)  # of one-digit numbers: the blank before, now 0
    values += digits[ends - 3] * np.int16(100) * (lengths == 3)
    return values.astype(np.uint8) if values.max() <= 255 else None


def _checked_pixels(text: str, where: str) -> NDArray[np.uint8]:
    tokens = text.split()
    for token in tokens:
        if not _WHOLE_NUMBER.fullmatch(token):
            raise DataError(
                f"{where}: pixels must be whole numbers separated by blanks, got {token[:20]!r}"
            )
    if len(tokens) != _PIXELS:
        raise DataError(
            f"{where}: expected {_PIXELS} pixels, got {len(tokens)}; "
            "is the file cut off or of another size?"
        )
    for token in tokens:
        if token.startswith("-") or len(token.lstrip("0")) > 3 or int(token) > 255:
            raise DataError(f"{where}: pixels must be 0 to 255, got {token[:20]}")
    return np.array([int(token) for token in tokens], np.uint8)


def _label(text: str, where: str) -> int:
    label = _LABELS.get(text.strip())
    if label is None:
        raise DataError(f"{where}: emotion must be 0 to {len(fer7) - 1}, got {text[:20]!r}")
    return label


def usage_of(text: str, where: str) -> str:
    """The split that a row names; raises ``DataError`` with the known ones."""
    usage = text.strip()
    if usage not in FER2013_SPLITS:
        raise DataError(
            f"{where}: Usage must be one of {', '.join(FER2013_SPLITS)}, got {usage[:20]!r}"
        )
    return usage


def _header(row: list[str], source: str) -> dict[str, int]:
    at = header_columns(row)
    if not {"emotion", "pixels"} <= set(at) <= _COLUMNS or len(at) != len(row):
        raise DataError(
            f"{source}: expected a header with emotion, pixels, Usage; got {','.join(row)[:80]!r}"
        )
    return at


def parse_fer2013(lines: Iterable[str], source: str = "fer2013") -> FaceSet:
    """Parse the challenge's comma-separated table.

    Columns are found by name, in any order, blanks and case ignored (the ``icml_face_data``
    copy has blanks in its header). A table without ``Usage`` is all Training. The names of the
    rows are their numbers in the table, the header being row 1.

    Raises:
        DataError: With source, row and reason, at the first row that breaks the format.
    """
    header, rows = table_rows(lines, source)
    at = _header(header, source)
    pixels, labels, splits, names = bytearray(), [], [], []
    for where, row in rows:
        labels.append(_label(row[at["emotion"]], where))
        pixels += _pixels(row[at["pixels"]], where).data
        splits.append(usage_of(row[at["usage"]], where) if "usage" in at else TRAINING)
        names.append(where.removeprefix(f"{source}, "))
    if not labels:
        raise DataError(f"{source}: no rows below the header")
    return FaceSet(
        images=np.frombuffer(pixels, np.uint8).reshape(-1, SIDE, SIDE),
        labels=np.array(labels, dtype=np.int64),
        splits=np.array(splits),
        space=fer7,
        source=source,
        names=np.array(names),
    )


def load_fer2013(path: Path) -> FaceSet:
    """Read a FER2013 table: plain, gzip, or the table inside a zip or tar archive.

    Raises:
        DataError: If the file cannot be read or a row breaks the format.
    """
    with open_table(path) as lines:
        return parse_fer2013(lines, source=path.name)
