"""Teaching by consent over HTTP: routes that exist only when asked for, and what they refuse."""

from __future__ import annotations

import json
import threading
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from made_server import TOKEN, Gate, bomb, client_of, made_app, picture, recognizer
from made_stores import crop
from mien.runtime import Recognizer
from mien.server import Settings, create_app
from mien.server.settings import COUNTS
from mien.store.samples import SampleLimits, SampleStore
from teaching import WORDS, begun, png, refused, sent

ROUTES = (
    ("POST", "/v1/sessions"), ("POST", "/v1/samples"), ("GET", "/v1/samples"),
    ("GET", "/v1/samples/x"), ("DELETE", "/v1/samples"), ("DELETE", "/v1/samples/x"),
)  # fmt: skip


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_without_collecting_there_is_no_such_route(method: str, path: str) -> None:
    with client_of(made_app()) as client:
        refused(client.request(method, path), 404, "NotFound")
        assert client.get("/v1/model").json()["collects"] is False
        assert "/v1/samples" not in client.get("/openapi.json").json()["paths"]


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_sender_is_checked_as_everywhere(store: SampleStore, method: str, path: str) -> None:
    with client_of(create_app(recognizer(), Settings(token=TOKEN), samples=store)) as client:
        refused(client.request(method, path), 401, "Unauthorized")
        token = {"authorization": f"Bearer {TOKEN}"}
        for wrong in ({"host": "evil.example"}, {"origin": "https://evil.example"}):
            refused(client.request(method, path, headers={**token, **wrong}), 403, "Forbidden")
        answer = client.request(method, path, headers=token)
        assert answer.status_code in {200, 400, 404}
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"session": "none"}, "no consent is on record"),
        ({"consent": "2"}, "agreed to version '1'"),
    ],
)
def test_without_consent_nothing_is_kept(
    client: TestClient, store: SampleStore, said: dict[str, str], words: str
) -> None:
    answer = sent(client, png(crop(0)), **{"session": begun(client), **said})
    assert words in refused(answer, 403, "Forbidden")
    assert store.page() == ([], None)


@pytest.mark.parametrize(
    "body",
    [
        b"", b"x", b"[]", b"{}", b'{"version": "1"}', b'{"version": 1, "words": "w"}',
        b'{"version": "", "words": "w"}', b'{"version": "1", "words": " "}', b"\xff\xfe",
        b'{"version": "1", "words": "w", "more": 1}', b'{"version": "1", "words": NaN}',
        b'{"version": "1", "words": "\\ud800"}', b"[" * 100_000,
        json.dumps({"version": "v" * 65, "words": "w"}).encode(),
        json.dumps({"version": "1", "words": "w" * 8001}).encode(),
    ],
    ids=lambda body: str(body[:40]),
)  # fmt: skip
def test_malformed_consent_is_refused(client: TestClient, store: SampleStore, body: bytes) -> None:
    refused(client.post("/v1/sessions", content=body), 400, "BadRequest")
    assert store.sessions() == []


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"label": "bored"}, "this model has angry"),
        ({"label": None}, "label must be text"),
        ({"session": 5}, "session must be text"),
        ({"session": "\ud800"}, "session must be text"),
        ({"consent": ""}, "consent must be text"),
        ({"extra": 1}, "at most box, landmarks"),
        ({"box": [1, 2, 3]}, "box must be 4 numbers"),
        ({"box": "all"}, "box must be 4 numbers"),
        ({"box": [0, 0, True, 9]}, "box must be 4 numbers"),
        ({"box": [0, 0, 1e300, 9]}, "box must be 4 numbers"),
        ({"box": [30, 30, 10, 10]}, "box of a face in a picture of 60 x 40"),
        ({"box": [5, 5, 5, 20]}, "box of a face"),
        ({"box": [100, 100, 140, 140]}, "box of a face"),
        ({"box": [-40, 0, 19, 40]}, "box of a face"),
        ({}, "square crop, got 60 x 40"),
        ({"landmarks": [[1, 1]] * 5}, "give its box too"),
        ({"box": [0, 0, 40, 40], "landmarks": [[1, 1]] * 4}, "five points"),
        ({"box": [0, 0, 40, 40], "landmarks": [[1, None]] * 5}, "each landmark must be 2"),
    ],
    ids=str,
)
def test_malformed_sample_is_refused(
    client: TestClient, store: SampleStore, said: dict[str, Any], words: str
) -> None:
    answer = sent(client, picture("PNG", (60, 40)), **{"session": begun(client), **said})
    assert words in refused(answer, 400, "BadRequest")
    assert store.page() == ([], None)


@pytest.mark.parametrize("given", ["", "[]", "null", "{", "NaN"])
def test_sample_that_is_no_object_is_refused(client: TestClient, given: str) -> None:
    answer = client.post("/v1/samples", files={"image": png(crop(0))}, data={"sample": given})
    assert "JSON object of consent, label, session" in refused(answer, 400, "BadRequest")


