"""Do probabilities mean what they say: NLL, Brier score, ECE, temperature."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mien.core.errors import InputError
from mien.core.scores import softmax
from mien.metrics.inputs import checked_logits, checked_probabilities, right_rows

ECE_BINS = 15
"""Bins of Guo et al., ICML 2017. At n = 3,589 perfect calibration scores 0.0175 +- 0.004."""

TEMPERATURE_RANGE = (0.01, 100.0)
"""Where a temperature is looked for. Its ends are answers for degenerate rows."""


def nll(probabilities: ArrayLike, labels: ArrayLike) -> float:
    """Mean negative log-likelihood of the labels, in nats.

    Infinite where a label was given probability 0; NaN without rows.

    Raises:
        InputError: If shapes disagree or rows are no probabilities.
    """
    p, y = checked_probabilities(probabilities, labels)
    if not len(y):
        return math.nan
    with np.errstate(divide="ignore"):
        return float(-np.log(np.minimum(p[np.arange(len(y)), y], 1)).mean())


def brier(probabilities: ArrayLike, labels: ArrayLike) -> float:
    """Mean over rows of the squared error summed over all K labels: 0 best, 2 worst.

    This is Brier's own multi-class form (Monthly Weather Review 78, 1950), twice the common
    two-class one. NaN without rows.

    Raises:
        InputError: If shapes disagree or rows are no probabilities.
    """
    p, y = checked_probabilities(probabilities, labels)
    if not len(y):
        return math.nan
    wanted = np.eye(p.shape[1])[y]
    return float(((p - wanted) ** 2).sum(axis=1).mean())


def ece(probabilities: ArrayLike, labels: ArrayLike, bins: int = ECE_BINS) -> float:
    """Expected calibration error of the top probability, bins of equal width (a, b].

    NaN without rows.

    Raises:
        InputError: If shapes disagree, rows are no probabilities, or ``bins`` is below 1.

    Source: Guo et al., ICML 2017, equation 3.
    """
    found = reliability(probabilities, labels, bins)
    n = int(found.count.sum())
    gaps = found.count * abs(found.accuracy - found.confidence)
    return float(np.nansum(gaps) / n) if n else math.nan


@dataclass(frozen=True, eq=False)
class Reliability:
    """Rows by their top probability, in bins of equal width (a, b].

    Args:
        edges: ``(bins + 1,)`` from 0 to 1.
        count: ``(bins,)`` rows in each.
        confidence: ``(bins,)`` their mean top probability; NaN without rows.
        accuracy: ``(bins,)`` the share of them that is right; NaN without rows.
    """

    edges: NDArray[np.float64]
    count: NDArray[np.int64]
    confidence: NDArray[np.float64]
    accuracy: NDArray[np.float64]


def reliability(probabilities: ArrayLike, labels: ArrayLike, bins: int = ECE_BINS) -> Reliability:
    """What a reliability diagram shows; ``ece`` is its mean gap, weighted by the counts.

    Raises:
        InputError: If shapes disagree, rows are no probabilities, or ``bins`` is below 1.

    Source: Guo et al., ICML 2017, section 2.
    """
    p, y = checked_probabilities(probabilities, labels)
    if bins < 1:
        raise InputError(f"bins must be 1 or more, got {bins}")
    edges = np.linspace(0, 1, bins + 1)
    confidence = p.max(axis=1)
    at = (confidence[:, None] > edges[1:-1]).sum(axis=1)
    count = np.bincount(at, minlength=bins)
    means = [
        np.where(count > 0, np.bincount(at, values, bins) / np.maximum(count, 1), np.nan)
        for values in (confidence, right_rows(p, y))
    ]
    return Reliability(edges, count, *means)


def fit_temperature(logits: ArrayLike, labels: ArrayLike) -> float:
    """The temperature that minimises the NLL of ``softmax(logits / temperature)``.

    The NLL is convex in 1 / temperature, so bisection on its slope finds the minimum. It lies at
    an end of ``TEMPERATURE_RANGE`` where no finite minimum exists: at the low end when every label
    has the largest logit, at the high end when the logits say less than nothing. Logits that are
    equal within each row give 1.

    Args:
        logits: ``(N, K)``.
        labels: ``(N,)``.

    Raises:
        InputError: If there are no rows, shapes disagree, or a logit is not finite.

    Source: Guo et al., ICML 2017, section 4.2.
    """
    z, y = checked_logits(logits, labels)
    if not len(y):
        raise InputError("a temperature needs at least one labelled row, got none")
    z = z - z.max(axis=1, keepdims=True)
    if not z.any():
        return 1.0
    of_labels = z[np.arange(len(y)), y].mean()

    def slope(log_temperature: float) -> float:
        p = softmax(z, math.exp(log_temperature))
        return float((p * z).sum(axis=1).mean() - of_labels)

    low, high = (math.log(end) for end in TEMPERATURE_RANGE)
    if slope(low) <= 0:
        return TEMPERATURE_RANGE[0]
    if slope(high) >= 0:
        return TEMPERATURE_RANGE[1]
    for _ in range(50):  # the range is e^9 wide: 50 halvings reach the last digit of a float
        middle = (low + high) / 2
        low, high = (middle, high) if slope(middle) > 0 else (low, middle)
    return math.exp((low + high) / 2)


def usable_temperature(logits: ArrayLike, labels: ArrayLike) -> float:
    """``fit_temperature``, or 1 where the rows give no temperature.

    Rows that are all answered rightly say only that a model could be surer, without an end: the fit
    lies at the low end of ``TEMPERATURE_RANGE``, and would make every answer certain.

    Raises:
        InputError: As ``fit_temperature``.
    """
    found = fit_temperature(logits, labels)
    return 1.0 if found == TEMPERATURE_RANGE[0] else found


def cross_fitted(
    logits: ArrayLike, labels: ArrayLike, folds: int = 5, seed: int = 0
) -> NDArray[np.float64]:
    """Probabilities of every row, by a temperature fitted without the row's own fold.

    Where the other folds give no temperature it is 1 (``usable_temperature``).

    Calibration figures on the very rows that a temperature was fitted on look better than they
    are; these do not.

    Args:
        logits: ``(N, K)``.
        labels: ``(N,)``.
        folds: Number of folds of equal size, 2 or more.
        seed: Which rows share a fold.

    Returns:
        ``(N, K)`` float64.

    Raises:
        InputError: If there are fewer rows than folds, or as ``fit_temperature``.
    """
    z, y = checked_logits(logits, labels)
    if not 2 <= folds <= len(y):
        raise InputError(f"expected 2 to {len(y)} folds for {len(y)} rows, got {folds}")
    fold = np.random.default_rng(seed).permutation(np.arange(len(y)) % folds)
    probabilities = np.empty_like(z)
    for out in range(folds):
        rest = fold != out
        probabilities[~rest] = softmax(z[~rest], usable_temperature(z[rest], y[rest]))
    return probabilities
