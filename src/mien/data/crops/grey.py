"""From a colour picture to the square grey crop that a face set holds.

Resampling is written out here, so that the hash of a data set does not depend on the version of
an image library.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

# Far above the rounding errors of the sums, far below a grey level: exact halves always go up.
_HALF = 0.5 + 1e-6


def grey_levels(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """``(H, W, 3)`` uint8 RGB to ``(H, W)`` grey, .299 R + .587 G + .114 B, rounded."""
    thousandths = np.full(rgb.shape[:2], 500, np.uint32)
    for channel, weight in enumerate((299, 587, 114)):
        thousandths += rgb[..., channel] * np.uint32(weight)
    return (thousandths // 1000).astype(np.uint8)


def centre_square(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The largest centred square of an ``(H, W, ...)`` image; an odd pixel stays at the far end."""
    height, width = image.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return image[top : top + side, left : left + side]


def resampled(image: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """A square ``(S, S)`` grey image as ``(side, side)``: area means down, linear up."""
    size = len(image)
    if size == side:
        return image
    weights = _weights(size, side)
    return np.floor(weights @ image.astype(np.float64) @ weights.T + _HALF).astype(np.uint8)


@lru_cache(maxsize=64)
def _weights(size: int, side: int) -> NDArray[np.float64]:
    """``(side, size)`` share of each of ``size`` pixels in each of ``side``; rows sum to 1."""
    scale = size / side
    pixels = np.arange(size)
    if scale > 1:
        edges = np.arange(side + 1)[:, None] * scale
        weights = np.minimum(edges[1:], pixels + 1) - np.maximum(edges[:-1], pixels)
    else:
        centres = (np.arange(side)[:, None] + 0.5) * scale - 0.5
        weights = 1 - abs(np.clip(centres, 0, size - 1) - pixels)
    weights = np.maximum(weights, 0)
    return weights / weights.sum(axis=1, keepdims=True)
