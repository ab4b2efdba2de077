"""Refusals: one exception with a status, and the JSON that every error of the server has."""

from __future__ import annotations

import json
from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.responses import Response

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
        limit: Name of the setting that is reached, told as ``error.limit``; None = none is.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        headers: Mapping[str, str] | None = None,
        limit: str | None = None,
    ) -> None:
        super().__init__(status, message, dict(headers or {}))
        self.limit = limit


def refusal_response(error: HTTPException) -> Response:
    """The answer to a request that is refused, by us or by the router."""
    told = isinstance(error, RefusalError)
    message = error.detail if told else _ROUTER.get(error.status_code, error.detail)
    said = {"type": KINDS.get(error.status_code, "HttpError"), "message": str(message)}
    if isinstance(error, RefusalError) and error.limit is not None:
        said["limit"] = error.limit
    content = {"error": said}
    return Response(
        json.dumps(content),
        error.status_code,
        {"Cache-Control": "no-store", **(error.headers or {})},
        "application/json",
    )


def busy() -> RefusalError:
    """The refusal of an upload for which there is no place."""
    return RefusalError(503, "too many uploads at a time; try again", headers={"Retry-After": "1"})
