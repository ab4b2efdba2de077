"""How well a probability orders the rows of its label before the others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mien.metrics.inputs import checked_probabilities


@dataclass(frozen=True, eq=False)
class RocCurve:
    """The corners of one label's ROC curve, from (0, 0) to (1, 1).

    Args:
        false_positive_rate: ``(M,)`` share of the other rows at or above each threshold.
        true_positive_rate: ``(M,)`` share of the label's rows there.
    """

    false_positive_rate: NDArray[np.float64]
    true_positive_rate: NDArray[np.float64]


def _mid_ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """``(N,)`` ranks from 1; equal values share the mean of their ranks."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[inverse]


def one_vs_rest_auc(probabilities: ArrayLike, labels: ArrayLike) -> NDArray[np.float64]:
    """Area under the ROC curve of each label against all others, as the Mann-Whitney statistic.

    Equal probabilities count one half.

    Args:
        probabilities: ``(N, K)``.
        labels: ``(N,)``.

    Returns:
        ``(K,)``; NaN for a label that no row, or every row, has.

    Raises:
        InputError: If shapes disagree or rows are no probabilities.

    Source: Hanley and McNeil, Radiology 143, 1982.
    """
    p, y = checked_probabilities(probabilities, labels)
    areas = np.full(p.shape[1], np.nan)
    for label in range(p.shape[1]):
        positive = y == label
        n = int(positive.sum())
        if 0 < n < len(y):
            ranks = _mid_ranks(p[:, label])[positive].sum()
            areas[label] = (ranks - n * (n + 1) / 2) / (n * (len(y) - n))
    return areas


def one_vs_rest_roc(probabilities: ArrayLike, labels: ArrayLike) -> list[RocCurve | None]:
    """The ROC curve of each label against all others; ``one_vs_rest_auc`` is the area below it.

    Args:
        probabilities: ``(N, K)``.
        labels: ``(N,)``.

    Returns:
        K curves; None for a label that no row, or every row, has.

    Raises:
        InputError: If shapes disagree or rows are no probabilities.

    Source: Fawcett, Pattern Recognition Letters 27, 2006, algorithm 1.
    """
    p, y = checked_probabilities(probabilities, labels)
    return [_roc(p[:, label], y == label) for label in range(p.shape[1])]


def _roc(values: NDArray[np.float64], positive: NDArray[np.bool_]) -> RocCurve | None:
    n = int(positive.sum())
    if not 0 < n < len(positive):
        return None
    # Rows of equal value pass the threshold together: one point for each distinct value.
    _, group = np.unique(-values, return_inverse=True)
    hits = np.cumsum(np.bincount(group, weights=positive)) / n
    alarms = np.cumsum(np.bincount(group, weights=~positive)) / (len(positive) - n)
    x, y = np.concatenate([[0.0], alarms]), np.concatenate([[0.0], hits])
    # Points inside a horizontal or vertical stretch change nothing that can be seen.
    flat = ((x[2:] == x[1:-1]) & (x[1:-1] == x[:-2])) | ((y[2:] == y[1:-1]) & (y[1:-1] == y[:-2]))
    corners = np.concatenate([[True], ~flat, [True]])
    return RocCurve(x[corners], y[corners])
