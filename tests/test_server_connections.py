"""Connections of clients that are slow, mute, endless or speak no HTTP."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from hostile_frames import (
    SILENT,
    TOO_BIG,
    Intrusion,
    close_code,
    hello,
    intrusions,
    message,
    unread_pings,
    upgrade,
)
from hostile_uploads import attacks, head, whole
from hostile_wire import Address, Answer, Attack, exchange
from made_server import TOKEN, frame, picture
from mien.server.guard.security import HEADERS
from mien.server.listen import open_socket
from mien.server.settings import Settings
from served import listening

QUICK = Settings(
    token=TOKEN, max_connections=6, header_s=0.2, upload_s=0.2, hello_s=0.2, idle_s=0.2, stall_s=0.2
)
CUT_OFF = (ConnectionResetError, BrokenPipeError)


@pytest.fixture(scope="module")
def address() -> Iterator[Address]:
    with listening(QUICK) as found:
        yield found


def sent(address: Address, *pieces: bytes, hang_up: bool = False) -> Answer:
    return exchange(address, Attack("", pieces, frozenset(), 0.0, hang_up))


def send_for_ever(wire: socket.socket, begin: bytes, piece: bytes) -> None:
    wire.sendall(begin)
    while True:
        wire.sendall(piece)


def refused(answer: Answer, status: int, kind: str) -> None:
    headers, _, body = answer.text.partition(b"\r\n\r\n")
    assert answer.status == status
    assert json.loads(body)["error"]["type"] == kind
    for name, value in HEADERS.items():
        assert f"\r\n{name}: {value}".encode() in headers
    assert b"\r\nconnection: close" in headers


def test_good_picture_is_answered(address: Address) -> None:
    assert sent(address, whole(picture())).status == 200


@pytest.mark.parametrize("words", [b"hello\r\n\r\n", b"GET / HTTP/1.1\r\nX: " + b"y" * 40_000])
def test_what_is_no_http_is_refused_like_everything_else(address: Address, words: bytes) -> None:
    refused(sent(address, words), 400, "BadRequest")


def test_answers_are_sent_without_delay() -> None:
    """asyncio switches Nagle's algorithm off for sockets that name their protocol, alone."""
    with open_socket("127.0.0.1", 0) as opened:
        assert opened.proto == socket.IPPROTO_TCP


def test_headers_that_do_not_come_are_given_up(address: Address) -> None:
    refused(sent(address, b"POST /v1/ana"), 408, "RequestTimeout")


def test_headers_byte_by_byte_do_not_extend_the_deadline(address: Address) -> None:
    pieces = [b"POST / HTTP/1.1\r\nX: ", *[b"y"] * 500]
    answer = exchange(address, Attack("", pieces, frozenset(), 0.01))
    refused(answer, 408, "RequestTimeout")


def test_connection_without_a_word_is_closed(address: Address) -> None:
    with socket.create_connection(address, 30) as wire:
        assert wire.recv(1) == b""


def test_second_request_on_a_connection_has_the_deadline_too(address: Address) -> None:
    first = head(method="GET", path="/healthz") + b"\r\n"
    with socket.create_connection(address, 30) as wire:
        wire.sendall(first * 2 + first[:20])
        with wire.makefile("rb") as stream:
            assert re.findall(rb"HTTP/1.1 (\d+)", stream.read()) == [b"200", b"200", b"408"]


@pytest.mark.parametrize(
    "begun", [b"POST / HT", head("Content-Length: 9") + b"\r\nabc", head() + b"X: y\r\n"]
)
def test_request_that_is_cut_off_is_refused(address: Address, begun: bytes) -> None:
    refused(sent(address, begun, hang_up=True), 400, "BadRequest")


def test_body_that_is_no_chunks_frees_its_place(address: Address) -> None:
    bad = head("Transfer-Encoding: chunked") + b"\r\nzz\r\n"
    for _ in range(Settings().max_requests + 1):
        refused(sent(address, bad), 400, "BadRequest")
    assert sent(address, whole(picture())).status == 200


