"""Face detectors: where the faces of a picture are.

>>> sorted(detectors())
['haar', 'mtcnn', 'none']
"""

from mien.runtime.detectors import haar, mtcnn, whole
from mien.runtime.detectors.registry import (
    Detector,
    DetectorInfo,
    DetectorOptions,
    build_detector,
    detectors,
)

_BUILT_IN = (mtcnn, haar, whole)  # imported so that they are filed in the registry

__all__ = ["Detector", "DetectorInfo", "DetectorOptions", "build_detector", "detectors"]
