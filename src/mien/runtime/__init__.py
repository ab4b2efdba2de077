"""Runtime: ONNX Runtime, face detectors, and the recogniser that joins them."""

from mien.runtime.detectors import Detector, DetectorOptions
from mien.runtime.recognizer import Reading, Recognizer

__all__ = ["Detector", "DetectorOptions", "Reading", "Recognizer"]
