"""Twins, the held-out tenth, balancing, weights."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faces_made import made_faces, twinned
from mien.core.errors import DataError
from mien.core.labels import LabelSpace
from mien.data.select.subsets import (
    balanced,
    capped,
    class_weights,
    deduplicated,
    held_out,
    in_common,
    twins,
    without_conflicts,
)

PIXELS = st.lists(st.integers(0, 12), min_size=1, max_size=40)


def test_twins_are_grouped_in_order_and_conflicts_marked():
    found = twins(twinned([4, 1, 4, 2, 1, 4], [0, 3, 0, 2, 5, 0]))
    assert found.groups == ((0, 2, 5), (1, 4))
    assert found.conflicting == (1,)
    assert found.surplus == 3


def test_no_twins():
    found = twins(made_faces())
    assert (found.groups, found.conflicting, found.surplus) == ((), (), 0)
    assert twins(made_faces([])).groups == ()


@settings(deadline=None)
@given(PIXELS)
def test_twins_are_exactly_the_rows_of_equal_pixels(rows):
    found = twins(twinned(rows, [0] * len(rows)))
    expected = [
        tuple(i for i, other in enumerate(rows) if other == row) for row in dict.fromkeys(rows)
    ]
    assert found.groups == tuple(group for group in expected if len(group) > 1)


def test_rows_in_common_with_another_set():
    assert in_common(
        twinned([0, 1, 2, 1], [0] * 4), twinned([1, 3], [0] * 2)[:1]
    ).tolist() == [False, True, False, True]  # fmt: skip
    assert in_common(made_faces(), made_faces([])).tolist() == [False] * 7


@settings(deadline=None)
@given(PIXELS, st.integers(0, 3), st.floats(0.05, 0.95), st.randoms())
def test_held_out_keeps_twins_together_whatever_the_order(rows, seed, fraction, random):
    faces = twinned(rows, [0] * len(rows))
    out = held_out(faces, fraction, seed)
    sides = {}
    for row, side in zip(rows, out.tolist(), strict=True):
        assert sides.setdefault(row, side) == side
    assert sum(sides.values()) == round(fraction * len(sides))

    order = list(range(len(rows)))
    random.shuffle(order)
    assert held_out(faces[np.array(order)], fraction, seed).tolist() == out[order].tolist()


def test_held_out_is_a_fixed_tenth_that_depends_on_the_seed():
    faces = made_faces([0] * 200)
    out = held_out(faces)
    assert out.sum() == 20
    assert np.array_equal(out, held_out(faces))
    assert not np.array_equal(out, held_out(faces, seed=1))
    # The very rows: a change here would mix held-out rows into later trainings.
    assert np.flatnonzero(out)[:5].tolist() == [7, 14, 21, 25, 31]


def test_held_out_people_are_seen_nowhere_else():
    people = np.repeat([f"p{i}" for i in range(20)], 5)
    faces = replace(made_faces([0] * 100), subjects=people)
    images = faces.images.copy()
    images[99] = images[0]  # two people with one picture
    faces = replace(faces, images=images)
    out = held_out(faces, 0.2, 3)
    held = set(people[out].tolist())
    assert len(held - {"p0", "p19"}) in (3, 4)
    for person in held - {"p0", "p19"}:
        assert out[people == person].all()
    assert out[0] == out[99]
    assert not np.isin(faces[~out].pixel_hashes, faces[out].pixel_hashes).any()
    order = np.random.default_rng(1).permutation(100)
    assert held_out(faces[order], 0.2, 3).tolist() == out[order].tolist()
    unknown = replace(faces, subjects=np.full(100, ""))
    assert unknown.subjects is not None
    assert held_out(unknown, 0.2, 3).sum() in (20, 21)


@pytest.mark.parametrize("fraction", [0, 1, -0.1, 1.5, float("nan")])
def test_fractions_outside_0_and_1_are_refused(fraction):
    with pytest.raises(DataError, match="fraction must lie between 0 and 1"):
        held_out(made_faces(), fraction)


def test_whole_conflict_groups_are_dropped():
    kept = without_conflicts(twinned([0, 1, 0, 2, 1], [0, 3, 1, 2, 3]))
    assert kept.labels.tolist() == [3, 2, 3]
    assert len(without_conflicts(made_faces())) == 7


def test_first_of_each_group_is_kept_in_order():
    assert deduplicated(twinned([5, 1, 5, 0, 1], [6, 5, 4, 3, 2])).labels.tolist() == [6, 5, 3]


def test_balanced_draws_as_many_of_each_label_in_order():
    labels = [0] * 5 + [1] * 3 + [2] * 4 + [3, 4, 5, 6] * 3
    faces = made_faces(labels)
    drawn = balanced(faces)
    assert drawn.counts.tolist() == [3] * 7
    assert drawn.labels.tolist() == sorted(drawn.labels[:9].tolist()) + [3, 4, 5, 6] * 3
    assert balanced(faces, 2, seed=3).sha256 == balanced(faces, 2, seed=3).sha256
    assert balanced(faces, 2, seed=3).sha256 != balanced(faces, 2, seed=4).sha256
    assert len(set(balanced(faces, 2).pixel_hashes.tolist())) == 14


@pytest.mark.parametrize("per_class", [0, -1, 3])
def test_balanced_never_draws_a_row_twice(per_class):
    labels = [0, 1, 2, 3, 4, 5, 6] * 2 + [0]
    with pytest.raises(
        DataError, match=f"for {per_class} rows per class, but disgust has 2; ask for 1 to 2"
    ):
        balanced(made_faces(labels), per_class)


def test_balanced_without_a_label_names_it():
    with pytest.raises(DataError, match=r"no rows of disgust, fear, .*no label can have as many"):
        balanced(made_faces([0, 0]))


def test_class_weights_are_inverse_to_counts_with_mean_one():
    two = LabelSpace("two", ("a", "b"))
    faces = made_faces([0, 0, 0, 1], space=two)
    weights = class_weights(faces)
    assert weights.tolist() == pytest.approx([4 / 6, 2])
    assert weights[faces.labels].mean() == pytest.approx(1)


def test_class_weights_without_a_label_name_it():
    with pytest.raises(DataError, match="made: no rows of disgust, fear"):
        class_weights(made_faces([0]))


def test_at_most_so_many_rows_of_a_label_are_kept():
    faces = made_faces([0] * 9 + [1] * 2 + [2] * 5)
    kept = capped(faces, 4)
    assert kept.counts.tolist()[:4] == [4, 2, 4, 0]
    assert np.isin(kept.pixel_hashes, faces.pixel_hashes).all()
    assert np.array_equal(kept.images, capped(faces, 4).images)
    assert not np.array_equal(kept.images, capped(faces, 4, seed=1).images)
    assert np.array_equal(capped(faces, 99).images, faces.images)
