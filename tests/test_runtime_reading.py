"""A reading is a sequence of faces, and becomes a row at one place."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from hypothesis import given

from made_readings import readings
from mien import Face, Faces, Reading, Scores
from mien.core.errors import InputError
from mien.core.labels import four
from mien.core.rows import decode_row, encode_row, parse_row
from mien.core.smoothing import Smoothed

FACES = Faces(
    boxes=[[10.5, 20, 110, 140], [0, 0, 30, 40]],
    scores=[0.75, 0.5],
    landmarks=[np.arange(10).reshape(5, 2), np.full((5, 2), np.nan)],
    tracks=[3, -1],
    detected=[True, False],
)
RAW = Scores(np.array([[0.25, 0.5, 0.125, 0.125], [0.5, 0.25, 0.25, 0]], np.float32), four, 0.5)
SMOOTH = Scores(
    np.array([[0.5, 0.4375, 0.0625, 0], [0.4375, 0.3125, 0.25, 0]], np.float32), four, 0.5
)


def test_faces_come_one_by_one() -> None:
    reading = Reading(FACES, RAW, 640, 480, "base")
    first, second = reading
    assert first == Face(
        box=(10.5, 20, 110, 140),
        score=0.75,
        landmarks=((0, 1), (2, 3), (4, 5), (6, 7), (8, 9)),
        track=3,
        detected=True,
        probabilities={"angry": 0.25, "happy": 0.5, "sad": 0.125, "neutral": 0.125},
        smoothed=None,
        label="happy",
        uncertain=False,
    )
    assert first.probability == 0.5
    assert (second.landmarks, second.track, second.detected) == (None, None, False)
    assert (len(reading), reading[0], reading[-1]) == (2, first, second)
    with pytest.raises(IndexError):
        reading[2]
    with pytest.raises(FrozenInstanceError):
        first.label = "sad"  # type: ignore[misc]


def test_what_is_smoothed_decides() -> None:
    smoothed = Smoothed(SMOOTH, ("happy", "angry"))  # the first holds its label, see LEAD
    first, second = Reading(FACES, RAW, 640, 480, "base", smoothed)
    assert (first.label, first.probability, first.uncertain) == ("happy", 0.4375, False)
    assert (second.label, second.probability, second.uncertain) == ("angry", 0.4375, True)
    assert first.probabilities["happy"] == 0.5


@given(readings())
def test_a_row_says_what_the_faces_say_and_is_valid(reading: Reading) -> None:
    row = reading.to_row("a.jpg")
    assert parse_row(row) == row
    assert decode_row(encode_row(row)) == row
    assert (row["frame"], row["time_s"], row["model"]) == (0, None, "base")
    for face, told in zip(reading, row["faces"], strict=True):
        assert (face.label, face.uncertain, face.track, face.detected) == (
            told["label"], told["uncertain"], told["track"], told["detected"],
        )  # fmt: skip
        np.testing.assert_allclose(face.box, told["box"], atol=0.0051 + 1e-3)
        assert (face.smoothed is None) == (told["smoothed"] is None)
        shown = told["smoothed"] or told["probabilities"]
        assert face.probability == pytest.approx(shown[face.label], abs=2e-6)


def test_a_frame_keeps_its_place() -> None:
    row = Reading(FACES, RAW, 640, 480, "base", frame=42, time_s=1.4014).to_row("clip.mp4")
    assert (row["frame"], row["time_s"], row["source"]) == (42, 1.4014, "clip.mp4")


@pytest.mark.parametrize("far", ["boxes", "landmarks"])
def test_what_no_row_may_hold_is_refused(far: str) -> None:
    columns = {"boxes": [[0, 0, 9, 9]], "landmarks": np.zeros((1, 5, 2)), "scores": [1]}
    faces = Faces(**{**columns, far: np.full_like(columns[far], 1e20, dtype=np.float64)})
    with pytest.raises(InputError, match="coordinates of faces"):
        Reading(faces, RAW[:1], 640, 480, "base").to_row("a.jpg")
