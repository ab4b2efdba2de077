"""What hostile clients get, how soon, and in how much memory: ``benchmarks/hostile.py``.

The uploads and streams of ``tests/test_server_hostile.py`` against a real ``mien serve`` whose
deadlines are half a second, or, with ``--server``, against the same application on another server
with that server's own limits set as near to ours as it allows. Prints one JSON line.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from hostile_frames import (
    close_code,
    handshakes,
    intrusions,
    unread_pings,
    upgrade,
)
from hostile_uploads import attack, attacks, head, whole
from hostile_wire import Address, exchange
from made_server import TOKEN, picture, recognizer
from mien.benchmark import machine
from mien.server import Settings, create_app
from mien.server.listen import open_socket, serve, tls_context

DEADLINE_S = 0.5
PATIENCE_S = 5.0  # ten deadlines: who is not answered by then waits for ever
SETTINGS = Settings(
    token=TOKEN,
    frame_rate=1e6,
    **dict.fromkeys(("header_s", "upload_s", "hello_s", "idle_s", "stall_s"), DEADLINE_S),
)


def serve_mien(app: Any, sock: socket.socket, tls: tuple[Path, Path] | None) -> None:
    """As ``mien serve`` does."""
    serve(app, sock, SETTINGS, tls=None if tls is None else tls_context(*tls))


def serve_uvicorn(app: Any, sock: socket.socket, tls: tuple[Path, Path] | None) -> None:
    """Uvicorn without the guard, with all limits that it documents."""
    import uvicorn

    cert, key = tls or (None, None)
    config = uvicorn.Config(
        app, http="h11", ws="websockets-sansio", lifespan="off", log_level="critical",
        ssl_certfile=cert, ssl_keyfile=key, limit_concurrency=SETTINGS.max_connections,
        timeout_keep_alive=1, timeout_graceful_shutdown=5, h11_max_incomplete_event_size=32_768,
        ws_max_size=SETTINGS.max_frame + 12, ws_per_message_deflate=False, ws_ping_interval=1,
        ws_ping_timeout=1,
    )  # fmt: skip
    uvicorn.Server(config).run(sockets=[sock])


def serve_hypercorn(app: Any, sock: socket.socket, tls: tuple[Path, Path] | None) -> None:
    """Hypercorn with all limits that it documents."""
    from hypercorn.asyncio import serve as run
    from hypercorn.config import Config

    config = Config()
    config.bind = [f"fd://{sock.fileno()}"]
    config.loglevel = "CRITICAL"
    config.keep_alive_timeout = config.ssl_handshake_timeout = DEADLINE_S
    config.read_timeout = 1
    config.h11_max_incomplete_size = 32_768
    config.websocket_max_message_size = SETTINGS.max_frame + 12
    config.websocket_ping_interval = 1
    if tls is not None:
        config.certfile, config.keyfile = map(str, tls)
    asyncio.run(run(app, config))


def serve_granian(app: Any, sock: socket.socket, tls: tuple[Path, Path] | None) -> None:
    """Granian with all limits that it documents."""
    from granian.constants import HTTPModes, Interfaces
    from granian.http import HTTP1Settings
    from granian.server.embed import Server

    host, port = sock.getsockname()
    sock.close()
    cert, key = tls or (None, None)
    limits = HTTP1Settings(header_read_timeout=int(DEADLINE_S * 1000), max_buffer_size=32_768)
    server = Server(
        app, host, port, interface=Interfaces.ASGINL, http=HTTPModes.http1, http1_settings=limits,
        backpressure=SETTINGS.max_connections, log_enabled=False, ssl_cert=cert, ssl_key=key,
    )  # fmt: skip
    asyncio.run(server.serve())


SERVERS = {
    "mien": serve_mien, "uvicorn": serve_uvicorn, "hypercorn": serve_hypercorn,
    "granian": serve_granian,
}  # fmt: skip


@contextmanager
def serving(name: str, tls: tuple[Path, Path] | None = None) -> Iterator[tuple[Address, int]]:
    """The address of a server in a process of its own, and the process."""
    with open_socket("127.0.0.1", 0) as sock:
        sock.listen()
        address, number = sock.getsockname(), sock.fileno()
        line = [sys.executable, __file__, "--server", name, "--socket", str(number)]
        files = [] if tls is None else ["--tls", *map(str, tls)]
        process = subprocess.Popen([*line, *files], pass_fds=[number], stderr=subprocess.DEVNULL)
    try:
        _await_answer(address, secure=tls is not None)
        yield address, process.pid
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(10)
        process.kill()


def _await_answer(address: Address, *, secure: bool) -> None:
    for _ in range(100):
        with suppress(OSError), socket.create_connection(address, 5) as wire:
            if secure:
                context = ssl._create_unverified_context()  # noqa: SLF001 - a key made here
                context.wrap_socket(wire, server_hostname="localhost").close()
                return
            wire.sendall(head(method="GET", path="/healthz") + b"\r\n")
            if wire.recv(12) == b"HTTP/1.1 200":
                return
        time.sleep(0.2)
    raise RuntimeError("the server does not answer")


def resident_mb(process: int) -> float:
    """Memory that a process holds now (Linux)."""
    pages = int(Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def uploads(address: Address, process: int, count: int) -> dict[str, Any]:
    """Malformed uploads: what they got that is no good answer, and the memory before and after."""
    wrong: Counter[str] = Counter()
    seconds: list[float] = []
    resident: list[float] = []
    for each in attacks(seed=1, count=count):
        try:
            answer = exchange(address, each, PATIENCE_S)
        except TimeoutError:
            wrong[f"{each.name}: none"] += 1
            continue
        if answer.status not in each.wanted:
            wrong[f"{each.name}: {answer.status or 'cut off'}"] += 1
        seconds.append(answer.seconds)
        resident.append(resident_mb(process))
    tenth = len(resident) // 10
    return {
        "count": count,
        "wrong": sum(wrong.values()),
        "kinds": dict(wrong),
        "slowest_s": round(max(seconds), 3),
        "median_s": round(statistics.median(seconds), 4),
        "resident_mb_first_and_last_tenth": [
            round(statistics.median(part), 1) for part in (resident[:tenth], resident[-tenth:])
        ],
    }


def streams(address: Address, count: int) -> dict[str, Any]:
    """Malformed handshakes and streams, likewise."""
    wrong: Counter[str] = Counter()
    rng = random.Random(2)
    for _ in range(count):
        each = handshakes(rng)
        try:
            status = exchange(address, each, PATIENCE_S).status or "cut off"
        except TimeoutError:
            status = "none"
        if status not in each.wanted:
            wrong[f"handshake: {status} for {min(each.wanted)}"] += 1
    for each in [*intrusions(seed=3, count=count), unread_pings()]:
        try:
            code = close_code(address, each, PATIENCE_S)
        except (TimeoutError, AssertionError) as error:
            wrong[f"{each.name}: {type(error).__name__}"] += 1
            continue
        if code not in (each.wanted or {0}):
            wrong[f"{each.name}: {code or 'cut off'}"] += 1
    return {"wrong": sum(wrong.values()), "kinds": dict(wrong)}


def mute_connections(address: Address) -> dict[str, int]:
    """Of 300 clients that say nothing: how many get in, and stay after ten deadlines."""
    with ExitStack() as stack:
        wires = [stack.enter_context(socket.create_connection(address, 5)) for _ in range(300)]
        time.sleep(DEADLINE_S / 2)
        first = sum(_is_open(wire) for wire in wires)
        time.sleep(PATIENCE_S)
        return {"in": first, "stay": sum(_is_open(wire) for wire in wires)}


def _is_open(wire: socket.socket) -> bool:
    wire.setblocking(False)  # noqa: FBT003 - the name of the method says it
    try:
        wire.recv(1)
    except BlockingIOError:
        return True
    except ConnectionError:
        return False
    return False


def half_messages(address: Address, process: int) -> float:
    """Megabytes that 60 first messages of 1.9 MB, which never end, leave behind."""
    half = b"\x81\xff" + (2_000_000).to_bytes(8, "big") + bytes(4) + b"{" * 1_900_000
    exchange(address, attack("", whole(picture()), 200))
    before = peak = resident_mb(process)
    for _ in range(4):
        with ExitStack() as stack:
            for _ in range(15):
                wire = stack.enter_context(socket.create_connection(address, PATIENCE_S))
                with suppress(OSError):
                    wire.sendall(upgrade() + half)
            peak = max(peak, resident_mb(process))
    return round(peak - before, 1)


def stalled_handshake_s(name: str, folder: Path) -> float | None:
    """Seconds until a client that begins TLS and says nothing is let go; None = it is not."""
    cert, key = folder / "crt.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-keyout", key,
         "-out", cert, "-subj", "/CN=localhost"], check=True, capture_output=True,
    )  # fmt: skip
    key.chmod(0o600)
    with serving(name, (cert, key)) as (address, _), socket.create_connection(address, 5) as wire:
        started = time.monotonic()
        wire.settimeout(PATIENCE_S)
        with suppress(ConnectionError):
            try:
                wire.recv(1)
            except TimeoutError:
                return None
        return round(time.monotonic() - started, 2)


def main() -> None:
    """Print what they got."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--server", choices=SERVERS, default="mien")
    parser.add_argument("--uploads", type=int, default=1000)
    parser.add_argument("--streams", type=int, default=80)
    parser.add_argument("--socket", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--tls", nargs=2, type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.socket is not None:
        sock = socket.socket(fileno=given.socket)
        SERVERS[given.server](create_app(recognizer("mtcnn"), SETTINGS), sock, given.tls)
        return
    facts: dict[str, Any] = {"machine": machine(), "server": given.server}
    with serving(given.server) as (address, process):
        facts["uploads"] = uploads(address, process, given.uploads)
    with serving(given.server) as (address, process):
        facts["streams"] = streams(address, given.streams)
    with serving(given.server) as (address, _):
        facts["mute_connections"] = mute_connections(address)
    with serving(given.server) as (address, process):
        facts["half_messages_mb"] = half_messages(address, process)
    with tempfile.TemporaryDirectory() as folder:
        facts["stalled_handshake_s"] = stalled_handshake_s(given.server, Path(folder))
    print(json.dumps(facts))


if __name__ == "__main__":
    main()
