"""``none``: no search, the picture is the face (data sets of crops)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mien.core.faces import Faces
from mien.runtime.detectors.registry import DetectorInfo, DetectorOptions, register
from mien.store.images import check_image

INFO = DetectorInfo(
    name="none",
    summary="no search: the whole picture is one face",
    source="data sets of face crops, such as FER2013",
    threshold=0.0,
    landmarks=False,
    extra=None,
    licence="Apache-2.0",
)


@register(INFO)
class Whole:
    """Takes every picture for one face, as large as the picture.

    Args:
        options: Options of all detectors; none applies.
    """

    def __init__(self, options: DetectorOptions) -> None:
        del options

    def detect(self, image: NDArray[np.uint8]) -> Faces:
        """One face, its box the whole of ``image``, score 1, no landmarks."""
        check_image(image)
        height, width = image.shape[:2]
        if min(height, width) < 1:
            return Faces.empty()
        box = np.array([[0, 0, width, height]], np.float32)
        return Faces(boxes=box, scores=np.ones(1, np.float32))
