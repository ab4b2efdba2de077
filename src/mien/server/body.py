"""Uploads: read within limits from the raw request, and taken apart in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import anyio
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect, Request

from mien.server.refusal import RefusalError
from mien.server.settings import Settings

FIELD = "image"
"""Name of the multipart field that holds the picture."""

_MAX_PARTS = 4  # a picture and a few fields that a form may add
_MAX_HEADERS = 8
# A client that still sends when the connection closes never sees the reason.
_DRAIN_S, _DRAIN_PAUSE_S = 2.0, 0.3


async def read_body(request: Request, settings: Settings) -> bytes:
    """The body of a request, of at most ``settings.max_body`` bytes.

    Raises:
        RefusalError: 400, 408, 413 or 415.
        ClientDisconnect: If the client is gone.
    """
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise RefusalError(415, "expected a body that is not compressed; send the file as it is")
    declared = _declared_length(request)
    if declared is not None and declared > settings.max_body:
        await _drain(request)
        raise _too_large(settings)
    body = bytearray()
    with anyio.move_on_after(settings.upload_s) as waiting:
        async for chunk in request.stream():
            if len(body) + len(chunk) > settings.max_body:
                body.clear()
                await _drain(request)
                raise _too_large(settings)
            body += chunk
    if waiting.cancelled_caught:
        raise RefusalError(
            408,
            f"expected the whole body within {settings.upload_s:g} s; send a smaller picture",
            headers={"Connection": "close"},
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
    kind, options = parse_options_header(content_type)
    if kind != b"multipart/form-data":
        return body
    boundary = options.get(b"boundary")
    if not boundary:
        raise RefusalError(400, "expected a boundary in Content-Type; let your library set it")
    form = _Form()
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
    if len(form.pictures) != 1:
        raise RefusalError(
            400, f"expected one field {FIELD!r} with a picture, got {len(form.pictures)}"
        )
    return bytes(form.pictures[0])


@dataclass
class _Form:
    """What the parser of a form has seen."""

    pictures: list[bytearray] = field(default_factory=list[bytearray])
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
            raise RefusalError(400, f"expected at most {_MAX_PARTS} parts in a form; send one")

    def _header(self) -> None:
        if self._name.strip().lower() == b"content-disposition":
            _, options = parse_options_header(self._value.decode("latin-1"))
            if options.get(b"name") == FIELD.encode():
                self._into = bytearray()
                self.pictures.append(self._into)
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


def _too_large(settings: Settings) -> RefusalError:
    return RefusalError(
        413,
        f"expected at most {settings.max_body / 1e6:g} MB; send a smaller or more compressed "
        "picture",
        headers={"Connection": "close"},
    )


async def _drain(request: Request) -> None:
    """Let the client send on for a moment, to nowhere, so that it reads the answer."""
    more = True
    with anyio.move_on_after(_DRAIN_S):
        while more:
            more = False
            with anyio.move_on_after(_DRAIN_PAUSE_S):
                message = await request.receive()
                if message["type"] == "http.disconnect":
                    raise ClientDisconnect
                more = message.get("more_body", False)
