"""The four ONNX graphs of MTCNN, loaded when first used.

What goes in and out of each is in docs/decisions/0003-detectors.md.
"""

from __future__ import annotations

from importlib import resources
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mien.runtime.detectors.cascade import Array, Size
from mien.runtime.session import open_session, run

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

Image = NDArray[np.uint8]

OUTPUTS = {
    "resize": ("level",),
    "pnet": ("level", "probability", "offsets"),
    "rnet": ("probability", "offsets"),
    "onet": ("probability", "offsets", "landmarks"),
}


class Maps(NamedTuple):
    """P-Net's answer for one level of the pyramid.

    Args:
        level: ``(h, w, 3)`` uint8, the picture it looked at.
        probability: ``(rows, columns)`` of a face in each 12-pixel window, stride 2.
        offsets: ``(rows, columns, 4)`` box corrections in windows.
    """

    level: Image
    probability: Array
    offsets: Array


class Networks:
    """Resampling, P-Net, R-Net and O-Net on ONNX Runtime.

    Args:
        threads: CPU threads of one call.
    """

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._sessions: dict[str, InferenceSession] = {}
        self._lock = Lock()

    def _run(self, name: str, inputs: dict[str, NDArray[Any]]) -> list[Any]:
        with self._lock:
            if name not in self._sessions:
                self._sessions[name] = _opened(name, self._threads)
        return run(self._sessions[name], OUTPUTS[name], inputs)

    def resize(self, image: Image, size: Size, border: Size = (0, 0)) -> Image:
        """``image`` at ``size``, with ``border`` rows and columns of its edge on each side."""
        inputs = {"image": image, "size": _pair(size), "border": _pair(border)}
        return self._run("resize", inputs)[0]

    def propose(self, image: Image, size: Size) -> Maps:
        """P-Net on ``image`` resampled to ``size``, which is 12 x 12 or more."""
        return Maps(*self._run("pnet", {"image": image, "size": _pair(size)}))

    def refine(self, image: Image, boxes: Array) -> tuple[Array, Array]:
        """R-Net on ``(N, 4)`` squares of ``image``: ``(N,)`` probabilities, ``(N, 4)`` offsets."""
        probability, offsets = self._run("rnet", {"image": image, "boxes": boxes})
        return probability, offsets

    def confirm(self, image: Image, boxes: Array) -> tuple[Array, Array, Array]:
        """O-Net on ``(N, 4)`` squares of ``image``: as R-Net, and ``(N, 5, 2)`` points in boxes."""
        probability, offsets, points = self._run("onet", {"image": image, "boxes": boxes})
        return probability, offsets, points


def _pair(size: Size) -> NDArray[np.int64]:
    return np.array(size, dtype=np.int64)


def _opened(name: str, threads: int) -> InferenceSession:
    weights = resources.files("mien.runtime.detectors") / "weights" / f"{name}.onnx"
    return open_session(weights.read_bytes(), threads=threads, memory_pattern=False)
