"""Teaching by consent over HTTP: what is kept, listed, shown and deleted."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from made_pictures import scene
from made_server import portrait_bytes, recognizer, schema_of
from made_stores import crop
from mien.core.alignment import face_affines
from mien.core.crop import cropped
from mien.core.faces import Faces
from mien.server.samples import UNCHANGED, grey_crop
from mien.store.images import read_image
from mien.store.samples import SampleStore
from teaching import WORDS, begun, png, refused, sent


def test_a_labelled_crop_is_kept_listed_and_shown(client: TestClient) -> None:
    session = begun(client)
    answer = sent(client, png(crop(1)), session=session, label="fear")
    assert answer.status_code == 201
    added = answer.json()
    assert added == {"id": added["id"], "session": session, "label": "fear"}
    listed = client.get("/v1/samples").json()
    assert listed["samples"] == [added]
    assert (listed["total"], listed["next"], listed["counts"]) == (1, None, {"fear": 1})
    (held,) = listed["sessions"]
    assert (held["session"], held["version"], held["counts"]) == (session, "1", {"fear": 1})
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
    reading = reader.read(photo)
    box, points = reading.faces.boxes[0].tolist(), reading.faces.landmarks[0].tolist()
    session = begun(client)
    assert sent(client, png(photo), session=session, box=box, landmarks=points).status_code == 201
    assert sent(client, png(photo), session=session, box=box).status_code == 201
    _, frames = store.everything()
    expected = [reading, reader.read_faces([photo], [Faces([box], [1.0])])[0]]
    for frame, wanted in zip(frames, expected, strict=True):
        logits = reader.crop_logits(frame[None])
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


def test_a_large_face_is_halved_first() -> None:
    """Stripes of one pixel vanish in the mean instead of becoming coarse ones."""
    stripes = np.zeros((900, 900, 3), np.uint8)
    stripes[:, ::2] = 200
    face = Faces([[0, 0, 900, 900]], [1.0])
    frame = grey_crop(stripes, face, recognizer().card.geometry)
    assert abs(frame.astype(int) - 100).max() <= 2


def test_the_samples_of_the_card_are_taken() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (100, 100, 3), np.uint8)
    face = Faces([[0, 0, 100, 100]], [1.0])
    geometry = recognizer().card.geometry
    for samples in (1, 4):
        expected = cropped(noise, face_affines(face)[0], samples=samples)
        assert np.array_equal(grey_crop(noise, face, replace(geometry, samples=samples)), expected)


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
    assert answer.json() == {"deleted": {"samples": 1, "sessions": 0}, "note": UNCHANGED}
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


def test_logs_say_that_not_what(
    client: TestClient, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level("INFO", "mien.server")
    session = begun(client, "secret-version")
    added = sent(client, png(crop(0)), session=session, consent="secret-version").json()
    client.get(f"/v1/samples/{added['id']}")
    client.delete("/v1/samples", params={"session": session})
    events = [(record.message, vars(record)["fields"]) for record in caplog.records]
    assert ("deleted", {"samples": 1, "sessions": 1, "note": UNCHANGED}) in events
    routes = [fields["route"] for name, fields in events if name == "request"]
    assert routes == ["/v1/sessions", "/v1/samples", "other", "/v1/samples"]
    for secret in (session, added["id"], "secret-version", WORDS[:20], str(tmp_path), "happy"):
        assert secret not in str(events)


def test_schema_describes_the_routes(client: TestClient) -> None:
    paths = schema_of(client)["paths"]
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

    schema = schema_of(client)
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
    pytest.importorskip("torch")
    from mien.teach import load_samples

    session = begun(client)
    for k in range(3):
        sent(client, png(crop(k)), session=session, label=("happy", "sad")[k % 2])
    faces = load_samples(tmp_path / "samples", recognizer().labels)
    assert np.array_equal(faces.images, np.stack([crop(k) for k in range(3)]))
    assert [faces.space.labels[i] for i in faces.labels] == ["happy", "sad", "happy"]
    assert faces.subjects is not None
    assert set(faces.subjects) == {session}
