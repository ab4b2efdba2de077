"""Feature and machine as one network, which exports like any other."""

from __future__ import annotations

from torch import Tensor, nn

from mien.core.alignment import CROP
from mien.core.labels import LabelSpace
from mien.models.network import ExpressionNet


class ClassicalNet(ExpressionNet):
    """A feature for a trunk, a reduction and a kernel for a neck, a linear head.

    It has no vote head and no activation maps. ``features`` are what the head is linear in:
    kernel values, distances, or the reduced feature itself.

    Args:
        feature: Maps whole grey levels ``(N, 1, 48, 48)`` to maps of any shape.
        neck: Maps the flattened feature ``(N, D)`` to ``(N, width)``.
        head: ``(N, width)`` to logits.
        labels: Label space of the head.
    """

    def __init__(
        self, feature: nn.Module, neck: nn.Module, head: nn.Linear, labels: LabelSpace
    ) -> None:
        super().__init__(
            feature,
            width=head.in_features,
            labels=labels,
            votes=False,
            input_size=CROP,
            dropout=0.0,
            neck=nn.Sequential(nn.Flatten(), neck),
        )
        self.head = head

    def prepared(self, frames: Tensor) -> Tensor:
        """The frames in whole grey levels, on which the features are defined.

        A crop is right to 1e-4 levels only; without rounding, thresholds would tell two runtimes
        apart.
        """
        return frames.round()
