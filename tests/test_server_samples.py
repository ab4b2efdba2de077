"""Teaching by consent over HTTP: routes that exist only when asked for, and what they refuse."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from made_pictures import scene
from made_server import (
    TOKEN,
    Gate,
    bomb,
    client_of,
    made_app,
    picture,
    portrait_bytes,
    recognizer,
)
from mien.core.faces import Faces
from mien.data.samples import load_samples
from mien.runtime import Recognizer
from mien.server import Settings, create_app
from mien.server.frames import grey_frame
from mien.server.samples_route import LEFT_ALONE, LIMITS
from mien.server.settings import COUNTS
from mien.store.images import read_image
from mien.store.samples import SampleLimits, SampleStore

WORDS = "The crops that I label may be kept on this machine until I delete them. ক্\u200dষ"
ROUTES = (
    ("POST", "/v1/sessions"), ("POST", "/v1/samples"), ("GET", "/v1/samples"),
    ("GET", "/v1/samples/x"), ("DELETE", "/v1/samples"), ("DELETE", "/v1/samples/x"),
)  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SampleStore]:
    with SampleStore(tmp_path / "samples", create=True) as made:
        yield made


@pytest.fixture
def client(store: SampleStore) -> Iterator[TestClient]:
    with client_of(create_app(recognizer(), samples=store)) as made:
        yield made


def begun(client: TestClient, version: str = "1") -> str:
    answer = client.post("/v1/sessions", json={"version": version, "words": WORDS})
    assert answer.status_code == 201
    assert answer.json()["version"] == version
    return answer.json()["session"]


def png(pixels: np.ndarray) -> bytes:
    held = io.BytesIO()
    Image.fromarray(pixels).save(held, "PNG")
    return held.getvalue()


def crop(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (48, 48), np.uint8)


def sent(client: TestClient, image: bytes, **sample: Any) -> Any:
    said = {"consent": "1", "label": "happy", **sample}
    return client.post("/v1/samples", files={"image": image}, data={"sample": json.dumps(said)})


def refused(answer: Any, status: int, kind: str) -> str:
    assert answer.status_code == status, answer.text
    assert list(answer.json()) == ["error"]
    assert answer.json()["error"]["type"] == kind
    return answer.json()["error"]["message"]


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


def test_a_labelled_crop_is_kept_listed_and_shown(client: TestClient) -> None:
    session = begun(client)
    answer = sent(client, png(crop(1)), session=session, label="fear")
    assert answer.status_code == 201
    added = answer.json()
    assert added == {"id": added["id"], "session": session, "label": "fear"}
    listed = client.get("/v1/samples").json()
    assert listed["samples"] == [added]
    assert (listed["total"], listed["next"], listed["counts"]) == (1, None, {"fear": 1})
    (told,) = listed["sessions"]
    assert (told["session"], told["version"], told["counts"]) == (session, "1", {"fear": 1})
    shown = client.get(f"/v1/samples/{added['id']}")
    assert shown.headers["content-type"] == "image/png"
    assert shown.headers["cache-control"] == "no-store"
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(shown.content))), crop(1))
    assert client.get("/v1/model").json()["collects"] is True


@pytest.mark.parametrize("enlarged", [1, 3])
def test_face_is_cut_as_the_recogniser_cuts_it(
    client: TestClient, store: SampleStore, enlarged: int
) -> None:
    """The kept frame gives the answer that the picture gave, also where it is halved first."""
    reader = recognizer("mtcnn")
    small = read_image(portrait_bytes())
    photo = np.kron(small, np.ones((enlarged, enlarged, 1), np.uint8))
    reading = reader.image(photo)
    box, points = reading.faces.boxes[0].tolist(), reading.faces.landmarks[0].tolist()
    session = begun(client)
    assert sent(client, png(photo), session=session, box=box, landmarks=points).status_code == 201
    assert sent(client, png(photo), session=session, box=box).status_code == 201
    _, frames = store.everything()
    expected = [reading, reader.faces([photo], [Faces([box], [1.0])])[0]]
    for frame, wanted in zip(frames, expected, strict=True):
        logits = reader.frame_logits(frame[None])
        scale = reader.calibration.temperature
        ours = np.exp(logits / scale) / np.exp(logits / scale).sum()
        assert abs(ours - wanted.scores.probabilities).max() < 0.01
    assert not np.array_equal(*frames)  # the face is tilted: points and box differ


def test_only_the_crop_is_kept(client: TestClient, tmp_path: Path) -> None:
    photo = scene(300, 400)
    sent(client, png(photo), session=begun(client), box=[100, 80, 200, 180])
    (file,) = (tmp_path / "samples").iterdir()
    held = file.read_bytes()
    assert len(held) < photo.size / 5
    assert b"PNG" not in held
    assert photo[100, 100:124].tobytes() not in held


def test_a_crop_of_another_size_becomes_a_frame(client: TestClient, store: SampleStore) -> None:
    large = np.kron(crop(2), np.ones((4, 4), np.uint8))
    assert sent(client, png(large), session=begun(client)).status_code == 201
    _, (frame,) = store.everything()
    assert abs(frame.astype(int) - crop(2)).mean() < 12


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


def test_limits_are_told(tmp_path: Path) -> None:
    limits = SampleLimits(sessions=2, session_samples=1)
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


def test_limits_are_told_by_the_names_that_settings_have() -> None:
    assert set(LIMITS) == {field.name for field in fields(SampleLimits)}
    assert set(LIMITS.values()) <= set(COUNTS)


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


def test_pages_and_sessions_can_be_asked_for(client: TestClient) -> None:
    first, second = begun(client), begun(client)
    added = [
        sent(client, png(crop(k)), session=(first, second)[k % 2]).json()["id"] for k in range(5)
    ]
    page = client.get("/v1/samples", params={"limit": 2}).json()
    assert [s["id"] for s in page["samples"]] == added[:2]
    assert page["total"] == 5
    rest = client.get("/v1/samples", params={"limit": 1000, "after": page["next"]}).json()
    assert ([s["id"] for s in rest["samples"]], rest["next"]) == (added[2:], None)
    own = client.get("/v1/samples", params={"session": second}).json()
    assert [s["id"] for s in own["samples"]] == added[1::2]


@pytest.mark.parametrize(
    "query",
    [
        "limit=0", "limit=1001", "limit=x", "limit=", "after=-1", "after=9223372036854775808",
        "sesion=x", "limit=1&limit=2", "session=", "after=1e3", "limit=%D9%A1",
    ],
)  # fmt: skip
def test_malformed_queries_are_refused(client: TestClient, query: str) -> None:
    refused(client.get(f"/v1/samples?{query}"), 400, "BadRequest")


def test_deleting_says_what_it_does_not_reach(client: TestClient, tmp_path: Path) -> None:
    first, second = begun(client), begun(client)
    ids = [
        sent(client, png(crop(k)), session=(first, second)[k % 2]).json()["id"] for k in range(6)
    ]

    def held() -> bytes:
        return b"".join(path.read_bytes() for path in (tmp_path / "samples").iterdir())

    def left(number: int) -> bool:
        return crop(number)[20].tobytes() in held()

    assert all(map(left, range(6)))
    answer = client.delete(f"/v1/samples/{ids[0]}")
    assert answer.json() == {"deleted": {"samples": 1, "sessions": 0}, "note": LEFT_ALONE}
    assert list(map(left, range(6))) == [False, True, True, True, True, True]
    answer = client.delete("/v1/samples", params={"session": second})
    assert answer.json()["deleted"] == {"samples": 3, "sessions": 1}
    assert list(map(left, range(6))) == [False, False, True, False, True, False]
    assert second.encode() not in held()
    for path in (f"/v1/samples/{ids[0]}", f"/v1/samples?session={second}"):
        refused(client.delete(path), 404, "NotFound")
    refused(client.get(f"/v1/samples/{ids[0]}"), 404, "NotFound")
    refused(sent(client, png(crop(0)), session=second), 403, "Forbidden")
    assert first.encode() in held()
    assert client.delete("/v1/samples").json()["deleted"] == {"samples": 2, "sessions": 1}
    assert not any(map(left, range(6)))
    assert first.encode() not in held()
    assert client.get("/v1/samples").json()["total"] == 0


@pytest.mark.parametrize("query", ["sesion=a", "session=", "session=a&session=b", "all=1"])
def test_a_slip_does_not_delete_everything(client: TestClient, query: str) -> None:
    sent(client, png(crop(0)), session=begun(client))
    refused(client.delete(f"/v1/samples?{query}"), 400, "BadRequest")
    assert client.get("/v1/samples").json()["total"] == 1


def test_logs_say_that_not_what(
    client: TestClient, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level("INFO", "mien.server")
    session = begun(client, "secret-version")
    added = sent(client, png(crop(0)), session=session, consent="secret-version").json()
    client.get(f"/v1/samples/{added['id']}")
    client.delete("/v1/samples", params={"session": session})
    events = [(record.message, vars(record)["fields"]) for record in caplog.records]
    assert ("deleted", {"samples": 1, "sessions": 1, "note": LEFT_ALONE}) in events
    routes = [fields["route"] for name, fields in events if name == "request"]
    assert routes == ["/v1/sessions", "/v1/samples", "other", "/v1/samples"]
    for secret in (session, added["id"], "secret-version", WORDS[:20], str(tmp_path), "happy"):
        assert secret not in str(events)


def test_schema_describes_the_routes(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    assert set(paths["/v1/samples"]) == {"get", "post", "delete"}
    assert set(paths["/v1/samples/{sample}"]) == {"get", "delete"}
    assert set(paths["/v1/sessions"]) == {"post"}
    for path in ("/v1/sessions", "/v1/samples", "/v1/samples/{sample}"):
        for method, route in paths[path].items():
            assert set(route["responses"]) >= {"400", "401", "403", "431"}, (path, method)
            for status, answer in route["responses"].items():
                if content := answer["content"].get("application/json"):
                    assert ("error" in content["example"]) == (int(status) >= 400)


def test_examples_are_what_is_answered(client: TestClient) -> None:
    def example(path: str, method: str, status: str) -> Any:
        answers = schema["paths"][path][method]["responses"]
        return answers[status]["content"]["application/json"]["example"]

    def shape(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: shape(part) for key, part in value.items()}
        return [shape(part) for part in value] if isinstance(value, list) else type(value)

    schema = client.get("/openapi.json").json()
    answer = client.post("/v1/sessions", json={"version": "1", "words": WORDS})
    assert shape(answer.json()) == shape(example("/v1/sessions", "post", "201"))
    added = sent(client, png(crop(0)), session=answer.json()["session"])
    assert shape(added.json()) == shape(example("/v1/samples", "post", "201"))
    sent(client, png(crop(1)), session=answer.json()["session"])
    listed = client.get("/v1/samples?limit=1").json()
    assert shape(listed) == shape(example("/v1/samples", "get", "200"))
    gone = client.delete("/v1/samples").json()
    assert shape(gone) == shape(example("/v1/samples", "delete", "200"))


def test_what_is_collected_can_be_read_for_training(
    client: TestClient, store: SampleStore, tmp_path: Path
) -> None:
    session = begun(client)
    for k in range(3):
        sent(client, png(crop(k)), session=session, label=("happy", "sad")[k % 2])
    faces = load_samples(tmp_path / "samples", recognizer().labels)
    assert np.array_equal(faces.images, np.stack([crop(k) for k in range(3)]))
    assert [faces.space.labels[i] for i in faces.labels] == ["happy", "sad", "happy"]
    assert faces.subjects is not None
    assert set(faces.subjects) == {session}


def test_a_large_face_is_halved_first() -> None:
    """Stripes of one pixel vanish in the mean instead of becoming coarse ones."""
    stripes = np.zeros((900, 900, 3), np.uint8)
    stripes[:, ::2] = 200
    face = Faces([[0, 0, 900, 900]], [1.0])
    frame = grey_frame(stripes, face, recognizer().card.geometry)
    assert abs(frame.astype(int) - 100).max() <= 2
