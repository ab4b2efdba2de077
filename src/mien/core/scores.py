"""``Scores``: calibrated probabilities of N faces over one label space."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mien.core.errors import InputError
from mien.core.labels import LabelSpace


def softmax(logits: ArrayLike, temperature: float = 1.0) -> NDArray[np.float64]:
    """Probabilities from ``(..., K)`` logits divided by ``temperature`` (Guo et al., ICML 2017).

    Raises:
        InputError: If ``temperature`` is not positive and finite, or a logit is not finite.

    >>> softmax([0.0, 0.0]).tolist()
    [0.5, 0.5]
    """
    if not 0 < temperature < np.inf:
        raise InputError(f"temperature must be finite and above 0, got {temperature}")
    z = np.asarray(logits, dtype=np.float64)
    if z.ndim == 0 or z.shape[-1] == 0:
        raise InputError(f"logits must have shape (..., K) with K > 0, got {z.shape}")
    if not np.isfinite(z).all():
        raise InputError("logits must be finite; the model or its input is damaged")
    with np.errstate(over="ignore"):  # a difference too large for a float is a probability of 0
        z = np.exp((z - z.max(axis=-1, keepdims=True)) / temperature)
    return z / z.sum(axis=-1, keepdims=True)


def log_softmax(logits: ArrayLike, temperature: float = 1.0) -> NDArray[np.float64]:
    """Logarithms of ``softmax``, exact for the smallest probabilities too."""
    z = np.asarray(logits, dtype=np.float64) / temperature
    z -= z.max(axis=-1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=-1, keepdims=True))


def averaged(views: Iterable[ArrayLike], temperature: float = 1.0) -> NDArray[np.float64]:
    """Log of the mean over views of softmax(logits / temperature), ``(N, K)``.

    Probabilities are averaged, not logits: the mean of distributions is a distribution, one very
    sure view cannot outweigh nine others, and it is how bundles of several members average too.

    Args:
        views: Logits ``(N, K)`` of each view; one or more.
        temperature: Of the answers to one view.
    """
    logs = [log_softmax(logits, temperature) for logits in views]
    return np.logaddexp.reduce(logs, axis=0) - np.log(len(logs))


@dataclass(frozen=True, eq=False)
class Scores:
    """Probabilities of N faces.

    Args:
        probabilities: ``(N, K)`` float32, each row sums to 1 (within 1e-4).
        labels: Label space with K names.
        threshold: Top probability below which a face is ``uncertain``, in [0, 1].

    Raises:
        InputError: If shapes disagree, rows are no probabilities, or the threshold is none.
    """

    probabilities: NDArray[np.float32]
    labels: LabelSpace
    threshold: float = 0.0

    def __post_init__(self) -> None:
        p = np.asarray(self.probabilities, dtype=np.float32).copy()
        if p.ndim != 2 or p.shape[1] != len(self.labels):
            raise InputError(
                f"Scores.probabilities must have shape (N, {len(self.labels)}) for "
                f"{self.labels.name}, got {p.shape}"
            )
        if not np.isfinite(p).all() or (p < 0).any() or (abs(p.sum(axis=1) - 1) > 1e-4).any():
            raise InputError("Scores.probabilities must be in [0, 1] and sum to 1 in each row")
        if not 0 <= self.threshold <= 1:
            raise InputError(f"Scores.threshold must lie in [0, 1], got {self.threshold}")
        p.flags.writeable = False
        object.__setattr__(self, "probabilities", p)

    @classmethod
    def from_logits(
        cls, logits: ArrayLike, labels: LabelSpace, temperature: float = 1.0, threshold: float = 0.0
    ) -> Scores:
        """Calibrate ``(N, K)`` logits with ``temperature``; ``(K,)`` is one face.

        Raises:
            InputError: If the logits have another shape or are not finite.
        """
        z = np.asarray(logits)
        if z.shape in {(0,), (len(labels),)}:
            z = z.reshape(-1, len(labels))
        if z.ndim != 2 or z.shape[1] != len(labels):
            raise InputError(
                f"logits must have shape (N, {len(labels)}) for {labels.name}, got {z.shape}"
            )
        p = softmax(z, temperature)
        return cls(p.astype(np.float32), labels, threshold)

    def __len__(self) -> int:
        return len(self.probabilities)

    def __getitem__(self, index: slice | NDArray[Any] | list[int] | int) -> Scores:
        rows = [int(index)] if isinstance(index, (int, np.integer)) else index
        return Scores(self.probabilities[rows], self.labels, self.threshold)

    @property
    def top(self) -> tuple[str, ...]:
        """The most probable label of each face."""
        best: list[int] = self.probabilities.argmax(axis=1).tolist()
        return tuple(self.labels.labels[i] for i in best)

    @property
    def confidence(self) -> NDArray[np.float32]:
        """``(N,)`` top probability of each face."""
        return self.probabilities.max(axis=1)

    @property
    def uncertain(self) -> NDArray[np.bool_]:
        """``(N,)`` bool: the top probability lies below the threshold."""
        return self.confidence < self.threshold
