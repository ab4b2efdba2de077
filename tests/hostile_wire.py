"""Raw HTTP against a server: bytes as they are, however wrong, and what comes back."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

Address = tuple[str, int]


@dataclass(frozen=True)
class Attack:
    """What a hostile client does.

    Args:
        name: Its kind.
        sent: Pieces of bytes, in order; may be endless.
        pause_s: Seconds between the pieces.
        hang_up: Whether the client says that it will send no more.
        wanted: Statuses that are a good answer.
    """

    name: str
    sent: Iterable[bytes]
    wanted: frozenset[int]
    pause_s: float = 0.0
    hang_up: bool = False


class Answer(NamedTuple):
    """Status (0 = closed without one), the whole answer, and the seconds until its first byte."""

    status: int
    text: bytes
    seconds: float


def exchange(address: Address, attack: Attack, timeout_s: float = 30.0) -> Answer:
    """Send an attack, until it ends or the server answers, and read the answer."""
    started = time.monotonic()
    with socket.create_connection(address, timeout_s) as wire:
        heard = _send(wire, attack)
        first = heard or _received(wire)
        seconds = time.monotonic() - started
        text = first + _rest(wire, first)
    return Answer(_status(text), text, seconds)


def _send(wire: socket.socket, attack: Attack) -> bytes:
    """Send; what the server said meanwhile."""
    try:
        for piece in attack.sent:
            wire.sendall(piece)
            if heard := _peeked(wire, attack.pause_s):
                return heard
        if attack.hang_up:
            wire.shutdown(socket.SHUT_WR)
    except (ConnectionResetError, BrokenPipeError):  # it answered and closed
        pass
    return b""


def _peeked(wire: socket.socket, wait_s: float) -> bytes:
    timeout_s = wire.gettimeout()
    wire.settimeout(wait_s)  # 0 = only look
    try:
        return wire.recv(65536)
    except (BlockingIOError, TimeoutError):
        return b""
    finally:
        wire.settimeout(timeout_s)


def _received(wire: socket.socket) -> bytes:
    try:
        return wire.recv(65536)
    except ConnectionResetError:
        return b""


def _rest(wire: socket.socket, text: bytes) -> bytes:
    """The remainder of one answer, by its Content-Length or the end of the connection."""
    rest = b""
    while not _is_whole(text + rest) and (piece := _received(wire)):
        rest += piece
    return rest


def _is_whole(text: bytes) -> bool:
    head, blank, body = text.partition(b"\r\n\r\n")
    for line in head.lower().split(b"\r\n"):
        if blank and line.startswith(b"content-length:"):
            return len(body) >= int(line.split(b":")[1])
    return False


def _status(text: bytes) -> int:
    line = text.split(b"\r\n", 1)[0].split(b" ")
    return int(line[1]) if len(line) > 1 and line[0].startswith(b"HTTP/1.") else 0
