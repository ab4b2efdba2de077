"""The frame that the recogniser reads of one face, as grey levels to keep."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mien.core.alignment import face_affines
from mien.core.crop import cropped
from mien.core.faces import Faces
from mien.runtime.packing import Image, reduced
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
    return cropped(*reduced(picture, affine), samples=geometry.samples)
