"""Averaging blocks of pixels, against the plain formula."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mien.runtime.detectors.thinning import LARGEST, thinned


@given(
    hnp.arrays(np.uint8, st.tuples(st.integers(1, 60), st.integers(1, 60), st.just(3))),
    st.integers(1, LARGEST),
)
def test_a_pixel_is_the_rounded_mean_of_its_block(image, block):
    rows, columns = image.shape[0] // block, image.shape[1] // block
    if rows and columns:
        whole = image[: rows * block, : columns * block].astype(int)
        blocks = whole.reshape(rows, block, columns, block, 3)
        expected = (blocks.sum(axis=(1, 3)) + block * block // 2) // block**2
        np.testing.assert_array_equal(thinned(image, block), expected)


@pytest.mark.parametrize("value", [0, 255])
@pytest.mark.parametrize("block", [2, 3, LARGEST])
def test_sums_do_not_overflow(value, block):
    image = np.full((block * 9 + 1, block * 2 + 1, 3), value, np.uint8)
    assert (thinned(image, block) == value).all()
    assert thinned(image, block).shape == (9, 2, 3)