def test_the_form_must_be_whole(client: TestClient) -> None:
    said = json.dumps({"session": begun(client), "consent": "1", "label": "happy"})
    image = {"image": png(crop(0))}
    without = client.post("/v1/samples", files=image)
    assert "one field 'sample', got 0" in refused(without, 400, "BadRequest")
    without = client.post("/v1/samples", files={"other": b"x"}, data={"sample": said})
    assert "one field 'image', got 0" in refused(without, 400, "BadRequest")
    raw = client.post("/v1/samples", content=png(crop(0)))
    assert "expected a form" in refused(raw, 400, "BadRequest")


@pytest.mark.parametrize(
    ("image", "status", "kind"),
    [
        (b"GIF89a" + bytes(50), 415, "UnsupportedMediaType"),
        (b"", 415, "UnsupportedMediaType"),
        (picture("JPEG")[:300], 422, "ImageDecodeError"),
        (bomb(), 422, "ImageDecodeError"),
    ],
    ids=("gif", "empty", "cut off", "bomb"),
)
def test_what_is_no_picture_is_refused(
    client: TestClient, store: SampleStore, image: bytes, status: int, kind: str
) -> None:
    refused(sent(client, image, session=begun(client)), status, kind)
    assert store.page() == ([], None)


def test_limits_are_named(tmp_path: Path) -> None:
    limits = SampleLimits(max_sessions=2, max_session_samples=1)
    with (
        SampleStore(tmp_path / "few", create=True, limits=limits) as store,
        client_of(create_app(recognizer(), samples=store)) as client,
    ):
        session = begun(client)
        assert sent(client, png(crop(0)), session=session).status_code == 201
        answer = sent(client, png(crop(1)), session=session)
        assert "a session takes 1 samples" in refused(answer, 409, "Full")
        assert answer.json()["error"]["limit"] == "max_session_samples"
        begun(client)
        third = client.post("/v1/sessions", json={"version": "1", "words": WORDS})
        assert "2 sessions at most" in refused(third, 409, "Full")
        assert third.json()["error"]["limit"] == "max_sessions"


def test_limits_have_the_names_that_settings_have() -> None:
    assert {field.name for field in fields(SampleLimits)} <= set(COUNTS)


def test_settings_decide_the_limits() -> None:
    settings = Settings(
        max_sessions=1, max_samples=2, max_session_samples=3, max_sample_bytes=40_000
    )
    assert settings.sample_limits == SampleLimits(1, 2, 3, 40_000)


def test_a_body_that_is_too_large_is_refused(store: SampleStore) -> None:
    app = create_app(recognizer(), Settings(max_body=2000), samples=store)
    with client_of(app) as client:
        for path in ("/v1/sessions", "/v1/samples"):
            refused(client.post(path, content=bytes(3000)), 413, "TooLarge")


def test_a_consent_is_no_place_for_megabytes(client: TestClient) -> None:
    refused(client.post("/v1/sessions", content=bytes(200_000)), 413, "TooLarge")
    words = "\N{GRINNING FACE}" * 8000  # the longest, in the longest writing of JSON
    assert client.post("/v1/sessions", json={"version": "1", "words": words}).status_code == 201


def test_samples_wait_for_a_place_among_uploads(store: SampleStore) -> None:
    gate = Gate()
    app = create_app(Recognizer(detector=gate, threads=1), Settings(max_requests=1), samples=store)
    with client_of(app) as client:
        session = begun(client)
        thread = threading.Thread(target=lambda: client.post("/v1/analyze", content=picture()))
        thread.start()
        gate.await_asked()
        answer = sent(client, png(crop(0)), session=session)
        consent = client.post("/v1/sessions", json={"version": "1", "words": "yes"})
        gate.open.set()
        thread.join()
        refused(answer, 503, "Busy")
        refused(consent, 503, "Busy")
        assert sent(client, png(crop(0)), session=session).status_code == 201


@pytest.mark.parametrize(
    "query",
    [
        "limit=0", "limit=1001", "limit=x", "limit=", "after=-1", "after=9223372036854775808",
        "sesion=x", "limit=1&limit=2", "session=", "after=1e3", "limit=%D9%A1",
    ],
)  # fmt: skip
def test_malformed_queries_are_refused(client: TestClient, query: str) -> None:
    refused(client.get(f"/v1/samples?{query}"), 400, "BadRequest")


@pytest.mark.parametrize("query", ["sesion=a", "session=", "session=a&session=b", "all=1"])
def test_a_slip_does_not_delete_everything(client: TestClient, query: str) -> None:
    sent(client, png(crop(0)), session=begun(client))
    refused(client.delete(f"/v1/samples?{query}"), 400, "BadRequest")
    assert client.get("/v1/samples").json()["total"] == 1
