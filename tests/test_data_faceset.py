"""``FaceSet``: its columns cannot come apart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from faces_made import made_faces
from mien.core.errors import DataError, LabelError
from mien.core.labels import agrawal5, ck7, fer7, four
from mien.data.faceset import FaceSet


def columns(n: int = 3, **changed):
    given = {
        "images": np.zeros((n, 4, 4), np.uint8),
        "labels": np.arange(n) % 7,
        "splits": np.array(["Training"] * n),
        "space": fer7,
        "source": "x.csv",
    }
    return FaceSet(**{**given, **changed})


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"labels": np.array([0, 1])}, "3 images but 2 labels"),
        ({"splits": np.array(["a"])}, "3 images but 1 splits"),
        ({"names": np.array(["a"])}, "3 images but 1 names"),
        ({"subjects": np.array(["a"])}, "3 images but 1 subjects"),
        ({"origins": np.array(["a"])}, "3 images but 1 origins"),
        ({"votes": np.zeros((2, 10), np.int16)}, "3 images but 2 votes"),
        ({"votes": np.zeros((3, 8), np.int16)}, r"votes must be \(3, 10\), got \(3, 8\)"),
        ({"labels": np.array([0, 1, 7])}, "labels of fer7 run from 0 to 6, got 0 to 7"),
        ({"labels": np.array([0, 1, -1])}, "labels of fer7 run from 0 to 6, got -1 to 1"),
        ({"images": np.zeros((3, 4, 4))}, "images must be uint8"),
        ({"images": np.zeros((3, 4, 4, 3), np.uint8)}, r"must be uint8 \(N, H, W\), got uint8"),
    ],
)
def test_columns_that_disagree_are_refused(changed, reason):
    with pytest.raises(DataError, match=f"^x.csv: .*{reason}"):
        columns(**changed)


@pytest.mark.parametrize("rows", [slice(1, 3), np.array([2, 0]), np.array([True, False, True])])
def test_indexing_keeps_columns_together(rows):
    faces = columns(
        images=np.arange(48, dtype=np.uint8).reshape(3, 4, 4),
        votes=np.arange(30, dtype=np.int16).reshape(3, 10),
        names=np.array(["a", "b", "c"]),
        subjects=np.array(["x", "y", "z"]),
        origins=np.array(["", "", "aux"]),
    )
    part = faces[rows]
    kept = np.arange(3)[rows]
    assert len(part) == len(kept)
    assert part.images[:, 0, 0].tolist() == (kept * 16).tolist()
    assert part.votes[:, 0].tolist() == (kept * 10).tolist()
    assert part.labels.tolist() == kept.tolist()
    assert part.names.tolist() == np.array(["a", "b", "c"])[kept].tolist()
    assert part.subjects.tolist() == np.array(["x", "y", "z"])[kept].tolist()
    assert part.origins.tolist() == np.array(["", "", "aux"])[kept].tolist()
    assert part.mapped(four).subjects.tolist() == part.subjects[part.labels == 0].tolist()
    assert part.own.names.tolist() == [name for name in part.names if name != "c"]


def test_optional_columns_stay_absent():
    part = columns()[:2]
    assert part.votes is None
    assert part.names is None
    assert part.subjects is None
    assert part.origins is None
    assert part.own is part


def test_splits_keep_their_order_of_appearance():
    faces = made_faces([0, 1, 2, 3], ["test", "Training", "test", "all"])
    assert faces.split_names == ("test", "Training", "all")
    assert faces.split("test").labels.tolist() == [0, 2]


def test_unknown_split_lists_the_known_ones():
    with pytest.raises(DataError, match="made has no rows of split 'x'; it has: Training"):
        made_faces().split("x")
    with pytest.raises(DataError, match="it has: none"):
        made_faces([]).split("x")


def test_counts_include_labels_without_rows():
    assert made_faces([1, 1, 6]).counts.tolist() == [0, 2, 0, 0, 0, 0, 1]


def test_equal_pixels_have_equal_hashes_and_others_do_not():
    faces = made_faces([0, 1, 2])
    images = faces.images[[0, 1, 0]].copy()
    hashes = made_faces([0, 1, 2], images=images).pixel_hashes
    assert hashes[0] == hashes[2]
    assert hashes[0] != hashes[1]
    images[2, 47, 47] ^= 1
    assert len(set(made_faces([0, 1, 2], images=images).pixel_hashes.tolist())) == 3
    assert made_faces([]).pixel_hashes.shape == (0,)


def test_digest_covers_pixels_labels_and_order():
    faces = made_faces([0, 1])
    again = made_faces([0, 1], images=np.asfortranarray(faces.images))
    assert again.sha256 == faces.sha256
    told = replace(faces, subjects=np.array(["a", "b"]), origins=np.array(["", "c"]))
    assert told.sha256 == faces.sha256
    different = {
        faces.sha256,
        faces[np.array([1, 0])].sha256,
        made_faces([0, 2]).sha256,
        made_faces([0, 1], seed=1).sha256,
    }
    assert len(different) == 4


def test_mapping_to_the_five_groups_drops_disgust_and_merges_fear_and_surprise():
    mapped = made_faces().mapped(agrawal5)
    names = [mapped.space.labels[label] for label in mapped.labels]
    assert names == ["angry", "anxious", "happy", "sad", "anxious", "neutral"]
    assert np.array_equal(mapped.images, made_faces().images[[0, 2, 3, 4, 5, 6]])


def test_mapping_to_the_four_groups():
    mapped = made_faces().mapped(four)
    assert [four.labels[label] for label in mapped.labels] == ["angry", "happy", "sad", "neutral"]


def test_mapping_into_a_space_without_neutral_is_refused():
    with pytest.raises(LabelError, match="no mapping from fer7 to ck7"):
        made_faces().mapped(ck7)
