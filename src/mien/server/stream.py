"""``WS /v1/stream``, subprotocol ``mien.v1``: live frames in, one row for each that is answered."""

from __future__ import annotations

import json
import math
import struct
import time
from dataclasses import dataclass
from typing import Any

import anyio
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from mien.core.errors import MienError
from mien.core.rows import SCHEMA, Row, encode_row, error_row
from mien.runtime.stream import EVERY, SMOOTHING_S, Stream
from mien.server.events import event, failure
from mien.server.guard.security import bearer
from mien.server.pictures import STREAM, live_row
from mien.server.service import Service

SUBPROTOCOL = "mien.v1"
"""What a client must offer in the handshake."""

HEADER = struct.Struct("<Id")
"""What a frame begins with: id (uint32) and time in seconds (float64), little-endian."""

POLICY, TOO_BIG, BUSY = 1008, 1009, 1013
"""Close codes that all protocols share (RFC 6455, section 7.4, and the IANA registry)."""

NO_TOKEN, SILENT = 4401, 4408
"""Close codes of this protocol, for what a client does something about by itself."""

_MAX_HELLO = 4096  # bytes; a token has at most 512
_MAX_EVERY = 120
_MAX_SMOOTHING_S = 60.0


class ClosingError(Exception):
    """The connection ends with a close code and the reason."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


@dataclass(frozen=True)
class Hello:
    """The first message of a client, checked.

    Args:
        token: Token of the server; None if the handshake had it, or there is none.
        every: Frames from one detection to the next.
        smoothing_s: Time constant of the shown probabilities, in seconds; 0 = none.
    """

    token: str | None = None
    every: int = EVERY
    smoothing_s: float = SMOOTHING_S


def parse_hello(text: str | None) -> Hello:
    """Check the first message.

    Raises:
        ClosingError: 1008 or 1009, with what was expected.
    """
    if text is None:
        raise ClosingError(POLICY, "the first message must be JSON text")
    if len(text) > _MAX_HELLO:
        raise ClosingError(TOO_BIG, f"the first message may have {_MAX_HELLO} characters")
    try:
        given: Any = json.loads(text)
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, dict):
        raise ClosingError(POLICY, "the first message must be a JSON object")
    if given.get("schema") != SCHEMA:
        raise ClosingError(POLICY, f'the first message must say "schema": "{SCHEMA}"')
    if set(given) - {"schema", "token", "every", "smoothing_s"}:
        raise ClosingError(POLICY, "the first message knows schema, token, every, smoothing_s")
    token, every = given.get("token"), given.get("every", EVERY)
    smoothing_s = given.get("smoothing_s", SMOOTHING_S)
    if token is not None and not isinstance(token, str):
        raise ClosingError(POLICY, "token must be text")
    if type(every) is not int or not 1 <= every <= _MAX_EVERY:
        raise ClosingError(POLICY, f"every must be a whole number from 1 to {_MAX_EVERY}")
    if type(smoothing_s) not in {int, float} or not 0 <= smoothing_s <= _MAX_SMOOTHING_S:
        raise ClosingError(POLICY, f"smoothing_s must be a number from 0 to {_MAX_SMOOTHING_S:g}")
    return Hello(token, every, float(smoothing_s))


@dataclass(frozen=True)
class Frame:
    """One frame as it came.

    Args:
        number: The client's id of the frame.
        time_s: Its time in seconds, by the client's clock.
        index: How many frames came before it, dropped ones included.
        picture: Bytes of the picture.
    """

    number: int
    time_s: float
    index: int
    picture: bytes


def parse_frame(message: bytes, index: int, max_bytes: int) -> Frame:
    """Take a binary message apart.

    Raises:
        ClosingError: 1008 without id and time, 1009 if it is too big.
    """
    if len(message) > max_bytes:
        raise ClosingError(TOO_BIG, f"a frame may have {max_bytes} bytes; send smaller pictures")
    if len(message) < HEADER.size:
        raise ClosingError(POLICY, "a frame begins with uint32 id and float64 time")
    number, time_s = HEADER.unpack_from(message)
    return Frame(number, time_s, index, message[HEADER.size :])


class Newest:
    """A slot for one frame: a newer one takes its place, and the older counts as dropped."""

    def __init__(self) -> None:
        self.dropped = 0
        self._frame: Frame | None = None
        self._filled = anyio.Event()

    def put(self, frame: Frame) -> None:
        """Offer a frame."""
        self.dropped += self._frame is not None
        self._frame = frame
        self._filled.set()

    async def wait(self) -> None:
        """Until there is a frame."""
        await self._filled.wait()

    def take(self) -> Frame:
        """Empty the slot, after ``wait``."""
        frame, self._frame = self._frame, None
        if frame is None:
            raise RuntimeError("nothing to take; wait first")
        self._filled = anyio.Event()
        return frame


class Pace:
    """Holds a stream to a mean rate; one early frame is let through.

    Args:
        rate: Frames per second.
    """

    def __init__(self, rate: float) -> None:
        self._interval_s = 1 / rate
        self._next_s = -math.inf

    def delay_s(self, now_s: float) -> float:
        """Seconds to wait at ``now_s`` before the next frame, which it books.

        >>> pace = Pace(10)
        >>> [round(pace.delay_s(now), 3) for now in (0.0, 0.0, 0.0, 5.0)]
        [0.0, 0.0, 0.1, 0.0]
        """
        begun = max(now_s, self._next_s)
        self._next_s = max(self._next_s, now_s - self._interval_s) + self._interval_s
        return begun - now_s


class Connection:
    """One client: its handshake, its frames and its answers.

    Args:
        websocket: Not accepted yet.
        service: What answers.
    """

    def __init__(self, websocket: WebSocket, service: Service) -> None:
        self._socket = websocket
        self._service = service
        self._settings = service.settings
        self._slot = Newest()
        self._pace = Pace(service.settings.frame_rate)
        self._counts = {"answered": 0, "failed": 0}
        self._received = 0

    async def run(self) -> None:
        """Serve the client until one of both ends it."""
        started, code = time.monotonic(), 1000
        try:
            hello = await self._greeted()
            with self._service.stream_place() as free:
                await self._served(hello, free=free)
        except ClosingError as ending:
            code = ending.code
            await self._close(ending)
        except WebSocketDisconnect as ending:
            code = ending.code
        finally:
            self._service.metrics.frames["dropped"] += self._slot.dropped
            event(
                "stream",
                code=code,
                received=self._received,
                dropped=self._slot.dropped,
                seconds=round(time.monotonic() - started, 3),
                **self._counts,
            )

    async def _greeted(self) -> Hello:
        if SUBPROTOCOL not in self._socket.scope["subprotocols"]:
            await self._socket.accept()
            raise ClosingError(POLICY, f"this server speaks the subprotocol {SUBPROTOCOL}")
        await self._socket.accept(SUBPROTOCOL)
        with anyio.move_on_after(self._settings.hello_s):
            message = await self._message()
            hello = parse_hello(message.get("text"))
            if not self._settings.admits(bearer(self._socket.scope) or hello.token):
                raise ClosingError(NO_TOKEN, "the token is missing or wrong")
            return hello
        raise ClosingError(POLICY, f"no first message within {self._settings.hello_s:g} s")

    async def _served(self, hello: Hello, *, free: bool) -> None:
        """Read and answer at the same time; whoever ends first ends the other."""
        if not free:
            raise ClosingError(BUSY, "too many streams at a time; try again later")
        stream = Stream(self._service.recognizer, every=hello.every, smoothing_s=hello.smoothing_s)
        ending: ClosingError | WebSocketDisconnect | None = None

        async def read() -> None:
            nonlocal ending
            try:
                await self._read()
            except (ClosingError, WebSocketDisconnect) as error:
                ending = error
            tasks.cancel_scope.cancel()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(read)
            try:
                while True:
                    await self._answer(stream)
            except WebSocketDisconnect as error:
                ending = ending or error
                tasks.cancel_scope.cancel()
        if ending is not None:
            raise ending

    async def _read(self) -> None:
        while True:
            message = None
            with anyio.move_on_after(self._settings.idle_s):
                message = await self._message()
            if message is None:
                raise ClosingError(SILENT, f"no frame for {self._settings.idle_s:g} s")
            if message.get("bytes") is None:
                raise ClosingError(POLICY, "expected a binary frame, got text")
            most = self._settings.max_frame + HEADER.size
            self._slot.put(parse_frame(message["bytes"], self._received, most))
            self._received += 1

    async def _answer(self, stream: Stream) -> None:
        """Answer the newest frame, when there is one and the rate allows it."""
        await self._slot.wait()
        await anyio.sleep(self._pace.delay_s(time.monotonic()))
        async with self._service.turn():
            frame = self._slot.take()  # the newest when its turn comes, not when it asked for one
            row, outcome = await self._row(stream, frame)
        self._counts[outcome] += 1
        self._service.metrics.frames[outcome] += 1
        self._service.metrics.faces += len(row.get("faces", ()))
        answer = {**row, "id": frame.number, "dropped": self._slot.dropped}
        await self._socket.send_text(encode_row(answer))

    async def _row(self, stream: Stream, frame: Frame) -> tuple[Row, str]:
        most = self._settings.max_pixels
        try:
            row = await self._service.compute(
                lambda: live_row(stream, frame.picture, frame.index, frame.time_s, most)
            )
        except MienError as error:
            return error_row(STREAM, error), "failed"
        except Exception as error:  # noqa: BLE001 - a frame that breaks something ends only itself
            failure("frame failed", error)
            defect = RuntimeError("a defect of the server; its log says where")
            return error_row(STREAM, defect), "failed"
        return row, "answered"

    async def _message(self) -> dict[str, Any]:
        message = await self._socket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code") or 1005)
        return dict(message)

    async def _close(self, ending: ClosingError) -> None:
        if self._socket.application_state is WebSocketState.CONNECTED:
            try:
                await self._socket.close(ending.code, ending.reason)
            except (WebSocketDisconnect, RuntimeError):  # the client was quicker
                return


def stream_route(service: Service) -> WebSocketRoute:
    """The route of streams."""

    async def stream(websocket: WebSocket) -> None:
        await Connection(websocket, service).run()

    return WebSocketRoute("/v1/stream", stream)
