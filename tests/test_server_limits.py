"""Limits as a person writes them."""

from __future__ import annotations

import pytest

from mien.core.errors import ConfigError, UnknownNameError
from mien.server.settings import LIMITS, Settings, parse_limits


def test_limits_become_settings() -> None:
    found = parse_limits(["max_body=5", "upload_s=2.5", "max_body=6"])
    assert found == {"max_body": 6, "upload_s": 2.5}
    assert Settings(**found).upload_s == 2.5  # type: ignore[arg-type]


def test_every_limit_can_be_written() -> None:
    for name in LIMITS:
        assert getattr(Settings(**parse_limits([f"{name}=7"])), name) == 7  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["max_body", "max_body=", "max_body=1.5", "upload_s=long", ""])
def test_malformed_limits_are_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=r"expected|must be"):
        parse_limits([text])


def test_unknown_limits_name_the_near_ones() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'max_body'"):
        parse_limits(["max_boddy=1"])


@pytest.mark.parametrize("name", ["token", "hosts", "origins", "max_faces"])
def test_what_is_no_limit_of_the_server_cannot_be_set(name: str) -> None:
    with pytest.raises(UnknownNameError):
        parse_limits([f"{name}=1"])
