"""Structured logs: one JSON object per line; never a picture, an address, a path or a token."""

from __future__ import annotations

import json
import logging
import time
from pathlib import PurePath
from traceback import extract_tb
from typing import IO, Any

LOG = logging.getLogger("mien.server")

# Whatever they say is reduced to where it came from: it may quote what a client sent.
_LIBRARIES = ("uvicorn.error", "asyncio", "python_multipart", "PIL")


def event(name: str, **fields: Any) -> None:
    """Log what happened, with numbers and names of ours only."""
    LOG.info(name, extra={"fields": fields})


def failure(name: str, error: BaseException, **fields: Any) -> None:
    """Log a defect by its type and place; its words may quote what a client sent."""
    LOG.error(name, extra={"fields": {**fields, **_described(error)}})


def start_logging(stream: IO[str]) -> None:
    """Send the log of the server, and the warnings of what it runs on, to ``stream``."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    for name, level in (
        (LOG.name, logging.INFO),
        *((library, logging.WARNING) for library in _LIBRARIES),
    ):
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.propagate = False
        logger.setLevel(level)


class JsonFormatter(logging.Formatter):
    """One JSON object per record; of the records of libraries only their template and error."""

    def format(self, record: logging.LogRecord) -> str:
        """The line of a record."""
        line: dict[str, Any] = {
            "time": f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(record.created))}"
            f".{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
        }
        if record.name == LOG.name:
            line |= {"event": str(record.msg), **getattr(record, "fields", {})}
        else:
            line |= {"event": "library", "logger": record.name, "template": str(record.msg).strip()}
            if record.exc_info and record.exc_info[1] is not None:
                line |= _described(record.exc_info[1])
        return json.dumps(line, default=str)


def _described(error: BaseException) -> dict[str, Any]:
    places = extract_tb(error.__traceback__)[-3:]
    return {
        "error": type(error).__name__,
        "where": [f"{PurePath(p.filename).name}:{p.lineno} {p.name}" for p in places],
    }
