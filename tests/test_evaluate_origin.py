"""What a card tells of the training is said of its figures: votes, folds, rows that were drawn."""

from __future__ import annotations

import numpy as np
import pytest

from fake_recognizer import Card, FakeRecognizer, ModelFile, made_faces, some_faces, source
from mien.core.errors import DataError
from mien.data.select.folds import one_fold_out
from mien.evaluate import evaluate
from mien.store.training import Training


def test_votes_of_any_member_of_an_ensemble_are_disclosed():
    plain = {"training": {"config": {"votes_weight": 0}}}
    voted = {"training": {"config": {"votes_weight": 0.4}}}
    inner = {"training": {"ensemble": [plain, voted]}}
    for members, told in (([plain], False), ([plain, voted], True), ([plain, inner], True)):
        card = Card(training=Training({"ensemble": members}))
        found = evaluate(FakeRecognizer(card=card), some_faces()).protocol
        assert ("training" in found) == told
    assert "target of members (weight 0.4)" in found["training"]


def test_a_first_training_on_votes_is_disclosed():
    plain = {"first": {"config": {"labels": "ferplus8"}}, "config": {"votes_weight": 0}}
    for training in (plain, {"ensemble": [{"training": plain}]}):
        card = Card(training=Training(training))
        told = evaluate(FakeRecognizer(card=card), some_faces()).protocol["training"]
        assert "the labels of a first training" in told
        assert "auxiliary" not in told


def test_rows_that_a_study_drew_from_are_no_test():
    drawn = {"drawn": {"pool": ["Training", "PublicTest"], "per_class": [3, 2]}}
    for training in (drawn, {"ensemble": [{"training": {}}, {"training": drawn}]}):
        found = evaluate(FakeRecognizer(card=Card(training=Training(training))), source())
        (told,) = (warning for warning in found.warnings if "study drew" in warning)
        assert "drew from PublicTest: if these 140 rows are of the same data" in told
        assert found.clean.n is None
        assert "on rows of PublicTest too" in found.protocol["clean"]
    for pool, more in ((["Training"], {}), (["Training", "PublicTest"], {"generated": 4})):
        card = Card(training=Training({"drawn": {"pool": pool, **more}}))
        found = evaluate(FakeRecognizer(card=card), source())
        assert not any("study drew" in warning for warning in found.warnings)
        assert found.clean.n


def test_the_fold_that_was_left_out_can_be_measured():
    faces = made_faces(np.arange(140) % 7, usage="all")
    left = one_fold_out(faces, 4, 1, 3)
    data = {"training_sha256": left.split("Training").sha256}
    for told in ({"config": {}, "data": data}, {"drawn": {}}):
        next(iter(told.values())).update({"folds": 4, "fold": 1, "fold_seed": 3})
        card = Card(training=Training(told), files={"fp32": ModelFile(({"split": "fold"},))})
        recognizer = FakeRecognizer(card=card)
        found = evaluate(recognizer, faces, split="fold")
        assert found.data.sha256 == left.split("fold").sha256
        assert found.clean.n == found.figures.n
        assert not any("remembers" in warning for warning in found.warnings)
        whole = evaluate(recognizer, faces, split=None)
        (warning,) = (each for each in whole.warnings if "remembers" in each)
        assert "if these 140 rows are of the same data" in warning
        assert "all but fold 1 of 4. --split fold" in warning
    with pytest.raises(DataError, match="no rows of split 'fold'"):
        evaluate(FakeRecognizer(), faces, split="fold")


def test_the_fold_of_other_rows_is_not_taken_for_it():
    """One row less, and the folds are others: the model may know any of these rows."""
    faces = made_faces(np.arange(140) % 7, usage="all")
    left = one_fold_out(faces, 4, 1, 3)
    own = {
        "config": {"folds": 4, "fold": 1, "fold_seed": 3},
        "data": {"training_sha256": left.split("Training").sha256},
    }
    for training in (own, {"ensemble": [{"training": own}]}):
        recognizer = FakeRecognizer(card=Card(training=Training(training)))
        assert evaluate(recognizer, faces, split="fold").figures.n == len(left.split("fold"))
        with pytest.raises(DataError, match="left out a fold of other rows than those of made"):
            evaluate(recognizer, faces[1:], split="fold")


def test_votes_as_a_training_target_are_disclosed():
    card = Card(training=Training({"config": {"votes_weight": 0.4}}))
    found = evaluate(FakeRecognizer(card=card), some_faces()).protocol
    assert found["training"].startswith("FER+ votes, extra annotation of the same images")
    assert "0.4" in found["training"]


@pytest.mark.parametrize(
    "training", [{}, {"config": {"votes_weight": 0}}, {"config": {}}, {"config": "mine"}]
)
def test_without_votes_nothing_is_disclosed(training):
    found = evaluate(FakeRecognizer(card=Card(training=Training(training))), some_faces())
    assert "training" not in found.protocol
