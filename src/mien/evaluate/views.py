"""Test-time views of a crop (itself, mirrored, ten crops), as affines that every bundle takes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mien.core.alignment import CROP, identity_affines, mirrored
from mien.core.errors import InputError, unknown_name
from mien.core.scores import averaged, log_softmax
from mien.runtime import Recognizer
from mien.store.card import Calibration

CORNER_SHIFT = 2.0
"""Pixels from the centre to a corner crop: the networks see 44 of the crop's 48 pixels."""

BATCH = 256
"""Crops per call."""

VIEWS = ("one", "flip", "tencrop")
"""The views that ``view_affines`` knows."""

_SHIFTS: dict[str, tuple[tuple[float, float], ...]] = {
    "one": ((0, 0),),
    "flip": ((0, 0),),
    "tencrop": (
        (0, 0),
        *((x, y) for y in (-CORNER_SHIFT, CORNER_SHIFT) for x in (-CORNER_SHIFT, CORNER_SHIFT)),
    ),
}


def view_affines(views: str) -> NDArray[np.float32]:
    """Affines of each view, into a 48x48 crop.

    ``one`` is the crop as it is, ``flip`` adds its mirror image, ``tencrop`` takes the centre and
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
    if views == "one":
        return upright
    return np.concatenate([upright, mirrored(upright)])


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
    views: str = "one",
    on_rows: Callable[[int, int], None] = lambda *_: None,
) -> NDArray[np.float64]:
    """Log of the mean over views of softmax(logits / temperature of the card).

    Where the card has a temperature for these views, the mean is calibrated by it.

    Args:
        recognizer: The model.
        crops: ``(N, 48, 48)`` uint8.
        views: One of ``VIEWS``.
        on_rows: Called with (crops done, crops) after each batch.

    Returns:
        ``(N, K)`` float64.

    Raises:
        InputError: If the crops have another shape, the recogniser's logits are damaged, or it
            averages views itself.
        UnknownNameError: If ``views`` is unknown.
    """
    if getattr(recognizer, "views", "one") != "one":
        raise InputError(
            f"the recogniser averages views itself ({recognizer.views}); open it with views='one' "
            "and say here which views are measured"
        )
    if crops.dtype != np.uint8 or crops.ndim != 3 or crops.shape[1:] != (CROP, CROP):
        raise InputError(
            f"expected uint8 crops (N, {CROP}, {CROP}), got {crops.dtype} {crops.shape}; "
            "evaluate photos end to end instead"
        )
    affines, temperature = view_affines(views), recognizer.calibration.temperature
    answers = np.zeros((len(crops), len(recognizer.card.labels)))
    for start in range(0, len(crops), BATCH):
        batch = slice(start, start + BATCH)
        views_of = (_logits(recognizer, crops[batch], affine) for affine in affines)
        answers[batch] = averaged(views_of, temperature)
        on_rows(min(start + BATCH, len(crops)), len(crops))
    own = calibration_of(recognizer, views)
    return log_softmax(answers, own.temperature) if own else answers


def calibration_of(recognizer: Recognizer, views: str) -> Calibration | None:
    """What the card has for the mean over several views; None = nothing of its own."""
    file = recognizer.card.files.get(recognizer.precision)
    own = file.views.get(views) if file else None
    return own.calibration if own else None
