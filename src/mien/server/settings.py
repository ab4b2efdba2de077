"""What a server can be configured with: who may talk to it, and how much it takes."""

from __future__ import annotations

import hmac
import ipaddress
import math
import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

from mien.core.errors import ConfigError, unknown_name
from mien.store.samples import SampleLimits

LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")
"""Names under which a browser on the same machine finds the server."""

_TOKEN_LENGTH = (16, 512)  # 16 characters cannot be guessed at the rate a server answers
COUNTS = (
    "max_body", "max_pixels", "max_faces", "max_frame", "max_streams", "max_requests",
    "max_connections", "max_sessions", "max_samples", "max_session_samples", "max_sample_bytes",
    "workers",
)  # fmt: skip
AMOUNTS = ("frame_rate", "header_s", "upload_s", "hello_s", "idle_s", "stall_s")

LIMITS = tuple(name for name in (*COUNTS, *AMOUNTS) if name != "max_faces")
"""Settings that are plain limits of the server; that of faces belongs to the recogniser."""


@dataclass(frozen=True)
class Settings:
    """Who may talk to the server, and how much it takes. The defaults are for one machine.

    Args:
        hosts: Names allowed in the Host header, without port. The address that a client really
            reached is allowed besides: an attacker's domain cannot be an address.
        origins: Web origins allowed besides the server's own, such as ``https://mien.example``.
        token: Bearer token that every answer under ``/v1`` and ``/metrics`` needs; None = none.
        max_body: Bytes of one upload.
        max_pixels: Width x height of one picture, read before it is decoded.
        max_faces: Most faces of one picture; the recogniser must be opened with no more.
        max_frame: Bytes of one frame of a stream.
        max_streams: WebSocket connections at a time.
        max_requests: Uploads being received or answered at a time.
        max_connections: Connections at a time, idle ones included.
        max_sessions: Sessions of collected samples, each with its consent record.
        max_samples: Samples in all.
        max_session_samples: Samples of one session.
        max_sample_bytes: Bytes of the file of samples.
        frame_rate: Frames per second that one stream is answered at most.
        workers: Pictures computed at a time.
        header_s: Seconds the headers of a request may take to arrive.
        upload_s: Seconds an upload may take to arrive.
        hello_s: Seconds a stream may take to say its first message.
        idle_s: Seconds a stream may go without a frame.
        stall_s: Seconds a client may leave what is sent to it unread.

    Raises:
        ConfigError: If a value is out of range, or an origin or token is malformed.
    """

    hosts: tuple[str, ...] = LOCAL_HOSTS
    origins: tuple[str, ...] = ()
    token: str | None = field(default=None, repr=False)
    max_body: int = 10_000_000
    max_pixels: int = 40_000_000
    max_faces: int = 64
    max_frame: int = 2_000_000
    max_streams: int = 8
    max_requests: int = 8
    max_connections: int = 256
    max_sessions: int = 200
    max_samples: int = 5000
    max_session_samples: int = 500
    max_sample_bytes: int = 50_000_000
    frame_rate: float = 30.0
    workers: int = 2
    header_s: float = 10.0
    upload_s: float = 30.0
    hello_s: float = 5.0
    idle_s: float = 60.0
    stall_s: float = 30.0

    def __post_init__(self) -> None:
        for name in COUNTS:
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} must be 1 or more, got {getattr(self, name)}")
        for name in AMOUNTS:
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise ConfigError(f"{name} must be a number above 0, got {value}")
        object.__setattr__(self, "hosts", tuple(name.lower() for name in self.hosts))
        object.__setattr__(self, "origins", tuple(_origin(each) for each in self.origins))
        if self.token is not None:
            _check_token(self.token)

    @property
    def sample_limits(self) -> SampleLimits:
        """How much a store of samples takes."""
        return SampleLimits(
            **{each.name: getattr(self, each.name) for each in fields(SampleLimits)}
        )

    def admits(self, token: str | None) -> bool:
        """Whether ``token`` opens the server; takes the same time whatever is wrong with it."""
        if self.token is None:
            return True
        given = sha256((token or "").encode("utf-8", "replace")).digest()
        return hmac.compare_digest(given, sha256(self.token.encode()).digest())


def parse_limits(texts: Iterable[str]) -> dict[str, int | float]:
    """Arguments of ``Settings`` from ``NAME=VALUE``; the last one counts where a name comes twice.

    >>> parse_limits(["max_streams=4", "upload_s=2.5"])
    {'max_streams': 4, 'upload_s': 2.5}

    Raises:
        UnknownNameError: If there is no such limit.
        ConfigError: If a text is not ``NAME=VALUE`` or the value is no number.
    """
    found: dict[str, int | float] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise ConfigError(f"expected NAME=VALUE such as max_streams=4, got {text!r:.80}")
        if name not in LIMITS:
            raise unknown_name("limit", name, LIMITS)
        try:
            found[name] = int(value) if name in COUNTS else float(value)
        except ValueError as error:
            kind = "a whole number" if name in COUNTS else "a number"
            raise ConfigError(f"{name} must be {kind}, got {value!r:.80}") from error
    return found


def read_token(path: Path) -> str:
    """The token in a file that only its owner can read; white space around it is not part of it.

    Raises:
        ConfigError: If the file cannot be read, others can read it too, or it holds no token.
    """
    try:
        with path.open("rb") as file:
            # The open file is asked, not its name, which may mean another file by now.
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            content = file.read(_TOKEN_LENGTH[1] * 4)
    except OSError as error:
        raise ConfigError(f"the token file cannot be read: {error.strerror}") from error
    if mode & 0o077:
        raise ConfigError(
            f"others can read the token file (mode {mode:03o}); do: chmod 600 {path.name}"
        )
    token = content.decode("ascii", "replace").strip()
    _check_token(token)
    return token


def is_local(host: str) -> bool:
    """Whether an address to listen on can be reached from this machine alone.

    >>> is_local("localhost"), is_local("127.0.0.1"), is_local("0.0.0.0"), is_local("::1")
    (True, True, False, True)
    """
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def public_hosts(host: str, origins: Iterable[str] = ()) -> tuple[str, ...]:
    """Names that the Host header may have where the server listens on ``host``.

    Args:
        host: Name or address that is listened on.
        origins: Origins under which a proxy shows the server.
    """
    names = [urlsplit(_origin(origin)).hostname or "" for origin in origins]
    listened = [] if host in {"0.0.0.0", "::"} else [host.lower()]  # noqa: S104 - compared, not bound
    return tuple(dict.fromkeys([*LOCAL_HOSTS, *listened, *names]))


def _check_token(token: str) -> None:
    least, most = _TOKEN_LENGTH
    if not least <= len(token) <= most or not all("!" <= sign <= "~" for sign in token):
        raise ConfigError(
            f"a token must be {least} to {most} printable ASCII characters without blanks; "
            "do: python -c 'import secrets; print(secrets.token_urlsafe(32))'"
        )


def _origin(text: str) -> str:
    """The origin in lower case, as browsers send it."""
    try:
        parts = urlsplit(text.lower())
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path.strip("/"):
        raise ConfigError(f"expected an origin such as https://mien.example, got {text!r:.80}")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    usual = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{host}" + (f":{port}" if port not in {None, usual} else "")
