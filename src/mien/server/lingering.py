"""Answers to clients that still send: told at once, then heard out for a moment, to nowhere.

Closing at once would reset the connection, and the client would never read why. Not closing would
let it send for ever.
"""

from __future__ import annotations

import anyio
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LINGER_S, PAUSE_S = 2.0, 0.3
"""Seconds that a client may send on after its answer, and may be silent meanwhile."""

_CLOSE = (b"connection", b"close")


class Lingering:
    """ASGI middleware: whoever is answered before the body has come loses the connection, gently.

    Args:
        app: What is inside.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        unread = scope["type"] == "http" and _announces_body(scope)

        async def received() -> Message:
            nonlocal unread
            message = await receive()
            unread = unread and message.get("more_body", False)
            return message

        async def sent(message: Message) -> None:
            if unread and message["type"] == "http.response.start":
                await send({**message, "headers": [*_others(message), _CLOSE]})
            elif unread and not message.get("more_body", False):
                await send({**message, "more_body": True})
                await _drain(receive)
                await send({"type": "http.response.body", "body": b"", "more_body": False})
            else:
                await send(message)

        await self._app(scope, received, sent)


def _announces_body(scope: Scope) -> bool:
    headers = dict(scope["headers"])
    return b"transfer-encoding" in headers or headers.get(b"content-length", b"0") != b"0"


def _others(message: Message) -> list[tuple[bytes, bytes]]:
    return [pair for pair in message.get("headers", ()) if pair[0].lower() != b"connection"]


async def _drain(receive: Receive) -> None:
    more = True
    with anyio.move_on_after(LINGER_S):
        while more:
            more = False
            with anyio.move_on_after(PAUSE_S):
                more = (await receive()).get("more_body", False)
