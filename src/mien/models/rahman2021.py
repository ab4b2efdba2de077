"""ResNet18 and VGG19 for 44-pixel crops, the networks of Rahman and Mahato (thesis, 2021).

They train both from scratch on 44x44 crops of FER2013. The thesis names the
networks only; the details are those of the public code that its set-up is from (WuJie1010,
"Facial-Expression-Recognition.Pytorch"): a 3x3 first convolution of stride 1 and no pooling before
the stages, as for CIFAR; batch norm in VGG19; 512 pooled features; 50 % dropout before the linear
head of both. The builder's ``dropout`` can only raise the 50 %, unless ``hidden`` replaces the
head. Both see one grey channel unless told otherwise; there it was repeated three times.

The ``_quarter`` entries have a quarter of the channels everywhere, which is what two CPU cores can
train: a sixteenth of the work.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from mien.models.network import ExpressionNet, initialise
from mien.models.registry import network
from mien.models.spec import NetworkSpec

SOURCE = "Rahman and Mahato, thesis, 2021"
WIDTH = 512
DROPOUT = 0.5

VGG_STAGES = ((64, 2), (128, 2), (256, 4), (512, 4), (512, 4))
"""Channels and convolutions of each stage (Simonyan and Zisserman, ICLR 2015, column E)."""


class Block(nn.Module):
    """Two 3x3 convolutions; where the size changes, a strided 1x1 convolution beside them."""

    def __init__(self, width_in: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(width_in, width, 3, stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(width)
        self.shortcut = nn.Sequential()
        if stride > 1 or width != width_in:
            self.shortcut.append(nn.Conv2d(width_in, width, 1, stride, bias=False))
            self.shortcut.append(nn.BatchNorm2d(width))

    def forward(self, maps: Tensor) -> Tensor:
        """``(N, width_in, h, w)`` to ``(N, width, h / stride, w / stride)``, rounded up."""
        out = torch.relu(self.norm1(self.conv1(maps)))
        return torch.relu(self.norm2(self.conv2(out)) + self.shortcut(maps))


def _headed(spec: NetworkSpec, trunk: nn.Module, width: int) -> ExpressionNet:
    return initialise(spec.assemble(trunk, width, spec.dense(width), least_dropout=DROPOUT))


def _resnet18(spec: NetworkSpec, share: int = 1) -> ExpressionNet:
    first = 64 // share
    trunk = nn.Sequential(
        nn.Conv2d(spec.channels, first, 3, padding=1, bias=False), nn.BatchNorm2d(first), nn.ReLU()
    )
    for width_in, width in pairwise((first, *(first * times for times in (1, 2, 4, 8)))):
        trunk.append(Block(width_in, width, stride=1 if width == width_in else 2))
        trunk.append(Block(width, width, stride=1))
    return _headed(spec, trunk, WIDTH // share)


def _vgg19(spec: NetworkSpec, share: int = 1) -> ExpressionNet:
    trunk = nn.Sequential()
    width_in = spec.channels
    for full, depth in VGG_STAGES:
        width = full // share
        for _ in range(depth):
            conv = nn.Conv2d(width_in, width, 3, padding=1)
            trunk.extend([conv, nn.BatchNorm2d(width), nn.ReLU()])
            width_in = width
        trunk.append(nn.MaxPool2d(2))
    return _headed(spec, trunk, WIDTH // share)


@network(
    "resnet18_44",
    "ResNet18 without early pooling",
    f"He et al., CVPR 2016; {SOURCE}",
    input_size=44,
    smallest_input=8,
)
def resnet18_44(spec: NetworkSpec) -> ExpressionNet:
    """ResNet18 for small pictures.

    Chosen: the features are the mean of all 6x6 positions of the last maps, so that the activation
    maps are exact; the public code averages only the upper left 4x4 of them.
    """
    return _resnet18(spec)


@network(
    "resnet18_44_quarter",
    "ResNet18 without early pooling, a quarter as wide",
    f"He et al., CVPR 2016; {SOURCE}",
    input_size=44,
    smallest_input=8,
)
def resnet18_44_quarter(spec: NetworkSpec) -> ExpressionNet:
    """ResNet18 for small pictures with 16 to 128 channels."""
    return _resnet18(spec, share=4)


@network(
    "vgg19_44",
    "VGG19 with batch norm and no large dense layers",
    f"Simonyan and Zisserman, ICLR 2015; {SOURCE}",
    input_size=44,
)
def vgg19_44(spec: NetworkSpec) -> ExpressionNet:
    """VGG19 for small pictures: five poolings bring 44 pixels down to one position."""
    return _vgg19(spec)


@network(
    "vgg19_44_quarter",
    "VGG19 with batch norm, a quarter as wide",
    f"Simonyan and Zisserman, ICLR 2015; {SOURCE}",
    input_size=44,
)
def vgg19_44_quarter(spec: NetworkSpec) -> ExpressionNet:
    """VGG19 for small pictures with 16 to 128 channels."""
    return _vgg19(spec, share=4)
