"""``POST /v1/analyze``: one picture in, one row out."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from mien.core.errors import ImageDecodeError
from mien.core.rows import Row, encode_row
from mien.server.body import picture_in, read_body
from mien.server.openapi import ANALYZE
from mien.server.pictures import FormatError, still_row
from mien.server.refusal import RefusalError, busy
from mien.server.service import Service


def analyze_router(service: Service) -> APIRouter:
    """The route of uploads."""
    router = APIRouter()

    @router.post("/v1/analyze", **ANALYZE)
    async def analyze(request: Request) -> Response:
        """Read the expressions of the faces in one picture.

        Send the file as the body, or as the field `image` of a multipart form. It is told by its
        content to be JPEG, PNG or WebP, never by its name or declared type. Nothing is kept.
        """
        with service.request_place() as free:
            if not free:
                raise busy()
            body = await read_body(request, service.settings)
            content_type = request.headers.get("content-type", "")
            async with service.turn():
                row, line = await service.compute(lambda: _answer(service, body, content_type))
        service.metrics.faces += len(row["faces"])
        return Response(line, media_type="application/json")

    return router


def _answer(service: Service, body: bytes, content_type: str) -> tuple[Row, str]:
    picture = picture_in(body, content_type)
    if not picture:
        raise RefusalError(400, "expected the bytes of a picture, got nothing; send the file")
    try:
        row = still_row(service.recognizer, picture, service.settings.max_pixels)
    except FormatError as error:
        raise RefusalError(415, str(error)) from error
    except ImageDecodeError as error:
        raise RefusalError(422, str(error)) from error
    return row, encode_row(row)
