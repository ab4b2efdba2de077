"""The frame that the recogniser reads of one face, as grey levels to keep."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mien.core.alignment import face_affines, pixels_per_crop_pixel
from mien.core.faces import Faces
from mien.data.crops import cropped
from mien.runtime.packing import Image, window
from mien.runtime.recognizer import LARGEST_STEP
from mien.store.card import Geometry


def grey_frame(picture: Image, face: Faces, geometry: Geometry) -> NDArray[np.uint8]:
    """Cut one face as the recogniser does: aligned, halved while it is large, then sampled.

    Grey levels are rounded, which the graph does not do.

    Args:
        picture: ``(H, W, 3)`` uint8 RGB.
        face: One face in it.
        geometry: The crop of the model's card.

    Returns:
        ``(48, 48)`` uint8.
    """
    affine = face_affines(face, geometry.box_scale, geometry.template)[0]
    picture, matrix = window(picture, affine)
    while pixels_per_crop_pixel(matrix[None])[0] > LARGEST_STEP:
        picture, matrix = _halved(picture), matrix / 2
        matrix[:, 2] -= 0.25  # pixel centres: 2 x + 0.5 of the picture is x of the half
    return cropped(picture, matrix)


def _halved(picture: Image) -> Image:
    """Mean of 2 x 2 pixels, rounded; an odd last row or column stands for itself."""
    height, width = picture.shape[:2]
    even = np.pad(picture, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    cells = even.reshape(even.shape[0] // 2, 2, even.shape[1] // 2, 2, 3)
    return np.rint(cells.mean(axis=(1, 3))).astype(np.uint8)
