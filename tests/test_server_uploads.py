"""``POST /v1/analyze``: what is answered, and how everything else is refused."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from made_server import (
    Broken,
    Gate,
    bomb,
    client_of,
    made_app,
    picture,
    portrait_bytes,
    raw_request,
    recognizer,
)
from mien.core.rows import parse_row
from mien.runtime import Recognizer
from mien.server import Settings, create_app


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with client_of(made_app()) as made:
        yield made


@pytest.fixture(scope="module")
def small() -> Iterator[TestClient]:
    with client_of(made_app(max_body=2000)) as made:
        yield made


def refused(answer: Any, status: int, kind: str) -> str:
    assert answer.status_code == status
    assert list(answer.json()) == ["error"]
    assert answer.json()["error"]["type"] == kind
    assert answer.headers["content-type"] == "application/json"
    return answer.json()["error"]["message"]


def test_portrait_is_read_as_by_the_library() -> None:
    with client_of(create_app(recognizer("mtcnn"))) as client:
        answer = client.post("/v1/analyze", content=portrait_bytes())
    row = parse_row(answer.json())
    (face,) = row["faces"]
    assert (row["source"], row["frame"], row["time_s"]) == ("upload", 0, None)
    assert (row["width"], row["height"]) == (512, 512)
    assert (face["label"], face["smoothed"], face["track"]) == ("happy", None, None)
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("declared", ["image/jpeg", "text/plain", "application/pdf", None])
def test_content_decides_the_format(client: TestClient, kind: str, declared: str | None) -> None:
    headers = {} if declared is None else {"content-type": declared}
    answer = client.post("/v1/analyze", content=picture(kind), headers=headers)
    assert answer.status_code == 200
    assert (answer.json()["width"], answer.json()["height"]) == (40, 30)


def test_form_gives_what_the_body_gives(client: TestClient) -> None:
    raw = client.post("/v1/analyze", content=picture()).json()
    fields = {"note": "any", "other": "any"}
    form = {"image": ("../../etc/passwd", picture(), "text/html")}
    assert client.post("/v1/analyze", files=form, data=fields).json() == raw


@pytest.mark.parametrize(
    "body", [b"", b"hello", b"GIF89a" + bytes(50), b"BM" + bytes(50), b"<svg/>", b"\0" * 1000]
)
@pytest.mark.parametrize("form", [False, True])
def test_other_bytes_are_refused(client: TestClient, body: bytes, form: bool) -> None:
    sent: dict[str, Any] = {"files": {"image": ("a.jpg", body)}} if form else {"content": body}
    answer = client.post("/v1/analyze", **sent)
    if body:
        assert "JPEG or PNG or WebP" in refused(answer, 415, "UnsupportedMediaType")
    else:
        assert "got nothing" in refused(answer, 400, "BadRequest")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("share", [0.3, 0.9])
def test_truncated_pictures_are_refused(client: TestClient, kind: str, share: float) -> None:
    whole = picture(kind, (200, 150))
    answer = client.post("/v1/analyze", content=whole[: int(len(whole) * share)])
    assert "damaged" in refused(answer, 422, "ImageDecodeError")


def test_bomb_is_refused_by_its_dimensions(client: TestClient) -> None:
    assert len(bomb()) < 100_000
    answer = client.post("/v1/analyze", content=bomb())
    assert "64.0 megapixels (8000 x 8000), at most 40.0" in refused(answer, 422, "ImageDecodeError")


@pytest.mark.parametrize("extra", [1, 5000])
def test_too_large_a_body_is_refused(small: TestClient, extra: int) -> None:
    message = refused(small.post("/v1/analyze", content=bytes(2000 + extra)), 413, "TooLarge")
    assert "0.002 MB" in message


def test_body_at_the_limit_is_read(small: TestClient) -> None:
    refused(small.post("/v1/analyze", content=bytes(2000)), 415, "UnsupportedMediaType")


def test_too_large_a_body_without_length_is_refused() -> None:
    chunks = [
        {"type": "http.request", "body": bytes(900), "more_body": more}
        for more in (True, True, True, True, False)
    ]
    start, body = raw_request(made_app(max_body=2000), chunks)
    assert start["status"] == 413
    assert json.loads(body["body"])["error"]["type"] == "TooLarge"


@pytest.mark.parametrize("length", ["5", "100000", "-1", "1e3", "9" * 30, ""])
def test_lying_length_is_refused(client: TestClient, length: str) -> None:
    headers = {"content-length": length}
    answer = client.post("/v1/analyze", content=picture(), headers=headers)
    assert "Content-Length" in refused(answer, 400, "BadRequest")


def test_length_above_the_limit_is_refused_unread() -> None:
    headers = [(b"content-length", b"3000")]
    start, *_ = raw_request(made_app(max_body=2000), [], headers=headers)
    assert start["status"] == 413


def test_body_that_does_not_come_is_given_up() -> None:
    begun = {"type": "http.request", "body": picture()[:100], "more_body": True}
    headers = [(b"transfer-encoding", b"chunked")]
    start, *_ = raw_request(made_app(upload_s=0.01), [begun], headers=headers)
    assert start["status"] == 408
    assert (b"connection", b"close") in start["headers"]


def test_client_that_leaves_gets_no_answer_and_frees_its_place() -> None:
    app = made_app(max_requests=1)
    begun = {"type": "http.request", "body": picture()[:100], "more_body": True}
    assert raw_request(app, [begun, {"type": "http.disconnect"}]) == []
    whole = {"type": "http.request", "body": picture(), "more_body": False}
    assert raw_request(app, [whole])[0]["status"] == 200


def test_compressed_body_is_refused(client: TestClient) -> None:
    headers = {"content-encoding": "gzip"}
    answer = client.post("/v1/analyze", content=picture(), headers=headers)
    refused(answer, 415, "UnsupportedMediaType")


@pytest.mark.parametrize("parts", [65, 1000, 10_001])
def test_many_parts_are_refused(client: TestClient, parts: int) -> None:
    part = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
    headers = {"content-type": "multipart/form-data; boundary=x"}
    answer = client.post("/v1/analyze", content=part * parts + b"--x--\r\n", headers=headers)
    assert "at most 64 parts" in refused(answer, 400, "BadRequest")


def form(*names: bytes, data: bytes = b"1", end: bytes = b"--x--\r\n") -> bytes:
    head = b'--x\r\nContent-Disposition: form-data; name="%s"\r\n\r\n'
    return b"".join(head % name + data + b"\r\n" for name in names) + end


@pytest.mark.parametrize(
    ("body", "kind", "words"),
    [
        (form(b"picture"), "multipart/form-data; boundary=x", "one field 'image'"),
        (form(), "multipart/form-data; boundary=x", "one field 'image'"),
        (form(b"image", b"image"), "multipart/form-data; boundary=x", "got 2"),
        (form(b"image", end=b""), "multipart/form-data; boundary=x", "form"),
        (form(b"image")[:30], "multipart/form-data; boundary=x", "form"),
        (form(b"image"), "multipart/form-data; boundary=y", "form"),
        (form(b"image"), "multipart/form-data", "boundary"),
        (form(b"image"), "multipart/form-data; boundary=" + "x" * 500, "form"),
        (b"", "multipart/form-data; boundary=x", "form"),
        (b"--x\r\n" + b"A: b\r\n" * 50, "multipart/form-data; boundary=x", "form"),
        (b"--x\r\nA: " + b"b" * 100_000, "multipart/form-data; boundary=x", "form"),
    ],
)
def test_malformed_forms_are_refused(
    client: TestClient, body: bytes, kind: str, words: str
) -> None:
    answer = client.post("/v1/analyze", content=body, headers={"content-type": kind})
    assert words in refused(answer, 400, "BadRequest")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods_are_refused(client: TestClient, method: str) -> None:
    answer = client.request(method, "/v1/analyze")
    refused(answer, 405, "MethodNotAllowed")
    assert answer.headers["allow"] == "POST"


def test_more_uploads_than_places_are_asked_to_come_again() -> None:
    gate = Gate()
    app = create_app(Recognizer(detector=gate, threads=1), Settings(max_requests=1))
    with client_of(app) as client:
        first: list[int] = []
        thread = threading.Thread(
            target=lambda: first.append(client.post("/v1/analyze", content=picture()).status_code)
        )
        thread.start()
        gate.await_asked()
        answer = client.post("/v1/analyze", content=picture())
        free = client.get("/healthz").status_code
        gate.open.set()
        thread.join()
        refused(answer, 503, "Busy")
        assert answer.headers["retry-after"] == "1"
        assert (free, first) == (200, [200])
        assert client.post("/v1/analyze", content=picture()).status_code == 200


def test_defect_is_answered_without_its_words(caplog: pytest.LogCaptureFixture) -> None:
    with client_of(create_app(Recognizer(detector=Broken(), threads=1))) as client:
        message = refused(client.post("/v1/analyze", content=picture(shade=0)), 500, "ServerError")
        assert "secret" not in message
        assert client.post("/v1/analyze", content=picture()).status_code == 200
    (record,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert record.fields["error"] == "ZeroDivisionError"  # type: ignore[attr-defined]
    assert "secret" not in str(record.__dict__)
