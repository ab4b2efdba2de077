"""Shares of several models in one mean of their probabilities."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mien.core.errors import InputError

_STEPS = 2000
_SETTLED = 1e-9


def fit_shares(log_probabilities: ArrayLike, labels: ArrayLike) -> NDArray[np.float64]:
    """Shares that make the mixed probability of the true labels largest.

    Expectation maximisation for the proportions of a mixture (Dempster, Laird and Rubin, 1977,
    section 4.3): the likelihood is concave in the shares, so there is one answer. Rows to which
    every model gives the probability 0 teach nothing and are left out.

    Args:
        log_probabilities: ``(M, N, K)`` of M models on the same N rows.
        labels: ``(N,)`` true classes.

    Returns:
        ``(M,)`` shares, at least 0, sum 1.

    Raises:
        InputError: If shapes do not fit, or no row says anything.

    >>> import numpy as np
    >>> sure = np.log([[0.9, 0.1], [0.9, 0.1]])
    >>> fit_shares([sure, sure[:, ::-1]], [0, 0]).round(3).tolist()
    [1.0, 0.0]
    """
    given, truth = np.asarray(log_probabilities, dtype=np.float64), np.asarray(labels)
    if given.ndim != 3 or truth.shape != given.shape[1:2] or not len(given):
        raise InputError(
            f"expected log-probabilities (M, N, K) and labels (N,), got {given.shape} and "
            f"{truth.shape}"
        )
    likelihood = given[:, np.arange(len(truth)), truth]
    best = likelihood.max(axis=0, initial=-np.inf)
    said = np.isfinite(best)
    if not said.any():
        raise InputError("no row has a probability above 0 for its label; give other rows")
    likelihood = np.exp(likelihood[:, said] - best[said])
    shares = np.full(len(given), 1 / len(given))
    for _ in range(_STEPS):
        parts = shares[:, None] * likelihood
        new = (parts / parts.sum(axis=0)).mean(axis=1)
        moved, shares = abs(new - shares).max(), new
        if moved < _SETTLED:
            break
    return shares / shares.sum()
