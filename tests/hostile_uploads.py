"""Malformed uploads, drawn from a seed: whatever a client can do wrong over HTTP."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from itertools import islice, repeat

from hostile_pictures import costly, truncated, wrong_type
from hostile_wire import Attack
from made_server import TOKEN, picture

MULTIPART = "multipart/form-data; boundary=x"
_PART = b'--x\r\nContent-Disposition: form-data; name="image"\r\n\r\n'
_TYPES = (
    "image/jpeg", "image/png", "text/html", "application/json", "image/*", "", "a", ";;;",
    "application/x-www-form-urlencoded", "multipart/mixed; boundary=x", "text/plain; charset=a",
    "x" * 900,
)  # fmt: skip

Draw = Callable[[random.Random], Attack]


def attacks(seed: int, count: int) -> Iterator[Attack]:
    """``count`` attacks: every kind in turn, each drawn again."""
    rng = random.Random(seed)
    for number in range(count):
        yield KINDS[number % len(KINDS)](rng)


def head(
    *lines: str, method: str = "POST", path: str = "/v1/analyze", host: str = "localhost"
) -> bytes:
    """The beginning of a request that has the right token; no length, no blank line."""
    known = (f"{method} {path} HTTP/1.1", f"Host: {host}", f"Authorization: Bearer {TOKEN}")
    return "".join(f"{line}\r\n" for line in (*known, *lines)).encode("latin-1")


def whole(body: bytes, *lines: str, **asked: str) -> bytes:
    return head(*lines, f"Content-Length: {len(body)}", **asked) + b"\r\n" + body


def attack(name: str, sent: bytes, *wanted: int) -> Attack:
    return Attack(name, (sent,), frozenset(wanted))


def _raw(name: str, make: Callable[[random.Random], bytes], *wanted: int) -> Draw:
    """A body as it is, of any declared type, or the only part of a form."""

    def draw(rng: random.Random) -> Attack:
        body = make(rng)
        if rng.random() < 0.5:
            sent = whole(body, f"Content-Type: {rng.choice(_TYPES)}")
        else:
            sent = whole(_PART + body + b"\r\n--x--\r\n", f"Content-Type: {MULTIPART}")
        return attack(name, sent, *wanted)

    return draw


def _empty(rng: random.Random) -> Attack:
    body, kind = rng.choice([(b"", "image/jpeg"), (_PART + b"\r\n--x--\r\n", MULTIPART)])
    return attack("empty", whole(body, f"Content-Type: {kind}"), 400)


def _no_length(rng: random.Random) -> Attack:
    return attack("no length", head(f"X: {rng.random()}") + b"\r\n", 400)


def _shorter_length(rng: random.Random) -> Attack:
    body = picture()
    declared = rng.randrange(20, len(body) - 10)
    return attack("length too small", head(f"Content-Length: {declared}") + b"\r\n" + body, 422)


def _longer_length(rng: random.Random) -> Attack:
    body = picture()
    sent = head(f"Content-Length: {len(body) + rng.randrange(1, 10**6)}") + b"\r\n" + body
    hang_up = rng.random() < 0.7  # else it waits for the deadline of uploads
    return Attack("length too large", (sent,), frozenset({400 if hang_up else 408}), 0.0, hang_up)


def _huge_length(rng: random.Random) -> Attack:
    declared = rng.choice([10_000_001, 10**12, 10**18])
    return attack("length above the limit", head(f"Content-Length: {declared}") + b"\r\nabc", 413)


def _no_number(rng: random.Random) -> Attack:
    line = rng.choice(
        ["Content-Length: -1", "Content-Length: 1e3", "Content-Length: 0x10", "Content-Length: ",
         "Content-Length: 5, 6", "Content-Length: 5\r\nContent-Length: 6",
         "Content-Length: " + "9" * 40, "Transfer-Encoding: gzip", "Transfer-Encoding: chunked, x"]
    )  # fmt: skip
    return attack("length is no number", head(line) + b"\r\nabcde", 400, 413, 501)


def _both_lengths(rng: random.Random) -> Attack:
    body = b"%x\r\n" % 20 + rng.randbytes(20) + b"\r\n0\r\n\r\n"
    lines = ["Transfer-Encoding: chunked", f"Content-Length: {rng.randrange(1, 19)}"]
    rng.shuffle(lines)
    return attack("chunks and length", head(*lines) + b"\r\n" + body, 400)


def _endless_chunks(rng: random.Random) -> Attack:
    size = rng.choice([1000, 65_536, 1_000_000])
    begin = head("Transfer-Encoding: chunked") + b"\r\n"
    piece = b"%x\r\n" % size + bytes(size) + b"\r\n"

    def pieces() -> Iterator[bytes]:
        yield begin
        yield from repeat(piece)

    return Attack("chunks without end", pieces(), frozenset({408, 413}))


def _bad_chunk(rng: random.Random) -> Attack:
    bad = rng.choice([b"zz\r\n", b"-5\r\nhello\r\n", b"5\r\nhelloworld\r\n", b"f" * 40 + b"\r\n"])
    sent = head("Transfer-Encoding: chunked") + b"\r\n5\r\nhello\r\n" + bad
    return attack("bad chunk", sent, 400, 413)


def _chunks_cut_off(rng: random.Random) -> Attack:
    sent = head("Transfer-Encoding: chunked") + b"\r\n400\r\n" + rng.randbytes(300)
    return Attack("chunks cut off", (sent,), frozenset({400}), 0.0, hang_up=True)


def _many_parts(rng: random.Random) -> Attack:
    part = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n%d\r\n' % rng.randrange(99)
    body = part * 10_001 + b"--x--\r\n"
    return attack("10,001 parts", whole(body, f"Content-Type: {MULTIPART}"), 400)


def _bad_part(rng: random.Random) -> Attack:
    huge = b"A" * rng.randrange(10_000, 1_000_000)
    nested = b"Content-Type: multipart/form-data; boundary=y\r\n\r\n" + b"--y\r\n" * 500 + _PART
    body = rng.choice(
        [b"--x\r\n" + huge, b"--x\r\nA: " + huge + b"\r\n\r\n1\r\n--x--\r\n",
         b"--x\r\n" + b"A: b\r\n" * 5000, b"--x\r\n" + nested + b"\r\n--x--\r\n", _PART,
         b"--x\r\n\r\n--x\r\n\r\n--x--", _PART[:-3], b"--x--\r\n", b"\r\n" * 100, huge,
         b'--x\r\nContent-Disposition: form-data; name="image\r\n\r\n1\r\n--x--\r\n']
    )  # fmt: skip
    return attack("bad part", whole(body, f"Content-Type: {MULTIPART}"), 400)


def _bad_boundary(rng: random.Random) -> Attack:
    bad = rng.choice(
        ["", "; boundary", "; boundary=", "; boundary=y", "; boundary=" + "x" * 999,
         '; boundary="x', "; boundary=\xff\xfe", "; boundary*=utf-8''y"]
    )  # fmt: skip
    body = _PART + picture() + b"\r\n--x--\r\n"
    return attack("bad boundary", whole(body, f"Content-Type: multipart/form-data{bad}"), 400)


def _huge_header(rng: random.Random) -> Attack:
    line = rng.choice(
        ["X: " + "y" * rng.randrange(17_000, 2_000_000), "Y" * 20_000 + ": x",
         "\r\n".join(f"X{n}: {n}" for n in range(5000)), "Cookie: " + TOKEN * 700]
    )  # fmt: skip
    return attack("huge header", whole(picture(), line), 400, 431)


def _wrong_host(rng: random.Random) -> Attack:
    host = rng.choice(
        ["evil.example", "127.0.0.2", "localhost.evil.example", "", "[::2]", "a:b:c", "0.0.0.0",
         "localhost:80:80", "localhost\r\nHost: evil.example"]
    )  # fmt: skip
    return attack("wrong host", whole(picture(), host=host), 400, 403)


def _wrong_origin(rng: random.Random) -> Attack:
    origin = rng.choice(
        ["http://evil.example", "null", "https://localhost", "file://", "", "x" * 99,
         "http://localhost\r\nOrigin: http://evil.example"]
    )  # fmt: skip
    return attack("wrong origin", whole(picture(), f"Origin: {origin}"), 400, 403)


def _wrong_coding(rng: random.Random) -> Attack:
    coding = rng.choice(["gzip", "br", "deflate", "zstd", "gzip, gzip", "x" * 50])
    return attack("coded body", whole(picture(), f"Content-Encoding: {coding}"), 415)


def _wrong_route(rng: random.Random) -> Attack:
    path = rng.choice(
        [f"/v1/model/{TOKEN}", f"/?token={TOKEN}", "/v1/../etc/passwd", "//etc/passwd", "/%00",
         "/v1/analyze/", "/%2e%2e/%2e%2e/etc/passwd", "/.git/config", "http://evil.example/", "*",
         "/v1/analyze%0d%0aX:1", "/" + "a" * 8000, "/\\..\\..\\a"]
    )  # fmt: skip
    return attack("wrong route", whole(b"abc", path=path), 404, 405)


def _wrong_method(rng: random.Random) -> Attack:
    method = rng.choice(["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "BREW"])
    return attack("wrong method", whole(b"", method=method), 405)


def _wrong_token(rng: random.Random) -> Attack:
    line = rng.choice(
        ["Authorization: Bearer wrong", "Authorization: Basic " + TOKEN, "X-Token: " + TOKEN,
         "Authorization: Bearer", "Cookie: token=" + TOKEN, "Authorization: bearer " + TOKEN[:-1]]
    )  # fmt: skip
    start = f"POST /v1/analyze?token={TOKEN} HTTP/1.1\r\nHost: localhost\r\n{line}\r\n"
    return attack("wrong token", start.encode() + b"Content-Length: 3\r\n\r\nabc", 401)


def _no_http(rng: random.Random) -> Attack:
    sent = rng.choice(
        [b"\r\n\r\nhello\r\n\r\n", b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03" + bytes(500),
         b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"GET /\r\n\r\n", b"POST / HTTP/9.9\r\n\r\n",
         b"\0" * 40_000, rng.randbytes(500) + b"\r\n\r\n", head("Bad Header: x") + b"\r\n",
         head("X: a\0b") + b"\r\n", b"GET / HTTP/1.1\r\n\r\n"]
    )  # fmt: skip
    return attack("no HTTP", sent, 400)


def _headers_cut_off(rng: random.Random) -> Attack:
    begun = head("X: y")
    sent = begun[: rng.randrange(1, len(begun))]
    return Attack("headers cut off", (sent,), frozenset({400}), 0.0, hang_up=True)


def _slow(rng: random.Random) -> Attack:
    """Headers or a body byte by byte, beyond the deadline that the server was given."""
    body = whole(picture())
    start = rng.choice([20, len(body) - len(picture()) + 10])
    pieces = (body[at : at + 1] for at in range(start, len(body)))
    sent = [body[:start], *islice(pieces, 600)]
    return Attack("slow sender", sent, frozenset({408}), 0.02)


KINDS: tuple[Draw, ...] = (
    _empty, _raw("truncated", truncated, 422), _raw("wrong type", wrong_type, 415), _no_length,
    _raw("costly", costly, 422), _shorter_length, _longer_length, _huge_length, _no_number,
    _both_lengths, _endless_chunks, _bad_chunk, _chunks_cut_off, _many_parts, _bad_part,
    _bad_boundary, _huge_header, _wrong_host, _wrong_origin, _wrong_coding, _wrong_route,
    _wrong_method, _wrong_token, _no_http, _headers_cut_off, _slow,
)  # fmt: skip
"""Every kind of attack; a run takes them in turn."""
