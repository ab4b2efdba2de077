"""Answering only when sure: risk, coverage, and the threshold between."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mien.core.errors import InputError
from mien.metrics.inputs import checked_probabilities, right_rows


@dataclass(frozen=True, eq=False)
class RiskCoverage:
    """The risk-coverage curve: one point per distinct top probability, highest first.

    Args:
        threshold: ``(M,)`` rows with a top probability of at least this are accepted.
        coverage: ``(M,)`` share of rows accepted.
        risk: ``(M,)`` share of the accepted rows that are wrong.
    """

    threshold: NDArray[np.float64]
    coverage: NDArray[np.float64]
    risk: NDArray[np.float64]


@dataclass(frozen=True)
class Acceptance:
    """What one threshold does.

    Args:
        threshold: Top probability from which a row is accepted.
        coverage: Share of rows accepted; NaN without rows.
        risk: Share of the accepted rows that are wrong; NaN where none is accepted.
    """

    threshold: float
    coverage: float
    risk: float


def _groups(
    probabilities: ArrayLike, labels: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """Distinct top probabilities, highest first, with their rows and wrong rows."""
    p, y = checked_probabilities(probabilities, labels)
    values, inverse = np.unique(-p.max(axis=1), return_inverse=True)
    rows = np.bincount(inverse, minlength=len(values))
    wrong = np.bincount(inverse[~right_rows(p, y)], minlength=len(values))
    return -values, rows, wrong


def risk_coverage(probabilities: ArrayLike, labels: ArrayLike) -> RiskCoverage:
    """Risk at every coverage that a threshold can reach; no points without rows.

    Args:
        probabilities: ``(N, K)``.
        labels: ``(N,)``.

    Raises:
        InputError: If shapes disagree or rows are no probabilities.

    Source: El-Yaniv and Wiener, JMLR 11, 2010.
    """
    values, rows, wrong = _groups(probabilities, labels)
    accepted = np.cumsum(rows)
    return RiskCoverage(values, accepted / max(1, rows.sum()), np.cumsum(wrong) / accepted)


def aurc(probabilities: ArrayLike, labels: ArrayLike) -> float:
    """Area under the risk-coverage curve: the mean risk of the n most confident rows, n = 1 to N.

    Rows with equal top probabilities share their errors evenly, so that the order of the rows does
    not matter. 0 best, 1 worst, the error rate for a constant confidence; NaN without rows.

    Raises:
        InputError: If shapes disagree or rows are no probabilities.

    Source: Geifman, Uziel and El-Yaniv, ICLR 2019, equation 1.
    """
    _, rows, wrong = _groups(probabilities, labels)
    if not len(rows):
        return math.nan
    errors = np.cumsum(np.repeat(wrong / rows, rows))
    return float((errors / np.arange(1, len(errors) + 1)).mean())


def acceptance(probabilities: ArrayLike, labels: ArrayLike, threshold: float) -> Acceptance:
    """Coverage and risk of one threshold.

    Raises:
        InputError: If shapes disagree or rows are no probabilities.
    """
    p, y = checked_probabilities(probabilities, labels)
    accepted = p.max(axis=1) >= threshold
    wrong = ~right_rows(p, y)[accepted]
    return Acceptance(
        threshold=threshold,
        coverage=float(accepted.mean()) if len(y) else math.nan,
        risk=float(wrong.mean()) if len(wrong) else math.nan,
    )


def fit_threshold(probabilities: ArrayLike, labels: ArrayLike, risk: float = 0.20) -> float:
    """The smallest threshold whose accepted rows are wrong at most at the rate ``risk``.

    It is 0 where all rows together are good enough, and otherwise the top probability of some row.
    Where no threshold reaches ``risk``, it is 1: only a face that the model is entirely sure of is
    then accepted, which ``acceptance`` shows.

    Args:
        probabilities: ``(N, K)``, calibrated.
        labels: ``(N,)``.
        risk: Error rate in [0, 1].

    Raises:
        InputError: If there are no rows, shapes disagree, or ``risk`` is outside [0, 1].
    """
    if not 0 <= risk <= 1:
        raise InputError(f"risk must lie in [0, 1], got {risk}")
    curve = risk_coverage(probabilities, labels)
    if not len(curve.risk):
        raise InputError("a threshold needs at least one labelled row, got none")
    reached = np.flatnonzero(curve.risk <= risk)
    if not len(reached):
        return 1.0
    if reached[-1] == len(curve.risk) - 1:
        return 0.0
    return float(min(1.0, curve.threshold[reached[-1]]))
