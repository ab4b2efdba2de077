"""A torch network as something that can be explained."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mien.core.alignment import BOX_SCALE, CROP, TEMPLATE
from mien.core.crop import SAMPLES
from mien.core.errors import InputError
from mien.core.labels import LabelSpace
from mien.explain.crops import checked_crops
from mien.models import ExpressionNet
from mien.models.batches import in_batches
from mien.models.network import Outputs
from mien.store.card import Geometry

BATCH = 64
"""Crops per pass at most."""


class NetworkModel:
    """Explains a network of ``mien.models``, put into evaluation mode on the CPU.

    Args:
        network: The network; its weights are not changed.
        name: Name for titles.
    """

    temperature = None  # fitted at export only

    def __init__(self, network: ExpressionNet, name: str) -> None:
        self.network = network.eval().to("cpu")
        self.name = name

    @property
    def labels(self) -> LabelSpace:
        """Label space of the logits."""
        return self.network.labels

    @property
    def geometry(self) -> Geometry:
        """What an export of the network writes into the card."""
        return Geometry(
            frame=CROP,
            input_size=self.network.input_size,
            samples=SAMPLES,
            template=tuple((float(x), float(y)) for x, y in TEMPLATE),
            box_scale=BOX_SCALE,
        )

    def logits(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """``(N, 48, 48)`` grey levels to ``(N, K)``."""
        none = np.zeros((0, len(self.labels)), np.float32)
        return np.concatenate([none, *(out.logits.numpy() for out in self._answers(crops))])

    def class_maps(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """``(N, 48, 48)`` grey levels to class activation maps ``(N, K, h, w)``.

        Raises:
            InputError: If the network has none, or there is no crop.
        """
        if not len(crops):
            raise InputError("expected one crop or more, got none")
        found: list[NDArray[np.float32]] = []
        for out in self._answers(crops):
            if out.activation is None:
                raise InputError(
                    f"{self.name} gives no class activation maps (they are exact for a mean-pool "
                    "and linear head only); use another method, such as gradcam"
                )
            found.append(out.activation.numpy())
        return np.concatenate(found)

    def _answers(self, crops: NDArray[np.uint8]) -> list[Outputs]:
        return in_batches(self.network, checked_crops(crops), self.network, BATCH)
