"""Every request: who asks is checked, the answer gets our headers, is counted and logged."""

from __future__ import annotations

import time

import anyio
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mien.server.events import event, failure
from mien.server.guard.security import check_sender, with_headers
from mien.server.metrics import Metrics
from mien.server.refusals import RefusalError, refusal_response
from mien.server.settings import Settings

ROUTES = frozenset(
    {
        "/", "/docs", "/healthz", "/metrics", "/openapi.json",
        "/v1/analyze", "/v1/model", "/v1/samples", "/v1/sessions", "/v1/stream",
    }
)  # fmt: skip
"""Paths that logs and counters name; all others are ``other``, because anything may be in them."""

_LEFT = 499  # what proxies log for a client that left before the answer
# Seconds that a client may send on after its answer, and may be silent meanwhile.
_LINGER_S, _PAUSE_S = 2.0, 0.3


class GuardMiddleware:
    """ASGI middleware around everything else; nothing of a defect gets out.

    Args:
        app: What is inside.
        settings: Who may ask.
        metrics: Where requests are counted.
    """

    def __init__(self, app: ASGIApp, settings: Settings, metrics: Metrics) -> None:
        self._app = app
        self._settings = settings
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or connection."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        started = time.monotonic()
        route = scope["path"] if scope["path"] in ROUTES else "other"
        exchange = _Exchange(scope, receive, send)
        try:
            await self._inside(exchange)
        except ClientDisconnect:
            exchange.status = exchange.status or _LEFT
        except Exception as error:  # noqa: BLE001 - nothing of a defect may reach the client
            failure("defect", error, route=route)
            if not exchange.status:
                await exchange.refuse(
                    RefusalError(500, "a defect of the server; its log says where")
                )
        if exchange.status == 101:  # the stream logs its own end
            return
        status = exchange.status or _LEFT
        self._metrics.requests[route, status] += 1
        event(
            "request", route=route, status=status, ms=round((time.monotonic() - started) * 1000, 1)
        )

    async def _inside(self, exchange: _Exchange) -> None:
        try:
            check_sender(exchange.scope, self._settings)
        except RefusalError as error:
            await exchange.refuse(error)
            return
        await self._app(exchange.scope, exchange.receive, exchange.send)


class _Exchange:
    """One request and its answer.

    Whoever is answered before the body has come reads the answer, is heard out for a moment, to
    nowhere, and loses the connection. Closing at once would reset the connection, and the client
    would never read why. Not closing would let it send for ever.
    """

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope = scope
        self.status = 0
        self._receive = receive
        self._send = send
        self._unread = scope["type"] == "http" and _announces_body(scope)

    async def receive(self) -> Message:
        message = await self._receive()
        self._unread = self._unread and message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        kind = message["type"]
        if kind in {"http.response.start", "websocket.http.response.start", "websocket.accept"}:
            self.status = message.get("status", 101)
            headers = with_headers(message.get("headers", ()), self.scope["path"])
            if self._unread:
                headers = [pair for pair in headers if pair[0].lower() != b"connection"]
                headers.append((b"connection", b"close"))
            await self._send({**message, "headers": headers})
        elif kind == "http.response.body" and self._unread and not message.get("more_body", False):
            await self._send({**message, "more_body": True})
            await self._drain()
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})
        else:
            await self._send(message)

    async def refuse(self, error: RefusalError) -> None:
        await refusal_response(error)(self.scope, self.receive, self.send)

    async def _drain(self) -> None:
        more = True
        with anyio.move_on_after(_LINGER_S):
            while more:
                more = False
                with anyio.move_on_after(_PAUSE_S):
                    more = (await self._receive()).get("more_body", False)


def _announces_body(scope: Scope) -> bool:
    headers = dict(scope["headers"])
    return b"transfer-encoding" in headers or headers.get(b"content-length", b"0") != b"0"
