"""``mien serve``: what it refuses to start, and what it says when it starts."""

from __future__ import annotations

import json
import logging
import socket
import ssl
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import mien.server
from made_server import TOKEN, client_of
from mien.cli import run
from mien.core.errors import install_line
from mien.server.listen import open_socket
from served import token_file_in

LOGGERS = ("mien.server", "uvicorn.error", "asyncio", "python_multipart", "PIL")


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    return token_file_in(tmp_path)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the command would serve; nothing listens."""
    calls: list[dict[str, Any]] = []

    def serve(app: Any, sock: socket.socket, settings: Any, *, tls: Any, on_start: Any) -> None:
        on_start()
        address = sock.getsockname()
        calls.append({"app": app, "address": address, "settings": settings, "tls": tls})

    monkeypatch.setattr("mien.server.listen.serve", serve)
    monkeypatch.setattr("mien.store.page.built_page", lambda: {"index.html": b"the page"})
    monkeypatch.setattr("mien.store.page.has_page", lambda: True)
    for name in LOGGERS:
        logger = logging.getLogger(name)
        for attribute in ("handlers", "propagate", "level"):
            monkeypatch.setattr(logger, attribute, getattr(logger, attribute))
    return calls


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "mien.example"])
def test_public_address_needs_a_token(
    host: str, started: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["serve", "--host", host, "--port", "0"]) == 2
    err = capsys.readouterr().err
    assert "--token-file" in err
    assert "--insecure" in err
    assert started == []


@pytest.mark.parametrize("given", [["--tls-cert", "a.crt"], ["--tls-key", "a.key"]])
def test_certificate_and_key_need_one_another(
    given: list[str], started: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["serve", *given]) == 2
    assert "need one another" in capsys.readouterr().err
    assert started == []


def test_token_file_that_others_can_read_is_refused(
    token_file: Path, started: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    token_file.chmod(0o644)
    assert run(["serve", "--token-file", str(token_file)]) == 1
    err = capsys.readouterr().err
    assert "chmod 600" in err
    assert TOKEN not in err
    assert started == []


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (["--public-url", "mien.example"], "expected an origin"),
        (["--tls-cert", "none.crt", "--tls-key", "none.key"], "certificate and key"),
        (["--host", "192.0.2.7", "--insecure"], "cannot listen on 192.0.2.7"),
    ],
)
def test_what_cannot_be_used_is_one_line(
    line: list[str], words: str, started: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["serve", "--port", "0", *line]) == 1
    err = capsys.readouterr().err
    assert words in err
    assert err.count("\n") == 1
    assert started == []


def test_taken_port_is_told(started: list[Any], capsys: pytest.CaptureFixture[str]) -> None:
    with open_socket("127.0.0.1", 0) as taken:
        taken.listen()
        port = taken.getsockname()[1]
        assert run(["serve", "--port", str(port)]) == 1
    assert f"port {port}" in capsys.readouterr().err
    assert started == []


@pytest.mark.parametrize("missing", ["starlette", "uvicorn", "websockets", "python_multipart"])
def test_missing_extra_names_its_install_line(
    missing: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(mien, "server", mien.server)  # the package forgets its new import again
    for name in [*sys.modules]:
        if name == "mien.server" or name.startswith(("mien.server.", "uvicorn", f"{missing}.")):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    assert run(["serve"]) == 1
    assert install_line("serve") in capsys.readouterr().err


def test_command_line_does_not_load_the_server() -> None:
    program = "import sys, mien.cli; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert "mien" in loaded
    assert not loaded & {"fastapi", "starlette", "uvicorn", "websockets", "pydantic", "anyio"}


def told(err: str) -> list[str]:
    (line,) = [json.loads(line) for line in err.splitlines()]
    assert line["event"] == "start"
    return line["words"]


def test_defaults_listen_to_this_machine(
    started: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["serve", "--port", "0"]) == 0
    (call,) = started
    host, port = call["address"]
    assert host == "127.0.0.1"
    assert call["settings"].hosts == ("localhost", "127.0.0.1", "::1")
    assert call["settings"].token is None
    out, err = capsys.readouterr()
    assert out == ""
    first, camera = told(err)
    assert first == f"listening on http://localhost:{port} (Ctrl-C stops)"
    assert "HTTPS" in camera
    assert "--tls-cert" in camera


def test_page_is_served_with_the_models(started: list[Any]) -> None:
    assert run(["serve", "--port", "0"]) == 0
    with client_of(started[0]["app"]) as client:
        assert client.get("/").text == "the page"
        (entry,) = client.get("/models.json").json()["models"]
        assert client.get(f"/{entry['folder']}/card.json").json()["name"] == entry["name"]


def test_page_learns_whether_the_server_collects(started: list[Any], tmp_path: Path) -> None:
    assert run(["serve", "--port", "0"]) == 0
    assert run(["serve", "--port", "0", "--collect", str(tmp_path / "samples")]) == 0
    told = []
    for each in started:
        with client_of(each["app"]) as client:
            told.append(client.get("/models.json").json()["collects"])
    assert told == [False, True]


def test_without_a_page_it_says_how_to_get_one(
    started: list[Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("mien.store.page.has_page", lambda: False)
    assert run(["serve", "--port", "0"]) == 0
    assert "make page builds it" in capsys.readouterr().err
    with client_of(started[0]["app"]) as client:
        assert "/v1/analyze" in client.get("/").text


def test_options_reach_the_server(
    started: list[Any], token_file: Path, certificate: tuple[Path, Path],
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    cert, key = map(str, certificate)
    line = ["--host", "0.0.0.0", "--port", "0", "--token-file", str(token_file)]
    line += ["--tls-cert", cert, "--tls-key", key, "--public-url", "https://mien.example"]
    line += ["--precision", "int8", "--detector", "none"]
    assert run(["serve", *line]) == 0
    (call,) = started
    settings = call["settings"]
    assert settings.token == TOKEN
    assert settings.origins == ("https://mien.example",)
    assert "mien.example" in settings.hosts
    assert isinstance(call["tls"], ssl.SSLContext)
    err = capsys.readouterr().err
    first, *others = told(err)
    assert first.startswith("listening on https://localhost:")
    assert others[-1] == "clients must give the token that is in the file of --token-file"
    assert TOKEN not in err


def test_an_address_that_a_phone_can_open_is_told(
    started: list[Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("mien.cli.serve._address_of_this_machine", lambda: "192.0.2.7")
    assert run(["serve", "--host", "0.0.0.0", "--port", "0", "--insecure"]) == 0
    port = started[0]["address"][1]
    words = told(capsys.readouterr().err)
    assert f"on this network: http://192.0.2.7:{port}" in words
    assert "subjectAltName=IP:192.0.2.7)" in words[-1]
    monkeypatch.setattr("mien.cli.serve._address_of_this_machine", lambda: None)
    assert run(["serve", "--port", "0"]) == 0
    words = told(capsys.readouterr().err)
    assert "subjectAltName=IP:ADDRESS-OF-THIS-MACHINE)" in words[-1]
    assert "on this network" not in "".join(words)


def test_public_address_without_tls_is_warned_about(
    started: list[Any], token_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = ["serve", "--host", "0.0.0.0", "--port", "0"]
    for way in (["--insecure"], ["--token-file", str(token_file)]):
        assert run([*line, *way]) == 0
        assert "without TLS" in told(capsys.readouterr().err)[1]
    assert [call["settings"].token for call in started] == [None, TOKEN]


def test_words_are_for_people_on_a_terminal(
    started: list[Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("mien.cli.console.on_terminal", lambda _: True)
    assert run(["serve", "--port", "0"]) == 0
    assert capsys.readouterr().err.startswith("mien: listening on http://localhost:")


@pytest.mark.parametrize(
    ("extra", "code"),
    [
        (["--public-url", "https://mien.example"], 2),
        (["--public-url", "https://mien.example", "--insecure"], 0),
        (["--public-url", "http://localhost:9000"], 0),
        (["--public-url", "https://mien.example", "--insecure", "--collect", "kept"], 2),
    ],
)
def test_who_comes_through_a_proxy_needs_a_token_too(
    extra: list[str],
    code: int,
    started: list[Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["serve", "--port", "0", *extra]) == code
    assert ("give --token-file FILE" in capsys.readouterr().err) == (code == 2)
    assert len(started) == (code == 0)
