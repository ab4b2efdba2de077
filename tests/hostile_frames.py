"""Malformed streams, drawn from a seed: handshakes, first messages and frames as no client should.

Frames are written by hand (RFC 6455, section 5.2), because libraries refuse to write wrong ones.
"""

from __future__ import annotations

import json
import math
import random
import socket
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import repeat

from hostile_pictures import wrong_type
from hostile_wire import Address, Attack
from made_server import TOKEN, frame
from mien.core.rows import SCHEMA

TEXT, BINARY, CLOSE, PING, CONTINUED = 1, 2, 8, 9, 0
PROTOCOL, NOT_UTF8, POLICY, TOO_BIG, BUSY = 1002, 1007, 1008, 1009, 1013
NO_TOKEN, SILENT = 4401, 4408


@dataclass(frozen=True)
class Intrusion:
    """What a hostile client says once its handshake is accepted.

    Args:
        name: Its kind.
        sent: Bytes on the wire, piece by piece; may be endless.
        wanted: Close codes that are a good answer; empty = the connection may be cut.
    """

    name: str
    sent: Iterator[bytes]
    wanted: frozenset[int]


def upgrade(*lines: str, protocol: str = "mien.v1", host: str = "localhost") -> bytes:
    """A handshake; further lines come before the usual ones."""
    usual = (
        f"GET /v1/stream HTTP/1.1\r\nHost: {host}", *lines, "Connection: Upgrade",
        "Upgrade: websocket", "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", f"Sec-WebSocket-Protocol: {protocol}",
    )  # fmt: skip
    return "\r\n".join([*usual, "", ""]).encode("latin-1")


def message(data: bytes, kind: int = BINARY, *, final: bool = True) -> bytes:
    """One masked frame; the mask is zero, which leaves the data as it is."""
    size = len(data)
    if size < 126:
        length = struct.pack(">B", 0x80 | size)
    elif size < 65_536:
        length = struct.pack(">BH", 0x80 | 126, size)
    else:
        length = struct.pack(">BQ", 0x80 | 127, size)
    return bytes([final << 7 | kind]) + length + bytes(4) + data


def hello(**fields: object) -> bytes:
    return message(json.dumps({"schema": SCHEMA, "token": TOKEN, **fields}).encode(), TEXT)


def close_code(address: Address, intrusion: Intrusion, timeout_s: float = 60.0) -> int:
    """The code the server closes the stream with; 0 = it cut the connection."""
    with socket.create_connection(address, timeout_s) as wire:
        wire.sendall(upgrade())
        heard = bytearray()
        while b"\r\n\r\n" not in heard:
            heard += wire.recv(1)
        if not heard.startswith(b"HTTP/1.1 101"):
            raise AssertionError(bytes(heard))
        try:
            for piece in intrusion.sent:
                wire.sendall(piece)
            return _closed(wire)
        except (ConnectionResetError, BrokenPipeError):
            return 0


def _closed(wire: socket.socket) -> int:
    with wire.makefile("rb") as stream:
        while begun := stream.read(2):
            size = begun[1] & 127
            if size > 125:
                size = int.from_bytes(stream.read(2 if size == 126 else 8))
            data = stream.read(size)
            if begun[0] & 15 == CLOSE:
                return int.from_bytes(data[:2])
    return 0


def handshakes(rng: random.Random) -> Attack:
    """A handshake that is refused over HTTP."""
    sent, wanted = rng.choice(
        [
            (upgrade(host="evil.example"), 403),
            (upgrade("Origin: http://evil.example"), 403),
            (upgrade("Origin: null"), 403),
            (upgrade("Host: localhost"), 400),
            (upgrade("Authorization: Bearer wrong"), 401),
            (upgrade("Authorization: Basic " + TOKEN), 401),
            (upgrade("X: " + "y" * rng.randrange(8000, 16_000)), 431),
            (upgrade(*(f"X{n}: y" for n in range(200))), 431),
            (upgrade().replace(b"/v1/stream", b"/v1/" + b"s" * 9000), 431),
            (upgrade().replace(b"Version: 13", b"Version: 7"), 400),
            (upgrade().replace(b"dGhl", b"?"), 400),
            (upgrade("Sec-WebSocket-Version: 13"), 400),
        ]
    )
    return Attack("handshake", (sent,), frozenset({wanted}))


