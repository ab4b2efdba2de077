"""Mixtures: what comes in, what is left out, and that nothing scored is trained on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from faces_made import made_faces, same_rows
from mien.core.errors import DataError, LabelError
from mien.core.labels import affectnet8, agrawal5, ck7, fer7
from mien.data import FaceSet, mixed, vote_warnings
from mien.data.readers.ferplus import vote_targets
from mien.data.select.subsets import held_out


def main() -> FaceSet:
    """Seven Training rows and seven of PublicTest."""
    faces = made_faces(list(range(7)) * 2, ["Training"] * 7 + ["PublicTest"] * 7)
    return replace(faces, source="fer2013.csv")


def auxiliary(seed: int = 1, splits: list[str] | None = None) -> FaceSet:
    """One row of each label of CK+, with names and people."""
    faces = made_faces(space=ck7, splits=splits or ["all"] * 7, seed=seed)
    names, people = [f"{n}.png" for n in range(7)], ["S1", "S1", "S2", "S2", "", "S3", "S3"]
    return replace(faces, source="CK+48", names=np.array(names), subjects=np.array(people))


def test_one_set_alone_stays_as_it_is():
    faces = mixed([main()], fer7).faces
    assert same_rows(faces, main())
    assert faces.sha256 == main().sha256
    assert (faces.origins, faces.subjects, faces.votes) == (None, None, None)
    assert faces.source == "fer2013.csv"


def test_auxiliary_rows_are_training_rows_with_their_origin():
    faces = mixed([main(), auxiliary()], fer7).faces
    assert faces.source == "fer2013.csv + CK+48"
    added = faces[faces.origins == "CK+48"]
    assert added.split_names == ("Training",)
    assert [fer7.labels[label] for label in added.labels] == [
        "angry", "disgust", "fear", "happy", "sad", "surprise",
    ]  # fmt: skip
    assert added.names.tolist() == [f"CK+48: {n}.png" for n in (0, 2, 3, 4, 5, 6)]
    assert added.subjects.tolist() == [
        "CK+48/S1",
        "CK+48/S2",
        "CK+48/S2",
        "",
        "CK+48/S3",
        "CK+48/S3",
    ]
    assert same_rows(faces.own, main())
    assert same_rows(faces.split("PublicTest"), main().split("PublicTest"))


def test_what_has_no_label_is_told():
    first, part = mixed([main(), auxiliary()], fer7).parts
    assert (first.source, first.rows, first.unmapped) == ("fer2013.csv", 14, {})
    assert (part.source, part.rows, part.unmapped) == ("CK+48", 6, {"contempt": 1})
    first, part = mixed([main(), auxiliary()], agrawal5).parts
    assert first.unmapped == {"disgust": 2}
    assert part.unmapped == {"contempt": 1, "disgust": 1}


def test_twins_of_scored_rows_are_left_out_and_told():
    scored, other = main(), auxiliary()
    images = other.images.copy()
    images[3] = scored.images[10]  # of PublicTest
    images[4] = scored.images[2]  # of Training
    mixture = mixed([scored, replace(other, images=images)], fer7)
    assert mixture.parts[1].twins == ("CK+48: 3.png",)
    assert mixture.parts[1].rows == 5
    training = mixture.faces.split("Training")
    assert "CK+48: 4.png" in training.names
    shared = np.isin(training.pixel_hashes, mixture.faces.split("PublicTest").pixel_hashes)
    assert not shared.any()


def test_other_splits_are_left_out():
    splits = ["Training"] * 4 + ["test"] * 3
    sets = [main(), auxiliary(splits=splits)]
    left = mixed(sets, fer7)
    assert left.parts[1].other_splits == {"test": 3}
    assert left.faces.split_names == ("Training", "PublicTest")


def test_a_set_of_scored_rows_alone_is_refused():
    scored, other = main(), auxiliary()
    images = np.repeat(scored.images[10:11], 7, axis=0)  # of PublicTest
    with pytest.raises(DataError, match=r"CK\+48 \(2\): no row is left .*6 are scored elsewhere"):
        mixed([scored, other, replace(other, images=images)], fer7)
    parts = mixed([scored, other, auxiliary(seed=2)], fer7).parts
    assert [part.source for part in parts] == ["fer2013.csv", "CK+48", "CK+48 (2)"]


def test_rows_without_votes_weigh_nothing():
    voted = replace(main(), votes=np.full((14, 10), 1, np.int16))
    faces = mixed([voted, auxiliary()], fer7).faces
    assert faces.votes.dtype == np.int16
    targets, weights = vote_targets(faces.votes)
    assert np.allclose(weights[:14], 0.8)
    assert weights[14:].tolist() == [0] * 6
    assert np.allclose(targets.sum(axis=1), 1)


def test_zero_votes_raise_no_alarm():
    rows = [fer7.index("neutral")] * 150
    votes = np.zeros((150, 10), np.int16)
    votes[:, 0] = 10  # neutral
    main_set = replace(made_faces(rows, side=4), votes=votes)
    other = made_faces([fer7.index("happy")] * 900, side=4, seed=1)
    assert vote_warnings(mixed([main_set, other], fer7).faces) == ()
    assert vote_warnings(replace(main_set, labels=np.full(150, fer7.index("sad"))))


def test_the_held_out_rows_are_those_without_auxiliary_sets():
    alone = made_faces([0, 1, 2, 3, 4] * 20, side=4)
    other = made_faces([5] * 80, side=4, seed=1)
    images = other.images.copy()
    out = held_out(alone, 0.2, seed=3)
    images[7] = alone.images[np.flatnonzero(out)[0]]
    both = mixed([alone, replace(other, images=images)], fer7).faces
    marked = held_out(both, 0.2, seed=3)
    assert np.array_equal(marked[:100], out)
    assert np.flatnonzero(marked[100:]).tolist() == [7]


def test_sets_reach_a_grouping_by_recorded_steps():
    faces = mixed(
        [main(), replace(made_faces(space=affectnet8, seed=2), source="a")], agrawal5
    ).faces
    added = [agrawal5.labels[label] for label in faces[faces.origins == "a"].labels]
    assert added == ["neutral", "happy", "sad", "anxious", "anxious", "angry"]


def test_what_cannot_be_mixed_is_refused():
    with pytest.raises(DataError, match="one set or more"):
        mixed([], fer7)
    with pytest.raises(DataError, match=r"made has faces of \(24, 24\) pixels, fer2013.csv of"):
        mixed([main(), made_faces(side=24)], fer7)
    with pytest.raises(LabelError, match="no mapping from fer7 to ck7"):
        mixed([main(), auxiliary()], ck7)
    with pytest.raises(DataError, match="7 are of other splits"):
        mixed([main(), made_faces(splits=["test"] * 7, seed=1)], fer7)
