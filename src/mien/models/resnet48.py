"""The house family: small residual networks for 48-pixel grey faces.

Basic residual blocks (He et al., CVPR 2016), mean-pool shortcuts (He et al., CVPR 2019,
"ResNet-D"), squeeze-and-excitation (Hu et al., CVPR 2018) after the last convolution of a
block. Dense 3x3 convolutions throughout: depthwise ones have fewer MACs but run slower on CPUs
at this size. ``small`` fills the gap between tiny and base, where a bundle still answers in about
two milliseconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from mien.models.network import ExpressionNet, initialise
from mien.models.registry import network
from mien.models.spec import NetworkSpec

INPUT = 44
"""Centre crop of the 48-pixel frame: the outer two pixels are mostly hair and background."""

SMALLEST_INPUT = 16
"""Two positions are left a side after the last stage."""


class SqueezeExcite(nn.Module):
    """Channel gates from the mean of each map (Hu et al., CVPR 2018, section 3)."""

    def __init__(self, width: int, reduction: int) -> None:
        super().__init__()
        self.down = nn.Linear(width, width // reduction)
        self.up = nn.Linear(width // reduction, width)

    def forward(self, maps: Tensor) -> Tensor:
        """Scale the channels of ``(N, width, h, w)``."""
        gates = self.up(torch.relu(self.down(maps.mean(dim=(2, 3)))))
        return maps * torch.sigmoid(gates)[:, :, None, None]


class Block(nn.Module):
    """Two 3x3 convolutions and a shortcut (He et al., CVPR 2016, figure 2).

    Args:
        width_in: Channels of the maps.
        width: Channels of the answer.
        stride: Of the first convolution.
        reduction: Squeeze-and-excitation ratio, 0 = none.
        mean_shortcut: Whether the shortcut takes means where the size changes, and not the first
            value of each window.
    """

    def __init__(
        self,
        width_in: int,
        width: int,
        stride: int,
        reduction: int = 0,
        *,
        mean_shortcut: bool = True,
    ) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(width_in, width, 3, stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(width)
        self.gate = SqueezeExcite(width, reduction) if reduction else nn.Identity()
        self.shortcut = nn.Sequential()
        if stride > 1 and mean_shortcut:
            self.shortcut.append(nn.AvgPool2d(stride, ceil_mode=True, count_include_pad=False))
        if width != width_in:
            step = 1 if mean_shortcut else stride
            self.shortcut.append(nn.Conv2d(width_in, width, 1, step, bias=False))
            self.shortcut.append(nn.BatchNorm2d(width))

    def forward(self, maps: Tensor) -> Tensor:
        """``(N, width_in, h, w)`` to ``(N, width, h / stride, w / stride)``, rounded up."""
        out = torch.relu(self.norm1(self.conv1(maps)))
        out = self.gate(self.norm2(self.conv2(out)))
        return torch.relu(out + self.shortcut(maps))


@dataclass(frozen=True)
class Layout:
    """Widths and depths of one member.

    Args:
        stem: Channels of the first convolution.
        widths: Channels of the four stages, at 44, 22, 11 and 6 pixels.
        depths: Blocks per stage.
        reduction: Squeeze-and-excitation ratio, 0 = none.
    """

    stem: int
    widths: tuple[int, int, int, int]
    depths: tuple[int, int, int, int]
    reduction: int


def trunk(layout: Layout, channels: int = 1) -> nn.Sequential:
    """Stem and four stages: ``(N, channels, 44, 44)`` to ``(N, widths[-1], 6, 6)``."""
    parts: list[nn.Module] = [
        nn.Conv2d(channels, layout.stem, 3, padding=1, bias=False),
        nn.BatchNorm2d(layout.stem),
        nn.ReLU(),
    ]
    width_in = layout.stem
    for stage, (width, depth) in enumerate(zip(layout.widths, layout.depths, strict=True)):
        for index in range(depth):
            stride = 2 if stage and not index else 1
            parts.append(Block(width_in, width, stride, layout.reduction))
            width_in = width
    return nn.Sequential(*parts)


LAYOUTS = {
    "nano": Layout(16, (16, 32, 64, 96), (1, 1, 1, 1), 0),
    "tiny": Layout(24, (24, 48, 96, 160), (1, 1, 1, 1), 8),
    "small": Layout(32, (32, 64, 128, 192), (1, 1, 1, 1), 8),
    "base": Layout(32, (40, 80, 160, 200), (1, 2, 2, 1), 8),
    "large": Layout(64, (64, 128, 256, 512), (2, 2, 2, 2), 16),
}

_member = partial(
    network,
    source="mien, docs/decisions/0002",
    input_size=INPUT,
    smallest_input=SMALLEST_INPUT,
)


@_member("nano", "smallest, for old phones")
@_member("tiny", "for browsers")
@_member("small", "two milliseconds on a CPU")
@_member("base", "best on a CPU")
@_member("large", "teacher, needs a GPU")
def resnet48(spec: NetworkSpec) -> ExpressionNet:
    """The member of the family that ``spec.name`` says; its features are means of the maps."""
    layout = LAYOUTS[spec.name]
    width = layout.widths[-1]
    return initialise(spec.assemble(trunk(layout, spec.channels), width, spec.dense(width)))
