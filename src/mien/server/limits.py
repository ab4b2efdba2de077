"""Limits as a person writes them: ``max_body=20000000``, ``upload_s=60``."""

from __future__ import annotations

from collections.abc import Iterable

from mien.core.errors import ConfigError, unknown_name
from mien.server.settings import AMOUNTS, COUNTS

LIMITS = tuple(name for name in (*COUNTS, *AMOUNTS) if name != "max_faces")
"""Settings that are plain limits of the server; that of faces belongs to the recogniser."""


def parse_limits(texts: Iterable[str]) -> dict[str, int | float]:
    """Arguments of ``Settings``; of a name that comes twice the last one counts.

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
