"""The rows of an arm: drawn as its plan says, or made."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mien.core.errors import ConfigError, DataError
from mien.core.labels import agrawal5, fer7
from mien.export.bundle import licence_of
from mien.store.training import Training
from mien.study import Arm, DataPlan
from mien.study.samples import drawn
from mien.study.smoke import generated_faces


def test_rows_are_drawn_as_the_plan_says() -> None:
    faces = generated_faces(24, ("Training", "PublicTest"), agrawal5)
    plan = DataPlan("agrawal5", ("Training", "PublicTest"), (), per_class=(20, 10))
    rows = drawn(faces, plan)
    assert rows.train.counts.tolist() == [20] * 5
    assert rows.tests["test"].counts.tolist() == [10] * 5
    assert not np.isin(rows.tests["test"].pixel_hashes, rows.train.pixel_hashes).any()
    leaky = drawn(faces, replace(plan, shared="rows"))
    assert np.isin(leaky.tests["test"].pixel_hashes, leaky.train.pixel_hashes).any()
    part = replace(plan, per_class=(), train_share=0.75)
    share = drawn(faces, replace(part, shared="pictures"))
    assert (len(share.train), len(share.tests["test"])) == (180, 60)
    even = drawn(faces, replace(part, balanced_tests=True))
    assert len(set(even.tests["test balanced"].counts.tolist())) == 1
    few = drawn(faces, DataPlan("agrawal5", rows=3))
    assert few.train.counts.tolist() == [3] * 5
    rare = faces[(faces.labels != 1) | (np.arange(len(faces)) % 3 == 0)]
    most = drawn(rare, DataPlan("agrawal5", rows=20))
    assert most.train.counts.tolist() == [20, 8, 20, 20, 20]
    assert few.tests["PublicTest"].counts.tolist() == [24] * 5
    together = few.together()
    assert together.split_names == ("Training", "PublicTest")
    assert together.split("PublicTest").sha256 == few.tests["PublicTest"].sha256


def test_rows_that_are_not_there_are_named() -> None:
    faces = generated_faces(3, ("Training",), fer7)
    with pytest.raises(DataError, match="no rows of split 'PublicTest'"):
        drawn(faces, DataPlan())
    with pytest.raises(ConfigError, match=r"unknown configuration key data\.pools"):
        drawn(faces, Arm("a", {}, {}, {"pools": []}).plan)


def test_data_are_loaded_in_the_label_space_of_the_arm() -> None:
    asked: list[str] = []

    def load(labels: str):
        asked.append(labels)
        return generated_faces(3, ("Training", "PublicTest"), agrawal5)

    assert drawn(load, DataPlan("agrawal5")).train.space == agrawal5
    assert asked == ["agrawal5"]


def test_generated_faces_can_be_told_apart() -> None:
    """Nearest mean faces of the first half know the second: far above chance."""
    faces = generated_faces(40, ("a", "b"), fer7)
    first, second = faces.split("a"), faces.split("b")
    means = np.stack([first.images[first.labels == k].mean(axis=0) for k in range(7)])
    means -= means.mean(axis=(1, 2), keepdims=True)
    tested = second.images - second.images.mean(axis=(1, 2), keepdims=True)
    answers = np.tensordot(tested, means, axes=([1, 2], [1, 2])) / np.linalg.norm(
        means, axis=(1, 2)
    )
    assert (answers.argmax(axis=1) == second.labels).mean() > 0.35
    again = generated_faces(40, ("a", "b"), fer7)
    assert again.sha256 == faces.sha256
    assert len(np.unique(first.pixel_hashes)) < len(first)


def test_a_card_says_that_faces_were_generated() -> None:
    rows = drawn(lambda _: pytest.fail("data were read"), DataPlan(generated=2))
    assert rows.note["data_set"] == "generated faces"
    assert "FER2013" not in licence_of(Training(rows.note))
    real = generated_faces(3, ("Training", "PublicTest"), fer7)
    assert "data_set" not in drawn(real, DataPlan()).note
    assert "FER2013" in licence_of(Training(drawn(real, DataPlan()).note))
