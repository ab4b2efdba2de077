"""The page: files in memory, sent compressed where that helps, and never from anywhere else."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path, PurePosixPath
from threading import Lock

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from mien.core.errors import ConfigError

STATIC = Path(__file__).with_name("static")
"""Files of the documentation page."""

# Types that the tables of operating systems lack or have wrong; browsers may not guess.
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".onnx": "application/octet-stream",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
_PACKED = frozenset(_TYPES) - {".onnx", ".png", ".woff2"}  # weights and pictures stay as large
_LEVEL = 6

INDEX = """mien: facial expressions, read by one small model. Expressions are not feelings.

GET  /healthz       whether the server is up
GET  /v1/model      what the model is, what it is for, and the limits of this server
POST /v1/analyze    one picture (body, or form field "image"): JPEG, PNG or WebP
WS   /v1/stream     live frames, subprotocol mien.v1
GET  /metrics       counters for Prometheus
GET  /docs          how to use all this; /openapi.json is the same for programs
"""


class Page:
    """Answers with one of a fixed set of files.

    A browser asks each time whether a file has changed; what it has kept is confirmed by ETag.

    Args:
        files: Bytes by path, without a slash in front; ``index.html`` stands for the folder.

    Raises:
        ConfigError: If there is no ``index.html``, or a file of a type without a media type.
    """

    def __init__(self, files: Mapping[str, bytes]) -> None:
        if "index.html" not in files:
            raise ConfigError("expected the files of a page, there is no index.html among them")
        for path in files:
            if _suffix(path) not in _TYPES:
                raise ConfigError(
                    f"{path} has no known media type; known endings: {', '.join(_TYPES)}"
                )
        self._files = {"": files["index.html"], **files}
        self._tags = {p: f'"{hashlib.sha256(data).hexdigest()[:32]}"' for p, data in files.items()}
        self._tags[""] = self._tags["index.html"]
        self._lock = Lock()  # a large file is compressed once, however many ask at first
        self._packed = lru_cache(maxsize=None)(
            lambda path: gzip.compress(self._files[path], _LEVEL, mtime=0)
        )

    @property
    def paths(self) -> tuple[str, ...]:
        """What is served; the empty path is ``index.html``."""
        return tuple(self._files)

    def answer(self, request: Request, path: str = "") -> Response:
        """One file; blocks while it is compressed for the first time.

        Raises:
            HTTPException: 404.
        """
        if path not in self._files:
            raise HTTPException(404)
        headers = {"cache-control": "no-cache", "etag": self._tags[path], "vary": "accept-encoding"}
        if self._tags[path] in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        data = self._files[path]
        suffix = _suffix(path or "index.html")
        if suffix in _PACKED and "gzip" in request.headers.get("accept-encoding", ""):
            with self._lock:
                data = self._packed(path)
            headers["content-encoding"] = "gzip"
        return Response(data, headers=headers, media_type=_TYPES[suffix])


def _suffix(path: str) -> str:
    return PurePosixPath(path).suffix.lower()
