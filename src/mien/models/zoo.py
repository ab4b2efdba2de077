"""Published networks through timm, and GoogLeNet through torchvision, for grey faces.

Each is its own trunk and head, sized to the picture: those that end in the mean of their maps and
one dense layer have no neck here, so their class activation maps are exact; VGG and MobileNetV3
keep their dense layers as a neck. Auxiliary classifiers (GoogLeNet, Inception) are left out.
Nothing is imported from timm before a network is built.
"""

from __future__ import annotations

from collections import OrderedDict
from functools import partial
from typing import cast

from torch import Tensor, nn

from mien.models.inception import pooling_as_layers
from mien.models.neck import GlobalPool
from mien.models.network import ExpressionNet
from mien.models.registry import network
from mien.models.spec import NetworkSpec
from mien.models.torchvision_import import import_timm, import_torchvision

_STRIDE = 32  # of VGG's five poolings
_VGG_KERNEL = 7  # of VGG's first dense layer: the maps of a 224-pixel picture
_VGG_DENSE = 4096

_BOTH = "Apache-2.0 and BSD-3-Clause"  # timm's code, adapted from torchvision's
_resnet = partial(network, source="He et al., CVPR 2016", weights="timm")
_densenet = partial(network, source="Huang et al., CVPR 2017", weights="timm", licence=_BOTH)
_vgg = partial(network, source="Simonyan and Zisserman, ICLR 2015", weights="timm", licence=_BOTH)


def _timm(name: str, spec: NetworkSpec, **changes: object) -> nn.Module:
    """The network of timm without its classifier and its global pooling."""
    create = import_timm().create_model
    return create(name, in_chans=spec.channels, num_classes=0, global_pool="", **changes)


def _mean_pooled(spec: NetworkSpec, trunk: nn.Module, width: int | None = None) -> ExpressionNet:
    width = width or cast("int", trunk.num_features)
    return spec.assemble(trunk, width, spec.dense(width))


@_resnet("resnet18", "residual, 18 layers")
@_resnet("resnet34", "residual, 34 layers")
@_resnet("resnet50", "residual, 50 layers")
@_resnet("resnet101", "residual, 101 layers")
@_resnet("resnet152", "residual, 152 layers")
@network("resnetv2_50", "residual, norms first, 50 layers", "He et al., ECCV 2016", weights="timm")
@network("resnetv2_152", "residual, norms first, 152 layers", "He et al., ECCV 2016")
@network(
    "seresnet50", "residual with squeeze-and-excitation", "Hu et al., CVPR 2018", weights="timm"
)
@_densenet("densenet121", "densely connected, 121 layers")
@_densenet("densenet161", "densely connected, 161 layers")
@_densenet("densenet169", "densely connected, 169 layers")
@_densenet("densenet201", "densely connected, 201 layers")
@network(
    "mobilenetv2_100", "inverted residuals, for phones", "Sandler et al., CVPR 2018", weights="timm"
)
@network(
    "inception_resnet_v2",
    "branches with shortcuts",
    "Szegedy et al., AAAI 2017",
    input_size=75,
    smallest_input=75,
    weights="timm",
)
def mean_pooled(spec: NetworkSpec) -> ExpressionNet:
    """What timm has under the same name, and what ends in the mean of its maps there."""
    return _mean_pooled(spec, _timm(spec.name, spec))


@network(
    "xception",
    "depthwise separable convolutions",
    "Chollet, CVPR 2017",
    weights="timm/legacy_xception",
)
def xception(spec: NetworkSpec) -> ExpressionNet:
    """The Xception of the paper; timm's name ``xception`` is a deprecated one of it."""
    return _mean_pooled(spec, _timm("legacy_xception", spec))


@network(
    "inception_v3",
    "branches of factorised convolutions",
    "Szegedy et al., CVPR 2016",
    input_size=75,
    smallest_input=75,
    weights="timm",
    licence=_BOTH,
)
def inception_v3(spec: NetworkSpec) -> ExpressionNet:
    """Inception-v3 whose pooling can be replaced."""
    trunk = _timm("inception_v3", spec)
    pooling_as_layers(trunk)
    return _mean_pooled(spec, trunk)


