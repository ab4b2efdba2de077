"""The box arithmetic between the networks, with maps made by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien.runtime.detectors import cascade
from mien.runtime.detectors.cascade import Found


@given(st.integers(1, 5000), st.integers(1, 5000), st.floats(12, 500))
def test_the_pyramid_goes_from_the_smallest_face_to_the_whole_picture(height, width, min_face):
    sizes = cascade.pyramid((height, width), min_face)
    assert bool(sizes) == (min(height, width) * 12 / min_face >= 12)
    assert all(min(size) >= 12 for size in sizes)
    assert sizes == sorted(sizes, reverse=True)
    if sizes:
        assert sizes[0] == (round(height * 12 / min_face), round(width * 12 / min_face))
        # The next level would be smaller than P-Net's window.
        assert min(sizes[-1]) * cascade.FACTOR < 13


def test_a_proposal_is_the_window_of_its_cell_in_picture_pixels():
    probability = np.zeros((20, 30), np.float32)
    probability[4, 7], probability[15, 2], probability[0, 0] = 0.9, 0.95, 0.59
    offsets = np.arange(20 * 30 * 4, dtype=np.float32).reshape(20, 30, 4)
    found = cascade.proposals(probability, offsets, np.array([0.5, 0.25], np.float32), 0.6)
    np.testing.assert_allclose(
        found.boxes,
        [[4 / 0.5, 30 / 0.25, 16 / 0.5, 42 / 0.25], [14 / 0.5, 8 / 0.25, 26 / 0.5, 20 / 0.25]],
    )
    np.testing.assert_allclose(found.scores, [0.95, 0.9])
    np.testing.assert_array_equal(found.offsets, offsets[[15, 4], [2, 7]])


def test_neighbouring_windows_are_one_proposal():
    probability = np.zeros((9, 9), np.float32)
    probability[4, 3:6] = 0.7, 0.8, 0.75
    found = cascade.proposals(
        probability, np.zeros((9, 9, 4), np.float32), np.ones(2, np.float32), 0.6
    )
    np.testing.assert_allclose(found.boxes, [[8, 8, 20, 20]])


def test_a_texture_gives_a_bounded_number_of_proposals():
    probability = np.random.default_rng(0).uniform(0.6, 1, (300, 300)).astype(np.float32)
    offsets = np.zeros((300, 300, 4), np.float32)
    found = cascade.proposals(probability, offsets, np.ones(2, np.float32), 0.6)
    assert 100 < len(found.boxes) <= cascade.PER_LEVEL
    assert found.scores.min() >= np.sort(probability.ravel())[-cascade.PER_LEVEL]


def test_offsets_are_in_widths_and_heights_of_the_box():
    boxes = np.array([[10, 20, 20, 40]], np.float32)
    offsets = np.array([[0.1, -0.1, 0.5, 0.25]], np.float32)
    np.testing.assert_allclose(cascade.moved(boxes, offsets), [[11, 18, 25, 45]])


def test_landmarks_are_fractions_of_the_box():
    boxes = np.array([[10, 20, 20, 40]], np.float32)
    points = np.array([[[0, 0], [1, 1], [0.5, 0.5], [0, 1], [-0.1, 0.25]]], np.float32)
    np.testing.assert_allclose(
        cascade.landmarks_in(boxes, points), [[[10, 20], [20, 40], [15, 30], [10, 40], [9, 25]]]
    )


@given(st.floats(1, 3000), st.sampled_from([24, 48]))
def test_the_source_is_the_smallest_level_that_is_sharp_enough(side, network):
    scales = np.float32(1) * np.array([1, 0.3, 0.21, 0.15, 0.1, 0.07, 0.05], np.float32)
    boxes = np.array([[5, 5, 5 + side, 5 + side]], np.float32)
    (chosen,) = cascade.sources(boxes, scales, network)
    needed = cascade.SHARPNESS * network
    sharp = scales * np.float32(boxes[0, 2] - 5) >= needed
    assert chosen == max(sharp.sum() - 1, 0)


def test_distinct_keeps_the_better_of_a_box_and_one_inside_it():
    boxes = np.array([[0, 0, 100, 100], [20, 20, 60, 60], [200, 0, 260, 60]], np.float32)
    landmarks = np.arange(30, dtype=np.float32).reshape(3, 5, 2)
    found = Found(boxes, np.array([0.91, 0.99, 0.95], np.float32), landmarks).distinct()
    assert found.scores.tolist() == pytest.approx([0.99, 0.95])
    np.testing.assert_array_equal(found.landmarks, landmarks[[1, 2]])


def test_nothing_and_something_is_something():
    something = Found(
        np.ones((2, 4), np.float32), np.ones(2, np.float32), np.ones((2, 5, 2), np.float32)
    )
    both = Found.none().and_also(something)
    assert [column.shape for column in both] == [(2, 4), (2,), (2, 5, 2)]
    assert len(Found.none().distinct().boxes) == 0
