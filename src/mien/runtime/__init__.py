"""Runtime: ONNX Runtime, face detectors, and the recogniser that joins them."""

from mien.runtime.detectors import Detector, DetectorOptions
from mien.runtime.recognizer import Reading, Recognizer
from mien.runtime.stream import Stream

__all__ = ["Detector", "DetectorOptions", "Reading", "Recognizer", "Stream"]
