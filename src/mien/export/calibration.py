"""What a bundle says about its own answers: temperature, threshold and figures."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mien import metrics
from mien.core.scores import averaged, softmax
from mien.data.faceset import FaceSet
from mien.data.robustness import robustness
from mien.runtime.graph import Graph
from mien.store.card import FLIP, Averaged, Calibration, ModelFile, Raw

RISK = 0.20
"""Error rate among certain answers that the abstention threshold is set for."""


def graph_logits(graph: bytes, rows: FaceSet) -> NDArray[np.float32]:
    """Logits ``(N, K)`` of a graph on the crops of ``rows``, one view."""
    return Graph(graph).answers(rows.images)[0]


def calibrated(graph: bytes, logits: NDArray[np.float32], rows: FaceSet, split: str) -> ModelFile:
    """A model file with its temperature, threshold and figures, for one view and for flip.

    Args:
        graph: The file.
        logits: ``(N, K)`` its answers on ``rows``.
        rows: Rows without a twin in Training.
        split: Name of the split that they are from.
    """
    one, figures = _fitted(logits, rows, split, "one view")
    file = ModelFile(hashlib.sha256(graph).hexdigest(), one, figures)
    return with_flip(file, graph, logits, rows, split)


def with_flip(
    file: ModelFile, graph: bytes, logits: NDArray[np.float32], rows: FaceSet, split: str
) -> ModelFile:
    """The file with what holds for the mean of a crop and its mirror image.

    Args:
        file: Its temperature is that of each of the two views.
        graph: The file's graph.
        logits: ``(N, K)`` its answers on ``rows``, one view.
        rows: Rows without a twin in Training.
        split: Name of the split that they are from.
    """
    other = graph_logits(graph, replace(rows, images=rows.images[:, :, ::-1]))
    mean = averaged((logits, other), file.calibration.temperature)
    flip = Averaged(*_fitted(mean, rows, split, "crop and mirror image"))
    return replace(file, views={**file.views, FLIP: flip})


def with_robustness(file: ModelFile, graph: bytes, rows: FaceSet) -> ModelFile:
    """The file with what its answers lose on degraded crops, in points (``data.robustness``)."""
    opened = Graph(graph)
    untouched, *found = robustness(
        lambda crops, affines: opened.answers(crops, affines=affines)[0], rows.images, rows.labels
    )
    figures: Raw = {
        "split": file.metrics[0]["split"],
        "protocol": "robustness: the same rows degraded, one view; points of accuracy lost",
        "n": len(rows),
        "accuracy": untouched.accuracy,
        "points_lost": {
            f"{each.kind} {each.strength}".strip(): round(100 * each.lost, 1) + 0.0
            for each in found
        },
    }
    return replace(file, metrics=(*file.metrics, figures))


def _fitted(
    logits: NDArray[np.floating], rows: FaceSet, split: str, views: str
) -> tuple[Calibration, tuple[Raw]]:
    temperature = metrics.usable_temperature(logits, rows.labels)
    threshold = metrics.fit_threshold(softmax(logits, temperature), rows.labels, RISK)
    crossed = metrics.cross_fitted(logits, rows.labels)
    right = int((logits.argmax(axis=1) == rows.labels).sum())
    figures: dict[str, object] = {
        "split": split,
        "protocol": f"{views}, rows without a byte-identical twin in Training; nll, brier and ece "
        "five-fold cross-fitted; this split also fitted temperature and threshold",
        "n": len(rows),
        "data_sha256": rows.sha256,
        "accuracy": right / len(rows),
        "ci95": list(metrics.wilson_interval(right, len(rows))),
        "nll": metrics.nll(crossed, rows.labels),
        "brier": metrics.brier(crossed, rows.labels),
        "ece": metrics.ece(crossed, rows.labels),
    }
    if temperature != metrics.fit_temperature(logits, rows.labels):
        figures["note"] = (
            f"all {len(rows)} rows are answered rightly, which gives no temperature: it is 1. Give "
            "a larger split to calibrate on"
        )
    return Calibration(temperature, threshold, RISK), (figures,)
