"""Made answers of models of known skill, for the tests of metrics and evaluation."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from mien.core.scores import softmax


def answers(
    n: int, *, classes: int = 7, skill: float = 2.0, sharpness: float = 1.0, seed: int = 0
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Logits and labels; ``skill`` = 0 knows nothing.

    The logits are ``sharpness / skill`` times the true posterior's where ``skill`` > 0: a label
    drawn uniformly shifts one of K unit normals by ``skill``, so the posterior's logits are
    ``skill`` times the observed values.
    """
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, n)
    seen = rng.normal(size=(n, classes)) + skill * np.eye(classes)[labels]
    return sharpness * seen, labels


@st.composite
def labelled_probabilities(
    draw: st.DrawFn, min_rows: int = 1, max_rows: int = 40
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Distributions over 2 to 5 labels, often with ties, and labels."""
    n, k = draw(st.integers(min_rows, max_rows)), draw(st.integers(2, 5))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    logits = rng.normal(size=(n, k)) * draw(st.sampled_from([0.0, 0.5, 5.0]))
    if draw(st.booleans()):
        logits = logits.round()
    return softmax(logits), rng.integers(0, k, n)
