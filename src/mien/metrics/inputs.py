"""What every metric is given: label indices and rows of probabilities, checked once."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mien.core.errors import InputError

# float32 softmax rows of up to a dozen labels sum to 1 within 1e-6; a mean over views stays close.
_SUM_TOLERANCE = 1e-3


def checked_labels(name: str, labels: ArrayLike, classes: int) -> NDArray[np.int64]:
    """``(N,)`` indices from 0 to ``classes`` - 1 as int64.

    Raises:
        InputError: If the shape, the type or an index is wrong.
    """
    array = np.asarray(labels)
    if array.size == 0 and array.ndim == 1:
        return np.zeros(0, dtype=np.int64)
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise InputError(
            f"{name} must be whole numbers of shape (N,), got {array.dtype} {array.shape}"
        )
    if array.min() < 0 or array.max() >= classes:
        raise InputError(
            f"{name} must run from 0 to {classes - 1}, got {array.min()} to {array.max()}"
        )
    return array.astype(np.int64)


def checked_logits(
    logits: ArrayLike, labels: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """``(N, K)`` finite values and their ``(N,)`` labels.

    Raises:
        InputError: If shapes disagree, K is below 2, or a value is not finite.
    """
    values = np.asarray(logits, dtype=np.float64)
    if values.ndim != 2 or values.shape[1] < 2:
        raise InputError(f"expected one row of K >= 2 values per face, got shape {values.shape}")
    truth = checked_labels("labels", labels, values.shape[1])
    if len(truth) != len(values):
        raise InputError(f"{len(values)} rows but {len(truth)} labels; they must belong together")
    if not np.isfinite(values).all():
        raise InputError("a value is not finite; the model or its input is damaged")
    return values, truth


def checked_probabilities(
    probabilities: ArrayLike, labels: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """``(N, K)`` probabilities and their ``(N,)`` labels.

    Raises:
        InputError: As ``checked_logits``, and if a row is no distribution.
    """
    values, truth = checked_logits(probabilities, labels)
    if (values < 0).any() or (abs(values.sum(axis=1) - 1) > _SUM_TOLERANCE).any():
        raise InputError(
            "probabilities must lie in [0, 1] and sum to 1 in each row; are these logits?"
        )
    return values, truth


def right_rows(values: NDArray[np.float64], labels: NDArray[np.int64]) -> NDArray[np.bool_]:
    """``(N,)`` True where the largest value is the label's; the first of equal ones counts."""
    return values.argmax(axis=1) == labels
