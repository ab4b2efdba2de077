"""Rows in fixed columns: one record per face, one with empty face columns for a faceless frame."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from mien.core.faces import LANDMARKS
from mien.core.rows import Row, is_error
from mien.core.text import printable

_FRAME = ("schema", "model", "source", "frame", "time_s", "width", "height")
_BOX = ("x1", "y1", "x2", "y2")
_POINTS = tuple(f"{name}_{axis}" for name in LANDMARKS for axis in "xy")
_ERROR = ("error_type", "error_message")

# A spreadsheet runs a cell that begins with one of these as a formula (OWASP, CSV injection); the
# last four are the full-width forms, which East Asian locales take for the same.
_FORMULA = "=+\\-@\uff1d\uff0b\uff0d\uff20"
_RISKY = re.compile(f"(^|; *)(?=[{_FORMULA}])")  # where a comma is no separator, ; begins a cell


def columns(labels: Sequence[str]) -> tuple[str, ...]:
    """Names of the columns for a model with ``labels``.

    >>> columns(["sad", "happy"])[-8:-2]
    ('label', 'uncertain', 'p_sad', 'p_happy', 'smoothed_sad', 'smoothed_happy')
    """
    return (
        *_FRAME,
        *("face", *_BOX, "score", *_POINTS, "track", "detected", "label", "uncertain"),
        *(f"p_{label}" for label in labels),
        *(f"smoothed_{label}" for label in labels),
        *_ERROR,
    )


def records(row: Row) -> Iterator[dict[str, Any]]:
    """Flat records of one row, by column name; a name that is left out means an empty cell."""
    frame = {name: row.get(name) for name in _FRAME}
    if is_error(row):
        yield {
            **frame,
            "error_type": row["error"]["type"],
            "error_message": row["error"]["message"],
        }
        return
    if not row["faces"]:
        yield frame
    for index, face in enumerate(row["faces"]):
        points = [value for point in face["landmarks"] or () for value in point]
        yield {
            **frame,
            "face": index,
            **dict(zip(_BOX, face["box"], strict=True)),
            **dict(zip(_POINTS, points, strict=False)),
            **{name: face[name] for name in ("score", "track", "detected", "label", "uncertain")},
            **_prefixed("p_", face["probabilities"]),
            **_prefixed("smoothed_", face["smoothed"]),
        }


def _prefixed(prefix: str, table: dict[str, float] | None) -> dict[str, float]:
    return {prefix + label: value for label, value in (table or {}).items()}


def csv_cell(value: object) -> str:
    """One cell of a CSV file, safe to open in a spreadsheet and to show on a terminal.

    Text is on one line (see ``printable``); what a spreadsheet would run is quoted with ``'``, also
    behind a semicolon, which separates cells where the comma is the decimal point.

    >>> csv_cell("=cmd.jpg"), csv_cell("a;=b.jpg"), csv_cell(-2.5), csv_cell(None), csv_cell(True)
    ("'=cmd.jpg", "a;'=b.jpg", '-2.5', '', 'true')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        return str(value)
    text = printable(value)
    return _RISKY.sub(r"\1'", text)
