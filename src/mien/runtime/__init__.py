"""Runtime: ONNX Runtime, face detectors, and the recogniser that joins them."""

from mien.runtime.detectors import Detector, DetectorOptions
from mien.runtime.reading import Face, Reading
from mien.runtime.recognizer import Recognizer
from mien.runtime.stream import Stream, video

__all__ = ["Detector", "DetectorOptions", "Face", "Reading", "Recognizer", "Stream", "video"]
