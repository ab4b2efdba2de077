"""Subject-wise folds: nobody on both sides, balanced, deterministic."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faces_made import made_faces, twinned
from mien.core.errors import DataError
from mien.data.select.folds import folds, one_fold_out


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


def with_people(names: list[str], split: str = "all"):
    faces = made_faces([i % 7 for i in range(len(names))], [split] * len(names))
    return replace(faces, subjects=np.array(names))


@pytest.mark.parametrize("split", ["all", "Training"])
def test_one_fold_out_separates_people(split):
    faces = with_people([f"S{i % 6}" for i in range(36)], split)
    tested = set()
    for fold in range(3):
        parted = one_fold_out(faces, 3, fold)
        assert parted.split_names == ("fold", "Training") or parted.split_names == (
            "Training",
            "fold",
        )
        ours, theirs = (set(parted.split(name).subjects) for name in ("fold", "Training"))
        assert len(parted) == 36
        assert not ours & theirs
        tested |= ours
    assert tested == set(faces.subjects)


def test_one_fold_out_separates_pixels_where_nobody_is_known():
    faces = twinned([0, 0, 1, 1, 2, 3, 4, 5, 6, 6], [0] * 10, ["Training"] * 10)
    for known in (faces, replace(faces, subjects=np.array([""] * 10))):
        for fold in range(2):
            parted = one_fold_out(known, 2, fold)
            ours, theirs = (parted.split(name).pixel_hashes for name in ("fold", "Training"))
            assert not np.isin(ours, theirs).any()
            assert len(parted) == 10


def test_rows_whose_pixels_are_in_the_fold_are_left_out_of_training():
    """Two people with one picture, and an auxiliary set with a third copy of it."""
    faces = twinned([0, 1, 0, 2, 0], [0] * 5, ["Training"] * 5)
    faces = replace(
        faces,
        subjects=np.array(["ann", "ann", "bob", "bob", ""]),
        origins=np.array(["", "", "", "", "more"]),
    )
    for fold in range(2):
        parted = one_fold_out(faces, 2, fold)
        assert len(parted.split("fold")) == 2
        assert len(parted.split("Training")) == 1


def test_other_splits_stay_and_what_cannot_be_folded_is_told():
    faces = made_faces([0, 1, 2, 3], ["Training", "Training", "PublicTest", "Training"])
    assert len(one_fold_out(faces, 2, 1).split("PublicTest")) == 1
    with pytest.raises(DataError, match="fold must be from 0 to 1, got 2"):
        one_fold_out(faces, 2, 2)
    with pytest.raises(DataError, match="no rows of split 'Training'"):
        one_fold_out(made_faces([0], ["PublicTest"]), 2, 0)
