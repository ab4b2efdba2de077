"""``POST /v1/analyze``: one picture in, one row out; and how uploads are read within limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import anyio
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mien.core.errors import ImageDecodeError
from mien.core.rows import Row, encode_row
from mien.server.pictures import FormatError, still_row
from mien.server.refusals import RefusalError, busy
from mien.server.service import Service
from mien.server.settings import Settings

FIELD = "image"
"""Name of the multipart field that holds the picture."""

_MAX_PARTS = 64  # a picture, and the fields that a form may add
_MAX_HEADERS = 8


def analyze_route(service: Service) -> Route:
    """The route of uploads."""

    async def analyze(request: Request) -> Response:
        with service.request_place() as free:
            if not free:
                raise busy()
            body = await read_body(request, service.settings)
            content_type = request.headers.get("content-type", "")
            async with service.turn():
                row, line = await service.compute(lambda: _answer(service, body, content_type))
        service.metrics.faces += len(row["faces"])
        return Response(line, media_type="application/json")

    return Route("/v1/analyze", analyze, methods=["POST"])


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


async def read_body(request: Request, settings: Settings, most: int | None = None) -> bytes:
    """The body of a request, of at most ``most`` bytes; None = ``settings.max_body``.

    Raises:
        RefusalError: 400, 408, 413 or 415.
        ClientDisconnect: If the client is gone.
    """
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise RefusalError(415, "expected a body that is not compressed; send the file as it is")
    most = settings.max_body if most is None else min(most, settings.max_body)
    declared = _declared_length(request)
    if declared is not None and declared > most:
        raise _too_large(most)
    body = bytearray()
    with anyio.move_on_after(settings.upload_s) as waiting:
        async for chunk in request.stream():
            if len(body) + len(chunk) > most:
                raise _too_large(most)
            body += chunk
    if waiting.cancelled_caught:
        raise RefusalError(
            408, f"expected the whole body within {settings.upload_s:g} s; send a smaller picture"
        )
    if declared not in {None, len(body)}:
        raise RefusalError(
            400, f"Content-Length says {declared} bytes, got {len(body)}; send the file again"
        )
    return bytes(body)


def picture_in(body: bytes, content_type: str) -> bytes:
    """The bytes of the picture: the field ``image`` of a form, or else the body itself.

    Raises:
        RefusalError: 400 if the form is malformed or has not exactly one field ``image``.
    """
    if not _boundary(content_type):
        return body
    return form_in(body, content_type, (FIELD,))[FIELD]


def form_in(body: bytes, content_type: str, names: Sequence[str]) -> dict[str, bytes]:
    """The values of the fields ``names`` of a multipart form; others are passed over.

    Raises:
        RefusalError: 400 if this is no form, it is malformed, or has not one field of each name.
    """
    boundary = _boundary(content_type)
    if not boundary:
        raise RefusalError(400, "expected a form, multipart/form-data; let your library write it")
    form = _Form({name.encode(): [] for name in names})
    try:
        parser = MultipartParser(boundary, form.callbacks(), max_header_count=_MAX_HEADERS)
        parser.write(body)
        parser.finalize()
    except FormParserError as error:
        raise RefusalError(
            400, "the multipart form is malformed or cut off; let your library write it"
        ) from error
    if not form.ended:
        raise RefusalError(400, "the multipart form ends early; send it again")
    for name, values in form.fields.items():
        if len(values) != 1:
            raise RefusalError(400, f"expected one field {name.decode()!r}, got {len(values)}")
    return {name.decode(): bytes(value) for name, (value,) in form.fields.items()}


def _boundary(content_type: str) -> bytes | None:
    """The boundary of a multipart form; None if the type is another.

    Raises:
        RefusalError: 400 if a form has none.
    """
    kind, options = parse_options_header(content_type)
    if kind != b"multipart/form-data":
        return None
    boundary = options.get(b"boundary")
    if not boundary:
        raise RefusalError(400, "expected a boundary in Content-Type; let your library set it")
    return boundary


@dataclass
class _Form:
    """What the parser of a form has seen; ``fields`` are the values by the names it looks for."""

    fields: dict[bytes, list[bytearray]]
    parts: int = 0
    ended: bool = False
    _name: bytearray = field(default_factory=bytearray)
    _value: bytearray = field(default_factory=bytearray)
    _into: bytearray | None = None

    def callbacks(self) -> Any:  # a TypedDict that the package keeps to its type checker
        return {
            "on_part_begin": self._begin,
            "on_header_field": lambda data, start, end: self._name.extend(data[start:end]),
            "on_header_value": lambda data, start, end: self._value.extend(data[start:end]),
            "on_header_end": self._header,
            "on_part_data": self._data,
            "on_end": self._end,
        }

    def _begin(self) -> None:
        self.parts += 1
        self._into = None
        if self.parts > _MAX_PARTS:
            raise RefusalError(400, f"expected at most {_MAX_PARTS} parts in a form; send fewer")

    def _header(self) -> None:
        if self._name.strip().lower() == b"content-disposition":
            _, options = parse_options_header(self._value.decode("latin-1"))
            wanted = self.fields.get(options.get(b"name", b""))
            if wanted is not None:
                self._into = bytearray()
                wanted.append(self._into)
        self._name.clear()
        self._value.clear()

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._into is not None:
            self._into += memoryview(data)[start:end]

    def _end(self) -> None:
        self.ended = True


def _declared_length(request: Request) -> int | None:
    text = request.headers.get("content-length")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise RefusalError(400, "expected Content-Length to be a number of bytes")
    return int(text)


def _too_large(most: int) -> RefusalError:
    return RefusalError(
        413, f"expected at most {most / 1e6:g} MB; send a smaller or more compressed picture"
    )
