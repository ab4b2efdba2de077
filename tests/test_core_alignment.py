"""Where the frame lies: landmarks first, the box where they fail."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien.core.alignment import (
    CROP,
    TEMPLATE,
    box_affines,
    crop_coordinates,
    face_affines,
    identity_affines,
    landmark_affines,
    pixels_per_crop_pixel,
)
from mien.core.errors import InputError
from mien.core.faces import Faces


def landmarks_of(points: np.ndarray) -> np.ndarray:
    """Five landmarks (coordinates of ``Faces``) whose anchors are ``points`` (pixel centres)."""
    left, right, mouth = np.asarray(points, dtype=float) + 0.5
    nose = np.array([-500.0, 900.0])  # must not matter
    return np.array([[left, right, nose, mouth - [3, 1], mouth + [3, 1]]])


def applied(affine: np.ndarray, points: np.ndarray) -> np.ndarray:
    return points @ affine[:, :2].T + affine[:, 2]


def test_the_template_itself_gives_the_identity() -> None:
    np.testing.assert_allclose(
        landmark_affines(landmarks_of(TEMPLATE)), identity_affines(1), atol=1e-9
    )


@given(
    angle=st.floats(-math.pi, math.pi),
    scale=st.floats(0.05, 40),
    shift=st.tuples(st.floats(-2000, 2000), st.floats(-2000, 2000)),
)
def test_a_similarity_is_found_again(angle: float, scale: float, shift: tuple) -> None:
    turn = scale * np.array(
        [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]
    )
    points = TEMPLATE @ turn.T + shift
    marks = landmarks_of(points)
    affine = landmark_affines(marks)
    np.testing.assert_allclose(applied(affine[0], crop_coordinates(TEMPLATE)), points, atol=1e-6)
    np.testing.assert_allclose(pixels_per_crop_pixel(affine), [scale], rtol=1e-6)


def test_a_stretched_face_gets_a_similarity_without_reflection() -> None:
    points = TEMPLATE * [1.0, 1.4]
    affine = landmark_affines(landmarks_of(points))[0]
    assert affine[0, 0] == pytest.approx(affine[1, 1])
    assert affine[0, 1] == pytest.approx(-affine[1, 0])
    assert np.linalg.det(affine[:, :2]) > 0


def test_landmarks_need_their_shape() -> None:
    with pytest.raises(InputError, match=r"\(N, 5, 2\)"):
        landmark_affines(np.zeros((3, 2)))


def test_the_box_of_a_48_pixel_picture_is_the_identity() -> None:
    np.testing.assert_allclose(box_affines([[0, 0, CROP, CROP]]), identity_affines(1))


def test_an_oblong_box_gives_a_square_of_its_mean_side() -> None:
    affine = box_affines([[10, 20, 50, 80]], scale=1.2)[0]
    assert affine[0, 0] == affine[1, 1] == pytest.approx(0.5 * 1.2 * 50)
    np.testing.assert_allclose(affine[:, 2], [29.5, 49.5])


def test_plausible_landmarks_win_over_the_box() -> None:
    marks = landmarks_of(TEMPLATE * 2 + 10)
    faces = Faces(boxes=[[10, 10, 106, 106]], scores=[1], landmarks=marks)
    np.testing.assert_allclose(face_affines(faces), landmark_affines(marks), rtol=1e-6)


@pytest.mark.parametrize("bad", ["missing", "collapsed", "exploded"])
def test_failed_landmarks_fall_back_to_the_box(bad: str) -> None:
    points = {
        "missing": TEMPLATE * np.nan, "collapsed": TEMPLATE * 0.1, "exploded": TEMPLATE * 30,
    }[bad]  # fmt: skip
    faces = Faces(boxes=[[10, 10, 106, 106]], scores=[1], landmarks=landmarks_of(points))
    np.testing.assert_allclose(face_affines(faces), box_affines(faces.boxes), rtol=1e-6)


def test_each_face_is_decided_alone() -> None:
    marks = np.concatenate([landmarks_of(TEMPLATE), np.full((1, 5, 2), np.nan)])
    faces = Faces(boxes=[[0, 0, 48, 48], [50, 0, 98, 48]], scores=[1, 1], landmarks=marks)
    affines = face_affines(faces)
    np.testing.assert_allclose(affines[0], identity_affines(1)[0], atol=1e-5)
    np.testing.assert_allclose(affines[1, :, 2], [73.5, 23.5])


def test_a_box_without_area_still_has_an_invertible_affine() -> None:
    affine = face_affines(Faces(boxes=[[5, 5, 5, 5]], scores=[1]))
    assert pixels_per_crop_pixel(affine)[0] > 0


def test_no_face_no_affine() -> None:
    assert face_affines(Faces.empty()).shape == (0, 2, 3)
