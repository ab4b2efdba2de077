"""Hiding part of the face and watching the answer: works on every model, needs no gradients."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from mien.core.alignment import CROP
from mien.core.errors import InputError
from mien.explain.crops import checked_crops
from mien.explain.interface import Explainable, probabilities

PATCH = 8
"""Side of the hidden square, pixels of the 48-pixel crop: about an eye."""

STRIDE = 4
"""Pixels between squares. Half a patch: every pixel is hidden four times."""


def occlusion(
    model: Explainable,
    crops: NDArray[np.uint8],
    targets: NDArray[np.int64],
    *,
    patch: int = PATCH,
    stride: int = STRIDE,
) -> NDArray[np.float32]:
    """How much the probability of a label falls where a square is hidden.

    The square takes the mean grey of its crop. Each pixel gets the mean over the squares that
    hide it; squares reach beyond the edges, so that every pixel is hidden equally often. Negative
    where hiding raises the probability.

    Args:
        model: Any bundle or network.
        crops: ``(N, 48, 48)`` uint8 grey levels.
        targets: ``(N,)`` the label that is explained.
        patch: Side of the square, pixels.
        stride: Pixels between squares; divides ``patch``.

    Returns:
        ``(N, 48, 48)`` float32, probabilities.

    Raises:
        InputError: If shapes disagree, or ``stride`` does not divide ``patch``.

    Source: Zeiler and Fergus, ECCV 2014, section 4.2.
    """
    if not 1 <= stride <= patch <= CROP or patch % stride:
        raise InputError(
            f"expected 1 <= stride <= patch <= {CROP} and a stride that divides the patch, "
            f"got patch {patch} and stride {stride}"
        )
    given = checked_crops(crops)
    if targets.shape != (len(given),):
        raise InputError(f"{len(given)} crops but targets of shape {targets.shape}")
    squares = list(_squares(patch, stride))
    maps = np.zeros(given.shape, dtype=np.float64)
    whole = probabilities(model, given)
    for face, (crop, target) in enumerate(zip(given, targets, strict=True)):
        hidden = np.repeat(crop[None], len(squares), axis=0)
        for copy, square in zip(hidden, squares, strict=True):
            copy[square] = round(float(crop.mean()))
        falls = whole[face, target] - probabilities(model, hidden)[:, target]
        for square, fall in zip(squares, falls, strict=True):
            maps[face][square] += fall
    return (maps / (patch // stride) ** 2).astype(np.float32)


def _squares(patch: int, stride: int) -> Iterator[tuple[slice, slice]]:
    """Every square that hides a pixel of the crop."""
    starts = range(stride - patch, CROP, stride)
    spans = [slice(max(0, start), min(CROP, start + patch)) for start in starts]
    return ((down, across) for down in spans for across in spans)
