"""``Faces``: validated when made, one thing when indexed."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien.core.errors import InputError
from mien.core.faces import LANDMARKS, Faces

BOXES = [[0, 0, 10, 10], [5, 5, 20, 30], [1, 2, 3, 4]]


def three_faces() -> Faces:
    landmarks = np.arange(30, dtype=float).reshape(3, 5, 2)
    landmarks[1] = np.nan
    return Faces(BOXES, [0.9, 0.4, 0.7], landmarks, tracks=[3, -1, 5], detected=[True, False, True])


@st.composite
def any_faces(draw: st.DrawFn) -> Faces:
    n = draw(st.integers(0, 6))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    corner, size = rng.uniform(-50, 50, (n, 2)), rng.uniform(0, 80, (n, 2))
    landmarks = rng.uniform(-50, 50, (n, 5, 2))
    landmarks[rng.random(n) < 0.3] = np.nan
    return Faces(
        np.hstack([corner, corner + size]).reshape(n, 4), rng.random(n), landmarks,
        rng.integers(-1, 9, n), rng.random(n) < 0.5,
    )  # fmt: skip


def columns(faces: Faces) -> list[np.ndarray]:
    return [getattr(faces, field.name) for field in dataclasses.fields(faces)]


def assert_same(first: Faces, second: Faces) -> None:
    for a, b in zip(columns(first), columns(second), strict=True):
        np.testing.assert_array_equal(a, b)


def test_columns_have_the_documented_types_and_defaults():
    faces = Faces(BOXES, [0.9, 0.4, 0.7])
    assert [c.dtype.name for c in columns(faces)] == [
        "float32", "float32", "float32", "int64", "bool",
    ]  # fmt: skip
    assert np.isnan(faces.landmarks).all()
    assert faces.tracks.tolist() == [-1, -1, -1]
    assert faces.detected.all()
    assert faces.landmarks.shape == (3, len(LANDMARKS), 2)


def test_columns_are_copies_that_cannot_be_written():
    boxes = np.array(BOXES, dtype=np.float32)
    faces = Faces(boxes, [0.9, 0.4, 0.7])
    boxes[:] = 0
    assert faces.boxes[1].tolist() == [5, 5, 20, 30]
    for column in columns(faces):
        with pytest.raises(ValueError, match="read-only"):
            column[0] = 0


def test_empty_and_its_kin():
    assert len(Faces.empty()) == 0
    assert len(Faces([], [])) == 0
    assert Faces([], []).boxes.shape == (0, 4)
    assert Faces.empty().has_landmarks.tolist() == []


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"boxes": 5, "scores": [1]}, r"boxes must have shape \(N, 4\)"),
        ({"boxes": [[0, 0, 1]], "scores": [1]}, r"boxes must have shape \(1, 4\), got \(1, 3\)"),
        ({"boxes": [[0, 0, 1, 1], [0, 0]], "scores": [1]}, "boxes"),
        ({"boxes": [["a", 0, 1, 1]], "scores": [1]}, "boxes must be numbers"),
        ({"boxes": [[0, 0, 1, 1]], "scores": [1, 1]}, "scores must have shape"),
        ({"boxes": [[0, 0, 1, 1]], "scores": [1.1]}, r"scores must lie in \[0, 1\]"),
        ({"boxes": [[0, 0, 1, 1]], "scores": [-0.1]}, "scores must lie"),
        ({"boxes": [[0, 0, 1, 1]], "scores": [np.nan]}, "scores must lie"),
        ({"boxes": [[2, 0, 1, 1]], "scores": [1]}, "x2 >= x1"),
        ({"boxes": [[0, 2, 1, 1]], "scores": [1]}, "y2 >= y1"),
        ({"boxes": [[0, 0, np.inf, 1]], "scores": [1]}, "finite"),
        ({"boxes": [[0, 0, np.nan, 1]], "scores": [1]}, "finite"),
        ({"boxes": [[0, 0, 1, 1]], "scores": [1], "landmarks": [[[0, 0]]]}, "landmarks must have"),
        (
            {"boxes": [[0, 0, 1, 1]], "scores": [1], "landmarks": np.full((1, 5, 2), np.inf)},
            "landmarks must be finite",
        ),
        ({"boxes": [[0, 0, 1, 1]], "scores": [1], "tracks": [1, 2]}, "tracks must have"),
        ({"boxes": [[0, 0, 1, 1]], "scores": [1], "detected": []}, "detected must have"),
    ],
)
def test_wrong_columns_are_refused(given, message):
    with pytest.raises(InputError, match=message):
        Faces(**given)


def test_a_box_without_area_is_a_face():
    assert len(Faces([[3, 3, 3, 3]], [0.5])) == 1


def test_indexing_keeps_columns_together():
    faces = three_faces()
    chosen = faces[faces.scores > 0.6]
    assert chosen.boxes.tolist() == [BOXES[0], BOXES[2]]
    assert chosen.tracks.tolist() == [3, 5]
    assert chosen.has_landmarks.tolist() == [True, True]
    assert_same(faces[1:], faces[[1, 2]])
    assert_same(faces[1], faces[np.int64(1)])
    assert_same(faces[-1], faces[[2]])
    assert len(faces[[]]) == 0
    with pytest.raises(IndexError):
        faces[3]


def test_iteration_gives_each_face_once():
    assert [int(face.tracks[0]) for face in three_faces()] == [3, -1, 5]


def test_has_landmarks_wants_all_five():
    landmarks = np.zeros((2, 5, 2))
    landmarks[0, 2, 1] = np.nan
    assert Faces(BOXES[:2], [1, 1], landmarks).has_landmarks.tolist() == [False, True]


def test_scaled_moves_boxes_and_landmarks_alike():
    moved = three_faces().scaled(2, (10, -1))
    assert moved.boxes[1].tolist() == [20, 9, 50, 59]
    assert moved.landmarks[0, 1].tolist() == [14, 5]
    assert np.isnan(moved.landmarks[1]).all()
    assert moved.tracks.tolist() == [3, -1, 5]
    assert moved.detected.tolist() == [True, False, True]


def test_mirroring_by_a_negative_factor_is_refused():
    with pytest.raises(InputError, match="x2 >= x1"):
        three_faces().scaled(-1)


@given(any_faces(), st.integers(0, 10**6))
def test_indexing_commutes_with_scaling(faces, seed):
    keep = np.random.default_rng(seed).random(len(faces)) < 0.5
    assert_same(faces[keep].scaled(3, (1, 2)), faces.scaled(3, (1, 2))[keep])


@given(any_faces(), st.floats(0.1, 10), st.floats(-100, 100), st.floats(-100, 100))
def test_scaling_is_undone_by_its_inverse(faces, factor, x, y):
    back = faces.scaled(factor, (x, y)).scaled(1 / factor, (-x / factor, -y / factor))
    np.testing.assert_allclose(back.boxes, faces.boxes, atol=1e-2)
    np.testing.assert_allclose(back.landmarks, faces.landmarks, atol=1e-2)
