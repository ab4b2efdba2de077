"""The graph of a bundle: crops, or faces in pictures, in; any of its outputs out."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mien.core.alignment import identity_affines
from mien.core.errors import InputError
from mien.runtime.packing import Image, Region, cut, pack, reduced
from mien.runtime.session import open_session, run

if TYPE_CHECKING:
    import onnxruntime

BATCH = 64
"""Faces per call: enough to amortise the call, few enough to stay in the cache."""

# Pixels from the picture's corner beyond which a face is a mistake, not a face at the border.
_FARTHEST = 1e6


class Graph:
    """The graph of a bundle, open.

    Args:
        model: The ONNX file.
        threads: CPU threads of one call; None = one per physical core.
        device: ``cpu`` or ``cuda``.

    Raises:
        InputError: If ``threads`` or the device cannot be.
        DeviceError: If CUDA is asked for and cannot be used.
        BundleError: If ONNX Runtime refuses the model.
    """

    def __init__(self, model: bytes, *, threads: int | None = None, device: str = "cpu") -> None:
        self.session = open_session(model, threads=threads, device=device)
        self._threads = threads

    def answers(
        self,
        crops: NDArray[np.uint8],
        outputs: Sequence[str] = ("logits",),
        affines: NDArray[np.float32] | None = None,
    ) -> list[NDArray[np.float32]]:
        """Outputs for ready-made face crops.

        Args:
            crops: ``(N, S, S)`` uint8 grey squares, as in FER2013 (S = 48).
            outputs: Names of outputs of the graph.
            affines: ``(N, 2, 3)``, crop coordinates to pixels of each square; None = all of it.

        Returns:
            One array per output, ``(N, ...)`` float32.

        Raises:
            InputError: If shapes or dtypes differ.
        """
        if crops.ndim != 3 or crops.dtype != np.uint8 or crops.shape[1] != crops.shape[2]:
            raise InputError(
                f"crops must be uint8 (N, S, S) grey squares, got {crops.dtype} {crops.shape}"
            )
        if not crops.shape[1]:
            raise InputError(f"crops must be 1 pixel wide or more, got {crops.shape}")
        if affines is None:
            affines = identity_affines(len(crops), crops.shape[1])
        if affines.shape != (len(crops), 2, 3):
            raise InputError(f"affines must be ({len(crops)}, 2, 3), got {affines.shape}")
        parts = [
            self.run(
                [
                    self.region(np.repeat(crop[..., None], 3, axis=2), affine)
                    for crop, affine in zip(
                        crops[start : start + BATCH], affines[start : start + BATCH], strict=True
                    )
                ],
                outputs,
            )
            for start in range(0, max(1, len(crops)), BATCH)
        ]
        return [np.concatenate(part) for part in zip(*parts, strict=True)]

    def region(self, picture: Image, affine: NDArray[np.floating]) -> Region:
        """Cut one face out, halving the picture around it as often as its size asks for.

        Raises:
            InputError: If the face lies nowhere, or the picture has no pixels.
        """
        matrix = np.asarray(affine, dtype=np.float64)
        if not (picture.size and np.abs(matrix).max() < _FARTHEST):  # NaN is not below either
            raise InputError(
                f"a face must lie within {_FARTHEST:.0g} pixels of a picture with pixels, got "
                f"affine {matrix.tolist()} in a picture of {picture.shape[1]}x{picture.shape[0]}"
            )
        return cut(*reduced(picture, matrix, self._halved))

    def run(
        self, regions: Sequence[Region], outputs: Sequence[str] = ("logits",)
    ) -> list[NDArray[np.float32]]:
        """Outputs for the faces of ``regions``, in their order, one array per output."""
        if not len(regions):
            shapes = {node.name: node.shape for node in self.session.get_outputs()}
            return [np.zeros((0, *shapes[name][1:]), dtype=np.float32) for name in outputs]
        parts: list[list[NDArray[np.float32]]] = []
        for start in range(0, len(regions), BATCH):
            canvases, order = pack(list(regions[start : start + BATCH]))
            found = [
                run(self.session, outputs, {"image": c.image, "affine": c.affines})
                for c in canvases
            ]
            parts.append([np.concatenate(each)[order] for each in zip(*found, strict=True)])
        return [np.concatenate(part) for part in zip(*parts, strict=True)]

    @cached_property
    def _halve(self) -> onnxruntime.InferenceSession:
        graph = Path(__file__).with_name("graphs") / "halve.onnx"
        return open_session(graph.read_bytes(), threads=self._threads)

    def _halved(self, picture: Image) -> Image:
        return run(self._halve, ["half"], {"image": picture})[0]
