"""Are predictions and labels in step? Finds shuffled rows and renamed classes.

Both mistakes have been published: a data loader that shuffles between prediction and scoring
gives a near-chance confusion matrix of a good model, and class folders read in alphabetical order
give one whose columns are in the wrong places.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mien.core.assignment import assign
from mien.core.errors import InputError
from mien.metrics.counts import Kappa, accuracy, cohen_kappa, confusion_matrix
from mien.metrics.inputs import checked_probabilities

# Shuffled: kappa lies within 3 standard errors of 0, and 3 standard errors above it are still less
# than a quarter of the kappa that the model's own confidence claims, which is 0.2 or more.
# A calibrated weak model claims only what it has.
_CHANCE_ERRORS = 3.0
_CLAIMED_SHARE = 0.25
_CLAIMED_KAPPA = 0.2
_MIN_ROWS = 50

# Renamed: 6 standard errors of the discordant rows (McNemar). The best of 8! = 40,320 orders of
# pure noise reaches that about once in 25,000 data sets.
_RENAMED_ERRORS = 6.0
_MAX_LABELS = 12
"""Of more labels there are so many orders that chance alone may find one."""


@dataclass(frozen=True)
class Misalignment:
    """Why predictions and labels cannot belong together as given.

    Args:
        kind: ``shuffled`` rows, or ``renamed`` classes.
        message: What was found and what to check.
        kappa: Cohen's kappa of predictions and labels as given.
        confidence: Mean top probability.
        renaming: ``(K,)`` for ``renamed``: label i of the data is the model's label renaming[i].
    """

    kind: Literal["shuffled", "renamed"]
    message: str
    kappa: float
    confidence: float
    renaming: tuple[int, ...] | None = None


def best_assignment(counts: ArrayLike) -> tuple[int, ...]:
    """The order of the columns with the largest diagonal sum; the given order wins ties.

    Args:
        counts: ``(K, K)``, row = truth, column = prediction, K at most 12.

    Returns:
        ``(K,)`` column of each row.

    Raises:
        InputError: If the shape is wrong or K too large.

    >>> best_assignment([[1, 9], [8, 2]])
    (1, 0)
    """
    c = np.asarray(counts, dtype=np.int64)
    k = len(c)
    if c.shape != (k, k) or k > _MAX_LABELS:
        raise InputError(f"expected counts (K, K) with K <= {_MAX_LABELS}, got {c.shape}")
    # Whole rows weigh K + 1, staying in place weighs 1: it decides between equal sums only.
    pairs = assign(-(c * (k + 1) + np.eye(k, dtype=np.int64)))
    return tuple(column for _, column in pairs)


def _cycles(order: Sequence[int]) -> list[list[int]]:
    seen: set[int] = set()
    cycles: list[list[int]] = []
    for start in range(len(order)):
        cycle: list[int] = []
        at = start
        while at not in seen:
            seen.add(at)
            cycle.append(at)
            at = order[at]
        if len(cycle) > 1:
            cycles.append(cycle)
    return cycles


def find_renaming(counts: ArrayLike) -> tuple[int, ...] | None:
    """A consistent permutation of the labels that explains the counts far better than none.

    Only cycles are kept in which *every* label has rows and is predicted more often as its new
    name than as its own. A model that merely mistakes one label for another does not do that.

    Args:
        counts: ``(K, K)``, row = truth, column = prediction. K above 12 is not searched.

    Returns:
        ``(K,)`` the model's label for each label of the data, or None.
    """
    c = np.asarray(counts, dtype=np.int64)
    if len(c) > _MAX_LABELS:
        return None
    best = best_assignment(c)
    order = list(range(len(c)))
    for cycle in _cycles(best):
        if all(c[i, best[i]] > c[i, i] for i in cycle):
            for i in cycle:
                order[i] = best[i]
    moved = [i for i, j in enumerate(order) if i != j]
    gained, lost = int(sum(c[i, order[i]] for i in moved)), int(sum(c[i, i] for i in moved))
    if gained - lost < _RENAMED_ERRORS * math.sqrt(gained + lost) or not moved:
        return None
    return tuple(order)


def _looks_shuffled(counts: NDArray[np.int64], kappa: Kappa, confidence: float) -> bool:
    """Confident and at chance, where truth and predictions each hold two labels or more."""
    if counts.sum() < _MIN_ROWS or min(np.count_nonzero(counts.sum(axis=a)) for a in (0, 1)) < 2:
        return False
    claimed = (confidence - kappa.chance) / (1 - kappa.chance)
    doubt = _CHANCE_ERRORS * kappa.standard_error
    return (
        claimed >= _CLAIMED_KAPPA
        and abs(kappa.value) <= doubt
        and kappa.value + doubt <= _CLAIMED_SHARE * claimed
    )


def check_alignment(
    probabilities: ArrayLike, labels: ArrayLike, names: Sequence[str] = ()
) -> Misalignment | None:
    """Look for rows out of step and for classes under wrong names.

    A weak but honest model passes: near-uniform probabilities claim no agreement. So do fewer
    than 50 rows, predictions of one label only, and labels of one class only, because nothing can
    be told from them. A confident model whose answers have nothing to do with the pictures looks
    the same as shuffled rows; the message says what to check.

    Args:
        probabilities: ``(N, K)``.
        labels: ``(N,)``.
        names: K names for the message; indices are named otherwise.

    Returns:
        The first finding, or None.

    Raises:
        InputError: If shapes disagree, rows are no probabilities, or there are not K names.
    """
    p, y = checked_probabilities(probabilities, labels)
    k = p.shape[1]
    shown = tuple(names) or tuple(str(i) for i in range(k))
    if len(shown) != k:
        raise InputError(f"expected {k} names, got {len(shown)}")
    if not len(y):
        return None
    counts = confusion_matrix(y, p.argmax(axis=1), k)
    kappa, confidence = cohen_kappa(counts), float(p.max(axis=1).mean())
    renaming = find_renaming(counts)
    if renaming is not None:
        message = _renamed_message(counts, renaming, shown)
        return Misalignment("renamed", message, kappa.value, confidence, renaming)
    if _looks_shuffled(counts, kappa, confidence):
        message = (
            f"predictions and labels look shuffled: kappa {kappa.value:.3f}, "
            f"mean confidence {confidence:.3f}, accuracy {accuracy(counts):.3f}; "
            "check that both come from the same rows in the same order "
            "(if they do, the model is sure of itself and knows nothing of these pictures)"
        )
        return Misalignment("shuffled", message, kappa.value, confidence)
    return None


def _renamed_message(
    counts: NDArray[np.int64], renaming: tuple[int, ...], names: tuple[str, ...]
) -> str:
    moved = ", ".join(f"{names[i]} -> {names[j]}" for i, j in enumerate(renaming) if i != j)
    renamed = accuracy(counts[:, list(renaming)])
    return (
        f"the data's labels look renamed: {moved} (data -> model) would raise accuracy "
        f"from {accuracy(counts):.3f} to {renamed:.3f}; "
        "check the order of the class names of data and model"
    )
