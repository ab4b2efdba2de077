"""What every network of mien is: grey frames in, logits, features, activation and votes out."""

from __future__ import annotations

from typing import NamedTuple

import torch.nn.functional as F
from torch import Tensor, nn

from mien.core.alignment import FRAME
from mien.core.labels import LabelSpace, ferplus8

# Noise floor of the standardisation, grey levels: below it a frame is flat and must not be
# amplified into texture. JPEG noise on flat areas of FER2013 stays under 4 levels.
_FLAT = 4.0


class Outputs(NamedTuple):
    """Answers for N faces.

    Args:
        logits: ``(N, K)`` before temperature.
        features: ``(N, D)`` pooled features.
        activation: ``(N, K, h, w)``; its mean over h and w is ``logits`` (Zhou et al., CVPR 2016).
        votes: ``(N, 8)`` logits over ``ferplus8``, or None without that head.
    """

    logits: Tensor
    features: Tensor
    activation: Tensor | None
    votes: Tensor | None


def standardise(frames: Tensor) -> Tensor:
    """Give each frame zero mean and unit spread (``(N, 1, H, W)`` grey levels in and out)."""
    mean = frames.mean(dim=(1, 2, 3), keepdim=True)
    spread = ((frames - mean) ** 2).mean(dim=(1, 2, 3), keepdim=True)
    return (frames - mean) / (spread + _FLAT**2).sqrt()


class ExpressionNet(nn.Module):
    """A trunk of convolutions, mean pooling, and one or two linear heads.

    Args:
        trunk: Maps ``(N, 1, input_size, input_size)`` to ``(N, width, h, w)``.
        width: Channels of the trunk's output.
        labels: Label space of the main head.
        votes: Whether there is a second head over the eight FER+ votes.
        input_size: Side of the centre crop of the 48-pixel frame that the trunk sees.
        dropout: Probability of dropping a pooled feature in training.
    """

    def __init__(
        self,
        trunk: nn.Module,
        *,
        width: int,
        labels: LabelSpace,
        votes: bool,
        input_size: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.trunk = trunk
        self.labels = labels
        self.input_size = input_size
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(width, len(labels))
        self.vote_head = nn.Linear(width, len(ferplus8)) if votes else None

    def maps(self, frames: Tensor) -> Tensor:
        """Feature maps ``(N, width, h, w)`` of ``(N, 1, 48, 48)`` grey levels (0 to 255)."""
        margin = (FRAME - self.input_size) // 2
        end = margin + self.input_size
        return self.trunk(standardise(frames)[:, :, margin:end, margin:end])

    def forward(self, frames: Tensor) -> Outputs:
        """Logits, features, activation maps and votes of ``(N, 1, 48, 48)`` grey levels."""
        maps = self.maps(frames)
        features = maps.mean(dim=(2, 3))
        kept = self.dropout(features)
        return Outputs(
            logits=self.head(kept),
            features=features,
            activation=self.activation(maps),
            votes=None if self.vote_head is None else self.vote_head(kept),
        )

    def activation(self, maps: Tensor) -> Tensor | None:
        """Class activation maps; skipped in training, where nothing reads them."""
        if self.training:
            return None
        weight = self.head.weight[:, :, None, None].to(maps.dtype)
        return F.conv2d(maps, weight, self.head.bias.to(maps.dtype))


def initialise(module: nn.Module) -> None:
    """He initialisation of convolutions (He et al., ICCV 2015); the rest as torch makes it.

    Second norms of blocks start at one: with zeros (Goyal et al., 2017) a network of four blocks
    starts almost linear and loses its first epochs (docs/findings.md).
    """
    for part in module.modules():
        if isinstance(part, nn.Conv2d):
            nn.init.kaiming_normal_(part.weight, mode="fan_out", nonlinearity="relu")
