"""A bundle as something that can be explained: ONNX Runtime only, no torch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mien.core.errors import InputError
from mien.core.labels import LabelSpace
from mien.explain.crops import checked_crops
from mien.runtime import Recognizer
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

    def logits(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """``(N, 48, 48)`` grey levels to ``(N, K)``."""
        return self.recognizer.crop_logits(checked_crops(crops))

    def class_maps(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """``(N, 48, 48)`` grey levels to the graph's ``activation``, ``(N, K, h, w)``.

        Raises:
            InputError: If the graph has no such output, or there is no crop.
        """
        card = self.recognizer.card
        if "activation" not in card.outputs:
            raise InputError(
                f"{card.name} gives no class activation maps (they are exact for a mean-pool and "
                f"linear head only); its outputs are {', '.join(card.outputs)}: "
                "use another method, such as occlusion"
            )
        if not len(checked_crops(crops)):
            raise InputError("expected one crop or more, got none")
        return self.recognizer.graph.answers(crops, ("activation",))[0]