def test_endless_body_after_a_refusal_is_not_heard_for_ever(address: Address) -> None:
    refusal = head("Transfer-Encoding: chunked", "Origin: http://evil.example") + b"\r\n"
    with socket.create_connection(address, 30) as wire, pytest.raises(CUT_OFF):
        send_for_ever(wire, refusal, b"5\r\nhello\r\n" * 100)


def test_connections_above_the_limit_are_refused(address: Address) -> None:
    with ExitStack() as stack:
        others = [stack.enter_context(socket.create_connection(address, 30)) for _ in range(7)]
        answers = [wire.recv(65_536) for wire in others]
    assert sum(answer.startswith(b"HTTP/1.1 503") for answer in answers) >= 1
    assert answers[0] == b""  # it came in time, and said nothing until its deadline


@pytest.mark.parametrize(
    "handshake",
    [
        upgrade("X: " + "y" * 9000),
        upgrade(*(f"X{n}: y" for n in range(150))),
        upgrade().replace(b"/v1/stream", b"/" + b"s" * 9000),
    ],
    ids=["line", "lines", "path"],
)
def test_large_handshake_is_refused(address: Address, handshake: bytes) -> None:
    refused(sent(address, handshake), 431, "HeadersTooLarge")


def test_refused_handshake_is_no_defect(address: Address, caplog: pytest.LogCaptureFixture) -> None:
    assert sent(address, upgrade("Origin: http://evil.example")).status == 403
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


def test_client_that_does_not_read_pongs_is_cut_off(address: Address) -> None:
    assert close_code(address, unread_pings()) == 0


def test_client_that_does_not_read_answers_is_cut_off() -> None:
    settings = Settings(token=TOKEN, frame_rate=1e6, stall_s=0.2)
    with listening(settings) as address, socket.create_connection(address, 30) as wire:
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        with pytest.raises(CUT_OFF):
            send_for_ever(wire, upgrade() + hello(), message(bytes(13)) * 100)


def test_each_kind_of_attack_is_refused(address: Address) -> None:
    for attack in attacks(seed=1, count=26):
        answer = exchange(address, attack)
        assert answer.status in attack.wanted, (attack.name, answer)
    assert sent(address, whole(picture())).status == 200


def test_each_kind_of_intrusion_is_closed(address: Address) -> None:
    for intrusion in intrusions(seed=1, count=8):
        assert close_code(address, intrusion) in intrusion.wanted, intrusion.name
    assert sent(address, head(method="GET", path="/healthz") + b"\r\n").status == 200


def half_a_message(announced: int, sent_bytes: int) -> bytes:
    """A masked text frame of which the end never comes."""
    return b"\x81\xff" + announced.to_bytes(8, "big") + bytes(4) + b"{" * sent_bytes


@pytest.mark.parametrize("sent_bytes", [17_000, 200_000, 1_900_000])
def test_who_has_not_said_hello_is_not_listened_to_for_long(
    address: Address, sent_bytes: int
) -> None:
    begun = half_a_message(2_000_000, sent_bytes)
    pieces = (begun[at : at + 4096] for at in range(0, len(begun), 4096))
    assert close_code(address, Intrusion("", pieces, frozenset({TOO_BIG}))) in {TOO_BIG, 0}
    assert sent(address, head(method="GET", path="/healthz") + b"\r\n").status == 200


def test_long_hello_and_first_frames_may_come_at_once(address: Address) -> None:
    """A client need not wait: what follows the first message does not count as part of it."""
    pieces = iter([hello() + message(frame(1, 0.0)) * 40])
    assert close_code(address, Intrusion("", pieces, frozenset({SILENT}))) == SILENT


def test_stream_with_good_frames_is_closed_for_silence_alone(address: Address) -> None:
    good = Intrusion("", iter([hello(), message(frame(1, 0.0))]), frozenset({SILENT}))
    assert close_code(address, good) == SILENT
