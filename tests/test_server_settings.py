"""Limits, tokens and names that a server is configured with."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from mien.core.errors import ConfigError
from mien.server.settings import Settings, is_local, public_hosts, read_token

TOKEN = "correct-horse-battery-staple"


def test_defaults_are_the_documented_ones() -> None:
    settings = Settings()
    assert (settings.max_body, settings.max_pixels) == (10_000_000, 40_000_000)
    assert (settings.max_faces, settings.max_streams, settings.frame_rate) == (64, 8, 30.0)
    assert settings.token is None
    with pytest.raises(dataclasses.FrozenInstanceError):
        settings.max_body = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_body": 0}, {"max_pixels": -1}, {"max_faces": 0}, {"max_streams": 0}, {"workers": 0},
        {"frame_rate": 0.0}, {"frame_rate": float("nan")}, {"upload_s": float("inf")},
        {"token": "short"}, {"token": "with blanks in the middle"}, {"token": "ä" * 20},
        {"token": ""}, {"origins": ("mien.example",)}, {"origins": ("ftp://mien.example",)},
        {"origins": ("https://mien.example/page",)}, {"origins": ("https://mien.example:x",)},
        {"origins": ("*",)},
    ],
    ids=str,
)  # fmt: skip
def test_impossible_values_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        Settings(**wrong)


def test_a_typing_error_is_a_type_error() -> None:
    with pytest.raises(TypeError):
        Settings(max_boddy=1)  # type: ignore[call-arg]


def test_token_is_not_in_the_text_form() -> None:
    assert TOKEN not in repr(Settings(token=TOKEN))


@pytest.mark.parametrize("given", [None, "", TOKEN[:-1], TOKEN + "x", TOKEN.upper(), "ä\udce9"])
def test_only_the_whole_token_opens(given: str | None) -> None:
    assert Settings(token=TOKEN).admits(TOKEN)
    assert not Settings(token=TOKEN).admits(given)
    assert Settings().admits(given)


def test_names_are_compared_in_lower_case() -> None:
    settings = Settings(hosts=("Mien.Example",), origins=("HTTPS://Mien.Example:443",))
    assert settings.hosts == ("mien.example",)
    assert settings.origins == ("https://mien.example",)


def written(folder: Path, text: str, mode: int = 0o600) -> Path:
    path = folder / "token"
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


def test_token_file_is_read_without_white_space(tmp_path: Path) -> None:
    assert read_token(written(tmp_path, f"  {TOKEN}\n")) == TOKEN


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
def test_token_file_that_others_can_use_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(ConfigError, match="chmod 600") as caught:
        read_token(written(tmp_path, TOKEN, mode))
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize("text", ["", "short", "two words that are long enough", "é" * 30])
def test_token_file_without_a_token_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError, match="16 to 512 printable"):
        read_token(written(tmp_path, text))


def test_missing_token_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        read_token(tmp_path / "none")


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("localhost", True), ("127.0.0.1", True), ("127.8.8.8", True), ("::1", True),
        ("0.0.0.0", False), ("::", False), ("192.168.1.5", False), ("mien.example", False),
        ("localhost.evil.example", False), ("", False),
    ],
)  # fmt: skip
def test_which_addresses_are_local(host: str, local: bool) -> None:
    assert is_local(host) is local


def test_public_names_are_those_listened_on_and_published() -> None:
    assert public_hosts("127.0.0.1") == ("localhost", "127.0.0.1", "::1")
    assert "0.0.0.0" not in public_hosts("0.0.0.0")
    found = public_hosts("Box.local", ["https://mien.example:8443"])
    assert found[-2:] == ("box.local", "mien.example")
