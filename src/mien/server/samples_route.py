"""``/v1/sessions`` and ``/v1/samples``: labelled crops by consent, listed and deleted.

These routes exist only where the server was told to collect.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import anyio.to_thread
import numpy as np
from fastapi import APIRouter
from numpy.typing import NDArray
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from mien.core.errors import ImageDecodeError, InputError
from mien.runtime.recognizer import Recognizer
from mien.server import sample_docs as docs
from mien.server.body import FIELD, form_in, read_body
from mien.server.events import event
from mien.server.frames import grey_frame
from mien.server.pictures import UPLOADS, FormatError, decoded
from mien.server.refusal import RefusalError, busy
from mien.server.sample_forms import (
    Label,
    Listing,
    face_of,
    parse_consent,
    parse_deletion,
    parse_label,
    parse_listing,
)
from mien.server.service import Service
from mien.store.samples import (
    ConsentError,
    Deleted,
    FullError,
    NoSampleError,
    Sample,
    SampleStore,
)

T = TypeVar("T")

SAMPLE = "sample"
"""Name of the form field that says what the picture shows."""

_MAX_STATEMENT = 131_072  # bytes of a consent: its words may have 8,000 characters, in JSON

LIMITS = {
    "sessions": "max_sessions",
    "samples": "max_samples",
    "session_samples": "max_session_samples",
    "size": "max_sample_bytes",
}
"""Names of the store's limits in the settings, which ``mien serve --limit`` takes."""

LEFT_ALONE = (
    "models that were fitted to deleted samples are not changed; delete their bundles, or fit anew"
)
"""What deletion does not reach."""


def samples_router(service: Service, store: SampleStore) -> APIRouter:
    """The routes of sessions and samples."""
    router = APIRouter()

    @router.post("/v1/sessions", **docs.BEGIN)
    async def begin(request: Request) -> Response:
        """Record that a person has read a statement and agreed that labelled crops are kept."""
        with service.request_place() as free:
            if not free:
                raise busy()
            given = parse_consent(await read_body(request, service.settings, _MAX_STATEMENT))
        session = await _stored(partial(store.begin, given.version, given.words))
        event("session")
        return JSONResponse({"session": session, "version": given.version}, 201)

    @router.post("/v1/samples", **docs.add(service.recognizer.labels.labels))
    async def add(request: Request) -> Response:
        """Keep the 48-pixel grey crop of one face and its label; the picture is not kept.

        A form with two fields: `image`, the picture, and `sample`, JSON that says what it shows.
        With `box` (and `landmarks`, where they are known) the face is cut out as the recogniser
        cuts it; without, the picture is the crop.
        """
        with service.request_place() as free:
            if not free:
                raise busy()
            body = await read_body(request, service.settings)
            content_type = request.headers.get("content-type", "")
            fields = form_in(body, content_type, (FIELD, SAMPLE))
            label = parse_label(fields[SAMPLE], service.recognizer.labels.labels)
            async with service.turn():
                frame = await service.compute(lambda: _frame(service, fields[FIELD], label))
            added = await _stored(
                partial(store.add, label.session, label.consent, label.label, frame)
            )
        return JSONResponse(_told(added), 201)

    @router.get("/v1/samples", **docs.LIST)
    async def samples(request: Request) -> Response:
        """List samples, a page at a time, and count them by label and session."""
        listing = parse_listing(request.query_params)
        return JSONResponse(await _stored(partial(_page, store, listing)))

    @router.get("/v1/samples/{sample}", **docs.CROP)
    async def crop(request: Request) -> Response:
        """The crop of one sample as a PNG."""
        frame = await _stored(partial(store.frame, request.path_params["sample"]))
        return Response(_png(frame), media_type="image/png")

    @router.delete("/v1/samples/{sample}", **docs.DELETE_ONE)
    async def delete_one(request: Request) -> Response:
        """Delete one sample. The consent of its session stays."""
        sample: str = request.path_params["sample"]
        return _deleted(await _stored(partial(store.delete_sample, sample)))

    @router.delete("/v1/samples", **docs.DELETE)
    async def delete(request: Request) -> Response:
        """Delete a session with its consent record and samples, or, without a query, everything."""
        session = parse_deletion(request.query_params)
        if session is None:
            return _deleted(await _stored(store.delete_all))
        return _deleted(await _stored(partial(store.delete_session, session)))

    return router


async def _stored(call: Callable[[], T]) -> T:
    """What the store answers; its file is read and written in a thread."""
    try:
        return await anyio.to_thread.run_sync(call)
    except ConsentError as error:
        raise RefusalError(403, str(error)) from error
    except NoSampleError as error:
        raise RefusalError(404, str(error)) from error
    except FullError as error:
        raise RefusalError(409, str(error), limit=LIMITS[error.limit]) from error
    except InputError as error:
        raise RefusalError(400, str(error)) from error


def _frame(service: Service, picture: bytes, label: Label) -> NDArray[np.uint8]:
    recognizer: Recognizer = service.recognizer
    try:
        image = decoded(picture, UPLOADS, service.settings.max_pixels)
    except FormatError as error:
        raise RefusalError(415, str(error)) from error
    except ImageDecodeError as error:
        raise RefusalError(422, str(error)) from error
    face = face_of(label, image.shape[1], image.shape[0])
    return grey_frame(image, face, recognizer.card.geometry)


def _page(store: SampleStore, listing: Listing) -> dict[str, Any]:
    page, following = store.page(session=listing.session, after=listing.after, most=listing.most)
    sessions = store.sessions()
    counts: Counter[str] = Counter()
    for session in sessions:
        counts.update(session.counts)
    return {
        "samples": [_told(sample) for sample in page],
        "next": following,
        "total": counts.total(),
        "counts": counts,
        "sessions": [
            {"session": s.id, "version": s.version, "began": s.began, "counts": s.counts}
            for s in sessions
        ],
    }


def _told(sample: Sample) -> dict[str, str]:
    return {"id": sample.id, "session": sample.session, "label": sample.label}


def _deleted(deleted: Deleted) -> Response:
    counts = {"samples": deleted.samples, "sessions": deleted.sessions}
    event("deleted", **counts, note=LEFT_ALONE)
    return JSONResponse({"deleted": counts, "note": LEFT_ALONE})


def _png(frame: NDArray[np.uint8]) -> bytes:
    from PIL import Image

    held = io.BytesIO()
    Image.fromarray(frame).save(held, "PNG")
    return held.getvalue()
