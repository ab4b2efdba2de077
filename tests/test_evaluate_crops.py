"""Evaluation on crops: splits, label spaces, calibration, twins, misaligned rows."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace

import numpy as np
import pytest

from fake_recognizer import (
    Calibration,
    Card,
    FakeRecognizer,
    ModelFile,
    joined,
    made_faces,
    some_faces,
    source,
)
from mien import metrics
from mien.core.errors import DataError, InputError, LabelError, UnknownNameError
from mien.core.labels import agrawal5, fer7, ferplus8, four
from mien.core.scores import softmax
from mien.evaluate import evaluate
from mien.store import card
from mien.store.card import Averaged


def test_accuracy_and_clean_accuracy():
    found = evaluate(FakeRecognizer(), source())
    assert found.figures.n == 140
    assert found.accuracy == pytest.approx(100 / 140)
    # The ten twins are among the forty wrong rows.
    assert found.clean.n == 130
    assert found.clean.accuracy == pytest.approx(100 / 130)
    assert (found.bundle, found.precision, found.data.split) == ("fake", "fp32", "PublicTest")
    assert found.data.counts == dict.fromkeys(fer7.labels, 20)
    assert found.data.sha256 == source().split("PublicTest").sha256
    assert found.end_to_end is None
    assert found.latency_ms > 0
    assert any("differs from the official" in warning for warning in found.warnings)
    json.dumps(found.as_dict(), allow_nan=False)


def test_clean_rows_have_their_own_calibration_and_risk():
    public, train = some_faces(), some_faces(70, 0, "Training", seed=1)
    train.images[:20] = public.images[40:60]  # twins of rows that are right: memory flatters
    sharp = FakeRecognizer(calibration=Calibration(temperature=0.5, threshold=0.6))
    found = evaluate(sharp, joined(train, public))
    clean = np.ones(140, dtype=bool)
    clean[40:60] = False
    p, truth = found.probabilities[clean], found.truth[clean]
    crossed = metrics.cross_fitted(np.log(p), truth)
    assert found.clean.nll == pytest.approx(metrics.nll(crossed, truth))
    assert found.clean.brier == pytest.approx(metrics.brier(crossed, truth))
    assert found.clean.ece == pytest.approx(metrics.ece(crossed, truth))
    assert found.clean.aurc == pytest.approx(metrics.aurc(p, truth))
    assert found.clean.abstention == metrics.acceptance(p, truth, 0.6)
    assert found.clean.nll > found.figures.nll
    assert found.clean.abstention.risk > found.figures.abstention.risk
    low, high = found.clean.risk_ci95
    assert low < found.clean.abstention.risk < high
    told = found.as_dict()["clean"]
    assert told["abstention"]["risk"] == found.clean.abstention.risk


def test_answers_are_kept_for_comparisons():
    found = evaluate(FakeRecognizer(), source())
    right = found.probabilities.argmax(axis=1) == found.truth
    assert metrics.compare(right, right).n == 140
    assert right.mean() == found.accuracy


def test_the_split_that_was_fitted_on_is_calibrated_by_cross_fitting():
    faces = some_faces()
    sharp = FakeRecognizer(calibration=Calibration(temperature=0.2))
    found = evaluate(sharp, faces)
    assert "cross-fitted in 5 folds" in found.protocol["calibration"]
    log_p = np.log(found.probabilities)
    calibrated = metrics.cross_fitted(log_p, faces.labels)
    assert found.figures.nll == pytest.approx(metrics.nll(calibrated, faces.labels))
    assert found.figures.ece == pytest.approx(metrics.ece(calibrated, faces.labels))
    assert found.figures.brier == pytest.approx(metrics.brier(calibrated, faces.labels))
    assert found.figures.nll < metrics.nll(found.probabilities, faces.labels)
    # The card's temperature does not matter to them: it is fitted anew.
    other = evaluate(FakeRecognizer(calibration=Calibration(temperature=3)), faces)
    assert other.figures.nll == pytest.approx(found.figures.nll, rel=1e-5)


def test_other_splits_use_the_temperature_of_the_card():
    faces = some_faces(usage="PrivateTest")
    found = evaluate(
        FakeRecognizer(calibration=Calibration(temperature=0.2)), faces, split="PrivateTest"
    )
    assert found.protocol["calibration"] == "temperature of the card, fitted on PublicTest"
    assert "fitted" not in found.protocol["abstention"]
    assert found.figures.nll == metrics.nll(found.probabilities, faces.labels)


def fitted_on(split: str | None, *, sha256: str | None = None, **changes):
    """A recogniser too sure of itself whose files were fitted on a split, or on nobody knows."""
    told = {"split": split} if sha256 is None else {"split": split, "data_sha256": sha256}
    figures = () if split is None else (told, {"split": "PublicTest"})
    card = Card(files={"fp32": ModelFile(()), "int8": ModelFile(figures)})
    return FakeRecognizer(
        card=card, precision="int8", calibration=Calibration(temperature=0.2), **changes
    )


def test_the_card_tells_which_split_was_fitted_on():
    faces = joined(some_faces(usage="Mine"), some_faces())
    same = faces.split("Mine").sha256
    crossed = evaluate(fitted_on("Mine", sha256=same), faces, split="Mine")
    assert "because the card's was fitted on Mine" in crossed.protocol["calibration"]
    assert crossed.protocol["abstention"].endswith("both fitted on the clean rows of this split")
    assert crossed.figures.nll < metrics.nll(crossed.probabilities, crossed.truth)
    public = evaluate(fitted_on("Mine"), faces)
    assert public.protocol["calibration"] == "temperature of the card, fitted on Mine"
    assert public.figures.nll == metrics.nll(public.probabilities, public.truth)
    every = evaluate(fitted_on("Mine"), faces, split=None)
    assert every.protocol["calibration"].endswith("fitted on Mine, which is among these rows")


@pytest.mark.parametrize(
    "card",
    [
        Card(files={"fp32": ModelFile(())}),
        Card(files={"fp32": ModelFile(({"n": 3},))}),
        Card(files={"fp32": ModelFile(({"split": None},))}),
    ],
)
def test_a_card_that_names_no_split_is_said_not_to(card):
    found = evaluate(FakeRecognizer(card=card), some_faces())
    assert "does not tell the rows it was fitted on" in found.protocol["calibration"]
    assert "fitted" not in found.protocol["abstention"]
    assert found.figures.nll == metrics.nll(found.probabilities, found.truth)


def test_rows_of_the_fitted_name_may_be_the_fitted_ones_whatever_their_hash():
    """A part of the fitted rows has another hash: it must not pass for rows of its own."""
    faces = source()
    public = faces.split("PublicTest")
    clean = public[np.arange(140) >= 10]
    for sha256, same in ((clean.sha256, True), (public.sha256, True), ("0" * 64, False)):
        file = ModelFile(({"split": "PublicTest", "data_sha256": sha256},))
        found = evaluate(FakeRecognizer(card=Card(files={"fp32": file})), faces)
        assert "cross-fitted" in found.protocol["calibration"]
        assert ("may be among these" in found.protocol["calibration"]) != same
        assert ("may be among these" in found.protocol["abstention"]) != same
        assert ("clean rows of this split" in found.protocol["abstention"]) == same


def test_a_part_of_the_fitted_rows_is_cross_fitted():
    faces = source()
    public = faces.split("PublicTest")
    recognizer = fitted_on("PublicTest", sha256=public.sha256)
    part = joined(faces.split("Training"), public[np.arange(len(public)) < 100])
    found = evaluate(recognizer, part)
    assert "cross-fitted" in found.protocol["calibration"]
    assert found.figures.nll < metrics.nll(found.probabilities, found.truth)


@pytest.mark.parametrize(
    ("threads", "words"),
    [(None, "the runtime's default number of threads"), (1, "1 thread"), (4, "4 threads")],
)
def test_latency_names_the_threads(threads, words):
    recognizer = FakeRecognizer()
    recognizer.threads = threads
    assert evaluate(recognizer, some_faces()).protocol["latency"].endswith(f"; {words}")


def test_a_recogniser_without_threads_has_the_default():
    latency = evaluate(FakeRecognizer(), some_faces()).protocol["latency"]
    assert latency.endswith("; the runtime's default number of threads")


def test_few_public_rows_are_not_cross_fitted_and_say_so():
    found = evaluate(FakeRecognizer(), some_faces(49, 5))
    assert "49 rows are too few to cross-fit" in found.protocol["calibration"]
    assert "cross-fitted" in evaluate(FakeRecognizer(), some_faces(50, 5)).protocol["calibration"]


def test_abstention_is_at_the_threshold_of_the_card():
    recognizer = FakeRecognizer(calibration=Calibration(threshold=0.8))
    found = evaluate(recognizer, some_faces())
    expected = metrics.acceptance(found.probabilities, found.truth, 0.8)
    assert found.figures.abstention == expected
    assert found.figures.abstention.threshold == 0.8


@pytest.mark.parametrize(("views", "calls"), [("one", 1), ("flip", 2), ("tencrop", 10)])
def test_views_are_taken_and_named(views, calls):
    recognizer = FakeRecognizer()
    found = evaluate(recognizer, some_faces(), views=views)
    assert [n for n in recognizer.calls if n > 1] == [140] * calls
    assert found.protocol["views"].startswith(views)
    assert found.accuracy == pytest.approx(100 / 140)


def test_views_are_calibrated_by_what_the_card_has_for_them():
    flip = Averaged(card.Calibration(2.0, 0.4, 0.2))
    files = {"fp32": ModelFile(views={"flip": flip})}
    recognizer = FakeRecognizer(card=Card(files=files), calibration=Calibration(threshold=0.7))
    plain = evaluate(FakeRecognizer(), some_faces(), views="flip")
    found = evaluate(recognizer, some_faces(), views="flip")
    expected = softmax(np.log(plain.probabilities), 2.0)
    np.testing.assert_allclose(found.probabilities, expected, atol=1e-12)
    assert found.figures.abstention.threshold == 0.4
    assert evaluate(recognizer, some_faces()).figures.abstention.threshold == 0.7


def test_unknown_views_are_refused():
    with pytest.raises(UnknownNameError, match="unknown views 'mirror'"):
        evaluate(FakeRecognizer(), some_faces(), views="mirror")


def test_latency_is_the_median_of_single_faces():
    ticks = itertools.count(step=0.004)
    found = evaluate(FakeRecognizer(), some_faces(), clock=lambda: next(ticks))
    assert found.latency_ms == pytest.approx(4)
    assert "one face" in found.protocol["latency"]


def test_rows_are_counted_as_they_are_done():
    seen = []
    evaluate(FakeRecognizer(), some_faces(300), on_rows=lambda *at: seen.append(at))
    assert seen == [(256, 300), (300, 300)]


def test_data_is_mapped_into_the_space_of_the_model():
    # Names of four in fer7: angry 0, happy 3, sad 4, neutral 6; they look like 0, 1, 2, 3.
    faces = made_faces([0, 3, 4, 6, 1, 2] * 20, shown=[0, 1, 2, 3, 5, 5] * 20, usage="PrivateTest")
    found = evaluate(FakeRecognizer(card=Card(four)), faces, split="PrivateTest")
    assert found.figures.n == 80
    assert found.accuracy == 1
    assert list(found.figures.per_class) == list(four.labels)
    assert "40 of 120 rows have no counterpart in four and were left out" in found.warnings
    assert found.data.counts == dict.fromkeys(four.labels, 20)


def test_a_space_without_a_mapping_is_refused():
    faces = made_faces([0, 1, 2], space=agrawal5)
    with pytest.raises(LabelError, match="no mapping from agrawal5 to fer7"):
        evaluate(FakeRecognizer(), faces)


def test_no_row_with_a_known_label_is_refused():
    faces = made_faces([7, 7], space=ferplus8)
    with pytest.raises(DataError, match="no rows with a label of fer7"):
        evaluate(FakeRecognizer(), faces)


def test_a_missing_split_names_the_others():
    with pytest.raises(DataError, match="'PrivateTest'; it has: Training, PublicTest"):
        evaluate(FakeRecognizer(), source(), split="PrivateTest")


def test_crops_of_another_size_are_refused():
    faces = replace(some_faces(), images=np.zeros((140, 40, 40), np.uint8))
    with pytest.raises(InputError, match="end to end"):
        evaluate(FakeRecognizer(), faces)


def test_training_rows_are_warned_about():
    found = evaluate(FakeRecognizer(), source(), split="Training")
    assert any("70 of 70 rows are Training rows" in warning for warning in found.warnings)
    assert found.clean.n is None
    every = evaluate(FakeRecognizer(), source(), split=None)
    assert any("70 of 210 rows are Training rows" in warning for warning in every.warnings)
    assert every.data.split == "all"
    assert every.figures.n == 210


def test_an_unknown_clean_subset_says_what_to_do():
    found = evaluate(FakeRecognizer(), some_faces())
    assert set(found.as_dict()["clean"].values()) == {None}
    assert any("give --clean-against SRC:Training" in warning for warning in found.warnings)
    against = evaluate(FakeRecognizer(), some_faces(), training=source().split("Training"))
    assert against.clean.n == 130
    assert not any("--clean-against" in warning for warning in against.warnings)


def test_only_twins_leave_no_clean_accuracy():
    faces = some_faces()
    found = evaluate(FakeRecognizer(), faces, training=faces)
    clean = found.as_dict()["clean"]
    assert clean.pop("n") == 0
    assert set(clean.values()) == {None}


def shuffled(n: int = 700):
    faces = made_faces(np.arange(n) % 7)
    return replace(faces, labels=np.random.default_rng(3).permutation(faces.labels))


def test_shuffled_labels_are_refused_by_name():
    with pytest.raises(DataError, match="predictions and labels look shuffled: kappa"):
        evaluate(FakeRecognizer(), shuffled())


def test_shuffled_labels_can_be_scored_with_a_warning():
    found = evaluate(FakeRecognizer(), shuffled(), allow_misaligned=True)
    assert found.accuracy < 0.25
    assert any("look shuffled" in warning for warning in found.warnings)


def test_renamed_classes_are_refused_by_name():
    faces = made_faces(np.arange(700) % 7)
    order = np.array([0, 1, 2, 3, 5, 4, 6])
    with pytest.raises(DataError, match="sad -> surprise, surprise -> sad"):
        evaluate(FakeRecognizer(), replace(faces, labels=order[faces.labels]))


def test_a_bad_but_unsure_model_is_scored():
    faces = shuffled()
    found = evaluate(FakeRecognizer(width=1000), faces)
    assert found.accuracy < 0.25
    assert not any("shuffled" in warning for warning in found.warnings)
