"""The manifest: counts, hashes, twins, warnings."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from faces_made import made_faces, twinned
from mien.core.labels import agrawal5, ferplus8, four
from mien.data.manifest import Manifest, Overlap, count_warnings, vote_warnings
from mien.data.readers.fer2013 import KNOWN_COUNTS, load_fer2013
from mien.data.readers.ferplus import load_ferplus, with_votes
from mien.data.select.subsets import in_common

REAL = Path(__file__).parents[1] / ".." / "shared" / "data" / "fer2013"


def official(split: str, **changed: int):
    """Rows with the official counts of a split, some of them changed."""
    counts = dict(zip(made_faces().space.labels, KNOWN_COUNTS[split], strict=True)) | changed
    labels = [index for index, n in enumerate(counts.values()) for _ in range(n)]
    images = np.broadcast_to(np.uint8(0), (len(labels), 48, 48))
    return made_faces(labels, [split] * len(labels), images=images)


def test_splits_are_counted_and_hashed():
    faces = made_faces([0, 3, 3, 6], ["Training", "PublicTest", "Training", "Training"])
    manifest = Manifest.of(faces)
    assert [(split.name, split.rows) for split in manifest.splits] == [
        ("Training", 3),
        ("PublicTest", 1),
    ]
    assert manifest.splits[0].counts == {
        "angry": 1, "disgust": 0, "fear": 0, "happy": 1, "sad": 0, "surprise": 0, "neutral": 1,
    }  # fmt: skip
    assert manifest.splits[0].sha256 == faces.split("Training").sha256
    assert manifest.sha256 == faces.sha256
    assert (manifest.rows, manifest.height, manifest.width) == (4, 48, 48)
    assert (manifest.source, manifest.space, manifest.has_votes) == ("made", "fer7", False)


def test_twins_within_and_across_splits():
    splits = ["Training", "PublicTest", "Training", "PublicTest", "PublicTest", "Training", "x"]
    faces = twinned([0, 0, 0, 1, 1, 2, 0], [3, 4, 3, 5, 6, 0, 3], splits)
    manifest = Manifest.of(faces)
    assert [(s.name, s.surplus, s.conflicting) for s in manifest.splits] == [
        ("Training", 1, 0),
        ("PublicTest", 1, 1),
        ("x", 0, 0),
    ]
    assert manifest.overlaps == (
        Overlap("Training", "PublicTest", 2, 2),
        Overlap("Training", "x", 2, 0),
        Overlap("PublicTest", "Training", 1, 1),
        Overlap("PublicTest", "x", 1, 1),
        Overlap("x", "Training", 1, 0),
        Overlap("x", "PublicTest", 1, 1),
    )
    public, training = faces.split("PublicTest"), faces.split("Training")
    assert in_common(public, training).sum() == 1
    first = manifest.twins[0]
    assert first.names == ("row 0", "row 1", "row 2", "row 6")
    assert first.splits == ("Training", "PublicTest", "Training", "x")
    assert first.labels == ("happy", "sad", "happy", "happy")
    assert [group.conflicting for group in manifest.twins] == [True, True]


def test_groups_carry_the_names_of_the_rows():
    faces = replace(twinned([0, 0], [1, 1]), names=np.array(["a.png", "b.png"]))
    group = Manifest.of(faces).twins[0]
    assert group.names == ("a.png", "b.png")
    assert not group.conflicting


def test_people_are_counted():
    faces = twinned([0, 1, 2, 3], [1, 1, 2, 2])
    assert Manifest.of(faces).subjects is None
    assert Manifest.of(replace(faces, subjects=np.array(["a", "b", "", "a"]))).subjects == 2


def test_a_dictionary_for_json():
    plain = Manifest.of(twinned([0, 0, 1], [1, 2, 2], ["a", "b", "b"])).as_dict()
    again = json.loads(json.dumps(plain))
    assert again["splits"][1]["counts"]["fear"] == 2
    assert again["overlaps"][0] == {"split": "a", "other": "b", "rows": 1, "contradicted": 1}
    assert again["twins"] == [
        {
            "names": ["row 0", "row 1"],
            "splits": ["a", "b"],
            "labels": ["disgust", "fear"],
            "conflicting": True,
        }
    ]
    assert again["labels"][0] == "angry"


@pytest.mark.parametrize("split", list(KNOWN_COUNTS))
def test_official_counts_pass_silently(split):
    assert count_warnings(official(split)) == ()


def test_other_counts_are_warned_about_with_both_numbers():
    assert count_warnings(official("PublicTest", sad=654, neutral=606)) == (
        "PublicTest differs from the official FER2013 counts: "
        "sad 654 (official 653), neutral 606 (official 607)",
    )


def test_labels_without_rows_are_warned_about():
    assert count_warnings(made_faces([0, 1, 2, 3], ["val"] * 4)) == (
        "val has no rows of sad, surprise, neutral",
    )


def test_counts_of_other_data_are_not_compared():
    assert count_warnings(made_faces()[:0]) == ()
    assert count_warnings(made_faces(side=64)) == ()
    assert count_warnings(made_faces(space=agrawal5)) == ()
    assert count_warnings(made_faces(splits=["validation"] * 7)) == ()


def voted(n: int, agreeing: int):
    """Faces labelled happy; the raters agree on the first ones and say sad on the others."""
    votes = np.zeros((n, 10), np.int16)
    votes[:agreeing, 1] = 10
    votes[agreeing:, 3] = 10
    return replace(made_faces([3] * n, side=2), votes=votes)


def test_votes_in_another_order_are_warned_about():
    assert vote_warnings(voted(100, 60)) == ()
    (warning,) = vote_warnings(voted(100, 20))
    assert warning.startswith("the FER+ votes agree with only 20% of the labels of Training")
    assert Manifest.of(voted(100, 20)).warnings[-1] == warning
    assert Manifest.of(voted(100, 20)).has_votes


@pytest.mark.parametrize("space", [agrawal5, four, ferplus8])
def test_votes_in_another_order_are_noticed_in_other_spaces_too(space):
    assert vote_warnings(voted(200, 120).mapped(space)) == ()
    (warning,) = vote_warnings(voted(200, 20).mapped(space))
    assert warning.startswith("the FER+ votes agree with only 10%")


def test_few_rows_or_no_votes_say_nothing():
    assert vote_warnings(voted(99, 0)) == ()
    assert vote_warnings(made_faces()) == ()


@pytest.mark.real_data
def test_the_real_data():
    if not REAL.is_dir():
        pytest.skip("no ../shared/data/fer2013")
    faces = with_votes(load_fer2013(REAL / "fer2013.csv.gz"), load_ferplus(REAL / "fer2013new.csv"))
    manifest = Manifest.of(faces)
    training, public = manifest.splits
    assert (training.name, training.rows) == ("Training", 28709)
    assert (public.name, tuple(public.counts.values())) == (
        "PublicTest",
        KNOWN_COUNTS["PublicTest"],
    )
    rows = {(overlap.split, overlap.other): overlap.rows for overlap in manifest.overlaps}
    assert rows["PublicTest", "Training"] == 280
    assert in_common(faces.split("PublicTest"), faces.split("Training")).sum() == 280
    assert manifest.warnings == (
        "Training differs from the official FER2013 counts: "
        "sad 4831 (official 4830), neutral 4964 (official 4965)",
    )


def test_other_data_are_not_compared_with_fer2013() -> None:
    faces = official("PublicTest", sad=654, neutral=606)
    named = replace(faces, names=np.array([f"test/sad/{i}.jpg" for i in range(len(faces))]))
    assert count_warnings(named) == ()
    copies = np.array([f"test/sad/PublicTest_{i}.jpg" for i in range(len(faces))])
    assert count_warnings(replace(faces, names=copies)) == count_warnings(faces) != ()
