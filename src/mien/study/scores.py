"""What a study reports of one trained network on one set of rows."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien import metrics
from mien.core.labels import LabelSpace


def scores(
    log_probabilities: NDArray[np.float64], truth: NDArray[np.int64], space: LabelSpace
) -> dict[str, Any]:
    """Figures as the papers report them, as plain values; an undefined one is None.

    Args:
        log_probabilities: ``(N, K)``, not calibrated: a study compares trainings, not bundles.
        truth: ``(N,)`` labels.
        space: The K labels.

    Returns:
        ``n``, ``accuracy`` with its 95 % interval ``ci95``, ``loss`` (cross-entropy, nats), macro
        means ``precision``, ``recall`` and ``f1`` over the labels that occur, ``per_class`` and
        ``confusion`` (rows = truth).
    """
    answers = log_probabilities.argmax(axis=1)
    counts = metrics.confusion_matrix(truth, answers, len(space))
    each = metrics.class_scores(counts)
    occurs = each.support > 0
    right = int(np.trace(counts))
    return {
        "n": len(truth),
        "accuracy": right / len(truth),
        "ci95": list(metrics.wilson_interval(right, len(truth))),
        "loss": _plain(-log_probabilities[np.arange(len(truth)), truth].mean()),
        # A label that is never answered has no precision; the papers' tools count it as 0.
        "precision": _plain(np.nan_to_num(each.precision[occurs]).mean()),
        "recall": _plain(each.recall[occurs].mean()),
        "f1": _plain(each.f1[occurs].mean()),
        "per_class": {
            name: {
                "precision": _plain(each.precision[i]),
                "recall": _plain(each.recall[i]),
                "f1": _plain(each.f1[i]),
                "support": int(each.support[i]),
            }
            for i, name in enumerate(space.labels)
        },
        "confusion": counts.tolist(),
        "right": np.packbits(answers == truth).tobytes().hex(),
    }


def right_rows(scored: dict[str, Any]) -> NDArray[np.bool_]:
    """``(N,)`` which rows were answered correctly, for paired comparisons."""
    bits = np.frombuffer(bytes.fromhex(scored["right"]), np.uint8)
    return np.unpackbits(bits, count=scored["n"]).astype(np.bool_)


def _plain(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
