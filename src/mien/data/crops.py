"""The model's frame cut out of a picture, in NumPy: the same crop that a bundle makes inside."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mien.core.alignment import CROP
from mien.core.errors import InputError

_SAMPLES = 2
"""Least samples per frame pixel and axis, as in the graph of a bundle."""

_APART = 2
"""A bilinear sample reaches one picture pixel to each side: two pixels apart leave no gap."""

_GREY = np.array([0.299, 0.587, 0.114])
_HALF = 0.5 + 1e-6  # far above the rounding errors: exact halves always go up


def cropped(image: NDArray[np.uint8], affine: ArrayLike, side: int = CROP) -> NDArray[np.uint8]:
    """Cut a grey ``(side, side)`` face out of ``image``; beyond its edges they are repeated.

    Large faces get more samples per pixel instead of the halving that the runtime does first.

    Args:
        image: ``(H, W, 3)`` uint8 RGB.
        affine: ``(2, 3)``, crop coordinates in [-1, 1] to picture pixels (``core.alignment``).
        side: Pixels per side.

    Raises:
        InputError: If the affine is not ``(2, 3)`` finite numbers with an area.
    """
    matrix = np.asarray(affine, dtype=np.float64)
    if matrix.shape != (2, 3) or not np.isfinite(matrix).all():
        raise InputError(f"an affine must be (2, 3) finite numbers, got shape {matrix.shape}")
    pixels = math.sqrt(abs(float(np.linalg.det(matrix[:, :2])))) * 2 / side
    if pixels <= 0:
        raise InputError("an affine must keep an area; is the box empty?")
    samples = max(_SAMPLES, math.ceil((pixels - 1) / _APART))
    centres = (2 * np.arange(side) + 1) / side - 1
    offsets = ((np.arange(samples) + 0.5) / samples - 0.5) * 2 / side
    u = (centres[:, None] + (1 - 1 / max(pixels, 1)) * offsets).ravel()
    x = matrix[0, 0] * u + (matrix[0, 1] * u + matrix[0, 2])[:, None]
    y = matrix[1, 0] * u + (matrix[1, 1] * u + matrix[1, 2])[:, None]
    grey = _bilinear(image, x, y).reshape(side, samples, side, samples).mean(axis=(1, 3))
    return np.floor(grey + _HALF).astype(np.uint8)


def _bilinear(
    image: NDArray[np.uint8], x: NDArray[np.float64], y: NDArray[np.float64]
) -> NDArray[np.float64]:
    height, width = image.shape[:2]
    x, y = np.clip(x, 0, width - 1), np.clip(y, 0, height - 1)
    left, top = np.floor(x).astype(np.intp), np.floor(y).astype(np.intp)
    right, below = np.minimum(left + 1, width - 1), np.minimum(top + 1, height - 1)
    # Only the pixels that are touched become grey: the face may be small in a large picture.
    rows, columns = int(top.min()), int(left.min())
    grey = image[rows : int(below.max()) + 1, columns : int(right.max()) + 1] @ _GREY
    left, right, top, below = left - columns, right - columns, top - rows, below - rows
    across, down = x - columns - left, y - rows - top
    upper = grey[top, left] * (1 - across) + grey[top, right] * across
    lower = grey[below, left] * (1 - across) + grey[below, right] * across
    return upper * (1 - down) + lower * down
