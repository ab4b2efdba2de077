"""What an explanation needs of a model, whether it is a bundle or a network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mien.core.labels import LabelSpace
from mien.core.scores import softmax
from mien.store.card import Geometry

if TYPE_CHECKING:
    from mien.models import ExpressionNet


@dataclass(frozen=True, eq=False)
class Explainable:
    """A model that answers 48-pixel crops, ``(N, 48, 48)`` uint8 grey levels.

    Args:
        name: Name for titles.
        labels: Label space of the logits.
        temperature: Logits are divided by it; None where none was fitted: answers are not
            calibrated.
        geometry: How faces are cut, and which part of the crop is seen.
        logits: Crops to ``(N, K)``.
        class_maps: Crops to class activation maps ``(N, K, h, w)``; raises ``InputError`` if the
            model has none, or there is no crop.
        network: The torch network, for methods that need gradients or layers; a bundle has none.
    """

    name: str
    labels: LabelSpace
    temperature: float | None
    geometry: Geometry
    logits: Callable[[NDArray[np.uint8]], NDArray[np.float32]]
    class_maps: Callable[[NDArray[np.uint8]], NDArray[np.float32]]
    network: ExpressionNet | None = None


def probabilities(model: Explainable, crops: NDArray[np.uint8]) -> NDArray[np.float64]:
    """``(N, K)`` at the model's temperature."""
    return softmax(model.logits(crops), model.temperature or 1.0)


def titled(model: str, *, calibrated: bool) -> str:
    """Name for figures, which says so where the probabilities beside it are not calibrated."""
    return model if calibrated else f"{model}, probabilities not calibrated"
