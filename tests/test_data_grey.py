"""Grey, centre square, resampling: against plain definitions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mien.data.crops.grey import centre_square, grey_levels, resampled


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


def test_grey_stays_exact():
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    assert np.array_equal(grey_levels(np.stack([levels] * 3, axis=-1)), levels)


def test_colours_are_weighted_and_rounded():
    rgb = noise(20, 30, 3)
    exact = rgb @ np.array([0.299, 0.587, 0.114])
    assert abs(grey_levels(rgb) - exact).max() <= 0.5 + 1e-9
    primaries = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255]]], np.uint8)
    assert grey_levels(primaries).tolist() == [[76, 150, 29]]


@pytest.mark.parametrize(
    ("shape", "rows", "columns"),
    [((4, 4), (0, 4), (0, 4)), ((4, 9), (0, 4), (2, 6)), ((9, 4), (2, 6), (0, 4))],
)
def test_the_centre_square_is_taken(shape, rows, columns):
    image = noise(*shape)
    assert np.array_equal(centre_square(image), image[slice(*rows), slice(*columns)])


def test_equal_size_is_untouched():
    image = noise(48, 48)
    assert np.array_equal(resampled(image, 48), image)


@pytest.mark.parametrize("factor", [2, 3, 5])
def test_whole_factors_are_block_means(factor):
    image = noise(8 * factor, 8 * factor)
    means = image.reshape(8, factor, 8, factor).mean(axis=(1, 3))
    assert np.array_equal(resampled(image, 8), np.floor(means + 0.5))


def test_exact_halves_go_up():
    image = np.kron(np.array([[0, 1], [1, 0]], np.uint8), np.ones((3, 3), np.uint8))
    assert resampled(image, 1).tolist() == [[1]]


def test_broken_factors_are_area_means():
    image = noise(6, 6)
    fine = np.kron(image.astype(float), np.ones((4, 4)))  # 24 = 4 x 6 = 6 x 4
    means = fine.reshape(4, 6, 4, 6).mean(axis=(1, 3))
    assert np.array_equal(resampled(image, 4), np.floor(means + 0.5))


def test_enlarging_is_linear_and_centred():
    image = np.array([[0, 100], [0, 100]], np.uint8)
    assert resampled(image, 4).tolist() == [[0, 25, 75, 100]] * 4


@settings(deadline=None)
@given(st.integers(1, 90), st.integers(1, 60), st.integers(0, 255))
def test_flat_pictures_stay_flat(size, side, level):
    flat = np.full((size, size), level, np.uint8)
    assert np.array_equal(resampled(flat, side), np.full((side, side), level))


@settings(deadline=None)
@given(st.integers(1, 70), st.integers(1, 60))
def test_turning_the_picture_turns_the_answer(size, side):
    image = noise(size, size)
    assert np.array_equal(resampled(image[::-1, ::-1], side)[::-1, ::-1], resampled(image, side))
    assert np.array_equal(resampled(image.T, side).T, resampled(image, side))
