"""The crop of a face in NumPy, for those who need its grey levels themselves.

A bundle crops inside its graph. Data sets, kept samples and explanations need the same crop as
pixels; tests hold it to the graph.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mien.core.alignment import CROP
from mien.core.errors import InputError

GREY = np.array([0.299, 0.587, 0.114])
"""Weights of red, green and blue: ITU-R BT.601, what Pillow's "L" and FER2013's makers used."""

SAMPLES = 2
"""Samples per crop pixel and axis. A bilinear sample reaches one picture pixel to each side, so
two cover the footprint without gaps while they are two pixels apart or less: up to five picture
pixels per crop pixel. Beyond, the runtime halves the picture first. Cost: docs/findings/crop.md."""

_APART = 2  # picture pixels between samples that leave no gap
_HALF = 0.5 + 1e-6  # far above the rounding errors: exact halves always go up


def cropped(
    image: NDArray[np.uint8], affine: ArrayLike, side: int = CROP, samples: int | None = None
) -> NDArray[np.uint8]:
    """Cut a grey ``(side, side)`` face out of ``image``; beyond its edges they are repeated.

    Grey levels are rounded, exact halves up; the graph of a bundle does not round.

    Args:
        image: ``(H, W, 3)`` uint8 RGB.
        affine: ``(2, 3)``, crop coordinates in [-1, 1] to picture pixels (``core.alignment``).
        side: Pixels per side.
        samples: Samples per crop pixel and axis; None = as many as leave no gap, 2 or more.

    Raises:
        InputError: If the affine is not ``(2, 3)`` finite numbers with an area.
    """
    matrix = np.asarray(affine, dtype=np.float64)
    if matrix.shape != (2, 3) or not np.isfinite(matrix).all():
        raise InputError(f"an affine must be (2, 3) finite numbers, got shape {matrix.shape}")
    pixels = math.sqrt(abs(float(np.linalg.det(matrix[:, :2])))) * 2 / side
    if pixels <= 0:
        raise InputError("an affine must keep an area; is the box empty?")
    count = samples or max(SAMPLES, math.ceil((pixels - 1) / _APART))
    centres = (2 * np.arange(side) + 1) / side - 1
    offsets = ((np.arange(count) + 0.5) / count - 0.5) * 2 / side
    u = (centres[:, None] + (1 - 1 / max(pixels, 1)) * offsets).ravel()
    x = matrix[0, 0] * u + (matrix[0, 1] * u + matrix[0, 2])[:, None]
    y = matrix[1, 0] * u + (matrix[1, 1] * u + matrix[1, 2])[:, None]
    grey = _bilinear(image, x, y).reshape(side, count, side, count).mean(axis=(1, 3))
    return np.floor(grey + _HALF).astype(np.uint8)


def halved(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Mean of 2 x 2 pixels; an odd last row or column stands for itself.

    Exact halves go to the even level, as in the ONNX graph that the recogniser halves with.
    """
    height, width = image.shape[:2]
    even = np.pad(image, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    cells = even.reshape(even.shape[0] // 2, 2, even.shape[1] // 2, 2, 3)
    return np.rint(cells.mean(axis=(1, 3))).astype(np.uint8)


def _bilinear(
    image: NDArray[np.uint8], x: NDArray[np.float64], y: NDArray[np.float64]
) -> NDArray[np.float64]:
    height, width = image.shape[:2]
    x, y = np.clip(x, 0, width - 1), np.clip(y, 0, height - 1)
    left, top = np.floor(x).astype(np.intp), np.floor(y).astype(np.intp)
    right, below = np.minimum(left + 1, width - 1), np.minimum(top + 1, height - 1)
    # Only the pixels that are touched become grey: the face may be small in a large picture.
    rows, columns = int(top.min()), int(left.min())
    grey = image[rows : int(below.max()) + 1, columns : int(right.max()) + 1] @ GREY
    left, right, top, below = left - columns, right - columns, top - rows, below - rows
    across, down = x - columns - left, y - rows - top
    upper = grey[top, left] * (1 - across) + grey[top, right] * across
    lower = grey[below, left] * (1 - across) + grey[below, right] * across
    return upper * (1 - down) + lower * down
