"""Scores that are functions of the confusion matrix alone.

``counts`` is always ``(K, K)``, row = truth, column = prediction. A score whose denominator is
zero is NaN: undefined, not bad.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mien.core.errors import InputError
from mien.metrics.inputs import checked_labels


def confusion_matrix(truth: ArrayLike, predicted: ArrayLike, classes: int) -> NDArray[np.int64]:
    """Count rows by truth (row) and prediction (column).

    Args:
        truth: ``(N,)`` label indices.
        predicted: ``(N,)`` label indices.
        classes: Number of labels K.

    Returns:
        ``(K, K)`` int64.

    Raises:
        InputError: If lengths disagree or an index is outside 0 to K - 1.

    >>> confusion_matrix([0, 0, 1], [0, 1, 1], 2).tolist()
    [[1, 1], [0, 1]]
    """
    t = checked_labels("truth", truth, classes)
    p = checked_labels("predicted", predicted, classes)
    if len(t) != len(p):
        raise InputError(f"{len(t)} labels but {len(p)} predictions; they must belong together")
    return np.bincount(t * classes + p, minlength=classes * classes).reshape(classes, classes)


def _checked(counts: ArrayLike) -> NDArray[np.int64]:
    array = np.asarray(counts)
    if array.ndim != 2 or array.shape[0] != array.shape[1] or array.dtype.kind not in "iu":
        raise InputError(f"counts must be whole numbers (K, K), got {array.dtype} {array.shape}")
    if array.size and array.min() < 0:
        raise InputError(f"counts must not be negative, got {array.min()}")
    return array.astype(np.int64)


def _ratio(above: NDArray[np.int64], below: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.where(below > 0, above / np.maximum(below, 1), np.nan)


def _mean(values: NDArray[np.float64]) -> float:
    defined = values[~np.isnan(values)]
    return float(defined.mean()) if len(defined) else math.nan


def accuracy(counts: ArrayLike) -> float:
    """Share of rows on the diagonal; NaN without rows."""
    c = _checked(counts)
    return float(np.trace(c) / c.sum()) if c.sum() else math.nan


def wilson_interval(right: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Score interval of a proportion (Wilson, JASA 1927).

    Args:
        right: Successes.
        n: Trials; 0 gives (0, 1), because nothing is known.
        level: Confidence in (0, 1).

    Raises:
        InputError: If ``right`` is outside 0 to ``n``, or ``level`` outside (0, 1).

    >>> [round(bound, 3) for bound in wilson_interval(2491, 3589)]
    [0.679, 0.709]
    """
    if not 0 <= right <= n or not 0 < level < 1:
        raise InputError(
            f"expected 0 <= right <= n and a level in (0, 1), got {right} of {n} at {level}"
        )
    if n == 0:
        return 0.0, 1.0
    z = NormalDist().inv_cdf((1 + level) / 2)
    p = right / n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    # Rounding must not move a bound past the share it is about.
    return max(0.0, min(p, centre - half)), min(1.0, max(p, centre + half))


@dataclass(frozen=True, eq=False)
class ClassScores:
    """Scores of each label, all ``(K,)``.

    Args:
        precision: NaN where nothing was predicted as the label (scikit-learn says 0 there).
        recall: NaN where no row has the label.
        f1: Harmonic mean, 2tp / (2tp + fp + fn); NaN where the label occurs nowhere.
        support: Rows of the label.
    """

    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    f1: NDArray[np.float64]
    support: NDArray[np.int64]


def class_scores(counts: ArrayLike) -> ClassScores:
    """Precision, recall, F1 and support of each label."""
    c = _checked(counts)
    right, support, predicted = c.diagonal(), c.sum(axis=1), c.sum(axis=0)
    return ClassScores(
        precision=_ratio(right, predicted),
        recall=_ratio(right, support),
        f1=_ratio(2 * right, support + predicted),
        support=support,
    )


def balanced_accuracy(counts: ArrayLike) -> float:
    """Mean recall over the labels that have rows; NaN without rows."""
    return _mean(class_scores(counts).recall)


def macro_f1(counts: ArrayLike) -> float:
    """Mean F1 over the labels that occur as truth or prediction; NaN without rows."""
    return _mean(class_scores(counts).f1)


@dataclass(frozen=True)
class Kappa:
    """Agreement beyond chance.

    Args:
        value: Cohen's kappa; NaN where chance alone gives full agreement.
        chance: Agreement expected if predictions and labels were independent.
        standard_error: Of ``value``, if they were independent.
    """

    value: float
    chance: float
    standard_error: float


def cohen_kappa(counts: ArrayLike) -> Kappa:
    """Cohen's kappa (1960) with its standard error under independence.

    Source: Fleiss, Cohen and Everitt, Psychological Bulletin 72, 1969, equation 14.
    """
    c = _checked(counts)
    n = int(c.sum())
    if n == 0:
        return Kappa(math.nan, math.nan, math.nan)
    truth, predicted = c.sum(axis=1) / n, c.sum(axis=0) / n
    chance = float(truth @ predicted)
    if 1 - chance < 1e-12:
        return Kappa(math.nan, chance, math.nan)
    spread = chance + chance**2 - float((truth * predicted) @ (truth + predicted))
    error = math.sqrt(max(spread, 0.0) / n) / (1 - chance)
    return Kappa((accuracy(c) - chance) / (1 - chance), chance, error)
