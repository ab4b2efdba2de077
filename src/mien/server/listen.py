"""Listening: the socket, TLS, and the process that serves until it is stopped."""

from __future__ import annotations

import asyncio
import signal
import socket
import ssl
from collections.abc import Callable
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from mien.core.errors import ConfigError
from mien.server.guard.connections import HttpConnection
from mien.server.guard.security import MAX_HEADER_BYTES
from mien.server.settings import Settings
from mien.server.stream import HEADER

_STOP_S = 5  # what is being answered may finish; streams are closed with 1012 at once


def open_socket(host: str, port: int) -> socket.socket:
    """A socket that is bound to ``host``; port 0 = any free one.

    Raises:
        ConfigError: If the address cannot be used.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        # For "localhost" a browser tries both families; programs try IPv4.
        family, kind, protocol, _, address = min(found, key=lambda each: each[0] != socket.AF_INET)
        # asyncio switches Nagle's algorithm off only where the protocol is named; it would hold the
        # body of an answer back until the client has acknowledged the headers: 40 ms.
        opened = socket.socket(family, kind, protocol)
        try:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            opened.bind(address)
        except OSError:
            opened.close()
            raise
    except OSError as error:
        raise ConfigError(
            f"cannot listen on {host} port {port} ({error.strerror}); "
            "give another --port, or an address of this machine as --host"
        ) from error
    return opened


def tls_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """What HTTPS needs.

    Raises:
        ConfigError: If the files are no PEM certificate with its key, or the key has a password.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        # Without a password given here, OpenSSL would ask the terminal for one.
        context.load_cert_chain(certificate, key, password=lambda: b"")
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"certificate and key cannot be used ({error}); give a PEM certificate and its key, "
            "which has no password"
        ) from error
    return context


def serve(
    app: ASGIApp,
    sock: socket.socket,
    settings: Settings,
    *,
    tls: ssl.SSLContext | None = None,
    on_start: Callable[[], None] | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM; open streams are closed with 1012, answers are finished.

    Args:
        app: From ``create_app``.
        sock: From ``open_socket``; closed at the end.
        settings: Those of ``app``.
        tls: From ``tls_context``; None = plain HTTP.
        on_start: Called once connections are accepted.
    """
    server = Server(app, sock, settings, tls=tls, on_start=on_start)
    former = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        server.run()
    except KeyboardInterrupt:  # uvicorn has stopped in good order and passes the signal on
        return
    finally:
        signal.signal(signal.SIGTERM, former)


class Server(uvicorn.Server):
    """uvicorn with connections of ours, a deadline for TLS handshakes, and a word when it begins.

    Args:
        app: From ``create_app``.
        sock: From ``open_socket``; closed at the end.
        settings: Those of ``app``.
        tls: From ``tls_context``; None = plain HTTP.
        on_start: Called once connections are accepted.
    """

    def __init__(
        self,
        app: ASGIApp,
        sock: socket.socket,
        settings: Settings,
        *,
        tls: ssl.SSLContext | None = None,
        on_start: Callable[[], None] | None = None,
    ) -> None:
        config = uvicorn.Config(
            app,
            http="h11",
            ws="websockets-sansio",
            ws_max_size=settings.max_frame + HEADER.size,
            ws_per_message_deflate=False,
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            h11_max_incomplete_event_size=2 * MAX_HEADER_BYTES,
            timeout_graceful_shutdown=_STOP_S,
        )
        super().__init__(config)
        self._sock = sock
        self._settings = settings
        self._tls = tls
        self._on_start = on_start

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to accept connections.

        uvicorn would open the socket itself, without a way to say how long a TLS handshake may
        take: asyncio waits a minute.
        """
        del sockets
        await super().startup(sockets=[])
        listener = await asyncio.get_running_loop().create_server(
            lambda: HttpConnection(self.config, self.server_state, self._settings),
            sock=self._sock,
            backlog=self.config.backlog,
            ssl=self._tls,
            ssl_handshake_timeout=None if self._tls is None else self._settings.header_s,
        )
        self.servers.append(listener)
        if self._on_start is not None:
            self._on_start()
