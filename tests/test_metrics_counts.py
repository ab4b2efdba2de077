"""Scores of the confusion matrix, against scikit-learn and by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien.core.errors import InputError
from mien.metrics import (
    accuracy,
    balanced_accuracy,
    class_scores,
    cohen_kappa,
    confusion_matrix,
    macro_f1,
    wilson_interval,
)

ROWS = st.integers(2, 6).flatmap(
    lambda k: st.tuples(
        st.just(k),
        st.lists(st.tuples(st.integers(0, k - 1), st.integers(0, k - 1)), min_size=1, max_size=60),
    )
)


def columns(rows: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    truth, predicted = np.array(rows).T
    return truth, predicted


@given(ROWS)
def test_counts_and_class_scores_agree_with_scikit_learn(case):
    from sklearn import metrics as oracle

    k, rows = case
    truth, predicted = columns(rows)
    counts = confusion_matrix(truth, predicted, k)
    every = list(range(k))
    expected = oracle.confusion_matrix(truth, predicted, labels=every)
    assert counts.tolist() == expected.tolist()
    found = class_scores(counts)
    precision, recall, f1, support = oracle.precision_recall_fscore_support(
        truth, predicted, labels=every, zero_division=np.nan
    )
    np.testing.assert_allclose(found.precision, precision)
    np.testing.assert_allclose(found.recall, recall)
    np.testing.assert_allclose(found.f1, f1)
    assert found.support.tolist() == support.tolist()
    assert accuracy(counts) == pytest.approx(oracle.accuracy_score(truth, predicted))
    assert macro_f1(counts) == pytest.approx(
        oracle.f1_score(truth, predicted, average="macro", zero_division=0)
    )


@given(ROWS)
def test_balanced_accuracy_agrees_with_scikit_learn(case):
    from sklearn.metrics import recall_score

    k, rows = case
    truth, predicted = columns(rows)
    expected = recall_score(truth, predicted, labels=np.unique(truth), average="macro")
    found = balanced_accuracy(confusion_matrix(truth, predicted, k))
    assert found == pytest.approx(expected)


@given(ROWS)
def test_kappa_agrees_with_scikit_learn(case):
    from sklearn.metrics import cohen_kappa_score

    k, rows = case
    truth, predicted = columns(rows)
    found = cohen_kappa(confusion_matrix(truth, predicted, k))
    if len(set(truth)) == 1 and set(truth) == set(predicted):
        assert math.isnan(found.value)
        assert found.chance == 1
        return
    expected = cohen_kappa_score(truth, predicted, labels=list(range(k)))
    assert found.value == pytest.approx(expected, abs=1e-12)


@given(ROWS, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(case, random):
    k, rows = case
    shuffled = random.sample(rows, len(rows))
    first, second = (confusion_matrix(*columns(r), k) for r in (rows, shuffled))
    assert first.tolist() == second.tolist()


@given(ROWS, st.randoms(use_true_random=False))
def test_the_order_of_labels_does_not_matter_to_the_means(case, random):
    k, rows = case
    counts = confusion_matrix(*columns(rows), k)
    order = random.sample(range(k), k)
    renamed = counts[np.ix_(order, order)]
    for score in (accuracy, balanced_accuracy, macro_f1):
        assert score(renamed) == pytest.approx(score(counts))


@given(ROWS)
def test_bounds_and_the_perfect_model(case):
    k, rows = case
    truth, predicted = columns(rows)
    counts = confusion_matrix(truth, predicted, k)
    for score in (accuracy, balanced_accuracy, macro_f1):
        assert 0 <= score(counts) <= 1
        assert score(confusion_matrix(truth, truth, k)) == 1
    assert not cohen_kappa(counts).value > 1


def test_rows_of_the_matrix_are_the_truth():
    assert confusion_matrix([0, 0, 0], [1, 1, 0], 2).tolist() == [[1, 2], [0, 0]]


def test_undefined_scores_are_nan():
    found = class_scores([[3, 0, 0], [2, 0, 0], [0, 0, 0]])
    np.testing.assert_array_equal(found.precision, [0.6, np.nan, np.nan])
    np.testing.assert_array_equal(found.recall, [1, 0, np.nan])
    np.testing.assert_array_equal(found.f1, [0.75, 0, np.nan])


def test_no_rows_give_nan():
    empty = confusion_matrix([], [], 3)
    assert empty.tolist() == np.zeros((3, 3), int).tolist()
    for score in (accuracy, balanced_accuracy, macro_f1):
        assert math.isnan(score(empty))
    assert math.isnan(cohen_kappa(empty).value)


def test_rows_out_of_step_in_length_are_refused():
    with pytest.raises(InputError, match="2 labels but 1 predictions"):
        confusion_matrix([0, 1], [0], 2)


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ([[1, 2]], "whole numbers"),
        ([1, 2], "whole numbers"),
        ([[0.5, 0.5], [0, 1]], "whole numbers"),
        ([[1, -1], [0, 1]], "negative"),
    ],
)
def test_wrong_counts_are_refused(counts, message):
    with pytest.raises(InputError, match=message):
        accuracy(counts)


def test_wilson_against_published_values():
    # Newcombe, Statistics in Medicine 17, 1998, table I.
    for right, n, low, high in [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605),
                                (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)]:  # fmt: skip
        assert wilson_interval(right, n) == pytest.approx((low, high), abs=5e-5)


@given(st.integers(0, 500), st.integers(0, 500), st.floats(0.5, 0.99))
def test_wilson_holds_the_share_and_is_symmetric(right, wrong, level):
    n = right + wrong
    low, high = wilson_interval(right, n, level)
    assert 0 <= low <= (right / n if n else 0) <= high <= 1
    mirrored = wilson_interval(wrong, n, level)
    assert (low, high) == pytest.approx((1 - mirrored[1], 1 - mirrored[0]))


def test_wilson_without_rows_knows_nothing():
    assert wilson_interval(0, 0) == (0, 1)


@pytest.mark.parametrize(("right", "n", "level"), [(3, 2, 0.95), (-1, 2, 0.95), (1, 2, 95)])
def test_wilson_refuses_impossible_shares(right, n, level):
    with pytest.raises(InputError, match="right <= n"):
        wilson_interval(right, n, level)


def test_the_standard_error_of_kappa_is_its_spread_under_independence():
    rng = np.random.default_rng(0)
    chances = [0.5, 0.3, 0.2]
    kappas = [
        cohen_kappa(confusion_matrix(*rng.choice(3, (2, 300), p=chances), 3)) for _ in range(400)
    ]
    spread = np.std([k.value for k in kappas])
    assert np.mean([k.standard_error for k in kappas]) == pytest.approx(spread, rel=0.12)
    assert np.mean([k.chance for k in kappas]) == pytest.approx(0.38, abs=0.005)
