"""One-vs-rest AUC against scikit-learn, with ties."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from made_answers import labelled_probabilities
from mien.metrics import one_vs_rest_auc


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
