"""NLL, Brier, ECE, temperature and cross-fitting."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from made_answers import answers, labelled_probabilities
from mien.core.errors import InputError
from mien.core.scores import softmax
from mien.metrics import (
    brier,
    cross_fitted,
    ece,
    fit_temperature,
    nll,
    reliability,
    usable_temperature,
)
from mien.metrics.calibration import TEMPERATURE_RANGE


@given(labelled_probabilities())
def test_nll_agrees_with_scikit_learn(case):
    from sklearn.metrics import log_loss

    p, y = case
    assert nll(p, y) == pytest.approx(log_loss(y, p, labels=list(range(p.shape[1]))))


@given(labelled_probabilities())
def test_brier_is_the_sum_over_labels(case):
    p, y = case
    rows = [sum((p[i, k] - (y[i] == k)) ** 2 for k in range(p.shape[1])) for i in range(len(y))]
    assert brier(p, y) == pytest.approx(sum(rows) / len(rows))


def test_brier_with_two_labels_is_twice_scikit_learns():
    from sklearn.metrics import brier_score_loss

    p, y = np.array([0.9, 0.4, 0.2]), np.array([1, 1, 0])
    both = np.stack([1 - p, p], axis=1)
    assert brier(both, y) == pytest.approx(2 * brier_score_loss(y, p))


def slow_ece(p: np.ndarray, y: np.ndarray, bins: int) -> float:
    confidence, right = p.max(axis=1), p.argmax(axis=1) == y
    total = 0.0
    edges = np.linspace(0, 1, bins + 1)
    for low, high in itertools.pairwise(edges):
        inside = (confidence > low) & (confidence <= (np.inf if high == 1 else high))
        if inside.any():
            total += abs(right[inside].mean() - confidence[inside].mean()) * inside.sum()
    return total / len(y)


@given(labelled_probabilities(), st.integers(1, 20))
def test_ece_agrees_with_a_loop_over_bins(case, bins):
    p, y = case
    assert ece(p, y, bins) == pytest.approx(slow_ece(p, y, bins), abs=1e-12)


@given(labelled_probabilities())
def test_bounds_and_row_order(case):
    p, y = case
    assert nll(p, y) >= 0
    assert 0 <= brier(p, y) <= 2
    assert 0 <= ece(p, y) <= 1
    order = np.random.default_rng(0).permutation(len(y))
    for score in (nll, brier, ece):
        assert score(p[order], y[order]) == pytest.approx(score(p, y))


def test_the_perfect_and_the_worst_model():
    sure = np.eye(3)
    assert [score(sure, [0, 1, 2]) for score in (nll, brier, ece)] == [0, 0, 0]
    assert [score(sure, [1, 2, 0]) for score in (nll, brier, ece)] == [math.inf, 2, 1]


def test_a_bin_holds_its_upper_edge():
    p = np.array([[0.5, 0.5], [0.8, 0.2]])
    # With two bins 0.5 lies in the lower one: both gaps count by themselves.
    assert ece(p, [0, 1], bins=2) == pytest.approx((0.5 + 0.8) / 2)


def test_ece_of_a_perfectly_calibrated_model_is_as_the_design_says():
    values = []
    for seed in range(40):
        logits, y = answers(3589, skill=1.8, sharpness=1.8, seed=seed)
        values.append(ece(softmax(logits), y))
    assert np.mean(values) == pytest.approx(0.0175, abs=0.003)


def test_no_rows_are_nan_and_no_bins_refused():
    for score in (nll, brier, ece):
        assert math.isnan(score(np.zeros((0, 3)), []))
    with pytest.raises(InputError, match="bins"):
        ece([[0.5, 0.5]], [0], bins=0)


@pytest.mark.parametrize("temperature", [0.3, 1.0, 2.5])
def test_fit_temperature_recovers_the_true_one(temperature):
    logits, y = answers(20_000, skill=1.5, sharpness=1.5 * temperature, seed=3)
    assert fit_temperature(logits, y) == pytest.approx(temperature, rel=0.03)


@given(st.integers(0, 10**6), st.integers(20, 60), st.floats(0.5, 3))
def test_the_fitted_temperature_is_a_minimum(seed, n, sharpness):
    logits, y = answers(n, classes=3, skill=1, sharpness=sharpness, seed=seed)
    best = fit_temperature(logits, y)
    low, high = TEMPERATURE_RANGE
    assert low <= best <= high
    at_best = nll(softmax(logits, best), y)
    for other in (best * 0.99, best * 1.01, 1.0):
        if low <= other <= high:
            assert at_best <= nll(softmax(logits, other), y) + 1e-12


@given(st.integers(0, 10**6), st.floats(0.2, 5))
def test_temperature_scales_with_the_logits_and_ignores_shifts(seed, factor):
    logits, y = answers(200, classes=4, skill=1, seed=seed)
    best = fit_temperature(logits, y)
    shift = np.random.default_rng(seed).normal(size=(200, 1))
    assert fit_temperature(factor * logits + shift, y) == pytest.approx(factor * best, rel=1e-6)


def test_degenerate_rows_have_documented_temperatures():
    sure = np.eye(3) * 4
    assert fit_temperature(sure, [0, 1, 2]) == TEMPERATURE_RANGE[0]
    assert fit_temperature(sure, [1, 2, 0]) == TEMPERATURE_RANGE[1]
    assert fit_temperature(np.ones((4, 3)), [0, 1, 2, 0]) == 1.0
    assert fit_temperature([[800.0, -800.0], [-900.0, 900.0]], [0, 1]) == TEMPERATURE_RANGE[0]
    with pytest.raises(InputError, match="at least one labelled row"):
        fit_temperature(np.zeros((0, 3)), [])


def test_rows_that_are_all_right_give_no_temperature():
    sure = np.eye(3)
    assert usable_temperature(sure, [0, 1, 2]) == 1.0
    assert usable_temperature(sure, [1, 2, 0]) == fit_temperature(sure, [1, 2, 0])
    logits, y = np.tile(np.eye(3), (20, 1)), np.tile([0, 1, 2], 20)
    y[7] = 0  # the one mistake: its own fold has no temperature from the others
    np.testing.assert_allclose(cross_fitted(logits, y)[7], softmax(logits[7:8])[0])


def test_cross_fitting_uses_the_other_folds_only():
    logits, y = answers(100, classes=3, skill=1, sharpness=3, seed=1)
    found = cross_fitted(logits, y, folds=5, seed=7)
    fold = np.random.default_rng(7).permutation(np.arange(100) % 5)
    for out in range(5):
        rest = fold != out
        assert (~rest).sum() == 20
        expected = softmax(logits[~rest], fit_temperature(logits[rest], y[rest]))
        np.testing.assert_allclose(found[~rest], expected)


def test_a_row_does_not_see_its_own_label():
    logits, y = answers(60, classes=3, skill=1, seed=2)
    changed = y.copy()
    changed[11] = (y[11] + 1) % 3
    first, second = cross_fitted(logits, y), cross_fitted(logits, changed)
    np.testing.assert_array_equal(first[11], second[11])
    assert not np.array_equal(first, second)


def test_cross_fitting_calibrates_and_keeps_answers():
    logits, y = answers(3589, skill=1.8, sharpness=5, seed=4)
    found = cross_fitted(logits, y)
    assert ece(found, y) < 0.03 < ece(softmax(logits), y)
    assert found.argmax(axis=1).tolist() == logits.argmax(axis=1).tolist()
    np.testing.assert_array_equal(found, cross_fitted(logits, y))
    assert not np.array_equal(found, cross_fitted(logits, y, seed=1))


@pytest.mark.parametrize(("n", "folds"), [(4, 5), (10, 1), (0, 5)])
def test_impossible_folds_are_refused(n, folds):
    logits, y = answers(n, classes=3)
    with pytest.raises(InputError, match="folds"):
        cross_fitted(logits, y, folds=folds)


@given(labelled_probabilities(), st.integers(1, 20))
def test_ece_is_the_mean_gap_of_the_reliability_diagram(case, bins):
    p, y = case
    found = reliability(p, y, bins)
    assert found.count.sum() == len(y)
    assert found.edges.tolist() == pytest.approx(np.linspace(0, 1, bins + 1))
    used = found.count > 0
    assert np.isnan(found.confidence[~used]).all()
    assert np.isnan(found.accuracy[~used]).all()
    inside = found.confidence[used]
    assert (inside > found.edges[:-1][used] - 1e-9).all()
    assert (inside <= found.edges[1:][used] + 1e-9).all()
    right = (p.argmax(axis=1) == y).sum()
    assert (found.accuracy * found.count)[used].sum() == pytest.approx(right)
    gaps = abs(found.accuracy - found.confidence)[used]
    assert ece(p, y, bins) == pytest.approx((gaps * found.count[used]).sum() / len(y))


def test_reliability_refuses_no_bins():
    with pytest.raises(InputError, match="bins must be 1"):
        reliability(np.array([[0.6, 0.4]]), [0], 0)
