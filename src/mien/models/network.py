"""What every network of mien is: grey frames in, logits, features, activation and votes out."""

from __future__ import annotations

from typing import NamedTuple, Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mien.core.alignment import CROP
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
    """A trunk of convolutions, pooling, and one or two linear heads.

    Args:
        trunk: Maps ``(N, channels, input_size, input_size)`` to maps ``(N, C, h, w)``.
        width: Features before the heads; without a neck, the channels C of the trunk's maps.
        labels: Label space of the main head.
        votes: Whether there is a second head over the eight FER+ votes.
        input_size: Side of the picture that the trunk sees: up to 48 the central part of the
            48-pixel frame, above it the whole frame, resampled bilinearly.
        dropout: Probability of dropping a feature before the heads in training.
        neck: Maps ``(N, C, h, w)`` to features ``(N, width)``; None = their mean over h and w,
            the only case in which class activation maps are exact.
        channels: Channels of the trunk's input; grey is repeated.
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
        neck: nn.Module | None = None,
        channels: int = 1,
    ) -> None:
        super().__init__()
        self.trunk = trunk
        self.neck = neck
        self.labels = labels
        self.input_size = input_size
        self.channels = channels
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(width, len(labels))
        self.vote_head = nn.Linear(width, len(ferplus8)) if votes else None
        self.frozen: tuple[nn.Module, ...] = ()

    def train(self, mode: bool = True) -> Self:  # noqa: FBT001, FBT002 - torch's own signature
        """Switch to training or evaluation; frozen parts stay in evaluation (``pretrained``)."""
        super().train(mode)
        for part in self.frozen:
            part.eval()
        return self

    def prepared(self, frames: Tensor) -> Tensor:
        """What the trunk sees, ``(N, channels, input_size, input_size)``, of grey frames."""
        size = self.input_size
        seen = standardise(frames)
        if size > CROP:
            seen = F.interpolate(seen, (size, size), mode="bilinear", align_corners=False)
        else:
            margin = (CROP - size) // 2
            seen = seen[:, :, margin : margin + size, margin : margin + size]
        return seen.expand(-1, self.channels, -1, -1) if self.channels > 1 else seen

    def maps(self, frames: Tensor) -> Tensor:
        """Feature maps ``(N, C, h, w)`` of ``(N, 1, 48, 48)`` grey levels (0 to 255)."""
        return self.trunk(self.prepared(frames))

    def forward(self, frames: Tensor) -> Outputs:
        """Logits, features, activation maps and votes of ``(N, 1, 48, 48)`` grey levels."""
        maps = self.maps(frames)
        features = self.pooled(maps)
        kept = self.dropout(features)
        return Outputs(
            logits=self.head(kept),
            features=features,
            activation=self.activation(maps),
            votes=None if self.vote_head is None else self.vote_head(kept),
        )

    def pooled(self, maps: Tensor) -> Tensor:
        """Features ``(N, width)`` of the trunk's maps: their means, or what the neck makes."""
        return maps.mean(dim=(2, 3)) if self.neck is None else self.neck(maps)

    def activation(self, maps: Tensor) -> Tensor | None:
        """Class activation maps; None with a neck, and in training, where nothing reads them."""
        if self.training or self.neck is not None:
            return None
        weight = self.head.weight[:, :, None, None].to(maps.dtype)
        return F.conv2d(maps, weight, self.head.bias.to(maps.dtype))


def scored_at_once(input_size: int, most: int, side: int = 64) -> int:
    """How many faces to answer at once: ``most`` up to ``side`` pixels, fewer of larger ones.

    The first maps of a VGG at 224 pixels take 13 MB a face in fp32.
    """
    return max(1, most * side**2 // max(input_size, side) ** 2)


def initialise(network: ExpressionNet) -> ExpressionNet:
    """He initialisation of convolutions (He et al., ICCV 2015); the rest as torch makes it.

    Second norms of blocks start at one: with zeros (Goyal et al., 2017) a network of four blocks
    starts almost linear and loses its first epochs (docs/findings/slow-start.md).
    """
    for part in network.modules():
        if isinstance(part, nn.Conv2d):
            nn.init.kaiming_normal_(part.weight, mode="fan_out", nonlinearity="relu")
    return network


def initialise_separable(network: ExpressionNet) -> ExpressionNet:
    """Variance 1 / fan-in for convolutions (LeCun et al., 1998, "Efficient BackProp", 4.6).

    For networks of depthwise filters: ``initialise`` would take those for as wide as the maps
    are, and torch's own third of this variance lets the fresh answers of deep ones vanish.
    """
    for part in network.modules():
        if isinstance(part, nn.Conv2d):
            nn.init.kaiming_normal_(part.weight, mode="fan_in", nonlinearity="linear")
    return network


def count_parameters(module: nn.Module) -> int:
    """All parameters, frozen ones too."""
    return sum(p.numel() for p in module.parameters())


def count_macs(network: ExpressionNet) -> int:
    """Multiply-accumulates of convolutions and linear layers for one 48x48 face.

    A network on the ``meta`` device is counted without computing anything.
    """
    total = 0

    def conv(module: nn.Module, _: object, out: torch.Tensor) -> None:
        nonlocal total
        assert isinstance(module, nn.Conv2d)  # noqa: S101 - narrows the type, hooks go on Conv2d only
        kernel = module.kernel_size[0] * module.kernel_size[1] * module.in_channels // module.groups
        total += out[0].numel() * kernel

    def linear(module: nn.Module, _: object, out: torch.Tensor) -> None:
        nonlocal total
        assert isinstance(module, nn.Linear)  # noqa: S101 - narrows the type
        total += out[0].numel() * module.in_features

    hooks = [m.register_forward_hook(conv) for m in network.modules() if isinstance(m, nn.Conv2d)]
    hooks += [
        m.register_forward_hook(linear) for m in network.modules() if isinstance(m, nn.Linear)
    ]
    training = network.training
    try:
        with torch.no_grad():
            device = next(network.parameters()).device
            network.eval()(torch.zeros(1, 1, CROP, CROP, device=device))
    finally:
        network.train(training)
        for hook in hooks:
            hook.remove()
    return total
