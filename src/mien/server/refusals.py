"""Refusals: the errors that become an answer with a status, and the JSON that all of them have."""

from __future__ import annotations

import json
from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.responses import Response

from mien.core.errors import ImageDecodeError, MienError
from mien.server.pictures import FormatError
from mien.store.samples import ConsentError, FullError, NoSampleError

KINDS = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    405: "MethodNotAllowed",
    408: "RequestTimeout",
    409: "Full",
    413: "TooLarge",
    415: "UnsupportedMediaType",
    422: "ImageDecodeError",
    431: "HeadersTooLarge",
    500: "ServerError",
    503: "Busy",
}
"""What ``error.type`` says for each status."""

STATUSES: dict[type[MienError], int] = {
    ConsentError: 403,
    NoSampleError: 404,
    FullError: 409,
    FormatError: 415,
    ImageDecodeError: 422,
}
"""Errors below the server that are the client's, wherever they are raised."""

_ROUTER = {
    404: "there is nothing here; GET /openapi.json lists the routes",
    405: "this route has no such method; GET /openapi.json lists them",
}


class RefusalError(HTTPException):
    """A request that is not answered.

    Args:
        status: HTTP status.
        message: Expected, got, do this; safe to show to the client.
        headers: Headers of the answer.
    """

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, message, dict(headers or {}))


def refusal_response(error: Exception) -> Response:
    """The answer to a request that is refused: by us, by the router, or by what is below."""
    if isinstance(error, HTTPException):
        status, headers = error.status_code, error.headers or {}
        by_us = isinstance(error, RefusalError)
        message = error.detail if by_us else _ROUTER.get(status, error.detail)
    else:
        status, headers, message = _status_of(error), {}, str(error)
    said = {"type": KINDS.get(status, "HttpError"), "message": message}
    if isinstance(error, FullError):
        said["limit"] = error.limit
    return Response(
        json.dumps({"error": said}),
        status,
        {"Cache-Control": "no-store", **headers},
        "application/json",
    )


def busy() -> RefusalError:
    """The refusal of an upload for which there is no place."""
    return RefusalError(503, "too many uploads at a time; try again", {"Retry-After": "1"})


def _status_of(error: Exception) -> int:
    return next(status for kind, status in STATUSES.items() if isinstance(error, kind))
