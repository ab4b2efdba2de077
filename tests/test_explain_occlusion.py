"""Occlusion finds the planted square, signs its falls, and hides every pixel equally often."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from made_explainable import SQUARE, SquareModel, bright_square, inside
from mien.core.errors import InputError
from mien.explain import occlusion, probabilities
from mien.explain.occlusion import PATCH, _squares


def test_finds_the_planted_patch():
    frames = bright_square()
    maps = occlusion(SquareModel(), frames, np.zeros(1, np.int64))
    assert maps.shape == (1, 48, 48)
    assert inside(maps, PATCH - 1) == pytest.approx(1)  # no square reaches further
    row, column = np.unravel_index(maps[0].argmax(), (48, 48))
    assert SQUARE[0].start <= row < SQUARE[0].stop
    assert SQUARE[1].start <= column < SQUARE[1].stop
    assert inside(maps) > 0.6


def test_a_small_stride_draws_the_edges():
    maps = occlusion(SquareModel(), bright_square(), np.zeros(1, np.int64), patch=2, stride=1)
    assert inside(maps, 1) == pytest.approx(1)
    assert inside(maps) > 0.85


def test_what_speaks_against_a_label_is_negative():
    maps = occlusion(SquareModel(), bright_square(), np.ones(1, np.int64))
    assert maps.min() < 0
    assert maps.max() <= 0


def test_hiding_everything_at_once_is_the_whole_fall():
    model, frames = SquareModel(), bright_square()
    maps = occlusion(model, frames, np.zeros(1, np.int64), patch=48, stride=48)
    hidden = np.full_like(frames, round(float(frames.mean())))
    fall = probabilities(model, frames)[0, 0] - probabilities(model, hidden)[0, 0]
    np.testing.assert_allclose(maps, fall, rtol=1e-5)


def test_faces_do_not_depend_on_one_another():
    frames = np.concatenate([bright_square(), bright_square(120, seed=1)])
    targets = np.array([0, 1])
    both = occlusion(SquareModel(), frames, targets)
    each = [occlusion(SquareModel(), frames[i : i + 1], targets[i : i + 1]) for i in (0, 1)]
    np.testing.assert_array_equal(both, np.concatenate(each))


@given(st.integers(1, 48), st.integers(1, 6))
def test_every_pixel_is_hidden_equally_often(stride: int, times: int):
    patch = stride * times
    if patch > 48:
        return
    count = np.zeros((48, 48), int)
    for square in _squares(patch, stride):
        count[square] += 1
    assert (count == times**2).all()


@pytest.mark.parametrize(("patch", "stride"), [(8, 3), (4, 8), (0, 0), (49, 49)])
def test_uneven_squares_are_refused(patch: int, stride: int):
    with pytest.raises(InputError, match="divides the patch"):
        occlusion(SquareModel(), bright_square(), np.zeros(1, np.int64), patch=patch, stride=stride)


def test_targets_belong_to_frames():
    with pytest.raises(InputError, match="1 crops but targets"):
        occlusion(SquareModel(), bright_square(), np.zeros(2, np.int64))
