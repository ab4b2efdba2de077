"""ResNet18 and VGG19 for 44-pixel crops, the networks of Rahman and Mahato (thesis, 2021).

They train both from scratch on 44x44 crops of FER2013. The thesis names the networks only; the
details are those of the public code that its set-up is from (WuJie1010,
"Facial-Expression-Recognition.Pytorch"): a 3x3 first convolution of stride 1 and no pooling before
the stages, as for CIFAR; batch norm in VGG19; 512 pooled features; 50 % dropout before the linear
head of both. The builder's ``dropout`` can only raise the 50 %, unless ``hidden`` replaces the
head. Both see one grey channel unless told otherwise; there it was repeated three times.

The ``_quarter`` entries have a quarter of the channels everywhere, which is what two CPU cores can
train: a sixteenth of the work.
"""

from __future__ import annotations

from functools import partial
from itertools import pairwise

from torch import nn

from mien.models.network import ExpressionNet, initialise
from mien.models.registry import network
from mien.models.resnet48 import Block
from mien.models.spec import NetworkSpec

DROPOUT = 0.5

WIDTHS = {"resnet18_44": 64, "resnet18_44_quarter": 16, "vgg19_44": 64, "vgg19_44_quarter": 16}
"""Channels of the first stage; the last one has eight times as many."""

VGG_STAGES = ((1, 2), (2, 2), (4, 4), (8, 4), (8, 4))
"""Width over that of the first stage and convolutions of each stage (Simonyan and Zisserman, ICLR
2015, column E)."""


_member = partial(network, input_size=44)
_THESIS = "Rahman and Mahato, thesis, 2021"
_resnet = partial(_member, source=f"He et al., CVPR 2016; {_THESIS}", smallest_input=8)
_vgg = partial(_member, source=f"Simonyan and Zisserman, ICLR 2015; {_THESIS}")


@_resnet("resnet18_44", "ResNet18 without early pooling")
@_resnet("resnet18_44_quarter", "ResNet18 without early pooling, a quarter as wide")
def resnet18(spec: NetworkSpec) -> ExpressionNet:
    """ResNet18 for small pictures.

    Chosen: the features are the mean of all 6x6 positions of the last maps, so that the activation
    maps are exact; the public code averages only the upper left 4x4 of them.
    """
    first = WIDTHS[spec.name]
    trunk = nn.Sequential(
        nn.Conv2d(spec.channels, first, 3, padding=1, bias=False), nn.BatchNorm2d(first), nn.ReLU()
    )
    for width_in, width in pairwise((first, *(first * times for times in (1, 2, 4, 8)))):
        stride = 1 if width == width_in else 2
        trunk.append(Block(width_in, width, stride, mean_shortcut=False))
        trunk.append(Block(width, width, 1))
    return _headed(spec, trunk)


@_vgg("vgg19_44", "VGG19 with batch norm and no large dense layers")
@_vgg("vgg19_44_quarter", "VGG19 with batch norm, a quarter as wide")
def vgg19(spec: NetworkSpec) -> ExpressionNet:
    """VGG19 for small pictures: five poolings bring 44 pixels down to one position."""
    trunk = nn.Sequential()
    width_in = spec.channels
    for times, depth in VGG_STAGES:
        width = times * WIDTHS[spec.name]
        for _ in range(depth):
            conv = nn.Conv2d(width_in, width, 3, padding=1)
            trunk.extend([conv, nn.BatchNorm2d(width), nn.ReLU()])
            width_in = width
        trunk.append(nn.MaxPool2d(2))
    return _headed(spec, trunk)


def _headed(spec: NetworkSpec, trunk: nn.Module) -> ExpressionNet:
    width = 8 * WIDTHS[spec.name]
    return initialise(spec.assemble(trunk, width, spec.dense(width), least_dropout=DROPOUT))
