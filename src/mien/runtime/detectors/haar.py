"""``haar``: OpenCV's frontal-face cascade, for comparison and for machines without MTCNN's cost."""

from __future__ import annotations

from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from mien.core.boxes import area, clipped
from mien.core.errors import missing_extra
from mien.core.faces import Faces
from mien.runtime.detectors.registry import DetectorInfo, DetectorOptions, register
from mien.store.images import check_image

CASCADE = "haarcascade_frontalface_alt2.xml"

LAST_STAGE, LAST_STAGE_BEST = 53.75556945800781, 64.54192930459976
"""Sum of votes that the last of the cascade's 20 stages asks for, and the most it can give."""

SCALE_STEP, NEIGHBOURS = 1.1, 3

INFO = DetectorInfo(
    name="haar",
    summary="OpenCV's Haar cascade: frontal, upright faces; boxes only",
    source="Viola and Jones, CVPR 2001; Lienhart and Maydt, ICIP 2002",
    # Faces of the composites in the tests score 0.2 to 0.32, false finds 0.07 to 0.13.
    threshold=0.15,
    landmarks=False,
    extra="haar",
    licence="Intel License Agreement (BSD-like), read from the OpenCV wheel, not shipped",
)


@register(INFO)
class Haar:
    """Haar cascade on grey levels.

    The score is no probability: it is how far the votes of the last stage go beyond what that
    stage asks for, as a share of the most they could. ``threads`` is not used, OpenCV's number of
    threads is a setting of the whole program.

    Args:
        options: Options of all detectors.

    Raises:
        MissingExtraError: If OpenCV is missing, or is version 5, which has no cascades.
    """

    def __init__(self, options: DetectorOptions) -> None:
        try:
            import cv2
        except ImportError:
            raise missing_extra("haar", "cv2") from None
        if not hasattr(cv2, "CascadeClassifier"):
            raise missing_extra("haar", "cv2.CascadeClassifier")
        self._options = options
        self._threshold = INFO.threshold if options.threshold is None else options.threshold
        folder = Path(cv2.__file__).parent / "data"
        self._cascade = cv2.CascadeClassifier(str(folder / CASCADE))
        self._lock = Lock()  # a cascade keeps the picture it works on

    def detect(self, image: NDArray[np.uint8]) -> Faces:
        """Faces of ``image``, see ``Detector``; landmarks are NaN."""
        import cv2

        check_image(image)
        height, width = image.shape[:2]
        factor = min(1.0, self._options.long_side / max(height, width, 1))
        size = round(width * factor), round(height * factor)
        if min(size) < 1:
            return Faces.empty()
        grey = cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2GRAY)
        if factor < 1:
            grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
        least = max(round(self._options.min_face * factor), 1)
        with self._lock:
            found, stages, votes = self._cascade.detectMultiScale3(
                grey,
                scaleFactor=SCALE_STEP,
                minNeighbors=NEIGHBOURS,
                minSize=(least, least),
                outputRejectLevels=True,
            )
        if not len(found):
            return Faces.empty()
        corner = np.asarray(found, np.float32)
        stretch = np.array([width / size[0], height / size[1]], np.float32)
        boxes = np.concatenate([corner[:, :2], corner[:, :2] + corner[:, 2:]], axis=1)
        boxes = clipped(boxes * np.tile(stretch, 2), width, height)
        margin = (np.asarray(votes) - LAST_STAGE) / (LAST_STAGE_BEST - LAST_STAGE)
        scores = np.clip(margin, 0, 1).astype(np.float32).reshape(-1)
        # OpenCV also reports windows that fell out in one of the last stages.
        good = (scores >= self._threshold) & (np.asarray(stages).reshape(-1) == 20)
        order = np.argsort(-scores, kind="stable")
        order = order[(good & (area(boxes) > 0))[order]][: self._options.max_faces]
        return Faces(boxes[order], scores[order])
