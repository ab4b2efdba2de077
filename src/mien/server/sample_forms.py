"""What clients say when they teach: consent records, and samples with their face."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
from starlette.datastructures import QueryParams

from mien.core.faces import Faces
from mien.server.refusal import RefusalError

_LARGEST_KEY = 2**63 - 1  # of SQLite
_PAGE = 100
_LARGEST_PAGE = 1000
_UNKNOWN = ((math.nan, math.nan),) * 5
_INSIDE = 0.5  # share of a box that must lie on the picture; trackers let boxes stick out a little


@dataclass(frozen=True)
class Consent:
    """The record that begins a session.

    Args:
        version: Version of the statement.
        words: The statement as it was shown.
    """

    version: str
    words: str


@dataclass(frozen=True)
class Label:
    """What is said of one face.

    Args:
        session: The session that it belongs to.
        consent: Version of the statement that was agreed to.
        label: Name of the expression.
        box: x1 y1 x2 y2 of the face in pixels; None = the picture is the crop.
        landmarks: Its five points, if they are known.
    """

    session: str
    consent: str
    label: str
    box: tuple[float, ...] | None
    landmarks: tuple[tuple[float, ...], ...] | None


@dataclass(frozen=True)
class Listing:
    """Which page of the samples is wanted."""

    session: str | None
    after: int
    most: int


def parse_consent(body: bytes) -> Consent:
    """Read the body of ``POST /v1/sessions``; raises ``RefusalError`` 400."""
    given = _object(body, {"version", "words"}, set())
    return Consent(_text(given, "version"), _text(given, "words"))


def parse_label(field: bytes, known: tuple[str, ...]) -> Label:
    """Read the field ``sample`` of a form.

    Args:
        field: Its bytes.
        known: Labels of the model.

    Raises:
        RefusalError: 400.
    """
    given = _object(field, {"session", "consent", "label"}, {"box", "landmarks"})
    label = _text(given, "label")
    if label not in known:
        raise RefusalError(400, f"unknown label; this model has {', '.join(known)}")
    box, landmarks = given.get("box"), given.get("landmarks")
    if landmarks is not None and box is None:
        raise RefusalError(400, "landmarks belong to a face in a picture; give its box too")
    return Label(
        session=_text(given, "session"),
        consent=_text(given, "consent"),
        label=label,
        box=None if box is None else _numbers(box, 4, "box", "x1, y1, x2, y2"),
        landmarks=None if landmarks is None else _points(landmarks),
    )


def face_of(label: Label, width: int, height: int) -> Faces:
    """The face that a label is about, in a picture of this size.

    Raises:
        RefusalError: 400 if the box is none, or lies beside the picture, or a crop is not square.
    """
    if label.box is None:
        if width != height:
            raise RefusalError(
                400, f"expected a square crop, got {width} x {height}; or give the box of the face"
            )
        return _one_face((0, 0, width, height), _UNKNOWN)
    x1, y1, x2, y2 = label.box
    area = (x2 - x1) * (y2 - y1) if x2 > x1 and y2 > y1 else 0.0
    inside = max(0.0, min(x2, width) - max(x1, 0)) * max(0.0, min(y2, height) - max(y1, 0))
    if area < 1 or inside < _INSIDE * area:
        raise RefusalError(
            400, f"expected the box of a face in a picture of {width} x {height}, got another"
        )
    return _one_face(label.box, label.landmarks or _UNKNOWN)


def _one_face(box: Sequence[float], landmarks: Sequence[Sequence[float]]) -> Faces:
    return Faces(
        boxes=np.array([box], np.float32),
        scores=np.ones(1, np.float32),
        landmarks=np.array([landmarks], np.float32),
    )


def parse_listing(query: QueryParams) -> Listing:
    """Read the query of ``GET /v1/samples``; raises ``RefusalError`` 400."""
    given = _query(query, {"session", "after", "limit"})
    return Listing(
        session=given.get("session"),
        after=_whole(given, "after", 0, 0, _LARGEST_KEY),
        most=_whole(given, "limit", _PAGE, 1, _LARGEST_PAGE),
    )


def parse_deletion(query: QueryParams) -> str | None:
    """The session to delete, None = everything; raises ``RefusalError`` 400.

    A misspelt name must not delete everything.
    """
    return _query(query, {"session"}).get("session")


def _query(query: QueryParams, known: set[str]) -> dict[str, str]:
    pairs = query.multi_items()
    given = dict(pairs)
    if set(given) - known or len(given) < len(pairs) or not all(given.values()):
        raise RefusalError(
            400, f"expected in the query {', '.join(sorted(known))} at most, each once with a value"
        )
    return given


def _whole(given: dict[str, str], name: str, default: int, least: int, most: int) -> int:
    text = given.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) < 20 and least <= int(text) <= most):
        raise RefusalError(400, f"{name} must be a whole number from {least} to {most}")
    return int(text)


def _object(data: bytes, wanted: set[str], possible: set[str]) -> dict[str, Any]:
    try:
        given: Any = json.loads(data.decode(), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, dict) or not wanted <= set(given) <= wanted | possible:
        may = f", and at most {', '.join(sorted(possible))}" if possible else ""
        raise RefusalError(400, f"expected a JSON object of {', '.join(sorted(wanted))}{may}")
    return given


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")


def _text(given: dict[str, Any], name: str) -> str:
    value = given[name]
    if not isinstance(value, str) or not value.strip() or not _sound(value):
        raise RefusalError(400, f"{name} must be text, and not empty")
    return value


def _sound(text: str) -> bool:
    """Whether a text can be written as UTF-8; JSON can spell halves of characters."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _numbers(value: Any, count: int, name: str, meaning: str) -> tuple[float, ...]:
    sound = isinstance(value, list) and len(value) == count
    if not sound or not all(_finite(number) for number in value):
        raise RefusalError(400, f"{name} must be {count} numbers: {meaning}")
    return tuple(map(float, value))


def _finite(value: Any) -> bool:
    plain = isinstance(value, (int, float)) and not isinstance(value, bool)
    return plain and abs(value) < 1e6 and math.isfinite(value)


def _points(value: Any) -> tuple[tuple[float, ...], ...]:
    if not isinstance(value, list) or len(value) != 5:
        raise RefusalError(400, "landmarks must be five points: eyes, nose, corners of the mouth")
    return tuple(_numbers(point, 2, "each landmark", "x, y") for point in value)
