"""Who may ask: Host, Origin and token on every route; the headers of every answer."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient, WebSocketDenialResponse
from starlette.websockets import WebSocketDisconnect

from made_server import TOKEN, client_of, frame, made_app, picture, stream
from mien.server.events import start_logging
from mien.server.guard.security import HEADERS, check_sender
from mien.server.refusals import RefusalError
from mien.server.settings import Settings

PATHS = ("/", "/healthz", "/v1/model", "/metrics", "/openapi.json", "/docs", "/nothing", "/v1/none")


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with client_of(made_app(origins=("https://mien.example",), hosts=("localhost", "::1"))) as made:
        yield made


@pytest.fixture(scope="module")
def locked() -> Iterator[TestClient]:
    with client_of(made_app(token=TOKEN)) as made:
        yield made


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "localhost:80:80", "[::1", "10.1.2.3", ""]
)
def test_wrong_host_is_refused(client: TestClient, path: str, host: str) -> None:
    answer = client.get(path, headers={"host": host})
    assert answer.status_code == 403
    assert answer.json()["error"]["type"] == "Forbidden"


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8000", "[::1]:8000", "[::1]"])
def test_right_host_is_served(client: TestClient, host: str) -> None:
    assert client.get("/healthz", headers={"host": host}).status_code == 200


def test_two_hosts_are_refused(client: TestClient) -> None:
    answer = client.get("/healthz", headers=[("host", "localhost"), ("host", "localhost")])
    assert answer.status_code == 400


@pytest.mark.parametrize("path", PATHS)
def test_huge_headers_are_refused(client: TestClient, path: str) -> None:
    assert client.get(path, headers={"x": "y" * 16_384}).status_code == 431
    many = [(f"x{number}", "y" * 80) for number in range(200)]
    assert client.get(path, headers=many).status_code == 431


def test_address_that_was_reached_is_a_right_host() -> None:
    with client_of(made_app(), "http://10.1.2.3:8000") as client:
        assert client.get("/healthz").status_code == 200
        assert client.get("/healthz", headers={"host": "10.1.2.4"}).status_code == 403
    # as a socket of both families says it; older test clients cannot parse such an address
    reached = {"type": "http", "scheme": "http", "path": "/", "server": ("::ffff:10.1.2.3", 8000)}
    check_sender({**reached, "headers": [(b"host", b"10.1.2.3:8000")]}, Settings())
    with pytest.raises(RefusalError, match="names another server"):
        check_sender({**reached, "headers": [(b"host", b"10.1.2.4:8000")]}, Settings())


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "null",
        "https://localhost",
        "http://localhost:81",
        "http://localhost/",
    ],
)
def test_wrong_origin_is_refused(client: TestClient, path: str, origin: str) -> None:
    answer = client.get(path, headers={"origin": origin})
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("origin", ["http://localhost", "https://mien.example"])
def test_own_and_published_origin_are_served(client: TestClient, origin: str) -> None:
    assert client.post(
        "/v1/analyze", content=picture(), headers={"origin": origin}
    ).status_code == 200  # fmt: skip


@pytest.mark.parametrize(
    "headers",
    [{"host": "evil.example"}, {"origin": "http://evil.example"}, {"origin": "ws://localhost"}],
    ids=str,
)
def test_wrong_host_and_origin_are_refused_before_the_handshake(
    client: TestClient, headers: dict[str, str]
) -> None:
    with pytest.raises(WebSocketDenialResponse) as caught, stream(client, headers=headers):
        pytest.fail("the handshake went through")
    assert caught.value.status_code == 403
    assert caught.value.headers["content-security-policy"] == HEADERS["content-security-policy"]


def test_stream_from_the_own_page_is_served(client: TestClient) -> None:
    with stream(client, headers={"origin": "http://localhost"}) as socket:
        socket.send_bytes(frame(1, 0.0))
        assert socket.receive_json()["id"] == 1


def test_no_stream_elsewhere(client: TestClient) -> None:
    with (
        pytest.raises(WebSocketDisconnect),
        client.websocket_connect("ws://localhost/v1/other", subprotocols=["mien.v1"]),
    ):
        pytest.fail("the handshake went through")


@pytest.mark.parametrize("path", PATHS)
def test_headers_are_on_every_answer(client: TestClient, locked: TestClient, path: str) -> None:
    answers = [
        client.get(path),
        client.post(path, content=b"x"),
        client.get(path, headers={"host": "evil.example"}),
        locked.get(path),
    ]
    for answer in answers:
        assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
        if path.startswith("/v1"):
            assert answer.headers["cache-control"] == "no-store"


def test_policy_is_the_designed_one() -> None:
    parts = HEADERS["content-security-policy"].split("; ")
    designed = [
        "default-src 'self'", "script-src 'self' 'wasm-unsafe-eval'", "worker-src 'self' blob:",
    ]  # fmt: skip
    assert parts[:3] == designed
    assert not any("unsafe-inline" in part or "http" in part for part in parts)


@pytest.mark.parametrize(
    "given",
    [None, "Bearer", "Bearer wrong-wrong-wrong-wrong", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN}x"],
)
def test_wrong_token_opens_nothing_that_is_guarded(locked: TestClient, given: str | None) -> None:
    headers = {} if given is None else {"authorization": given}
    for method, path in (("GET", "/v1/model"), ("POST", "/v1/analyze"), ("GET", "/metrics")):
        answer = locked.request(method, path, headers=headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
    assert locked.get("/v1/model", params={"token": TOKEN}).status_code == 401


def test_right_token_opens(locked: TestClient) -> None:
    headers = {"authorization": f"bearer {TOKEN}"}
    for path in ("/v1/model", "/metrics"):
        assert locked.get(path, headers=headers).status_code == 200
    assert locked.post("/v1/analyze", content=picture(), headers=headers).status_code == 200
    twice = [("authorization", f"Bearer {TOKEN}")] * 2
    assert locked.get("/v1/model", headers=twice).status_code == 400


def test_what_holds_no_secret_needs_no_token(locked: TestClient) -> None:
    for path in ("/", "/healthz", "/docs", "/openapi.json"):
        assert locked.get(path).status_code == 200


@pytest.mark.parametrize(
    ("token", "code"),
    [(None, 4401), ("wrong-wrong-wrong-wrong", 4401), (TOKEN + "x", 4401), (7, 1008)],
)
def test_stream_with_a_wrong_token_is_closed(locked: TestClient, token: object, code: int) -> None:
    hello = {} if token is None else {"token": token}
    with stream(locked, hello) as socket, pytest.raises(WebSocketDisconnect) as caught:
        socket.receive_json()
    assert caught.value.code == code
    assert "token" in caught.value.reason


def test_stream_takes_the_token_from_its_message_or_its_header(locked: TestClient) -> None:
    headers = {"authorization": f"Bearer {TOKEN}"}
    for hello, options in (({"token": TOKEN}, {}), ({}, {"headers": headers})):
        with stream(locked, hello, **options) as socket:
            socket.send_bytes(frame(3, 0.0))
            assert socket.receive_json()["id"] == 3
    wrong = {"authorization": "Bearer wrong-wrong-wrong-wrong"}
    with pytest.raises(WebSocketDenialResponse) as caught, stream(locked, headers=wrong):
        pytest.fail("the handshake went through")
    assert caught.value.status_code == 401


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    held = io.StringIO()
    for name in ("mien.server", "uvicorn.error", "asyncio"):
        logger = logging.getLogger(name)
        for attribute in ("handlers", "propagate", "level"):
            monkeypatch.setattr(logger, attribute, getattr(logger, attribute))
    start_logging(held)
    return held


def test_logs_have_neither_token_nor_address_nor_picture(
    locked: TestClient, log: io.StringIO
) -> None:
    headers = {"authorization": f"Bearer {TOKEN}", "user-agent": "telling"}
    locked.get("/v1/model", headers=headers, params={"token": TOKEN})
    locked.get(f"/{TOKEN}", headers=headers)
    locked.post("/v1/analyze", headers=headers, files={"image": ("anna.jpg", picture())})
    locked.post("/v1/analyze", headers=headers, content=b"anna.jpg is no picture")
    with stream(locked, {"token": TOKEN}) as socket:
        socket.send_bytes(frame(3, 0.0))
        socket.receive_json()
    with stream(locked, {"token": TOKEN + "x"}) as socket, pytest.raises(WebSocketDisconnect):
        socket.receive_json()
    text = log.getvalue()
    for secret in (TOKEN, "anna", "telling", "testclient", "JFIF"):
        assert secret not in text
    lines = [json.loads(line) for line in text.splitlines()]
    requests = [(line["route"], line["status"]) for line in lines if line["event"] == "request"]
    assert requests == [
        ("/v1/model", 200), ("other", 404), ("/v1/analyze", 200), ("/v1/analyze", 415),
    ]  # fmt: skip
    streams = [(line["code"], line["answered"]) for line in lines if line["event"] == "stream"]
    assert streams == [(1000, 1), (4401, 0)]


def test_library_logs_are_reduced_to_templates(log: io.StringIO) -> None:
    logging.getLogger("uvicorn.error").warning("failed for %s", TOKEN)
    (line,) = [json.loads(line) for line in log.getvalue().splitlines()]
    assert line["template"] == "failed for %s"
    logging.getLogger("uvicorn.error").info("said for %s", TOKEN)
    assert "said" not in log.getvalue()
