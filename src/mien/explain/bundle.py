"""A bundle as something that can be explained: ONNX Runtime only, no torch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mien.core.errors import InputError
from mien.explain.crops import checked_crops
from mien.explain.interface import Explainable
from mien.runtime import Recognizer


def bundle_model(recognizer: Recognizer) -> Explainable:
    """The bundle of a recogniser; its detector is not used."""
    card = recognizer.card

    def logits(crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        return recognizer.crop_logits(checked_crops(crops))

    def class_maps(crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        if "activation" not in card.outputs:
            raise InputError(
                f"{card.name} gives no class activation maps (they are exact for a mean-pool and "
                f"linear head only); its outputs are {', '.join(card.outputs)}: "
                "use another method, such as occlusion"
            )
        if not len(checked_crops(crops)):
            raise InputError("expected one crop or more, got none")
        return recognizer.graph.answers(crops, ("activation",))[0]

    file = recognizer.card.files[recognizer.precision]
    temperature = file.calibration.temperature  # of one view, whatever the recogniser averages
    return Explainable(card.name, card.labels, temperature, card.geometry, logits, class_maps)
