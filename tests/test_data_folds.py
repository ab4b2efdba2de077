"""Subject-wise folds: nobody on both sides, balanced, deterministic."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien.core.errors import DataError
from mien.data import folds


@st.composite
def people(draw):
    """Rows of up to 12 people with labels, and a number of folds they can fill."""
    rows = draw(st.lists(st.tuples(st.integers(0, 11), st.integers(0, 3)), min_size=2, max_size=40))
    names = [f"S{who:03}" for who, _ in rows]
    if len(set(names)) < 2:
        rows.append((12, 0))
        names.append("S012")
    k = draw(st.integers(2, len(set(names))))
    return np.array(names), np.array([label for _, label in rows]), k


@given(people(), st.integers(0, 3))
def test_everybody_is_in_one_fold_and_no_fold_is_empty(made, seed):
    names, labels, k = made
    fold = folds(names, k, seed, labels=labels)
    assert sorted(set(fold.tolist())) == list(range(k))
    for who in set(names):
        assert len(set(fold[names == who].tolist())) == 1
    assert np.array_equal(fold, folds(names, k, seed, labels=labels))


@given(people(), st.integers(0, 3), st.randoms())
def test_the_order_of_the_rows_does_not_matter(made, seed, random):
    names, labels, k = made
    order = list(range(len(names)))
    random.shuffle(order)
    moved = folds(names[order], k, seed, labels=labels[order])
    assert np.array_equal(moved, folds(names, k, seed, labels=labels)[order])


def test_labels_are_spread_evenly():
    # 20 people with two rows each of one label of two, which rows alone would not keep apart.
    names = np.repeat([f"S{who:03}" for who in range(20)], 2)
    labels = np.repeat([0] * 10 + [1] * 10, 2)
    fold = folds(names, 5, labels=labels)
    for one in range(5):
        assert np.bincount(labels[fold == one], minlength=2).tolist() == [4, 4]


def test_a_person_with_many_rows_does_not_make_a_fold_twice_as_large():
    names = ["big"] * 30 + [f"S{who}" for who in range(60)]
    assert sorted(np.bincount(folds(names, 3)).tolist()) == [30, 30, 30]


def test_the_seed_chooses_among_equals():
    names = [f"S{who:02}" for who in range(20)]
    assert len({tuple(folds(names, 4, seed).tolist()) for seed in range(5)}) > 1


@pytest.mark.parametrize(
    ("names", "k", "labels", "reason"),
    [
        (["a", "b", "", ""], 2, None, "2 of 4 rows have no subject"),
        (["a", "b", "a"], 3, None, "k must be from 2 to the number of subjects, 2; got 3"),
        (["a", "b"], 1, None, "k must be from 2"),
        ([], 2, None, "k must be from 2 to the number of subjects, 0"),
        (["a", "b"], 2, np.array([0]), "2 subjects but 1 labels"),
    ],
)
def test_impossible_folds_are_refused(names, k, labels, reason):
    with pytest.raises(DataError, match=reason):
        folds(names, k, labels=labels)
