"""The connection itself: deadlines for clients that are slow, mute or endless.

uvicorn waits for ever for the end of a request's headers and for a client to read its answer, and
keeps answers to pings and empty fragments of messages without limit. What is refused here has the
form of every other refusal.

These classes override methods of uvicorn's own and read its state: decision 0011 says why, and
``tests/test_server_uvicorn.py`` holds every name that they need.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

import h11
from uvicorn import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState

from mien.server.guard.security import MAX_HEADER_BYTES, with_headers
from mien.server.refusals import RefusalError, refusal_response
from mien.server.settings import Settings

_MAX_FRAGMENTS = 1024  # of one message; browsers send one, or some of 128 kB each
# Bytes before the first whole message: who has not said hello has shown no token yet.
_MAX_UNSPOKEN = 16_384
_NOT_UTF8, _TOO_BIG = 1007, 1009
# websockets parses the handshake a second time and gives up without an answer beyond these.
_MAX_HANDSHAKE_LINE, _MAX_HANDSHAKE_LINES = 8000, 100


class _Stallable(asyncio.Protocol):
    """A connection that ends when the client does not take what is sent to it."""

    transport: asyncio.Transport
    loop: asyncio.AbstractEventLoop
    _settings: Settings
    _stalled: asyncio.TimerHandle | None = None

    def pause_writing(self) -> None:
        """More waits to be sent than is kept in memory."""
        super().pause_writing()
        self._stalled = self.loop.call_later(self._settings.stall_s, self.transport.abort)

    def resume_writing(self) -> None:
        """The client has read on."""
        super().resume_writing()
        self._forget_stall()

    def connection_lost(self, exc: Exception | None) -> None:
        """The end."""
        super().connection_lost(exc)
        self._forget_stall()

    def _forget_stall(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None


class HttpConnection(_Stallable, H11Protocol):
    """HTTP/1.1 with a deadline for headers, and refusals like all others.

    Args:
        config: uvicorn's.
        state: uvicorn's.
        settings: The limits.
    """

    _deadline: asyncio.TimerHandle | None = None

    def __init__(self, config: Config, state: ServerState, settings: Settings) -> None:
        super().__init__(config, state, {})
        self.ws_protocol_class = partial(StreamConnection, settings=settings)
        self._settings = settings

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client has come."""
        super().connection_made(transport)
        if len(self.connections) > self._settings.max_connections:
            self._refuse(RefusalError(503, "too many connections at a time; try again later"))
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """The end."""
        super().connection_lost(exc)
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Bytes have come."""
        if not self.transport.is_closing():  # what follows a refusal is not read
            super().data_received(data)
            self._watch()

    def eof_received(self) -> None:
        """The client sends no more, which is an error where it leaves a request unfinished."""
        begun = self.conn.their_state is h11.IDLE and self.conn.trailing_data[0]
        if begun or self.conn.their_state is h11.SEND_BODY:
            self.conn.receive_data(b"")
            self.handle_events()

    def on_response_complete(self) -> None:
        """A request is answered."""
        super().on_response_complete()
        self._watch()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """Hand over to a stream."""
        lines = [len(name) + len(value) + 4 for name, value in self.headers]
        long = max([len(event.target) + 16, *lines]) > _MAX_HANDSHAKE_LINE
        if long or len(lines) > _MAX_HANDSHAKE_LINES or sum(lines) > MAX_HEADER_BYTES:
            self._refuse(RefusalError(431, "the headers of the handshake are too large; send less"))
            return
        super().handle_websocket_upgrade(event)
        self._forget_deadline()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP."""
        del msg
        self._refuse(
            RefusalError(
                400, f"no valid HTTP request, or headers above {MAX_HEADER_BYTES} bytes; send less"
            )
        )

    def _watch(self) -> None:
        """Run a deadline while the client owes a request, which data alone does not extend."""
        if self.conn.their_state is not h11.IDLE or self.transport.is_closing():
            self._forget_deadline()
        elif self._deadline is None:
            self._deadline = self.loop.call_later(self._settings.header_s, self._overdue)

    def _forget_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _overdue(self) -> None:
        if self.conn.trailing_data[0]:
            seconds = f"{self._settings.header_s:g}"
            self._refuse(RefusalError(408, f"expected the whole headers within {seconds} s"))
        else:
            self.transport.close()

    def _refuse(self, error: RefusalError) -> None:
        """Answer, where no answer has begun, and close."""
        if self.conn.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            answer = refusal_response(error)
            headers = with_headers([*answer.raw_headers, (b"connection", b"close")], "")
            events = (
                h11.Response(status_code=error.status_code, headers=headers),
                h11.Data(data=bytes(answer.body)),
                h11.EndOfMessage(),
            )
            self.transport.write(b"".join(self.conn.send(event) or b"" for event in events))
        if self.cycle is not None:  # the route that waits for the rest of the body
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.transport.close()


class StreamConnection(_Stallable, WebSocketsSansIOProtocol):
    """A WebSocket that keeps neither unread pongs, endless fragments, nor much of strangers."""

    _spoken = False
    _unspoken = 0

    def __init__(self, *, settings: Settings, **options: Any) -> None:
        super().__init__(**options)
        self._settings = settings

    def data_received(self, data: bytes) -> None:
        """Bytes have come."""
        open_already = self.handshake_initiated
        super().data_received(data)
        if open_already and not self._spoken:
            self._unspoken += len(data)
            if self._unspoken > _MAX_UNSPOKEN:
                self._fail(_TOO_BIG, "the first message is too long")

    def connection_lost(self, exc: Exception | None) -> None:
        """The end; half a message is dropped at once, not when the collector comes by."""
        super().connection_lost(exc)
        self.frames = []
        self.conn.reader.discard()

    async def send(self, message: Any) -> None:
        """Send one event of the application."""
        await super().send(message)
        if message["type"] == "websocket.http.response.body":
            self.handshake_complete = True  # by a refusal; uvicorn would log it as a defect

    def handle_ping(self) -> None:
        """Answer a ping, unless the client does not read."""
        if self.writable.is_set():
            super().handle_ping()
        else:
            self.transport.abort()

    def send_receive_event_to_app(self) -> None:
        """Pass a whole message on, unless it is text in no known writing."""
        self._spoken = True
        if self.curr_msg_data_type == "text" and not _is_utf8(b"".join(self.frames)):
            self.frames = []
            self._fail(_NOT_UTF8, "text must be UTF-8")
        else:
            super().send_receive_event_to_app()

    def handle_cont(self, event: Any) -> None:
        """Take a further fragment of a message."""
        if len(self.frames) < _MAX_FRAGMENTS:
            super().handle_cont(event)
        else:
            self._fail(_TOO_BIG, f"a message may come in {_MAX_FRAGMENTS} fragments")

    def _fail(self, code: int, reason: str) -> None:
        if not self.handshake_complete:  # nothing may be sent before the application has agreed
            self.transport.abort()
        elif not self.close_sent:
            self.conn.fail(code, reason)
            self.handle_parser_exception()


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
