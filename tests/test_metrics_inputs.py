"""What every metric refuses."""

from __future__ import annotations

import numpy as np
import pytest

from mien.core.errors import InputError
from mien.metrics import aurc, brier, ece, nll, one_vs_rest_auc
from mien.metrics.inputs import checked_labels, checked_logits, checked_probabilities, right_rows

TWO = [[0.5, 0.5], [0.1, 0.9]]


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([0.0, 1.0], r"labels must be whole numbers of shape \(N,\), got float64"),
        ([[0, 1]], r"got int64 \(1, 2\)"),
        (1, "shape"),
        (["happy"], "whole numbers"),
        ([True, False], "whole numbers"),
        ([0, 2], "from 0 to 1, got 0 to 2"),
        ([-1, 0], "got -1 to 0"),
    ],
)
def test_wrong_labels_are_refused(labels, message):
    with pytest.raises(InputError, match=message):
        checked_labels("labels", labels, 2)


def test_labels_of_any_integer_type_become_int64():
    for dtype in (np.uint8, np.int32, np.int64):
        assert checked_labels("labels", np.array([1, 0], dtype), 2).dtype == np.int64
    assert checked_labels("labels", [], 2).shape == (0,)


@pytest.mark.parametrize(
    ("values", "labels", "message"),
    [
        ([0.5, 0.5], [0], r"got shape \(2,\)"),
        ([[1.0]], [0], "K >= 2"),
        (TWO, [0], "2 rows but 1 labels"),
        ([[np.nan, 1]], [0], "not finite"),
        ([[np.inf, 1]], [0], "not finite"),
    ],
)
def test_wrong_logits_are_refused(values, labels, message):
    with pytest.raises(InputError, match=message):
        checked_logits(values, labels)


@pytest.mark.parametrize("values", [[[2.0, -1.0]], [[1.5, -0.5]], [[0.2, 0.2]]])
def test_logits_are_not_taken_for_probabilities(values):
    with pytest.raises(InputError, match="are these logits"):
        checked_probabilities(values, [0])


@pytest.mark.parametrize("metric", [nll, brier, ece, aurc, one_vs_rest_auc])
def test_every_score_checks_its_rows(metric):
    with pytest.raises(InputError, match="are these logits"):
        metric([[3.0, 1.0]], [0])
    with pytest.raises(InputError, match="must belong together"):
        metric(TWO, [0, 1, 1])


def test_float32_rows_of_a_softmax_pass():
    rng = np.random.default_rng(0)
    p = np.exp(rng.normal(size=(1000, 8)) * 5).astype(np.float32)
    checked_probabilities(p / p.sum(axis=1, keepdims=True), rng.integers(0, 8, 1000))


def test_the_first_of_equal_values_is_the_answer():
    assert right_rows(np.array([[1.0, 1.0], [1.0, 1.0]]), np.array([0, 1])).tolist() == [
        True,
        False,
    ]
