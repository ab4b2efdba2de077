"""A bundle as something that can be explained: ONNX Runtime only, no torch."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.core.alignment import identity_affines
from mien.core.errors import InputError
from mien.core.labels import LabelSpace
from mien.explain.crops import checked_crops
from mien.runtime.packing import cut, pack
from mien.runtime.recognizer import BATCH, Recognizer
from mien.runtime.session import open_session, run
from mien.store.card import Geometry


class BundleModel:
    """Explains the bundle of a recogniser.

    Args:
        recognizer: The open bundle; its detector is not used here.
    """

    network = None

    def __init__(self, recognizer: Recognizer) -> None:
        self.recognizer = recognizer

    @property
    def name(self) -> str:
        """Name in the card."""
        return self.recognizer.name

    @property
    def labels(self) -> LabelSpace:
        """Label space of the logits."""
        return self.recognizer.labels

    @property
    def temperature(self) -> float:
        """The card's, for the chosen precision."""
        return self.recognizer.calibration.temperature

    @property
    def geometry(self) -> Geometry:
        """The card's."""
        return self.recognizer.card.geometry

    def logits(self, frames: NDArray[np.uint8]) -> NDArray[np.float32]:
        """``(N, 48, 48)`` grey levels to ``(N, K)``."""
        return self.recognizer.crop_logits(checked_crops(frames))

    @cached_property
    def _session(self) -> Any:
        # The recogniser's own session answers logits only.
        model = self.recognizer.bundle.model(self.recognizer.precision)
        return open_session(model, threads=self.recognizer.threads)

    def class_maps(self, frames: NDArray[np.uint8]) -> NDArray[np.float32]:
        """``(N, 48, 48)`` grey levels to the graph's ``activation``, ``(N, K, h, w)``.

        Raises:
            InputError: If the graph has no such output, or there is no frame.
        """
        card = self.recognizer.card
        if "activation" not in card.outputs:
            raise InputError(
                f"{card.name} gives no class activation maps (they are exact for a mean-pool and "
                f"linear head only); its outputs are {', '.join(card.outputs)}: "
                "use another method, such as occlusion"
            )
        if not len(checked_crops(frames)):
            raise InputError("expected one frame or more, got none")
        affine = identity_affines(1)[0]
        parts: list[NDArray[np.float32]] = []
        for start in range(0, len(frames), BATCH):
            colours = (np.repeat(f[..., None], 3, axis=2) for f in frames[start : start + BATCH])
            canvases, order = pack([cut(colour, affine) for colour in colours])
            answers = [
                run(self._session, ["activation"], {"image": c.image, "affine": c.affines})[0]
                for c in canvases
            ]
            parts.append(np.concatenate(answers)[order])
        return np.concatenate(parts)