def intrusions(seed: int, count: int) -> Iterator[Intrusion]:
    """``count`` intrusions: every kind in turn, each drawn again."""
    rng = random.Random(seed)
    for number in range(count):
        yield KINDS[number % len(KINDS)](rng)


def _first(rng: random.Random) -> Intrusion:
    strange = [hello(token="wrong"), hello(token=None), hello(token="ä" * 20)]
    sent = rng.choice(
        [
            message(b"", TEXT), message(b"[" * 4000, TEXT), message(b"null", TEXT), message(b"\0"),
            message(rng.randbytes(50)), *strange, hello(token=[1]), hello(schema="mien.row/2"),
            hello(every=0), hello(every=10**30), hello(every=True), hello(smoothing_s=math.nan),
            hello(smoothing_s=-1), hello(more=1),
        ]
    )  # fmt: skip
    wanted = NO_TOKEN if sent in strange else POLICY
    return Intrusion("first message", iter([sent]), frozenset({wanted}))


def _large_first(rng: random.Random) -> Intrusion:
    sent = message(b" " * rng.randrange(4097, 3_000_000), TEXT)
    return Intrusion("large first message", iter([sent]), frozenset({TOO_BIG}))


def _no_first(_: random.Random) -> Intrusion:
    return Intrusion("no first message", iter([]), frozenset({POLICY}))


def _silent(_: random.Random) -> Intrusion:
    return Intrusion("no frame", iter([hello()]), frozenset({SILENT}))


def _frame(rng: random.Random) -> Intrusion:
    sent, code = rng.choice(
        [
            (message(b"frame", TEXT), POLICY),
            (message(rng.randbytes(rng.randrange(12))), POLICY),
            (message(bytes(2_000_013)), TOO_BIG),
            (message(bytes(1_500_000), final=False) + message(bytes(600_000), 0), TOO_BIG),
            (b"\x82\xff" + bytes([0x7F]) + b"\xff" * 7 + bytes(4), TOO_BIG),
        ]
    )
    return Intrusion("frame", iter([hello(), sent]), frozenset({code}))


def _fragments(_: random.Random) -> Intrusion:
    begin = message(b"", final=False)
    sent = [hello(), begin, *repeat(message(b"", CONTINUED, final=False) * 100, 100)]
    return Intrusion("fragments without end", iter(sent), frozenset({TOO_BIG}))


def _protocol(rng: random.Random) -> Intrusion:
    sent, code = rng.choice(
        [
            (b"\x82\x03abc", PROTOCOL),  # not masked
            (b"\xf2\x80" + bytes(4), PROTOCOL),  # reserved bits
            (b"\x83\x80" + bytes(4), PROTOCOL),  # no such kind
            (b"\x89\xfe\x01\x00" + bytes(260), PROTOCOL),  # a ping of 256 bytes
            (message(b"", CONTINUED), PROTOCOL),  # nothing to continue
            (message(b"\xff\xfe", TEXT), NOT_UTF8),
        ]
    )
    return Intrusion("protocol", iter([hello(), sent]), frozenset({code}))


def _rubbish(rng: random.Random) -> Intrusion:
    """Frames that are no pictures are answered by error rows; the stream goes on to its end."""
    frames = [message(frame(n, n / 10, wrong_type(rng))) for n in range(5)]
    end = message(struct.pack(">H", 3000), CLOSE)
    return Intrusion("rubbish", iter([hello(), *frames, end]), frozenset({3000}))


def unread_pings(count: int = 100_000) -> Intrusion:
    """Pings whose answers nobody reads, 13 MB of them."""
    flood = repeat(message(bytes(125), PING) * 100, count // 100)
    return Intrusion("unread pings", iter([hello(), *flood]), frozenset())


Draw = Callable[[random.Random], Intrusion]

KINDS: tuple[Draw, ...] = (
    _first, _large_first, _no_first, _silent, _frame, _fragments, _protocol, _rubbish,
)  # fmt: skip
"""Every kind of intrusion; a run takes them in turn."""
