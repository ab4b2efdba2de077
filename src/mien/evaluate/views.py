"""Test-time views of a crop (itself, mirrored, ten crops), as affines that every bundle takes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mien.core.alignment import CROP, identity_affines
from mien.core.errors import InputError, unknown_name
from mien.runtime import Recognizer

CORNER_SHIFT = 2.0
"""Pixels from the centre to a corner crop: the networks see 44 of the crop's 48 pixels."""

BATCH = 256
"""Crops per call."""

VIEWS = ("none", "flip", "tencrop")
"""The views that ``view_affines`` knows."""

_SHIFTS: dict[str, tuple[tuple[float, float], ...]] = {
    "none": ((0, 0),),
    "flip": ((0, 0),),
    "tencrop": (
        (0, 0),
        *((x, y) for y in (-CORNER_SHIFT, CORNER_SHIFT) for x in (-CORNER_SHIFT, CORNER_SHIFT)),
    ),
}


def view_affines(views: str) -> NDArray[np.float32]:
    """Affines of each view, into a 48x48 crop.

    ``none`` is the crop as it is, ``flip`` adds its mirror image, ``tencrop`` takes the centre and
    the four corner crops of 44 pixels with their mirror images (Krizhevsky et al., NIPS 2012).
    A network that sees all 48 pixels sees repeated borders in the corner views.

    Args:
        views: One of ``VIEWS``.

    Returns:
        ``(V, 2, 3)`` float32, V = 1, 2 or 10.

    Raises:
        UnknownNameError: If the name is another.
    """
    if views not in _SHIFTS:
        raise unknown_name("views", views, VIEWS)
    upright = identity_affines(len(_SHIFTS[views]))
    upright[:, :, 2] += np.array(_SHIFTS[views], dtype=np.float32)
    if views == "none":
        return upright
    mirrored = upright.copy()
    mirrored[:, :, 0] *= -1
    return np.concatenate([upright, mirrored])


def _log_softmax(logits: NDArray[np.float32], temperature: float) -> NDArray[np.float64]:
    z = logits.astype(np.float64) / temperature
    z -= z.max(axis=1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))


def _logits(
    recognizer: Recognizer, crops: NDArray[np.uint8], affine: NDArray[np.float32]
) -> NDArray[np.float32]:
    n, k = len(crops), len(recognizer.card.labels)
    logits = recognizer.crop_logits(crops, np.repeat(affine[None], n, axis=0))
    if logits.shape != (n, k) or not np.isfinite(logits).all():
        raise InputError(
            f"{recognizer.name} must give finite logits of shape {(n, k)}, got {logits.shape}; "
            "the bundle is damaged"
        )
    return logits


def log_probabilities(
    recognizer: Recognizer,
    crops: NDArray[np.uint8],
    views: str = "none",
    on_rows: Callable[[int, int], None] = lambda *_: None,
) -> NDArray[np.float64]:
    """Log of the mean over views of softmax(logits / temperature of the card).

    Probabilities are averaged, not logits: the mean of distributions is a distribution, one very
    sure view cannot outweigh nine others, and it is how bundles of several members average too.

    Args:
        recognizer: The model.
        crops: ``(N, 48, 48)`` uint8.
        views: One of ``VIEWS``.
        on_rows: Called with (crops done, crops) after each batch.

    Returns:
        ``(N, K)`` float64.

    Raises:
        InputError: If the crops have another shape, or the recogniser's logits are damaged.
        UnknownNameError: If ``views`` is unknown.
    """
    if crops.dtype != np.uint8 or crops.ndim != 3 or crops.shape[1:] != (CROP, CROP):
        raise InputError(
            f"expected uint8 crops (N, {CROP}, {CROP}), got {crops.dtype} {crops.shape}; "
            "evaluate photos end to end instead"
        )
    affines, temperature = view_affines(views), recognizer.calibration.temperature
    answers = np.full((len(crops), len(recognizer.card.labels)), -np.inf)
    for start in range(0, len(crops), BATCH):
        batch = slice(start, start + BATCH)
        for affine in affines:
            logits = _logits(recognizer, crops[batch], affine)
            answers[batch] = np.logaddexp(answers[batch], _log_softmax(logits, temperature))
        on_rows(min(start + BATCH, len(crops)), len(crops))
    return answers - np.log(len(affines))
