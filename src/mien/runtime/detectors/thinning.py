"""The first, coarse step of reducing a large picture: whole blocks of pixels averaged into one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LARGEST = 16
"""Largest block side: the sum of 16 x 16 values of 255, and half for rounding, fits 16 bits."""

_ROWS = 8  # of the answer at a time, so that the sums stay in the processor's cache


def thinned(image: NDArray[np.uint8], block: int) -> NDArray[np.uint8]:
    """Average blocks of ``block`` x ``block`` pixels; an edge that fills no block is left out.

    On 12 megapixels a third of the time and memory of leaving all of the reduction to the
    resampling graph, which works in float32.

    Args:
        image: ``(H, W, 3)``.
        block: 1 to ``LARGEST``.

    Returns:
        ``(H // block, W // block, 3)``, rounded to the nearest grey level.

    >>> thinned(np.arange(24, dtype=np.uint8).reshape(2, 4, 3), 2).tolist()
    [[[8, 9, 10], [14, 15, 16]]]
    """
    if block < 2:
        return image
    rows, columns = image.shape[0] // block, image.shape[1] // block
    thin = np.empty((rows, columns, 3), np.uint8)
    count = block * block
    for start in range(0, rows, _ROWS):
        part = image[start * block : (start + _ROWS) * block, : columns * block]
        part = part[: len(part) // block * block]
        down = part[::block].astype(np.uint16)
        for i in range(1, block):
            down += part[i::block]
        # Running sums along the rows: more additions, but all on neighbouring bytes.
        flat = down.reshape(len(down), -1)
        width = flat.shape[1] - 3 * (block - 1)
        total = flat[:, :width] + np.uint16(count // 2)
        for i in range(1, block):
            total += flat[:, 3 * i : 3 * i + width]
        for channel in range(3):
            thin[start : start + _ROWS, :, channel] = total[:, channel :: 3 * block] // count
    return thin
