"""A real ``mien serve`` on a free port, and its log."""

from __future__ import annotations

import json
import signal
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from made_server import TOKEN, recognizer
from mien.server import Settings, create_app
from mien.server.listen import Server, open_socket


class Process:
    """A running ``mien serve``; ready once it is made."""

    def __init__(self, log: Path, process: subprocess.Popen[bytes]) -> None:
        self._log = log
        self.process = process
        self.url: str = self._first_line()["words"][0].split()[2]

    def _first_line(self) -> dict[str, Any]:
        while not (text := self.log()).endswith("\n"):
            if self.process.poll() is not None:
                raise RuntimeError(self.log())
            try:
                self.process.wait(0.1)
            except subprocess.TimeoutExpired:
                continue
        if not text.startswith("{"):
            raise RuntimeError(text)
        return json.loads(text.splitlines()[0])

    @property
    def address(self) -> tuple[str, int]:
        return "127.0.0.1", urlsplit(self.url).port or 0

    def log(self) -> str:
        return self._log.read_text(encoding="utf-8")

    def resident_bytes(self) -> int:
        """Memory that the process holds now (Linux)."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        (line,) = [line for line in status.splitlines() if line.startswith("VmRSS:")]
        return int(line.split()[1]) * 1024

    def stop(self, sign: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(sign)
        return self.process.wait(120)


@contextmanager
def serving(
    log: Path, *options: str, environment: Mapping[str, str] | None = None
) -> Iterator[Process]:
    line = [sys.executable, "-m", "mien", "serve", "--port", "0", *options]
    with log.open("wb") as err, subprocess.Popen(line, stderr=err, env=environment) as process:
        try:
            yield Process(log, process)
        finally:
            process.kill()


@contextmanager
def listening(
    settings: Settings, *, tls: ssl.SSLContext | None = None, **options: Any
) -> Iterator[tuple[str, int]]:
    """The address of a server in a thread of this process, which listens as ``mien serve`` does."""
    app = create_app(recognizer(), settings, **options)
    with open_socket("127.0.0.1", 0) as opened:
        opened.listen()  # who comes before the server is up waits for it
        server = Server(app, opened, settings, tls=tls)
        thread = threading.Thread(target=server.run)
        thread.start()
        try:
            yield opened.getsockname()[:2]
        finally:
            server.should_exit = True
            thread.join()


def token_file_in(folder: Path) -> Path:
    path = folder / "token"
    path.write_text(TOKEN + "\n", encoding="ascii")
    path.chmod(0o600)
    return path
