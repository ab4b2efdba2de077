"""Figures follow from the answers, missed rows are wrong, and the JSON is what the design says."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from made_answers import answers
from mien import metrics
from mien.core.labels import fer7
from mien.core.scores import softmax
from mien.evaluate import Clean, Evaluation, SplitGuard
from mien.evaluate.result import figures

DESIGN_7 = [
    "bundle", "precision", "split", "n", "accuracy", "ci95", "clean", "macro_f1",
    "balanced_accuracy", "nll", "ece", "brier", "aurc", "per_class", "confusion", "latency_ms",
]  # fmt: skip


def case(n: int = 300):
    logits, y = answers(n, skill=1.8, sharpness=1.8)
    return softmax(logits), y


def evaluation(found, **changes) -> Evaluation:
    return Evaluation(
        **{
            "bundle": "tiny", "precision": "int8", "labels": fer7, "figures": found,
            "clean": Clean(280, 0.66), "latency_ms": 1.5, "protocol": {"views": "one"},
            "data": SplitGuard("fer.csv", "PublicTest", {"angry": 3}, "ab" * 32),
            "warnings": ("quoted with care",), **changes,
        }
    )  # fmt: skip


def test_figures_are_the_metrics():
    p, y = case()
    found = figures(p, y, fer7, threshold=0.6)
    counts = metrics.confusion_matrix(y, p.argmax(axis=1), 7)
    assert found.n == 300
    assert found.accuracy == metrics.accuracy(counts)
    assert found.ci95 == metrics.wilson_interval(int(np.trace(counts)), 300)
    assert found.macro_f1 == pytest.approx(metrics.macro_f1(counts))
    assert found.balanced_accuracy == pytest.approx(metrics.balanced_accuracy(counts))
    assert found.nll == metrics.nll(p, y)
    assert found.ece == metrics.ece(p, y)
    assert found.brier == metrics.brier(p, y)
    assert found.aurc == metrics.aurc(p, y)
    assert found.abstention == metrics.acceptance(p, y, 0.6)
    assert found.confusion.tolist() == counts.tolist()
    scores, auc = metrics.class_scores(counts), metrics.one_vs_rest_auc(p, y)
    happy = found.per_class["happy"]
    assert happy.precision == scores.precision[3]
    assert happy.recall == scores.recall[3]
    assert happy.f1 == scores.f1[3]
    assert happy.auc == auc[3]
    assert happy.support == scores.support[3]
    assert list(found.per_class) == list(fer7.labels)


def test_other_probabilities_serve_calibration_only():
    p, y = case()
    flat = softmax(np.log(p), 3)
    found = figures(p, y, fer7, threshold=0.6, calibrated=flat)
    assert found.nll == metrics.nll(flat, y)
    assert found.ece == metrics.ece(flat, y)
    assert found.brier == metrics.brier(flat, y)
    assert found.aurc == metrics.aurc(p, y)
    assert found.abstention == metrics.acceptance(p, y, 0.6)


def test_missed_rows_are_wrong_and_raise_no_precision():
    p, y = case()
    plain = figures(p, y, fer7, threshold=0.6)
    missed = np.array([3, 3, 3, 0])
    found = figures(p, y, fer7, threshold=0.6, missed=missed)
    assert found.n == 304
    assert found.accuracy == pytest.approx(plain.accuracy * 300 / 304)
    assert found.confusion.tolist() == plain.confusion.tolist()
    before, after = plain.per_class["happy"], found.per_class["happy"]
    assert after.support == before.support + 3
    assert after.precision == before.precision
    assert after.recall == pytest.approx(before.recall * before.support / after.support)
    assert after.f1 < before.f1
    assert found.per_class["sad"] == plain.per_class["sad"]
    assert found.macro_f1 == pytest.approx(np.mean([s.f1 for s in found.per_class.values()]))
    recalls = [s.recall for s in found.per_class.values()]
    assert found.balanced_accuracy == pytest.approx(np.mean(recalls))


def test_nothing_but_missed_rows():
    found = figures(
        np.zeros((0, 7)), np.zeros(0, int), fer7, threshold=0.6, missed=np.array([1, 1])
    )
    assert (found.n, found.accuracy, found.macro_f1) == (2, 0, 0)
    assert math.isnan(found.nll)
    assert evaluation(found).as_dict()["nll"] is None


def test_no_rows_at_all():
    found = figures(np.zeros((0, 7)), np.zeros(0, int), fer7, threshold=0.6)
    assert found.n == 0
    assert math.isnan(found.macro_f1)
    assert found.ci95 == (0, 1)


def test_the_json_begins_with_the_fields_of_the_design():
    p, y = case()
    answer = evaluation(figures(p, y, fer7, threshold=0.6)).as_dict()
    assert list(answer)[: len(DESIGN_7)] == DESIGN_7
    assert set(answer) - set(DESIGN_7) == {"labels", "abstention", "protocol", "data", "warnings"}
    assert (answer["clean"]["n"], answer["clean"]["accuracy"]) == (280, 0.66)
    assert set(answer["per_class"]["sad"]) == {"precision", "recall", "f1", "auc", "support"}
    assert np.array(answer["confusion"]).shape == (7, 7)
    assert answer["abstention"].keys() == {"threshold", "coverage", "risk"}
    assert answer["data"] == {"source": "fer.csv", "sha256": "ab" * 32, "counts": {"angry": 3}}
    assert (answer["split"], answer["precision"]) == ("PublicTest", "int8")
    assert json.loads(json.dumps(answer, allow_nan=False)) == answer


def test_undefined_figures_are_null():
    p, y = case()
    y[y == 1] = 0
    found = figures(p, y, fer7, threshold=1.0)
    answer = evaluation(found, latency_ms=math.nan, clean=Clean()).as_dict()
    assert answer["per_class"]["disgust"]["recall"] is None
    assert answer["per_class"]["disgust"]["auc"] is None
    assert answer["abstention"] == {"threshold": 1.0, "coverage": 0.0, "risk": None}
    assert answer["latency_ms"] is None
    assert set(answer["clean"].values()) == {None}
    json.dumps(answer, allow_nan=False)


def test_accuracy_is_at_hand():
    p, y = case()
    found = figures(p, y, fer7, threshold=0.6)
    assert evaluation(found).accuracy == found.accuracy
