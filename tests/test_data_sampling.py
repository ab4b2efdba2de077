"""Splits drawn anew: what both sides may share, and how many rows each has."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faces_made import made_faces, same_rows, twinned
from mien.core.errors import DataError
from mien.core.labels import agrawal5
from mien.data import FaceSet, load
from mien.data.select.sampling import class_samples, random_split
from mien.data.select.subsets import balanced

DATA = Path(__file__).parent.parent.parent / "shared" / "data" / "fer2013"


def pictures(faces: FaceSet, split: str) -> set[bytes]:
    return set(faces.split(split).pixel_hashes.tolist())


def doubled(n: int = 70) -> FaceSet:
    """Every picture twice, with one label: any split by row number leaks."""
    half = made_faces([0, 1, 2, 3, 4, 5, 6] * (n // 14), side=4)
    images = np.concatenate([half.images, half.images])
    return made_faces(half.labels.tolist() * 2, images=images)


@given(st.lists(st.integers(0, 15), min_size=5, max_size=60), st.integers(0, 5))
def test_a_split_by_row_number_keeps_all_rows(rows, seed):
    faces = twinned(rows, [0] * len(rows))
    split = random_split(faces, 0.8, seed, by_identity=False)
    assert np.array_equal(split.images, faces.images)
    assert (split.splits == "Training").sum() == round(0.8 * len(rows))
    assert same_rows(split, random_split(faces, 0.8, seed, by_identity=False))


def test_by_identity_scores_the_same_rows_and_shares_no_picture():
    leaking = random_split(doubled(), 0.8, 1, by_identity=False)
    clean = random_split(doubled(), 0.8, 1, by_identity=True)
    assert pictures(leaking, "Training") & pictures(leaking, "test")
    assert not pictures(clean, "Training") & pictures(clean, "test")
    assert same_rows(clean.split("test"), leaking.split("test"))
    assert 0 < len(clean.split("Training")) < len(leaking.split("Training"))


def test_the_seed_chooses_the_rows():
    splits = {tuple(random_split(doubled(), 0.5, s, by_identity=False).splits) for s in range(3)}
    assert len(splits) == 3


@pytest.mark.parametrize(
    ("faces", "fraction", "reason"),
    [
        (made_faces(side=4), 0.0, "between 0 and 1"),
        (made_faces(side=4), 1.0, "between 0 and 1"),
        (made_faces([0], side=4), 0.8, "1 rows cannot be split"),
        (twinned([0, 0, 0], [0, 1, 2]), 0.5, "every row has a twin"),
    ],
)
def test_impossible_splits_are_refused(faces, fraction, reason):
    with pytest.raises(DataError, match=reason):
        random_split(faces, fraction, by_identity=True)


@pytest.mark.parametrize("shared", ["nothing", "pictures", "rows"])
def test_samples_have_the_rows_per_label_that_are_asked_for(shared):
    drawn = class_samples(doubled(140), 6, 3, seed=2, shared=shared)
    assert drawn.split_names == ("Training", "test")
    assert drawn.split("Training").counts.tolist() == [6] * 7
    assert drawn.split("test").counts.tolist() == [3] * 7


def test_what_samples_share_is_what_was_allowed():
    faces = doubled(140)
    faces = made_faces(faces.labels.tolist(), images=faces.images)
    numbered = FaceSet(
        faces.images, faces.labels, faces.splits, faces.space, "made",
        names=np.arange(len(faces)).astype(np.str_),
    )  # fmt: skip
    drawn = {
        shared: class_samples(numbered, 12, 4, seed=0, shared=shared)
        for shared in ("nothing", "pictures", "rows")
    }
    rows = {
        s: [set(d.split(part).names) for part in ("Training", "test")] for s, d in drawn.items()
    }
    both = {s: pictures(d, "Training") & pictures(d, "test") for s, d in drawn.items()}
    assert both["nothing"] == set()
    assert both["pictures"]
    assert not rows["pictures"][0] & rows["pictures"][1]
    assert rows["rows"][0] & rows["rows"][1]
    assert rows["nothing"][1] == rows["pictures"][1] == rows["rows"][1]


@pytest.mark.parametrize(
    ("training", "test", "shared", "reason"),
    [
        (20, 4, "pictures", "asked for 20 rows of angry, but 16 are left"),
        (12, 21, "rows", "asked for 21 rows of angry, but 20 are left"),
        (13, 9, "nothing", "asked for 13 rows of angry"),
        (0, 1, "rows", "1 or more, got 0 and 1"),
    ],
)
def test_too_few_rows_are_refused(training, test, shared, reason):
    with pytest.raises(DataError, match=reason):
        class_samples(doubled(140), training, test, shared=shared)


@pytest.mark.real_data
@pytest.mark.slow
@pytest.mark.skipif(not DATA.exists(), reason="../shared/data is not there")
def test_the_published_samples_can_be_drawn():
    faces = load(DATA / "fer2013.csv.gz")
    assert len(faces) == 32298
    small = balanced(faces)
    assert small.counts.tolist() == [492] * 7
    for by_identity in (False, True):
        split = random_split(faces, 0.8, by_identity=by_identity)
        assert len(split.split("test")) == 6460
        assert bool(pictures(split, "Training") & pictures(split, "test")) != by_identity
    five = faces.mapped(agrawal5)
    for shared in ("nothing", "pictures", "rows"):
        drawn = class_samples(five, 1500, 1000, shared=shared)
        assert drawn.split("Training").counts.tolist() == [1500] * 5
        assert drawn.split("test").counts.tolist() == [1000] * 5


def test_people_are_not_drawn_by_rows():
    people = np.array([f"S{i % 3}" for i in range(14)])
    faces = replace(made_faces(list(range(7)) * 2), subjects=people)
    for draw in (
        lambda: random_split(faces, 0.5, by_identity=True),
        lambda: class_samples(faces, 1, 1, shared="nothing"),
    ):
        with pytest.raises(DataError, match="tells who is seen, and a draw of rows puts the same"):
            draw()
    assert len(random_split(faces, 0.5, by_identity=False)) == 14
    unknown = replace(faces, subjects=np.array([""] * 14))
    assert set(random_split(unknown, 0.5, by_identity=True).splits) == {"Training", "test"}
