"""What stands between a trunk's maps and the heads, where it is more than their mean."""

from __future__ import annotations

from collections import OrderedDict

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class GlobalPool(nn.Module):
    """One value per map.

    Args:
        kind: ``avg``, ``max``, ``min``, or ``none`` = the first position (``models.pooling``).
        keep: Whether the answer keeps two axes of length 1.
    """

    def __init__(self, kind: str = "avg", *, keep: bool = False) -> None:
        super().__init__()
        self.kind = kind
        self.keep = keep

    def forward(self, maps: Tensor) -> Tensor:
        """``(N, C, h, w)`` to ``(N, C)``, or ``(N, C, 1, 1)``."""
        if self.kind == "none":
            first = maps[:, :, :1, :1]
            return first if self.keep else first.flatten(1)
        if self.kind == "max":
            return maps.amax(dim=(2, 3), keepdim=self.keep)
        if self.kind == "min":
            return maps.amin(dim=(2, 3), keepdim=self.keep)
        return maps.mean(dim=(2, 3), keepdim=self.keep)

    def extra_repr(self) -> str:
        """Its kind, in the printed network."""
        return self.kind


class Neighbours(nn.Module):
    """Each position's 3x3 neighbourhood as channels: ``(N, C, h, w)`` to ``(N, 9 C, h, w)``.

    A same-padded 3x3 convolution to K maps and their mean is a linear map of the means of these
    channels. So a network that ends that way is a trunk, mean pooling and a linear head, exactly.
    """

    def forward(self, maps: Tensor) -> Tensor:
        """Nine shifted copies, row by row, zeros outside."""
        height, width = maps.shape[2:]
        padded = F.pad(maps, (1, 1, 1, 1))
        return torch.cat(
            [padded[:, :, y : y + height, x : x + width] for y in range(3) for x in range(3)],
            dim=1,
        )


def dense_neck(channels: int, hidden: tuple[int, ...], dropout: float) -> nn.Sequential:
    """Mean over the maps, then dense layers with ReLU and dropout between them.

    The dropout after the last layer is ``ExpressionNet``'s own.

    Args:
        channels: Maps of the trunk.
        hidden: Widths, first to last.
        dropout: Probability of dropping a value.
    """
    parts: OrderedDict[str, nn.Module] = OrderedDict(pool=GlobalPool())
    for index, (before, width) in enumerate(zip((channels, *hidden), hidden, strict=False), 1):
        if index > 1:
            parts[f"drop{index}"] = nn.Dropout(dropout)
        parts[f"dense{index}"] = nn.Linear(before, width)
        parts[f"relu{index}"] = nn.ReLU()
    return nn.Sequential(parts)
