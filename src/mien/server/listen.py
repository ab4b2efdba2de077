"""Listening: the socket, TLS, and the process that serves until it is told to stop."""

from __future__ import annotations

import asyncio
import signal
import socket
import ssl
from collections.abc import Callable
from functools import partial
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from mien.core.errors import ConfigError
from mien.server.connection import Config
from mien.server.security import MAX_HEADER_BYTES
from mien.server.settings import Settings
from mien.server.stream_route import HEADER

_STOP_S = 5  # what is being answered may finish; streams are closed with 1012 at once


def open_socket(host: str, port: int) -> socket.socket:
    """A socket that is bound to ``host``; port 0 = any free one.

    Raises:
        ConfigError: If the address cannot be used.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        # A browser that is told "localhost" tries both families; programs try IPv4.
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
    app: FastAPI,
    sock: socket.socket,
    settings: Settings,
    *,
    tls: ssl.SSLContext | None = None,
    on_start: Callable[[], None] | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM; open streams are told 1012, answers are finished.

    Args:
        app: From ``create_app``.
        sock: From ``open_socket``; closed at the end.
        settings: Those of ``app``.
        tls: From ``tls_context``; None = plain HTTP.
        on_start: Called once connections are accepted.
    """
    server = _Server(_config(app, settings, tls), on_start)
    former = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        server.run(sockets=[sock])
    except KeyboardInterrupt:  # uvicorn has stopped in good order and passes the signal on
        return
    finally:
        signal.signal(signal.SIGTERM, former)


def _config(app: FastAPI, settings: Settings, tls: ssl.SSLContext | None) -> Config:
    return Config(
        app,
        settings,
        ws_max_size=settings.max_frame + HEADER.size,
        ws_per_message_deflate=False,
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        h11_max_incomplete_event_size=2 * MAX_HEADER_BYTES,
        timeout_graceful_shutdown=_STOP_S,
        ssl_context_factory=None if tls is None else lambda *_: tls,
    )


class _Server(uvicorn.Server):
    """A server that says when it has begun."""

    def __init__(self, config: Config, on_start: Callable[[], None] | None) -> None:
        super().__init__(config)
        self._settings = config.settings
        self._on_start = on_start

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to accept connections.

        uvicorn has no setting for how long a TLS handshake may take, and asyncio waits a minute.
        """
        loop = asyncio.get_running_loop()
        create_server = loop.create_server
        if self.config.is_ssl:
            loop.create_server = partial(
                create_server, ssl_handshake_timeout=self._settings.header_s
            )
        try:
            await super().startup(sockets)
        finally:
            loop.create_server = create_server
        if self._on_start is not None:
            self._on_start()
