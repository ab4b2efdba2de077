"""Static files: the page, and the documentation of the interface."""

from __future__ import annotations

import os
from pathlib import Path, PurePath
from typing import Any

from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from mien.core.errors import ConfigError

STATIC = Path(__file__).with_name("static")
"""Files of the documentation page."""

# Types that the tables of operating systems lack or have wrong; browsers are told not to guess.
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".onnx": "application/octet-stream",
    ".svg": "image/svg+xml",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}

INDEX = """mien: facial expressions, read by one small model. Expressions are not feelings.

GET  /healthz       whether the server is up
GET  /v1/model      what the model is, what it is for, and the limits of this server
POST /v1/analyze    one picture (body, or form field "image"): JPEG, PNG or WebP
WS   /v1/stream     live frames, subprotocol mien.v1
GET  /metrics       counters for Prometheus
GET  /docs          how to use all this; /openapi.json is the same for programs
"""


class Folder(StaticFiles):
    """A folder of files with fixed types; a browser asks each time whether they have changed.

    Args:
        directory: The folder; ``index.html`` stands for it.

    Raises:
        ConfigError: If it is no folder with an ``index.html``.
    """

    def __init__(self, directory: Path) -> None:
        if not (directory / "index.html").is_file():
            raise ConfigError(f"expected a folder with a page, {directory} has no index.html")
        super().__init__(directory=directory, html=True)

    def file_response(
        self, full_path: os.PathLike[str] | str, *args: Any, **kwargs: Any
    ) -> Response:
        """The answer with one file."""
        response = super().file_response(full_path, *args, **kwargs)
        kind = _TYPES.get(PurePath(full_path).suffix.lower())
        if kind and "content-type" in response.headers:
            response.headers["content-type"] = kind
        response.headers["cache-control"] = "no-cache"
        return response
