"""The frames of one source: when the detector looks, and what is carried and smoothed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import mien
from made_videos import video as made_video
from mien.core.errors import InputError
from mien.core.faces import Faces
from mien.core.tracking import TrackerOptions
from mien.runtime import Recognizer, Stream
from mien.store.video import Frame

WIDTH, HEIGHT = 320, 240


class Script:
    """A detector that finds what a script says, one entry per look."""

    def __init__(self, *looks: list[tuple[float, float]]) -> None:
        self.looks = list(looks)

    def detect(self, image: np.ndarray) -> Faces:
        centres = np.array(self.looks.pop(0)).reshape(-1, 2)
        boxes = np.concatenate([centres - 30, centres + 30], axis=1)
        return Faces(boxes, np.ones(len(boxes)))


def stream_of(*looks: list[tuple[float, float]], **options) -> Stream:
    return Stream(Recognizer("default", detector=Script(*looks), threads=1), **options)


def frame(seed: int) -> np.ndarray:
    """Large patches of colour: another picture for each seed, and another answer."""
    coarse = np.random.default_rng(seed).integers(0, 256, (12, 16, 3), np.uint8)
    return coarse.repeat(20, axis=0).repeat(20, axis=1)


def test_the_detector_looks_at_every_kth_frame_and_every_frame_is_read() -> None:
    looks = [[(100.0 + 10 * at, 120.0)] for at in range(4)]
    stream = stream_of(*looks, every=3)
    found = [stream.read(frame(at), at / 30) for at in range(12)]
    assert [r.faces.detected.tolist() for r in found] == [[True], [False], [False]] * 4
    assert [r.faces.tracks.tolist() for r in found] == [[0]] * 12
    raw = [tuple(r.scores.probabilities[0]) for r in found]
    assert len(set(raw)) == 12
    x = [float(r.faces.boxes[0, 0]) for r in found]
    assert x[6] == pytest.approx(90)
    assert x[6] < x[7] < x[8] < x[9] + 1


def test_a_still_scene_is_smoothed_towards_its_own_answer() -> None:
    stream = stream_of(*[[(100.0, 120.0)]] * 30, every=1, smoothing_s=0.2)
    first = stream.read(frame(0), 0.0)
    for at in range(1, 30):
        last = stream.read(frame(1), at / 10)
    assert last.smoothed is not None
    np.testing.assert_allclose(
        last.smoothed.scores.probabilities, last.scores.probabilities, atol=1e-4
    )
    assert first.smoothed is not None
    np.testing.assert_array_equal(first.smoothed.scores.probabilities, first.scores.probabilities)
    assert abs(first.scores.probabilities - last.scores.probabilities).max() > 0.01


def test_a_reading_becomes_a_row() -> None:
    stream = stream_of([(100.0, 120.0), (250.0, 60.0)], [])
    row = stream.read(frame(0), 0.5, 7).to_row("camera")
    assert (row["frame"], row["time_s"], row["source"]) == (7, 0.5, "camera")
    assert [face["track"] for face in row["faces"]] == [0, 1]
    assert all(face["smoothed"] for face in row["faces"])


def test_frames_without_a_number_are_counted() -> None:
    stream = stream_of([], [], [], every=1)
    assert [stream.read(frame(0), at).frame for at in (0.0, 0.5, 0.7)] == [0, 1, 2]


def clip(tmp_path: Path, count: int = 8) -> Path:
    path = tmp_path / "clip.mp4"
    path.write_bytes(made_video([frame(at) for at in range(count)]))
    return path


def test_a_video_is_read_frame_by_frame(tmp_path: Path) -> None:
    looks = Script(*[[(100.0, 120.0)]] * 4)
    found = list(mien.video(clip(tmp_path), Recognizer(detector=looks, threads=1), every=2))
    assert [reading.frame for reading in found] == list(range(8))
    assert [reading.time_s for reading in found] == pytest.approx([at / 25 for at in range(8)])
    assert [reading[0].track for reading in found] == [0] * 8
    assert [reading[0].detected for reading in found] == [True, False] * 4
    assert all(reading[0].smoothed for reading in found)


def test_a_video_is_read_on_demand_and_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[object] = []

    def frames(path: str, **part: object) -> Iterator[Frame]:
        try:
            for at in range(9):
                done.append(at)
                yield Frame(frame(0), at, at / 10)
        finally:
            done.append((path, part))

    monkeypatch.setattr("mien.runtime.stream.read_frames", frames)
    recognizer = Recognizer(detector=Script([], []), threads=1)
    readings = mien.video("clip.mp4", recognizer, smooth=0, start_s=0.1, end_s=2)
    assert done == []
    assert [next(readings).frame, next(readings).frame] == [0, 1]
    assert done == [0, 1]
    readings.close()
    part = {"start_s": 0.1, "end_s": 2, "on_damage": None}
    assert done[2:] == [("clip.mp4", part)]


def test_without_smoothing_there_is_nothing_smoothed() -> None:
    stream = stream_of([(100.0, 120.0)], smoothing_s=0.0)
    assert stream.read(frame(0), 0.0).smoothed is None


def test_a_face_that_is_not_found_is_not_carried_on() -> None:
    stream = stream_of([(100.0, 120.0)], [], [(100.0, 120.0)], every=2)
    found = [stream.read(frame(0), at / 10) for at in range(5)]
    assert [r.faces.tracks.tolist() for r in found] == [[0], [0], [], [], [0]]
    assert all(len(r.smoothed or ()) == len(r) for r in found)


def test_what_is_remembered_is_bounded() -> None:
    looks = [[(20.0 + 70 * (at % 4), 120.0)] for at in range(200)]
    stream = stream_of(*looks, every=1, tracking=TrackerOptions(first_patience_s=0.15))
    for at in range(200):
        stream.read(frame(0), at / 10)
    assert len(stream._tracker.alive) <= 2
    assert len(stream._smoother._mean) <= 2


def test_what_cannot_be() -> None:
    recognizer = Recognizer("default", detector=Script([], []), threads=1)
    with pytest.raises(InputError, match="every must be 1 or more, got 0"):
        Stream(recognizer, every=0)
    with pytest.raises(InputError, match="time constant"):
        Stream(recognizer, smoothing_s=-1)
    stream = Stream(recognizer, every=1)
    stream.read(frame(0), 1.0)
    with pytest.raises(InputError, match="in order of time"):
        stream.read(frame(0), 0.5)
    with pytest.raises(InputError, match="uint8"):
        stream.read(frame(0).astype(float), 2.0)
