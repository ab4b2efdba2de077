"""Who may ask: Host, Origin and token of every request, and the headers of every answer."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterable
from pathlib import Path

from starlette.types import Scope

from mien.server.refusals import RefusalError
from mien.server.settings import Settings

# One file, because the build of the page reads it too, for hosts that send no headers.
_POLICY = Path(__file__).parents[1] / "static" / "policy.json"

HEADERS = {
    "content-security-policy": "; ".join(json.loads(_POLICY.read_text(encoding="utf-8"))),
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
    "cross-origin-resource-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "permissions-policy": "camera=(self), microphone=(), geolocation=()",
}
"""Headers of every answer."""

MAX_HEADER_BYTES = 16_384
"""Names and values of all headers of a request."""

RawHeaders = Iterable[tuple[bytes, bytes]]

_PAGES = {"http": "http", "https": "https", "ws": "http", "wss": "https"}


def with_headers(headers: RawHeaders, path: str) -> list[tuple[bytes, bytes]]:
    """The headers of an answer with ours, which replace any of the same name."""
    ours = dict(HEADERS)
    if _is_guarded(path):
        ours["cache-control"] = "no-store"
    kept = [(name, value) for name, value in headers if name.decode("latin-1").lower() not in ours]
    return kept + [(name.encode(), value.encode()) for name, value in ours.items()]


def check_sender(scope: Scope, settings: Settings) -> None:
    """Refuse a request by its Host, Origin or token.

    A stream may give its token in its first message instead, so it is let through without one.

    Raises:
        RefusalError: 400, 401, 403 or 431.
    """
    if sum(len(name) + len(value) for name, value in scope["headers"]) > MAX_HEADER_BYTES:
        raise RefusalError(431, f"expected at most {MAX_HEADER_BYTES} bytes of headers; send fewer")
    host = _check_host(scope, settings)
    _check_origin(scope, settings, host)
    if not _is_guarded(scope["path"]):
        return
    token = bearer(scope)
    if scope["type"] == "websocket" and token is None:
        return
    if not settings.admits(token):
        raise RefusalError(
            401,
            "expected the header 'Authorization: Bearer TOKEN' with the token of this server",
            {"WWW-Authenticate": "Bearer"},
        )


def bearer(scope: Scope) -> str | None:
    """The token of the Authorization header; None without one."""
    given = _only(scope, b"authorization")
    if given is None:
        return None
    scheme, _, token = given.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _check_host(scope: Scope, settings: Settings) -> str:
    host = _only(scope, b"host")
    if host is None:
        raise RefusalError(400, "expected one Host header, got none")
    name = _name(host.lower())
    if name not in settings.hosts and not _is_own_address(name, scope):
        raise RefusalError(
            403,
            "the Host header names another server; use the address that mien serve printed, "
            "or allow this one: mien serve --public-url URL",
        )
    return host.lower()


def _check_origin(scope: Scope, settings: Settings, host: str) -> None:
    origin = _only(scope, b"origin")
    if origin is None:  # no browser, or a request that the page's own origin made
        return
    own = f"{_PAGES[scope['scheme']]}://{host}"
    if origin.lower() not in {own, *settings.origins}:
        raise RefusalError(
            403,
            "pages of another origin may not use this server; open its own page, "
            "or allow that origin: mien serve --public-url URL",
        )


def _only(scope: Scope, name: bytes) -> str | None:
    """The value of a header; refuses two, of which readers would choose differently."""
    values = [value for key, value in scope["headers"] if key.lower() == name]
    if len(values) > 1:
        raise RefusalError(400, f"expected one {name.decode().title()} header, got {len(values)}")
    return values[0].decode("latin-1") if values else None


def _name(host: str) -> str | None:
    """The name in a Host header without its port; None if it is malformed."""
    if host.startswith("["):
        name, closed, rest = host[1:].partition("]")
        colon, port = rest[:1], rest[1:]
        if not closed or colon not in {"", ":"}:
            return None
    else:
        name, colon, port = host.partition(":")
    return name if not colon or (port.isascii() and port.isdigit()) else None


def _is_own_address(name: str | None, scope: Scope) -> bool:
    reached = (scope.get("server") or (None,))[0]
    try:
        own = ipaddress.ip_address(reached or "")
        own = getattr(own, "ipv4_mapped", None) or own  # how a socket of both families says it
        return ipaddress.ip_address(name or "") == own
    except ValueError:
        return False


def _is_guarded(path: str) -> bool:
    return path == "/metrics" or path == "/v1" or path.startswith("/v1/")
