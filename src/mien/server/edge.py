"""The outermost layer: checks who asks, sets the headers, counts, logs, and hides defects."""

from __future__ import annotations

import time

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mien.server.events import event, failure
from mien.server.metrics import Metrics
from mien.server.refusal import RefusalError, refusal_response
from mien.server.security import check_sender, with_headers
from mien.server.settings import Settings

ROUTES = frozenset(
    {
        "/", "/docs", "/healthz", "/metrics", "/openapi.json",
        "/v1/analyze", "/v1/model", "/v1/samples", "/v1/sessions", "/v1/stream",
    }
)  # fmt: skip
"""Paths that logs and counters name; all others are ``other``, because anything may be in them."""

_LEFT = 499  # what proxies log for a client that left before the answer


class Edge:
    """ASGI middleware around everything else.

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
        started, status = time.monotonic(), 0

        async def sent(message: Message) -> None:
            nonlocal status
            if message["type"] in {"http.response.start", "websocket.http.response.start"}:
                status = message["status"]
                message = _headed(message, scope)
            elif message["type"] == "websocket.accept":
                status = 101
                message = _headed(message, scope)
            await send(message)

        try:
            await self._inside(scope, receive, sent)
        except ClientDisconnect:
            status = status or _LEFT
        except Exception as error:  # noqa: BLE001 - nothing of a defect may reach the client
            failure("defect", error, route=_route(scope))
            if not status:
                told = RefusalError(500, "a defect of the server; its log says where")
                await refusal_response(told)(scope, receive, sent)
        if status == 101:  # the stream has told of itself
            return
        status = status or _LEFT
        self._metrics.requests[_route(scope), status] += 1
        seconds = time.monotonic() - started
        event("request", route=_route(scope), status=status, ms=round(seconds * 1000, 1))

    async def _inside(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            check_sender(scope, self._settings)
        except RefusalError as error:
            await refusal_response(error)(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _headed(message: Message, scope: Scope) -> Message:
    return {**message, "headers": with_headers(message.get("headers", ()), scope["path"])}


def _route(scope: Scope) -> str:
    return scope["path"] if scope["path"] in ROUTES else "other"
