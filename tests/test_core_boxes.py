"""Boxes: properties that hold for any boxes, and the few values one can check by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mien.core.boxes import area, clipped, iou, nms, squared
from mien.core.errors import InputError

PIXELS = st.floats(-1000, 4000, width=16)
SIDES = st.floats(0, 500, width=16)


@st.composite
def boxes(draw, least=0, most=12, sides=SIDES):
    n = draw(st.integers(least, most))
    corner = draw(hnp.arrays(np.float32, (n, 2), elements=PIXELS))
    side = draw(hnp.arrays(np.float32, (n, 2), elements=sides))
    return np.concatenate([corner, corner + side], axis=1)


@st.composite
def scored(draw):
    rows = draw(boxes())
    scores = draw(hnp.arrays(np.float32, len(rows), elements=st.floats(0, 1, width=16)))
    return rows, scores


def overlap(a, b, over):
    """One pair, written out in plain numbers."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    shared = max(width, 0) * max(height, 0)
    areas = [(r[2] - r[0]) * (r[3] - r[1]) for r in (a, b)]
    whole = min(areas) if over == "smaller" else sum(areas) - shared
    return shared / whole if whole > 0 else 0.0


@given(boxes(), boxes())
def test_iou_is_what_the_formula_says(a, b):
    found = iou(a, b)
    assert found.shape == (len(a), len(b))
    expected = [[overlap(p, q, "union") for q in b.tolist()] for p in a.tolist()]
    np.testing.assert_allclose(found, np.reshape(expected, found.shape), atol=1e-4)
    np.testing.assert_array_equal(found, iou(b, a).T)


@given(boxes(least=1, sides=st.floats(1, 500, width=16)))
def test_a_box_overlaps_itself_fully(rows):
    np.testing.assert_allclose(np.diag(iou(rows, rows)), 1, atol=1e-6)


@given(boxes(), st.integers(-64, 64))
def test_area_and_iou_do_not_move_with_the_picture(rows, step):
    np.testing.assert_allclose(area(rows + step), area(rows), rtol=1e-3, atol=1)


@given(scored(), st.floats(0, 1), st.sampled_from(["union", "smaller"]))
def test_nms_keeps_the_best_of_each_heap(pair, threshold, over):
    rows, scores = pair
    kept = nms(rows, scores, threshold, over=over)
    assert len(set(kept.tolist())) == len(kept)
    assert (np.diff(scores[kept]) <= 0).all()
    slack = 1e-4
    for i, a in enumerate(kept):
        for b in kept[i + 1 :]:
            assert overlap(rows[a].tolist(), rows[b].tolist(), over) <= threshold + slack
    for lost in np.setdiff1d(np.arange(len(rows)), kept):
        assert any(
            scores[k] >= scores[lost]
            and overlap(rows[k].tolist(), rows[lost].tolist(), over) >= threshold - slack
            for k in kept
        )


@pytest.mark.parametrize("over", ["union", "smaller"])
def test_nms_of_many_boxes_is_the_greedy_loop(over):
    rng = np.random.default_rng(0)
    corner = rng.integers(0, 300, (500, 2))
    rows = np.concatenate([corner, corner + rng.integers(10, 40, (500, 2))], axis=1)
    scores = rng.integers(0, 50, 500) / 50  # many ties
    kept: list[int] = []
    for i in np.argsort(-scores, kind="stable"):
        if all(overlap(rows[k].tolist(), rows[i].tolist(), over) <= 0.5 for k in kept):
            kept.append(int(i))
    assert len(kept) > 100
    assert nms(rows, scores, 0.5, over=over).tolist() == kept


def test_nms_breaks_ties_by_order():
    rows = [[0, 0, 10, 10], [0, 0, 10, 10], [50, 50, 60, 60]]
    assert nms(rows, [0.5, 0.5, 0.5], 0.5).tolist() == [0, 2]


def test_nms_over_the_smaller_box_drops_a_box_inside_another():
    rows, scores = [[0, 0, 100, 100], [10, 10, 30, 30]], [0.9, 0.8]
    assert nms(rows, scores, 0.7).tolist() == [0, 1]
    assert nms(rows, scores, 0.7, over="smaller").tolist() == [0]


@given(boxes(), st.integers(1, 2000), st.integers(1, 2000))
def test_clipped_boxes_lie_in_the_picture_and_stay_there(rows, width, height):
    cut = clipped(rows, width, height)
    assert (cut >= 0).all()
    assert (cut <= [width, height, width, height]).all()
    np.testing.assert_array_equal(clipped(cut, width, height), cut)
    inside = (rows == cut).all(axis=1)
    assert (area(cut) <= area(rows) + 1e-2).all()
    np.testing.assert_array_equal(area(cut)[inside], area(rows)[inside])


@given(boxes())
def test_squares_keep_centre_and_longer_side(rows):
    square = squared(rows)
    sides = square[:, 2:] - square[:, :2]
    np.testing.assert_allclose(sides[:, 0], sides[:, 1], atol=1e-2)
    longest = (rows[:, 2:] - rows[:, :2]).max(axis=1, initial=0)
    np.testing.assert_allclose(sides[:, 0], longest, atol=1e-2)
    np.testing.assert_allclose(square[:, :2] + square[:, 2:], rows[:, :2] + rows[:, 2:], atol=1e-2)


def test_no_boxes_are_boxes():
    none = np.zeros((0, 4), np.float32)
    assert area([]).shape == (0,)
    assert iou(none, [[0, 0, 1, 1]]).shape == (0, 1)
    assert nms([], [], 0.5).dtype == np.int64
    assert clipped([], 5, 5).shape == squared([]).shape == (0, 4)


@pytest.mark.parametrize(
    "wrong", [[[0, 0, 1]], [0, 0, 1, 1], [[0, 0, np.nan, 1]], [[0, 0, np.inf, 1]]]
)
def test_boxes_of_another_shape_or_kind_are_refused(wrong):
    for call in (area, squared, lambda b: iou(b, []), lambda b: clipped(b, 4, 4)):
        with pytest.raises(InputError, match="must"):
            call(wrong)


@pytest.mark.parametrize(
    ("scores", "threshold"), [([0.5, 0.5], 0.5), ([np.nan], 0.5), ([0.5], 1.5), ([0.5], -0.1)]
)
def test_nms_refuses_scores_and_thresholds_that_make_no_sense(scores, threshold):
    with pytest.raises(InputError):
        nms([[0, 0, 1, 1]], scores, threshold)