@_vgg("vgg16", "16 layers, dense head")
@_vgg("vgg19", "19 layers, dense head")
def vgg(spec: NetworkSpec) -> ExpressionNet:
    """VGG with its two dense layers, at most as large as the maps need."""
    # timm's dense layers, 120 million weights, are made as small as they get and dropped.
    trunk = _timm(spec.name, spec, mlp_ratio=1 / _VGG_DENSE)
    trunk.pre_logits = nn.Identity()
    # Made even where dense layers replace it, so that the draws of a seed stay what they were.
    neck = _vgg_neck(min(spec.input_size // _STRIDE, _VGG_KERNEL), spec.dropout)
    return spec.assemble(trunk, _VGG_DENSE, spec.dense(512) or neck)


def _vgg_neck(side: int, dropout: float) -> nn.Sequential:
    """Two dense layers on all positions of the maps (Simonyan and Zisserman, section 2.1).

    On maps larger than 7x7 they slide, and their answers are averaged (section 3.2).
    """
    dense: OrderedDict[str, nn.Module] = OrderedDict(
        fc1=nn.Conv2d(512, _VGG_DENSE, side),
        act1=nn.ReLU(),
        drop=nn.Dropout(dropout),
        fc2=nn.Conv2d(_VGG_DENSE, _VGG_DENSE, 1),
        act2=nn.ReLU(),
    )
    for layer in (dense["fc1"], dense["fc2"]):
        nn.init.kaiming_normal_(cast("Tensor", layer.weight), nonlinearity="relu")
        nn.init.zeros_(cast("Tensor", layer.bias))
    return nn.Sequential(OrderedDict(pre_logits=nn.Sequential(dense), mean=_Mean()))


class _Mean(nn.Module):
    """Mean over the places a dense layer slid to; one place up to 224 pixels, so no pooling."""

    def forward(self, maps: Tensor) -> Tensor:
        return maps.mean(dim=(2, 3))


@network(
    "mobilenetv3_small_100",
    "found by search, for phones",
    "Howard et al., ICCV 2019",
    weights="timm",
)
def mobilenetv3_small_100(spec: NetworkSpec) -> ExpressionNet:
    """MobileNetV3 with the convolution behind its global pooling as a neck."""
    trunk = _timm("mobilenetv3_small_100", spec)
    maps, width = cast("int", trunk.num_features), cast("int", trunk.head_hidden_size)
    neck: OrderedDict[str, nn.Module] = OrderedDict(
        pool=GlobalPool(keep=True),
        conv_head=cast("nn.Module", trunk.conv_head),
        act2=cast("nn.Module", trunk.act2),
        flatten=nn.Flatten(),
    )
    trunk.conv_head, trunk.act2 = nn.Identity(), nn.Identity()
    return spec.assemble(trunk, width, spec.dense(maps) or nn.Sequential(neck))


@network(
    "googlenet",
    "the first Inception",
    "Szegedy et al., CVPR 2015",
    weights="torchvision",
    licence="BSD-3-Clause",
)
def googlenet(spec: NetworkSpec) -> ExpressionNet:
    """GoogLeNet as torchvision has it, with batch norms."""
    whole = import_torchvision().models.googlenet(
        weights=None, aux_logits=False, init_weights=True, transform_input=False
    )
    if spec.channels != 3:
        first = nn.Conv2d(spec.channels, 64, 7, stride=2, padding=3, bias=False)
        nn.init.trunc_normal_(first.weight, std=0.01, a=-2, b=2)  # as torchvision's other layers
        whole.conv1.conv = first
    head = ("avgpool", "dropout", "fc")
    layers = OrderedDict((n, part) for n, part in whole.named_children() if n not in head)
    return _mean_pooled(spec, nn.Sequential(layers), 1024)
