"""Servers for tests: the packaged model behind small limits, pictures to send, and raw requests."""

from __future__ import annotations

import io
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import anyio
import numpy as np
from PIL import Image
from starlette.applications import Starlette
from starlette.testclient import TestClient, WebSocketTestSession

from mien.core.faces import Faces
from mien.core.rows import SCHEMA
from mien.runtime import Recognizer
from mien.server import Settings, create_app
from portrait import PATH

TOKEN = "correct-horse-battery-staple"
BASE = "http://localhost"
STREAM = "ws://localhost/v1/stream"


@cache
def recognizer(detector: str = "none") -> Recognizer:
    return Recognizer(detector=detector, threads=1)


@contextmanager
def client_of(app: Starlette, base: str = BASE, **options: Any) -> Iterator[TestClient]:
    with TestClient(app, base_url=base, **options) as client:
        yield client


def schema_of(client: TestClient) -> dict[str, Any]:
    """``/openapi.json`` with what its references name in their place."""
    schema: dict[str, Any] = client.get("/openapi.json").json()

    def whole(value: Any) -> Any:
        if isinstance(value, list):
            return [whole(part) for part in value]
        if not isinstance(value, dict):
            return value
        if "$ref" in value:
            named: Any = schema
            for key in value["$ref"].removeprefix("#/").split("/"):
                named = named[key]
            return whole(named)
        return {key: whole(part) for key, part in value.items()}

    return whole(schema)


def made_app(**settings: Any) -> Starlette:
    return create_app(recognizer(), Settings(**settings))


@cache
def portrait_bytes() -> bytes:
    return PATH.read_bytes()


@cache
def picture(kind: str = "JPEG", size: tuple[int, int] = (40, 30), shade: int = 90) -> bytes:
    held = io.BytesIO()
    ramp = np.linspace(shade, shade + 60, size[0] * size[1]).reshape(size[1], size[0], 1)
    Image.fromarray(np.repeat(ramp, 3, 2).astype(np.uint8)).save(held, kind)
    return held.getvalue()


@cache
def bomb() -> bytes:
    """64 megapixels in a few kilobytes."""
    held = io.BytesIO()
    Image.new("1", (8000, 8000)).save(held, "PNG")
    return held.getvalue()


def frame(number: int, time_s: float, data: bytes | None = None) -> bytes:
    return struct.pack("<Id", number, time_s) + (picture() if data is None else data)


@contextmanager
def stream(
    client: TestClient, hello: dict[str, Any] | None = None, **options: Any
) -> Iterator[WebSocketTestSession]:
    """A stream that has said its first message."""
    options.setdefault("subprotocols", ["mien.v1"])
    with client.websocket_connect(STREAM, **options) as socket:
        socket.send_json({"schema": SCHEMA, **(hello or {})})
        yield socket


class Gate:
    """A detector that says when it is asked and answers when it is let; it finds nothing."""

    def __init__(self) -> None:
        self.asked = threading.Semaphore(0)
        self.open = threading.Event()

    def detect(self, image: np.ndarray) -> Faces:
        self.asked.release()
        assert self.open.wait(300)
        return Faces.empty()

    def await_asked(self) -> None:
        assert self.asked.acquire(timeout=300)


class Broken:
    """A detector that fails on dark pictures with words that nobody outside may read."""

    def detect(self, image: np.ndarray) -> Faces:
        if image.mean() < 60:
            raise ZeroDivisionError("secret words")
        return Faces.empty()


def raw_request(
    app: Starlette,
    messages: list[dict[str, Any]],
    *,
    headers: list[tuple[bytes, bytes]] | None = None,
    path: str = "/v1/analyze",
) -> list[dict[str, Any]]:
    """What the application sends to a client that sends ``messages`` and then nothing more."""
    sent: list[dict[str, Any]] = []
    waiting = list(messages)

    async def receive() -> dict[str, Any]:
        if not waiting:
            await anyio.sleep_forever()
        return waiting.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http", "http_version": "1.1", "method": "POST", "scheme": "http", "path": path,
        "raw_path": path.encode(), "root_path": "", "query_string": b"", "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80), "headers": [(b"host", b"localhost"), *(headers or [])],
    }  # fmt: skip

    async def run() -> None:
        await app(scope, receive, send)

    anyio.run(run)
    return sent
