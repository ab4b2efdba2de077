"""The row format ``mien.row/1``: one frame, or one item that could not be read.

A row is a plain dictionary of JSON values. ``frame_row`` and ``error_row`` make it, ``parse_row``
checks one that came from elsewhere, ``encode_row`` and ``decode_row`` turn it into a line of JSON
and back. The flat form for tables is in ``mien.core.table``.
"""

from __future__ import annotations

import json
import re
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from mien.core.errors import InputError
from mien.core.faces import Faces
from mien.core.scores import Scores
from mien.core.smoothing import LEAD, Smoothed
from mien.core.text import storable

SCHEMA = "mien.row/1"

Row = dict[str, Any]

_UNITS = 1_000_000  # probabilities are written in millionths
_SUM_TOLERANCE = 1e-4

_LARGEST = 1e15  # no coordinate or time comes near; also refuses what does not fit a float

# Legal in JSON, but obeyed by terminals and editors when a line is shown: DEL, C1 controls,
# direction marks and overrides, line separators. They are written as \uXXXX, which means the same.
# A lone surrogate has no UTF-8 form, so it becomes a text of six characters (see ``storable``).
_UNSAFE = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


def frame_row(
    faces: Faces,
    scores: Scores,
    *,
    source: str,
    model: str,
    width: int,
    height: int,
    frame: int = 0,
    time_s: float | None = None,
    smoothed: Smoothed | None = None,
) -> Row:
    r"""The row of one frame; ``label`` and ``uncertain`` come from ``smoothed`` where given.

    Coordinates are rounded to 0.01 px. Probabilities are rounded to millionths that sum to 1
    exactly, by largest remainder, which keeps their order.

    Args:
        faces: N faces in pixels of the frame.
        scores: Their calibrated probabilities, raw in time.
        source: Name of the file, stream or camera; bytes that are not UTF-8 become ``\udcXX``.
        model: Name of the model.
        width: Of the frame, in pixels.
        height: Of the frame, in pixels.
        frame: Index of the frame in its source, from 0.
        time_s: Time of the frame in its source, in seconds; None for stills.
        smoothed: The same faces smoothed over time; None for stills.

    Raises:
        InputError: If ``faces``, ``scores`` and ``smoothed`` disagree in length or labels, or a
            number is impossible.
    """
    smooth = None if smoothed is None else smoothed.scores
    for name, given in (("scores", scores), ("smoothed", smooth)):
        if given is not None and len(given) != len(faces):
            raise InputError(f"expected {name} of {len(faces)} faces, got {len(given)}")
    if smooth is not None and smooth.labels.labels != scores.labels.labels:
        raise InputError("scores and smoothed must have the same labels")
    if frame < 0 or width < 1 or height < 1 or not abs(time_s or 0) <= _LARGEST:
        raise InputError(
            "a row has a frame from 0, a width and height from 1 and a finite time, got "
            f"frame {frame}, {width}x{height} pixels and {time_s} s"
        )
    if max(abs(faces.boxes).max(initial=0), np.nanmax(abs(faces.landmarks), initial=0)) > _LARGEST:
        raise InputError(f"coordinates of faces in a row lie within {_LARGEST:g} pixels")
    return {
        "schema": SCHEMA,
        "model": storable(model),
        "source": storable(source),
        "frame": int(frame),
        "time_s": None if time_s is None else round(float(time_s), 6),
        "width": int(width),
        "height": int(height),
        "faces": _face_rows(faces, scores, smoothed),
    }


def error_row(source: str, error: BaseException) -> Row:
    """The row of an item that could not be read or answered.

    >>> error_row("a.jpg", ValueError("empty"))["error"]
    {'type': 'ValueError', 'message': 'empty'}
    """
    kind = type(error).__name__
    message = storable(str(error)) or kind
    return {
        "schema": SCHEMA,
        "source": storable(source),
        "error": {"type": kind, "message": message},
    }


def is_error(row: Row) -> bool:
    """Whether the row reports a failure."""
    return "error" in row


def encode_row(row: Row) -> str:
    """One line of JSON, without a line end and safe to show on a terminal.

    Raises:
        InputError: If the row holds a value that JSON has no form for, such as NaN.
    """
    try:
        text = json.dumps(row, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"a row holds JSON values only, without NaN or infinity: {error}"
        ) from error
    return _UNSAFE.sub(_escaped, text)


