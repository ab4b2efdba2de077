"""What an explanation needs of a model, whether it is a bundle or a network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from mien.core.labels import LabelSpace
from mien.core.scores import softmax
from mien.store.card import Geometry

if TYPE_CHECKING:
    from mien.models import ExpressionNet


class Explainable(Protocol):
    """A model that answers 48-pixel crops."""

    @property
    def name(self) -> str:
        """Name for titles."""
        ...

    @property
    def labels(self) -> LabelSpace:
        """Label space of the logits."""
        ...

    @property
    def temperature(self) -> float | None:
        """Logits are divided by it; None where none was fitted: answers are not calibrated."""
        ...

    @property
    def geometry(self) -> Geometry:
        """How faces are cut, and which part of the crop is seen."""
        ...

    @property
    def network(self) -> ExpressionNet | None:
        """The torch network, for methods that need gradients or layers; a bundle has none."""
        ...

    def logits(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """``(N, 48, 48)`` grey levels to ``(N, K)``."""
        ...

    def class_maps(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """``(N, 48, 48)`` grey levels to class activation maps ``(N, K, h, w)``.

        Raises:
            InputError: If the model has none.
        """
        ...


def probabilities(model: Explainable, crops: NDArray[np.uint8]) -> NDArray[np.float64]:
    """``(N, K)`` at the model's temperature."""
    return softmax(model.logits(crops), model.temperature or 1.0)


def titled(model: str, *, calibrated: bool) -> str:
    """Name for figures, which says so where the probabilities beside it are not calibrated."""
    return model if calibrated else f"{model}, probabilities not calibrated"
