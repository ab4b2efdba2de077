"""One-vs-rest AUC and ROC curves against scikit-learn, with ties."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from made_answers import labelled_probabilities
from mien.metrics import one_vs_rest_auc, one_vs_rest_roc


@given(labelled_probabilities())
def test_auc_agrees_with_scikit_learn(case):
    from sklearn.metrics import roc_auc_score

    p, y = case
    for label, area in enumerate(one_vs_rest_auc(p, y)):
        positive = y == label
        if positive.all() or not positive.any():
            assert np.isnan(area)
        else:
            assert area == pytest.approx(roc_auc_score(positive, p[:, label]))


@given(labelled_probabilities())
def test_the_order_of_rows_does_not_matter(case):
    p, y = case
    order = np.random.default_rng(0).permutation(len(y))
    np.testing.assert_allclose(one_vs_rest_auc(p[order], y[order]), one_vs_rest_auc(p, y))


def test_perfect_opposite_and_constant_orders():
    p = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7]])
    assert one_vs_rest_auc(p, [0, 0, 1]).tolist() == [1, 1]
    assert one_vs_rest_auc(p, [1, 1, 0]).tolist() == [0, 0]
    assert one_vs_rest_auc(np.full((4, 2), 0.5), [0, 1, 0, 1]).tolist() == [0.5, 0.5]


def test_no_rows_and_one_class_are_undefined():
    assert np.isnan(one_vs_rest_auc(np.zeros((0, 3)), [])).all()
    assert np.isnan(one_vs_rest_auc([[0.6, 0.4]], [0])).all()


@given(labelled_probabilities())
def test_roc_agrees_with_scikit_learn(case):
    """The area below, and the height at every threshold; corners only, so fewer points."""
    from sklearn.metrics import roc_curve

    p, y = case
    for label, curve in enumerate(one_vs_rest_roc(p, y)):
        positive = y == label
        if positive.all() or not positive.any():
            assert curve is None
            continue
        x, height = curve.false_positive_rate, curve.true_positive_rate
        assert (x[0], height[0], x[-1], height[-1]) == (0, 0, 1, 1)
        assert (np.diff(x) >= 0).all()
        assert (np.diff(height) >= 0).all()
        assert np.trapezoid(height, x) == pytest.approx(one_vs_rest_auc(p, y)[label])
        corners = set(zip(x.tolist(), height.tolist(), strict=True))
        all_x, all_height, _ = roc_curve(positive, p[:, label], drop_intermediate=False)
        assert corners <= set(zip(all_x.tolist(), all_height.tolist(), strict=True))
        assert len(corners) == len(x)


def test_roc_keeps_corners_only():
    p = np.array([[0.9, 0.1], [0.8, 0.2], [0.7, 0.3], [0.6, 0.4], [0.2, 0.8], [0.1, 0.9]])
    curve, _ = one_vs_rest_roc(p, [0, 0, 0, 1, 1, 1])
    assert curve.false_positive_rate.tolist() == [0, 0, 1]
    assert curve.true_positive_rate.tolist() == [0, 1, 1]


def test_roc_without_rows_is_undefined():
    assert one_vs_rest_roc(np.zeros((0, 3)), []) == [None] * 3