def decode_row(line: str) -> Row:
    """The validated row of one line of JSON.

    Raises:
        InputError: If the line is no JSON object or breaks the row format.
    """
    try:
        value: object = json.loads(line, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise InputError(f"expected one JSON object per line: {error}") from error
    return parse_row(value)


def parse_row(value: object) -> Row:
    """Check a row against the format and return it; unknown keys are kept (section 9 adds some).

    Raises:
        InputError: Naming the first key that is missing or wrong.
    """
    row = _table(value, "row")
    if row.get("schema") != SCHEMA:
        raise InputError(f"expected a row of schema {SCHEMA!r}, got {row.get('schema')!r}")
    _text(row, "row", "source")
    if "error" in row:
        error = _table(row["error"], "row.error")
        _text(error, "row.error", "type")
        _text(error, "row.error", "message")
        return row
    _text(row, "row", "model")
    _whole(row, "row", "frame", 0)
    _whole(row, "row", "width", 1)
    _whole(row, "row", "height", 1)
    if row.get("time_s") is not None:
        _numbers([row["time_s"]], "row.time_s", 1)
    elif "time_s" not in row:
        raise InputError("row.time_s is missing; give seconds or null")
    labels: tuple[str, ...] | None = None
    for at, face in enumerate(_list(row.get("faces"), "row.faces")):
        found = _check_face(_table(face, f"row.faces[{at}]"), f"row.faces[{at}]")
        if labels not in {None, found}:
            raise InputError(f"row.faces[{at}] has other labels than the faces before it")
        labels = found
    return row


def _face_rows(faces: Faces, scores: Scores, smoothed: Smoothed | None) -> list[Row]:
    raw = _in_millionths(scores.probabilities)
    smooth = None if smoothed is None else _in_millionths(smoothed.scores.probabilities)
    top = scores.top if smoothed is None else smoothed.labels
    uncertain = (scores if smoothed is None else smoothed.scores).uncertain
    known = faces.has_landmarks
    names = [storable(label) for label in scores.labels.labels]
    return [
        {
            "box": _rounded(faces.boxes[i], 2),
            "score": round(float(faces.scores[i]), 4),
            "landmarks": [_rounded(point, 2) for point in faces.landmarks[i]] if known[i] else None,
            "track": int(faces.tracks[i]) if faces.tracks[i] >= 0 else None,
            "detected": bool(faces.detected[i]),
            "probabilities": dict(zip(names, raw[i], strict=True)),
            "smoothed": None if smooth is None else dict(zip(names, smooth[i], strict=True)),
            "label": storable(top[i]),
            "uncertain": bool(uncertain[i]),
        }
        for i in range(len(faces))
    ]


def _rounded(values: NDArray[Any], digits: int) -> list[float]:
    return [round(float(value), digits) for value in values]


def _in_millionths(probabilities: NDArray[np.float32]) -> list[list[float]]:
    """``(N, K)`` probabilities as decimals of six digits whose rows sum to 1 exactly."""
    exact = probabilities.astype(np.float64)
    exact = exact / exact.sum(axis=1, keepdims=True) * _UNITS
    units = np.floor(exact).astype(np.int64)
    for row, remainder in zip(units, exact - units, strict=True):
        # Ties go to the more probable label, so that rounding never changes which one is on top.
        order = np.lexsort((-row, -remainder))
        row[order[: max(0, _UNITS - int(row.sum()))]] += 1
    return (units / _UNITS).tolist()


def _escaped(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\\\u{code:04x}" if 0xD800 <= code <= 0xDFFF else f"\\u{code:04x}"


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a JSON number")


def _table(value: object, where: str) -> Row:
    if not isinstance(value, dict):
        raise InputError(f"{where} must be an object, got {value!r:.60}")
    return cast(Row, value)


def _list(value: object, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise InputError(f"{where} must be a list, got {value!r:.60}")
    return cast(list[Any], value)


def _text(row: Row, where: str, key: str) -> str:
    value = row.get(key)
    if not isinstance(value, str):
        raise InputError(f"{where}.{key} must be text, got {value!r:.60}")
    return value


def _whole(row: Row, where: str, key: str, least: int) -> None:
    value = row.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise InputError(f"{where}.{key} must be a whole number from {least}, got {value!r:.60}")


def _flag(row: Row, where: str, key: str) -> None:
    if not isinstance(row.get(key), bool):
        raise InputError(f"{where}.{key} must be true or false, got {row.get(key)!r:.60}")


def _numbers(value: object, where: str, count: int) -> list[float]:
    numbers = _list(value, where)
    if len(numbers) != count or not all(
        isinstance(number, int | float) and not isinstance(number, bool) and abs(number) <= _LARGEST
        for number in numbers
    ):
        raise InputError(f"{where} must be {count} finite number(s), got {value!r:.60}")
    return numbers


def _check_face(face: Row, where: str) -> tuple[str, ...]:
    """Check one face and return its labels, in order."""
    x1, y1, x2, y2 = _numbers(face.get("box"), f"{where}.box", 4)
    if x2 < x1 or y2 < y1:
        raise InputError(f"{where}.box must be x1 y1 x2 y2 with x2 >= x1 and y2 >= y1")
    (score,) = _numbers([face.get("score")], f"{where}.score", 1)
    if not 0 <= score <= 1:
        raise InputError(f"{where}.score must lie in [0, 1], got {score}")
    if face.get("landmarks") is not None:
        points = _list(face["landmarks"], f"{where}.landmarks")
        if len(points) != 5:
            raise InputError(f"{where}.landmarks must be five points or null, got {len(points)}")
        for point in points:
            _numbers(point, f"{where}.landmarks", 2)
    if face.get("track") is not None:
        _whole(face, where, "track", 0)
    _flag(face, where, "detected")
    _flag(face, where, "uncertain")
    return _check_probabilities(face, where)


def _check_probabilities(face: Row, where: str) -> tuple[str, ...]:
    raw = _probabilities(face.get("probabilities"), f"{where}.probabilities")
    decisive, lead = raw, 0.0
    if face.get("smoothed") is not None:
        decisive, lead = _probabilities(face["smoothed"], f"{where}.smoothed"), LEAD
        if tuple(decisive) != tuple(raw):
            raise InputError(f"{where}.smoothed must have the labels of probabilities, in order")
    label = _text(face, where, "label")
    if label not in decisive or decisive[label] < max(decisive.values()) - lead - _SUM_TOLERANCE:
        near = f", or within {LEAD} of it" if lead else ""
        raise InputError(f"{where}.label must be the most probable label{near}, got {label!r:.60}")
    return tuple(raw)


def _probabilities(value: object, where: str) -> dict[str, float]:
    table = _table(value, where)
    numbers = _numbers(list(table.values()), where, len(table))
    if len(table) < 2 or min(numbers) < 0 or abs(sum(numbers) - 1) > _SUM_TOLERANCE:
        raise InputError(f"{where} must be two or more labels with numbers from 0 that sum to 1")
    return table
