"""Risk and coverage, AURC, the abstention threshold."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from made_answers import answers, labelled_probabilities
from mien.core.errors import InputError
from mien.core.labels import LabelSpace
from mien.core.scores import Scores, softmax
from mien.metrics import acceptance, aurc, fit_threshold, risk_coverage

# Top probabilities 0.9, 0.8, 0.7, 0.6; the second and the last are wrong.
P = np.array([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3], [0.4, 0.6]])
Y = np.array([0, 0, 0, 0])


def test_the_curve_by_hand():
    curve = risk_coverage(P, Y)
    np.testing.assert_allclose(curve.threshold, [0.9, 0.8, 0.7, 0.6])
    np.testing.assert_allclose(curve.coverage, [0.25, 0.5, 0.75, 1])
    np.testing.assert_allclose(curve.risk, [0, 1 / 2, 1 / 3, 1 / 2])
    assert aurc(P, Y) == pytest.approx((0 + 1 / 2 + 1 / 3 + 1 / 2) / 4)


@given(labelled_probabilities())
def test_every_point_of_the_curve_is_what_its_threshold_does(case):
    p, y = case
    curve = risk_coverage(p, y)
    assert (np.diff(curve.coverage) > 0).all()
    assert curve.coverage[-1] == 1
    for threshold, coverage, risk in zip(curve.threshold, curve.coverage, curve.risk, strict=True):
        found = acceptance(p, y, threshold)
        assert (found.coverage, found.risk) == pytest.approx((coverage, risk))


@given(labelled_probabilities())
def test_aurc_is_bounded_and_ignores_the_order_of_rows(case):
    p, y = case
    order = np.random.default_rng(0).permutation(len(y))
    assert 0 <= aurc(p, y) <= 1
    assert aurc(p[order], y[order]) == pytest.approx(aurc(p, y))


@given(st.integers(2, 30), st.integers(0, 10**6))
def test_aurc_of_one_confidence_is_the_error_rate(n, seed):
    y = np.random.default_rng(seed).integers(0, 2, n)
    p = np.tile([0.7, 0.3], (n, 1))
    assert aurc(p, y) == pytest.approx((y == 1).mean())


@given(labelled_probabilities(min_rows=1, max_rows=25))
def test_without_ties_aurc_is_the_mean_risk_of_the_most_confident(case):
    p, y = case
    confidence = p.max(axis=1)
    if len(np.unique(confidence)) < len(y):
        return
    wrong = (p.argmax(axis=1) != y)[np.argsort(-confidence)]
    risks = [wrong[:n].mean() for n in range(1, len(y) + 1)]
    assert aurc(p, y) == pytest.approx(np.mean(risks))


def test_perfect_and_worst():
    assert aurc(np.eye(3), [0, 1, 2]) == 0
    assert aurc(np.eye(3), [1, 2, 0]) == 1


def test_no_rows():
    curve = risk_coverage(np.zeros((0, 2)), [])
    assert curve.threshold.shape == curve.coverage.shape == curve.risk.shape == (0,)
    assert math.isnan(aurc(np.zeros((0, 2)), []))
    found = acceptance(np.zeros((0, 2)), [], 0.5)
    assert math.isnan(found.coverage)
    assert math.isnan(found.risk)


def test_accepting_nothing_has_no_risk():
    found = acceptance(P, Y, 0.95)
    assert found.coverage == 0
    assert math.isnan(found.risk)


@given(labelled_probabilities(), st.floats(0, 1))
def test_the_threshold_is_the_smallest_that_keeps_the_risk(case, risk):
    p, y = case
    threshold = fit_threshold(p, y, risk)
    assert 0 <= threshold <= 1
    candidates = sorted({0.0, *p.max(axis=1).tolist()})
    good = [t for t in candidates if acceptance(p, y, t).risk <= risk]
    if good:
        assert threshold == min(good)
    else:
        assert threshold == 1.0


def test_the_threshold_by_hand():
    assert fit_threshold(P, Y, 0.5) == 0.0
    assert fit_threshold(P, Y, 0.4) == pytest.approx(0.7)
    assert fit_threshold(P, Y, 0.2) == pytest.approx(0.9)
    assert fit_threshold(P, [1, 0, 0, 0], 0.2) == 1.0  # the surest row is wrong


def test_the_threshold_keeps_its_rows_after_rounding_to_float32():
    logits, y = answers(2000, skill=1.8, sharpness=1.8, seed=5)
    p = softmax(logits)
    threshold = fit_threshold(p, y, 0.2)
    scores = Scores(p, LabelSpace("seven", tuple("abcdefg")), threshold)
    wanted = acceptance(p, y, threshold)
    assert (~scores.uncertain).mean() == pytest.approx(wanted.coverage)
    assert wanted.risk <= 0.2
    assert 0.5 < wanted.coverage < 1


@pytest.mark.parametrize("risk", [-0.1, 1.1, np.nan])
def test_an_impossible_risk_is_refused(risk):
    with pytest.raises(InputError, match="risk"):
        fit_threshold(P, Y, risk)


def test_a_threshold_needs_rows():
    with pytest.raises(InputError, match="at least one labelled row"):
        fit_threshold(np.zeros((0, 2)), [])
