"""``mien serve`` as it runs: one real process, its answers, its end, and TLS."""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from made_server import TOKEN, frame, picture
from mien.core.errors import ConfigError
from mien.server.listen import tls_context
from mien.server.settings import Settings
from served import Process, listening, serving, token_file_in


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


@pytest.fixture
def server(log: Path, tmp_path: Path) -> Iterator[Process]:
    with serving(log, "--detector", "none", "--token-file", str(token_file_in(tmp_path))) as made:
        yield made


@contextmanager
def opened(server: Process, **options: Any) -> Iterator[ClientConnection]:
    with connect(
        server.url.replace("http", "ws", 1) + "/v1/stream",
        subprotocols=[Subprotocol("mien.v1")], proxy=None, open_timeout=120, **options,
    ) as socket:  # fmt: skip
        socket.send(json.dumps({"schema": "mien.row/1", "token": TOKEN}))
        yield socket


def test_process_answers_and_stops_in_good_order(server: Process) -> None:
    headers = {"authorization": f"Bearer {TOKEN}"}
    with httpx2.Client(base_url=server.url, trust_env=False, timeout=120) as client:
        assert client.get("/healthz").json() == {"status": "ok"}
        assert "server" not in client.get("/healthz").headers
        assert client.get("/v1/model", params={"token": TOKEN}).status_code == 401
        answer = client.post("/v1/analyze", content=picture(), headers=headers)
        assert answer.json()["source"] == "upload"
        large = client.post("/v1/analyze", content=bytes(10_000_001), headers=headers)
        assert large.status_code == 413
        assert client.get("/healthz", headers={"host": "evil.example"}).status_code == 403
        assert client.get("/healthz", headers={"x": "y" * 20_000}).status_code == 431
    with opened(server) as socket:
        assert socket.protocol.extensions == []  # no compression
        socket.send(frame(9, 0.5))
        row = json.loads(socket.recv(120))
        assert (row["id"], row["source"], row["dropped"]) == (9, "stream", 0)
        assert server.stop() == 0
        with pytest.raises(ConnectionClosed) as caught:
            socket.recv(120)
    assert caught.value.rcvd is not None
    assert caught.value.rcvd.code == 1012
    assert TOKEN not in server.log()
    events = [json.loads(line)["event"] for line in server.log().splitlines()]
    assert events[0] == "start"
    assert set(events) == {"start", "request", "stream"}


def test_process_refuses_frames_by_their_header_and_stops_on_interrupt(server: Process) -> None:
    with opened(server) as socket:
        with suppress(ConnectionClosed):  # the server may close before all of it is sent
            socket.send(bytes(2_000_013))
        with pytest.raises(ConnectionClosed) as caught:
            socket.recv(120)
        assert caught.value.rcvd is not None
        assert caught.value.rcvd.code == 1009
    assert server.stop(signal.SIGINT) == 0


def test_process_writes_nothing_to_disk(log: Path, tmp_path: Path) -> None:
    """Not even what libraries keep in the home of their user."""
    home = tmp_path / "home"
    home.mkdir()
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in {"CI", "ORT_DISABLE_TELEMETRY"} and not name.startswith("XDG_")
    } | {"HOME": str(home), "TMPDIR": str(home)}
    with serving(log, environment=environment) as server:
        with httpx2.Client(base_url=server.url, trust_env=False, timeout=120) as client:
            assert client.post("/v1/analyze", content=picture()).status_code == 200
        assert server.stop() == 0
    assert list(home.rglob("*")) == []


@pytest.mark.slow
def test_process_speaks_tls(log: Path, certificate: tuple[Path, Path]) -> None:
    cert, key = certificate
    context = ssl.create_default_context(cafile=str(cert))
    line = ["--detector", "none", "--tls-cert", str(cert), "--tls-key", str(key)]
    with serving(log, *line) as server:
        own = {"origin": server.url}
        assert server.url.startswith("https://localhost:")
        with httpx2.Client(
            base_url=server.url, verify=context, trust_env=False, timeout=120
        ) as client:
            answer = client.post("/v1/analyze", content=picture(), headers=own)
            assert answer.json()["source"] == "upload"
            plain = {"origin": server.url.replace("https", "http")}
            assert client.get("/healthz", headers=plain).status_code == 403
        with opened(server, ssl=context, origin=Origin(server.url)) as socket:
            socket.send(frame(1, 0.0))
            assert json.loads(socket.recv(120))["id"] == 1
        assert server.stop() == 0


def test_a_handshake_that_does_not_come_is_given_up(certificate: tuple[Path, Path]) -> None:
    """Connections count against their limit after the handshake, so that may not take long."""
    tls = tls_context(*certificate)
    with listening(Settings(header_s=0.3), tls=tls) as address:
        with socket.create_connection(address, 30) as mute:
            assert mute.recv(1) == b""
        with client_over_tls(address, certificate[0]) as wire:
            wire.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            assert wire.recv(4096).startswith(b"HTTP/1.1 200")


@contextmanager
def client_over_tls(address: tuple[str, int], certificate: Path) -> Iterator[ssl.SSLSocket]:
    context = ssl.create_default_context(cafile=certificate)
    with (
        socket.create_connection(address, 30) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as wire,
    ):
        yield wire


def test_key_with_a_password_is_refused_without_asking(
    certificate: tuple[Path, Path], tmp_path: Path
) -> None:
    cert, key = certificate
    locked = tmp_path / "locked.key"
    subprocess.run(
        ["openssl", "rsa", "-aes128", "-passout", "pass:secret", "-in", key, "-out", locked],
        check=True, capture_output=True,
    )  # fmt: skip
    assert tls_context(cert, key).minimum_version == ssl.TLSVersion.TLSv1_2
    for wrong in (locked, cert):
        with pytest.raises(ConfigError, match="no password"):
            tls_context(cert, wrong)
