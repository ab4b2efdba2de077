"""How well a probability orders the rows of its label before the others."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mien.metrics.inputs import checked_probabilities


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
