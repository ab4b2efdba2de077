"""Packing regions of many pictures on canvases changes no pixel that a crop can touch."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien.runtime.packing import LARGEST_SIDE, cut, pack, window


def picture(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def corners(affine: np.ndarray) -> np.ndarray:
    square = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
    return square @ affine[:, :2].T + affine[:, 2]


@given(a=st.floats(-30, 30), b=st.floats(-30, 30), x=st.floats(-80, 200), y=st.floats(-80, 200))
def test_a_cut_holds_every_pixel_that_a_crop_can_touch(
    a: float, b: float, x: float, y: float
) -> None:
    image = picture(90, 120)
    affine = np.array([[a, b, x], [-b, a, y]])
    region = cut(image, affine)
    inner = corners(region.affine)
    height, width = region.pixels.shape[:2]
    rounding = 1e-9
    assert (inner >= 1 - rounding).all()
    assert (inner[:, 0] <= width - 2 + rounding).all()
    assert (inner[:, 1] <= height - 2 + rounding).all()
    offset = np.rint(affine[:, 2] - region.affine[:, 2]).astype(int)
    for row, column in ((0, 0), (height // 2, width // 2), (height - 1, width - 1)):
        source = np.clip([row + offset[1], column + offset[0]], 0, [89, 119])
        assert (region.pixels[row, column] == image[tuple(source)]).all()


@given(a=st.floats(1, 60), x=st.floats(-300, 400), y=st.floats(-300, 400))
def test_a_window_is_a_part_of_the_picture_at_even_pixels(a: float, x: float, y: float) -> None:
    image = picture(90, 121)
    affine = np.array([[a, 0, x], [0, a, y]])
    part, moved = window(image, affine)
    left, top = np.rint(affine[:, 2] - moved[:, 2]).astype(int)
    assert left % 2 == top % 2 == 0
    assert min(part.shape[:2]) >= 1
    assert np.array_equal(part, image[top : top + part.shape[0], left : left + part.shape[1]])
    inside = np.clip(corners(affine), 0, [120, 89])
    assert (inside >= [left, top]).all() or not 0 <= x <= 120 or not 0 <= y <= 89
    assert np.shares_memory(part, image)


def test_a_cut_inside_copies_nothing() -> None:
    image = picture(90, 120)
    region = cut(image, np.array([[10.0, 0, 50], [0, 10, 40]]))
    assert np.shares_memory(region.pixels, image)


@pytest.mark.parametrize("n", [1, 2, 7, 64])
def test_every_region_is_on_a_canvas_once(n: int) -> None:
    rng = np.random.default_rng(n)
    regions = []
    for seed in range(n):
        image = picture(*rng.integers(20, 400, 2), seed)
        height, width = image.shape[:2]
        regions.append(cut(image, np.array([[8.0, 1, width / 2], [-1, 8, height / 2]])))
    canvases, order = pack(regions)
    affines = np.concatenate([c.affines for c in canvases])
    images = [c.image for c in canvases for _ in range(len(c.affines))]
    assert sorted(order) == list(range(n))
    for index, region in enumerate(regions):
        affine, image = affines[order[index]], images[order[index]]
        at = np.rint(affine[:, 2] - region.affine[:, 2]).astype(int)
        height, width = region.pixels.shape[:2]
        there = image[at[1] : at[1] + height, at[0] : at[0] + width]
        assert np.array_equal(there, region.pixels)
        np.testing.assert_allclose(affine[:, :2], region.affine[:, :2], rtol=1e-6)


def test_large_loads_are_split_over_canvases() -> None:
    image = picture(900, 900)
    region = cut(image, np.array([[400.0, 0, 450], [0, 400, 450]]))
    canvases, _ = pack([region] * 12)
    assert len(canvases) > 1
    for canvas in canvases:
        assert max(canvas.image.shape[:2]) <= LARGEST_SIDE


def test_a_region_larger_than_a_canvas_gets_its_own() -> None:
    region = cut(picture(10, 10), np.array([[1500.0, 0, 5], [0, 1500, 5]]))
    canvases, order = pack([region, region])
    assert [len(c.affines) for c in canvases] == [1, 1]
    assert sorted(order) == [0, 1]


def test_nothing_to_pack() -> None:
    canvases, order = pack([])
    assert canvases == []
    assert len(order) == 0
