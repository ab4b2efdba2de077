"""``/v1/sessions`` and ``/v1/samples``: labelled crops by consent, listed and deleted.

These routes exist only where the server collects.
"""

from __future__ import annotations

import io
import json
import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NoReturn, TypeVar

import anyio.to_thread
import numpy as np
from numpy.typing import NDArray
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from mien.core.alignment import face_affines
from mien.core.crop import cropped
from mien.core.errors import InputError
from mien.core.faces import Faces
from mien.runtime.packing import Image, reduced
from mien.server.events import event
from mien.server.pictures import UPLOADS, decoded
from mien.server.refusals import STATUSES, RefusalError, busy
from mien.server.service import Service
from mien.server.uploads import FIELD, form_in, read_body
from mien.store.card import Geometry
from mien.store.samples import Deleted, Sample, SampleStore

T = TypeVar("T")

SAMPLE = "sample"
"""Name of the form field that says what the picture shows."""

UNCHANGED = (
    "models that were fitted to deleted samples are not changed; delete their bundles, or fit again"
)
"""What deletion does not reach."""

_MAX_STATEMENT = 131_072  # bytes of a consent: its words may have 8,000 characters, in JSON
_LARGEST_KEY = 2**63 - 1  # of SQLite
_PAGE, _LARGEST_PAGE = 100, 1000
_UNKNOWN = ((math.nan, math.nan),) * 5
_INSIDE = 0.5  # share of a box that must lie on the picture; trackers let boxes stick out a little


def sample_routes(service: Service, store: SampleStore) -> list[Route]:
    """The routes of sessions and samples."""

    async def begin(request: Request) -> Response:
        with service.request_place() as free:
            if not free:
                raise busy()
            body = await read_body(request, service.settings, _MAX_STATEMENT)
        given = _object(body, {"version", "words"}, set())
        version, words = _text(given, "version"), _text(given, "words")
        session = await _stored(partial(store.begin, version, words))
        event("session")
        return JSONResponse({"session": session, "version": version}, 201)

    async def add(request: Request) -> Response:
        with service.request_place() as free:
            if not free:
                raise busy()
            body = await read_body(request, service.settings)
            content_type = request.headers.get("content-type", "")
            fields = form_in(body, content_type, (FIELD, SAMPLE))
            label = _label(fields[SAMPLE], service.recognizer.labels.labels)
            async with service.turn():
                crop = await service.compute(lambda: _crop(service, fields[FIELD], label))
            added = await _stored(
                partial(store.add, label.session, label.consent, label.label, crop)
            )
        return JSONResponse(_described(added), 201)

    async def samples(request: Request) -> Response:
        given = _query(request.query_params, {"session", "after", "limit"})
        listed = partial(
            _listed,
            store,
            session=given.get("session"),
            after=_whole(given, "after", 0, 0, _LARGEST_KEY),
            most=_whole(given, "limit", _PAGE, 1, _LARGEST_PAGE),
        )
        return JSONResponse(await _stored(listed))

    async def crop(request: Request) -> Response:
        levels = await _stored(partial(store.frame, request.path_params["sample"]))
        return Response(_png(levels), media_type="image/png")

    async def delete_one(request: Request) -> Response:
        sample: str = request.path_params["sample"]
        return _deleted(await _stored(partial(store.delete_sample, sample)))

    async def delete(request: Request) -> Response:
        # The query is checked whole: a misspelt name must not delete everything.
        session = _query(request.query_params, {"session"}).get("session")
        if session is None:
            return _deleted(await _stored(store.delete_all))
        return _deleted(await _stored(partial(store.delete_session, session)))

    return [
        Route("/v1/sessions", begin, methods=["POST"]),
        Route("/v1/samples", add, methods=["POST"]),
        Route("/v1/samples", samples),
        Route("/v1/samples", delete, methods=["DELETE"]),
        Route("/v1/samples/{sample}", crop),
        Route("/v1/samples/{sample}", delete_one, methods=["DELETE"]),
    ]


def grey_crop(picture: Image, face: Faces, geometry: Geometry) -> NDArray[np.uint8]:
    """Cut one face as the recogniser does: aligned, halved while it is large, then sampled.

    Grey levels are rounded, which the graph does not do.

    Args:
        picture: ``(H, W, 3)`` uint8 RGB.
        face: One face in it.
        geometry: The crop of the model's card.

    Returns:
        ``(48, 48)`` uint8.
    """
    affine = face_affines(face, geometry.box_scale, geometry.template)[0]
    return cropped(*reduced(picture, affine), samples=geometry.samples)


async def _stored(call: Callable[[], T]) -> T:
    """What the store answers; its file is read and written in a thread."""
    try:
        return await anyio.to_thread.run_sync(call)
    except tuple(STATUSES):  # these have a status of their own
        raise
    except InputError as error:
        raise RefusalError(400, str(error)) from error


def _crop(service: Service, picture: bytes, label: _Label) -> NDArray[np.uint8]:
    image = decoded(picture, UPLOADS, service.settings.max_pixels)
    face = _face(label, image.shape[1], image.shape[0])
    return grey_crop(image, face, service.recognizer.card.geometry)


def _listed(store: SampleStore, **page: Any) -> dict[str, Any]:
    samples, following = store.page(**page)
    sessions = store.sessions()
    counts: Counter[str] = Counter()
    for session in sessions:
        counts.update(session.counts)
    return {
        "samples": [_described(sample) for sample in samples],
        "next": following,
        "total": counts.total(),
        "counts": counts,
        "sessions": [
            {"session": s.id, "version": s.version, "began": s.began, "counts": s.counts}
            for s in sessions
        ],
    }


def _described(sample: Sample) -> dict[str, str]:
    return {"id": sample.id, "session": sample.session, "label": sample.label}


def _deleted(deleted: Deleted) -> Response:
    counts = {"samples": deleted.samples, "sessions": deleted.sessions}
    event("deleted", **counts, note=UNCHANGED)
    return JSONResponse({"deleted": counts, "note": UNCHANGED})


def _png(levels: NDArray[np.uint8]) -> bytes:
    from PIL import Image

    held = io.BytesIO()
    Image.fromarray(levels).save(held, "PNG")
    return held.getvalue()


@dataclass(frozen=True)
class _Label:
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


def _label(field: bytes, known: tuple[str, ...]) -> _Label:
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
    return _Label(
        session=_text(given, "session"),
        consent=_text(given, "consent"),
        label=label,
        box=None if box is None else _numbers(box, 4, "box", "x1, y1, x2, y2"),
        landmarks=None if landmarks is None else _points(landmarks),
    )


def _face(label: _Label, width: int, height: int) -> Faces:
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
