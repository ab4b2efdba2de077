"""``Evaluation``: the figures of one bundle on one split, as an object and as JSON."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.core.labels import LabelSpace
from mien.data.robustness import Degraded
from mien.evaluate.guard import SplitGuard
from mien.metrics import (
    Acceptance,
    acceptance,
    accuracy,
    aurc,
    balanced_accuracy,
    brier,
    class_scores,
    confusion_matrix,
    ece,
    nll,
    one_vs_rest_auc,
    wilson_interval,
)


@dataclass(frozen=True)
class LabelScores:
    """Scores of one label; NaN where undefined."""

    precision: float
    recall: float
    f1: float
    auc: float
    support: int


@dataclass(frozen=True)
class Subset:
    """Accuracy on part of the rows; None where the part is unknown."""

    n: int | None
    accuracy: float | None


@dataclass(frozen=True)
class Clean:
    """Figures of the rows without a twin among the training rows; None where they are unknown.

    Args:
        n: Rows.
        accuracy: Share answered correctly.
        nll: Mean negative log-likelihood, nats.
        ece: Expected calibration error, 15 bins.
        brier: Squared error summed over labels, 0 to 2.
        aurc: Area under the risk-coverage curve.
        abstention: Coverage and risk at the card's threshold.
        risk_ci95: Wilson interval of that risk.
    """

    n: int | None = None
    accuracy: float | None = None
    nll: float | None = None
    ece: float | None = None
    brier: float | None = None
    aurc: float | None = None
    abstention: Acceptance | None = None
    risk_ci95: tuple[float, float] | None = None


def clean_figures(
    probabilities: NDArray[np.float64],
    truth: NDArray[np.int64],
    rows: NDArray[np.bool_] | None,
    *,
    threshold: float,
    calibrated: NDArray[np.float64] | None = None,
) -> Clean:
    """Score the rows without a twin.

    Args:
        probabilities: ``(N, K)`` of all rows.
        truth: ``(N,)`` their labels.
        rows: ``(N,)`` bool, the clean ones; None = unknown.
        threshold: The card's abstention threshold.
        calibrated: ``(n, K)`` of the n clean rows, for NLL, ECE and Brier, where they differ.
    """
    if rows is None:
        return Clean()
    p, labels = probabilities[rows], truth[rows]
    if not len(p):
        return Clean(0)
    for_calibration = p if calibrated is None else calibrated
    right = p.argmax(axis=1) == labels
    accepted = p.max(axis=1) >= threshold
    n = int(accepted.sum())
    return Clean(
        n=len(p),
        accuracy=float(right.mean()),
        nll=nll(for_calibration, labels),
        ece=ece(for_calibration, labels),
        brier=brier(for_calibration, labels),
        aurc=aurc(p, labels),
        abstention=acceptance(p, labels, threshold),
        risk_ci95=wilson_interval(n - int(right[accepted].sum()), n) if n else None,
    )


def clean_scores(clean: Clean) -> tuple[float, float, float, float]:
    """NLL, ECE, Brier and AURC; NaN where there are none."""
    found = (clean.nll, clean.ece, clean.brier, clean.aurc)
    nll_, ece_, brier_, aurc_ = (math.nan if score is None else score for score in found)
    return nll_, ece_, brier_, aurc_


def accepted_in_words(clean: Clean) -> str:
    """Coverage and risk at the threshold, with the interval of the risk."""
    if clean.abstention is None or clean.risk_ci95 is None:
        return "none"
    low, high = clean.risk_ci95
    return (
        f"{clean.abstention.coverage:.1%}, risk {clean.abstention.risk:.1%} "
        f"({100 * low:.1f} to {100 * high:.1f})"
    )


@dataclass(frozen=True)
class EndToEnd:
    """What the detector did to the figures.

    Args:
        no_face: Photos without a detected face, counted as wrong.
        unreadable: Photos that could not be read, counted as wrong.
        found: Accuracy on the photos with a face.
        missed_per_class: Photos without an answer, by label.
    """

    no_face: int
    unreadable: int
    found: Subset
    missed_per_class: dict[str, int]


@dataclass(frozen=True, eq=False)
class Figures:
    """Everything that follows from the answers alone.

    Args:
        n: Rows, missed ones included.
        accuracy: Share of rows answered correctly; a missed row is wrong.
        ci95: Wilson interval of ``accuracy``.
        macro_f1: Mean F1 over labels that occur.
        balanced_accuracy: Mean recall over labels that have rows.
        nll: Mean negative log-likelihood, nats.
        ece: Expected calibration error, 15 bins.
        brier: Squared error summed over labels, 0 to 2.
        aurc: Area under the risk-coverage curve.
        per_class: Scores of each label.
        confusion: ``(K, K)``, row = truth; missed rows are in no column.
        abstention: Coverage and risk at the card's threshold.
    """

    n: int
    accuracy: float
    ci95: tuple[float, float]
    macro_f1: float
    balanced_accuracy: float
    nll: float
    ece: float
    brier: float
    aurc: float
    per_class: dict[str, LabelScores]
    confusion: NDArray[np.int64]
    abstention: Acceptance


def figures(
    probabilities: NDArray[np.float64],
    truth: NDArray[np.int64],
    space: LabelSpace,
    *,
    threshold: float,
    calibrated: NDArray[np.float64] | None = None,
    missed: NDArray[np.int64] | None = None,
) -> Figures:
    """Score answers.

    Args:
        probabilities: ``(N, K)`` of the answered rows.
        truth: ``(N,)`` their labels.
        space: The K labels.
        threshold: The card's abstention threshold.
        calibrated: ``(N, K)`` for NLL, ECE and Brier, where they differ from ``probabilities``.
        missed: ``(M,)`` labels of rows without an answer: wrong, and without probabilities.
    """
    k = len(space)
    lost = np.zeros(0, np.int64) if missed is None else missed
    # "No answer" is one more column, so that it lowers recall and F1 and raises no precision.
    wide = confusion_matrix(
        np.concatenate([truth, lost]),
        np.concatenate([probabilities.argmax(axis=1), np.full(len(lost), k)]),
        k + 1,
    )
    scores, auc = class_scores(wide), one_vs_rest_auc(probabilities, truth)
    f1 = scores.f1[:k]
    right, n = int(np.trace(wide)), int(wide.sum())
    for_calibration = probabilities if calibrated is None else calibrated
    return Figures(
        n=n,
        accuracy=accuracy(wide),
        ci95=wilson_interval(right, n),
        macro_f1=float(f1[~np.isnan(f1)].mean()) if n else math.nan,
        balanced_accuracy=balanced_accuracy(wide),
        nll=nll(for_calibration, truth),
        ece=ece(for_calibration, truth),
        brier=brier(for_calibration, truth),
        aurc=aurc(probabilities, truth),
        per_class={
            name: LabelScores(
                float(scores.precision[i]),
                float(scores.recall[i]),
                float(f1[i]),
                float(auc[i]),
                int(scores.support[i]),
            )
            for i, name in enumerate(space.labels)
        },
        confusion=wide[:k, :k].copy(),
        abstention=acceptance(probabilities, truth, threshold),
    )


@dataclass(frozen=True, eq=False)
class Evaluation:
    """The figures of one bundle on one split.

    Args:
        bundle: Name of the bundle.
        precision: Which of its files.
        labels: Label space of model and figures.
        figures: What follows from the answers.
        clean: The rows without a twin among the training rows.
        latency_ms: Milliseconds as ``protocol["latency"]`` says; NaN if not measured.
        protocol: How each figure came about, in words.
        data: What was measured.
        warnings: What a reader must know before quoting a figure.
        end_to_end: What the detector missed; None for crops.
        robustness: What is left under each degradation; empty if that was not asked for.
        probabilities: ``(N, K)`` of the answered rows, for further comparisons; not in the JSON.
        truth: ``(N,)`` their labels; not in the JSON.
        calibrated: ``(N, K)`` what NLL, ECE and Brier are of, where that differs from
            ``probabilities``; not in the JSON.
    """

    bundle: str
    precision: str
    labels: LabelSpace
    figures: Figures
    clean: Clean
    latency_ms: float
    protocol: dict[str, str]
    data: SplitGuard
    warnings: tuple[str, ...]
    end_to_end: EndToEnd | None = None
    robustness: tuple[Degraded, ...] = ()
    probabilities: NDArray[np.float64] = field(repr=False, default_factory=lambda: np.zeros((0, 0)))
    truth: NDArray[np.int64] = field(repr=False, default_factory=lambda: np.zeros(0, np.int64))
    calibrated: NDArray[np.float64] | None = field(repr=False, default=None)

    @property
    def accuracy(self) -> float:
        """Share of rows answered correctly."""
        return self.figures.accuracy

    def as_dict(self) -> dict[str, object]:
        """The object that ``mien evaluate --json`` prints; undefined figures are None."""
        f = self.figures
        answer: dict[str, object] = {
            "bundle": self.bundle,
            "precision": self.precision,
            "split": self.data.split,
            "n": f.n,
            "accuracy": f.accuracy,
            "ci95": list(f.ci95),
            "clean": asdict(self.clean),
            "macro_f1": f.macro_f1,
            "balanced_accuracy": f.balanced_accuracy,
            "nll": f.nll,
            "ece": f.ece,
            "brier": f.brier,
            "aurc": f.aurc,
            "per_class": {name: asdict(scores) for name, scores in f.per_class.items()},
            "confusion": f.confusion.tolist(),
            "latency_ms": self.latency_ms,
            "labels": list(self.labels.labels),
            "abstention": asdict(f.abstention),
            "protocol": dict(self.protocol),
            "data": {
                "source": self.data.source,
                "sha256": self.data.sha256,
                "counts": dict(self.data.counts),
            },
            "warnings": list(self.warnings),
        }
        if self.robustness:
            answer["robustness"] = [asdict(each) for each in self.robustness]
        if self.end_to_end is not None:
            answer["end_to_end"] = asdict(self.end_to_end)
        return _without_nan(answer)


def _without_nan(value: Any) -> Any:
    """The same structure with None for NaN and infinity, which JSON cannot say."""
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
