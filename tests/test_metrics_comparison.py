"""McNemar's exact test and the paired interval."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien.core.errors import InputError
from mien.metrics import compare, mcnemar, paired_interval

COUNT = st.integers(0, 60)


@given(COUNT, COUNT)
def test_mcnemar_is_the_two_sided_binomial_test(b, c):
    n = b + c
    tail = sum(Fraction(math.comb(n, i), 2**n) for i in range(min(b, c) + 1))
    assert mcnemar(b, c) == pytest.approx(float(min(Fraction(1), 2 * tail)))
    assert mcnemar(b, c) == mcnemar(c, b)


@given(COUNT, COUNT)
def test_mcnemar_agrees_with_scipy(b, c):
    from scipy.stats import binomtest

    if b + c:
        assert mcnemar(b, c) == pytest.approx(binomtest(b, b + c, 0.5).pvalue)


def test_mcnemar_at_its_ends():
    assert mcnemar(0, 0) == 1
    assert mcnemar(7, 7) == 1
    assert mcnemar(0, 1) == 1
    assert mcnemar(0, 10) == 2 / 2**10
    assert 0 < mcnemar(0, 1000) < 1e-300
    assert mcnemar(3000, 3200) == pytest.approx(0.0115, abs=2e-4)
    with pytest.raises(InputError, match="negative"):
        mcnemar(-1, 3)


@given(COUNT, COUNT, COUNT)
def test_the_interval_holds_the_difference_and_is_symmetric(b, c, same):
    n = b + c + same
    low, high = paired_interval(b, c, n)
    assert -1 <= low <= high <= 1
    if n:
        assert low <= (b - c) / n <= high
    assert paired_interval(c, b, n) == pytest.approx((-high, -low))


def test_the_interval_covers_as_often_as_it_says():
    rng = np.random.default_rng(0)
    draws = rng.multinomial(200, [0.2, 0.15, 0.65], size=2000)
    covered = [
        low <= 0.05 <= high for low, high in (paired_interval(b, c, 200) for b, c, _ in draws)
    ]
    assert np.mean(covered) == pytest.approx(0.95, abs=0.015)


def test_a_higher_level_is_wider():
    low, high = paired_interval(20, 10, 100)
    wider = paired_interval(20, 10, 100, level=0.99)
    assert wider[0] < low < high < wider[1]


@pytest.mark.parametrize(
    ("b", "c", "n", "level"), [(-1, 0, 5, 0.95), (3, 3, 5, 0.95), (1, 1, 5, 1.0), (1, 1, 5, 0)]
)
def test_impossible_counts_are_refused(b, c, n, level):
    with pytest.raises(InputError, match="sum to at most n"):
        paired_interval(b, c, n, level)


def test_compare_counts_rows():
    a = np.array([1, 1, 1, 0, 0], dtype=bool)
    b = np.array([1, 0, 0, 1, 0], dtype=bool)
    found = compare(a, b)
    assert (found.n, found.only_first, found.only_second) == (5, 2, 1)
    assert found.difference == pytest.approx(0.2)
    assert found.interval == paired_interval(2, 1, 5)
    assert found.p_value == mcnemar(2, 1)


def test_compare_a_model_with_itself_and_with_no_rows():
    right = np.array([True, False, True])
    same = compare(right, right)
    assert (same.difference, same.p_value) == (0, 1)
    none = compare(right[:0], right[:0])
    assert math.isnan(none.difference)
    assert (none.interval, none.p_value) == ((-1, 1), 1)


@pytest.mark.parametrize(
    ("a", "b"), [([True], [True, False]), ([1, 0], [True, False]), ([[True]], [[True]])]
)
def test_compare_wants_two_bool_columns(a, b):
    with pytest.raises(InputError, match="two bool arrays"):
        compare(a, b)
