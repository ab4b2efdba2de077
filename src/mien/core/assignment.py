"""Optimal assignment: which row goes with which column at the least total cost."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mien.core.errors import InputError


def assign(costs: ArrayLike) -> list[tuple[int, int]]:
    """Pair rows with columns at the least total cost; infinite cost = never.

    As many pairs as possible are made first, and their costs are least among those. Rows and
    columns that can only be paired at infinite cost stay alone.

    Args:
        costs: ``(N, M)`` finite or +infinite costs.

    Returns:
        ``(row, column)`` pairs by rising row, at most min(N, M) of them.

    Raises:
        InputError: If ``costs`` is no matrix, or holds NaN or -infinity.

    Source: Kuhn, Naval Research Logistics 2, 1955, by shortest augmenting paths (Jonker and
    Volgenant, Computing 38, 1987).

    >>> assign([[1.0, 2.0], [1.0, 5.0]])
    [(0, 1), (1, 0)]
    >>> assign([[np.inf, 2.0], [np.inf, 1.0]])
    [(1, 1)]
    """
    table = np.asarray(costs, dtype=np.float64)
    if table.ndim != 2:
        raise InputError(f"costs must have shape (N, M), got {table.shape}")
    if np.isnan(table).any() or (table == -np.inf).any():
        raise InputError("costs must be finite, or +infinite where a pair is impossible")
    if not table.size:
        return []
    possible = np.isfinite(table)
    spread = np.ptp(table[possible]) if possible.any() else 0.0
    # One impossible pair is dearer than all possible ones together, so it is never preferred.
    dear = (spread + 1) * (min(table.shape) + 1)
    filled = np.where(possible, table - (table[possible].min() if possible.any() else 0), dear)
    wide = filled if filled.shape[0] <= filled.shape[1] else filled.T
    pairs = [(row, column) for column, row in enumerate(_rows_of(wide)) if row >= 0]
    if wide is not filled:
        pairs = [(column, row) for row, column in pairs]
    return sorted(pair for pair in pairs if possible[pair])


def _rows_of(costs: NDArray[np.float64]) -> list[int]:
    """The row of each column of an ``(N, M)`` matrix with N <= M, -1 = none."""
    n, m = costs.shape
    row_price, column_price = np.zeros(n), np.zeros(m)
    rows = np.full(m, -1)
    for start in range(n):
        shortest, before = np.full(m, np.inf), np.full(m, -1)
        done = np.zeros(m, dtype=bool)
        row, last, reached = start, -1, 0.0
        while row >= 0:
            through = reached + costs[row] - row_price[row] - column_price
            better = ~done & (through < shortest)
            shortest[better], before[better] = through[better], last
            last = int(np.where(done, np.inf, shortest).argmin())
            reached = float(shortest[last])
            done[last] = True
            row = int(rows[last])
        gain = reached - shortest[done]
        row_price[start] += reached
        matched = rows[done]
        row_price[matched[matched >= 0]] += gain[matched >= 0]
        column_price[done] -= gain
        while last >= 0:  # turn the path around
            rows[last] = start if before[last] < 0 else rows[before[last]]
            last = int(before[last])
    return rows.tolist()
