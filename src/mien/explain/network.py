"""A torch network as something that can be explained."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mien.core.errors import InputError
from mien.explain.crops import checked_crops
from mien.explain.interface import Explainable
from mien.models import ExpressionNet
from mien.models.batches import in_batches
from mien.models.network import Outputs
from mien.store.card import Geometry

BATCH = 64
"""Crops per pass at most."""


def network_model(network: ExpressionNet, name: str) -> Explainable:
    """A network of ``mien.models``, put into evaluation mode on the CPU; it is not calibrated.

    Args:
        network: The network; its weights are not changed.
        name: Name for titles.
    """
    network = network.eval().to("cpu")

    def answers(crops: NDArray[np.uint8]) -> list[Outputs]:
        return in_batches(network, checked_crops(crops), network, BATCH)

    def logits(crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        none = np.zeros((0, len(network.labels)), np.float32)
        return np.concatenate([none, *(out.logits.numpy() for out in answers(crops))])

    def class_maps(crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        if not len(crops):
            raise InputError("expected one crop or more, got none")
        found: list[NDArray[np.float32]] = []
        for out in answers(crops):
            if out.activation is None:
                raise InputError(
                    f"{name} gives no class activation maps (they are exact for a mean-pool and "
                    "linear head only); use another method, such as gradcam"
                )
            found.append(out.activation.numpy())
        return np.concatenate(found)

    geometry = Geometry.of_export(network.input_size)
    return Explainable(name, network.labels, None, geometry, logits, class_maps, network)
