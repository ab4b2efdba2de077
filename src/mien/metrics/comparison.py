"""Two models on the same rows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike

from mien.core.errors import InputError


@dataclass(frozen=True)
class Comparison:
    """Which of two models is right more often, and how sure that is.

    Args:
        n: Rows that both answered.
        only_first: Rows that only the first model has right.
        only_second: Rows that only the second model has right.
        difference: Accuracy of the first minus accuracy of the second; NaN without rows.
        interval: 95 % interval of ``difference``.
        p_value: Exact two-sided McNemar test.
    """

    n: int
    only_first: int
    only_second: int
    difference: float
    interval: tuple[float, float]
    p_value: float


def mcnemar(only_first: int, only_second: int) -> float:
    """Exact two-sided p-value that both models are equally often right alone.

    The binomial form of McNemar's test (Psychometrika 12, 1947): 1 where they never differ.

    Raises:
        InputError: If a count is negative.

    >>> round(mcnemar(2, 10), 4)
    0.0386
    """
    if only_first < 0 or only_second < 0:
        raise InputError(f"counts must not be negative, got {only_first} and {only_second}")
    n, few = only_first + only_second, min(only_first, only_second)
    ways = sum(math.comb(n, i) for i in range(few + 1))
    return min(1.0, 2 * ways / 2**n)


def paired_interval(
    only_first: int, only_second: int, n: int, level: float = 0.95
) -> tuple[float, float]:
    """Interval of the difference of two accuracies on the same ``n`` rows.

    Wald's interval after half a row was added to each of the four cells (Agresti and Min,
    Statistics in Medicine 24, 2005), cut to [-1, 1]. No rows give (-1, 1).

    Raises:
        InputError: If the counts do not fit into ``n``, or ``level`` is outside (0, 1).
    """
    if min(only_first, only_second) < 0 or only_first + only_second > n or not 0 < level < 1:
        raise InputError(
            "expected counts of at least 0 that sum to at most n, and a level in (0, 1); "
            f"got {only_first}, {only_second}, n = {n}, level {level}"
        )
    if n == 0:
        return -1.0, 1.0
    b, c, m = only_first + 0.5, only_second + 0.5, n + 2
    centre = (b - c) / m
    half = NormalDist().inv_cdf((1 + level) / 2) * math.sqrt(b + c - (b - c) ** 2 / m) / m
    return max(-1.0, centre - half), min(1.0, centre + half)


def compare(first_right: ArrayLike, second_right: ArrayLike) -> Comparison:
    """Compare two models row by row.

    Args:
        first_right: ``(N,)`` bool, True where the first model is right.
        second_right: ``(N,)`` bool, of the second model on the same rows in the same order.

    Raises:
        InputError: If these are no bools, or of different length.
    """
    a, b = np.asarray(first_right), np.asarray(second_right)
    if a.ndim != 1 or a.shape != b.shape or a.dtype != np.bool_ or b.dtype != np.bool_:
        raise InputError(
            "expected two bool arrays of one length, right or wrong per row; "
            f"got {a.dtype} {a.shape} and {b.dtype} {b.shape}"
        )
    n, only_a, only_b = len(a), int((a & ~b).sum()), int((b & ~a).sum())
    return Comparison(
        n=n,
        only_first=only_a,
        only_second=only_b,
        difference=(only_a - only_b) / n if n else math.nan,
        interval=paired_interval(only_a, only_b, n),
        p_value=mcnemar(only_a, only_b),
    )
