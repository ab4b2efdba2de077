"""What a builder of a network is asked for, and how it puts its parts together."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from mien.core.labels import LabelSpace
from mien.models.neck import dense_neck
from mien.models.network import ExpressionNet


@dataclass(frozen=True)
class NetworkSpec:
    """What a builder is asked for; ``factory.build`` fills it in.

    Args:
        name: Registry name, for builders of several networks.
        labels: Label space of the main head.
        votes: Whether to add the head of eight FER+ votes.
        dropout: Probability of dropping a pooled feature in training.
        input_size: Side in pixels of what the trunk sees.
        channels: 1 for grey, 3 for grey repeated to RGB.
        hidden: Widths of dense layers before the heads; () = what the network has itself.
    """

    name: str
    labels: LabelSpace
    votes: bool
    dropout: float
    input_size: int
    channels: int
    hidden: tuple[int, ...]

    def dense(self, channels: int) -> nn.Sequential | None:
        """Mean over ``channels`` maps and the dense layers asked for; None without any."""
        return dense_neck(channels, self.hidden, self.dropout) if self.hidden else None

    def assemble(
        self, trunk: nn.Module, width: int, neck: nn.Module | None, *, least_dropout: float = 0.0
    ) -> ExpressionNet:
        """The network of a trunk and a neck.

        Args:
            trunk: ``(N, channels, input_size, input_size)`` to maps.
            width: Features before the heads, where no dense layers are asked for.
            neck: Maps to features; None = their mean.
            least_dropout: Dropout of the network as published; dense layers replace it.
        """
        return ExpressionNet(
            trunk,
            width=self.hidden[-1] if self.hidden else width,
            labels=self.labels,
            votes=self.votes,
            input_size=self.input_size,
            dropout=self.dropout if self.hidden else max(self.dropout, least_dropout),
            neck=neck,
            channels=self.channels,
        )
