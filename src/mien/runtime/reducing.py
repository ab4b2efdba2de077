"""A face that is large in its picture, made small enough for the crop of a bundle, in NumPy.

The recogniser halves by an ONNX graph and keeps the crop inside the bundle. Who needs the frame
itself (an explanation, a kept sample) starts from here; tests hold it to the graphs.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mien.core.alignment import pixels_per_crop_pixel
from mien.runtime.packing import Image, window
from mien.runtime.recognizer import LARGEST_STEP


def reduced(picture: Image, affine: NDArray[np.floating]) -> tuple[Image, NDArray[np.float64]]:
    """The window of a picture around one face, halved as often as its size asks for.

    Args:
        picture: ``(H, W, 3)`` uint8 RGB.
        affine: ``(2, 3)``, crop coordinates to picture pixels.

    Returns:
        The window, and the affine into it.
    """
    part, matrix = window(picture, affine)
    while pixels_per_crop_pixel(matrix[None])[0] > LARGEST_STEP:
        part, matrix = _halved(part), matrix / 2
        matrix[:, 2] -= 0.25  # pixel centres: 2 x + 0.5 of the picture is x of the half
    return part, matrix


def _halved(picture: Image) -> Image:
    """Mean of 2 x 2 pixels, rounded; an odd last row or column stands for itself."""
    height, width = picture.shape[:2]
    even = np.pad(picture, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    cells = even.reshape(even.shape[0] // 2, 2, even.shape[1] // 2, 2, 3)
    return np.rint(cells.mean(axis=(1, 3))).astype(np.uint8)
