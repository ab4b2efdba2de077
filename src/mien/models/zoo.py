"""Published networks through timm, and GoogLeNet through torchvision, for grey faces.

Each is its own trunk and head, sized to the picture: those that end in the mean of their maps and
one dense layer have no neck here, so their class activation maps are exact; VGG and MobileNetV3
keep their dense layers as a neck. Auxiliary classifiers (GoogLeNet, Inception) are left out.
Nothing is imported from timm before a network is built.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from torch import Tensor, nn

from mien.models.inception import pooling_as_layers
from mien.models.neck import GlobalPool
from mien.models.network import ExpressionNet
from mien.models.pretrained import Weights, publish
from mien.models.registry import ModelInfo, register
from mien.models.spec import NetworkSpec
from mien.models.torchvision_import import import_timm, import_torchvision

RECORDS = Path(__file__).with_name("zoo.json")
"""Parameters, multiply-accumulates and sizes, written by ``tools/make_zoo_records.py``."""

_STRIDE = 32  # of VGG's five poolings
_VGG_KERNEL = 7  # of VGG's first dense layer: the maps of a 224-pixel picture
_VGG_DENSE = 4096


@dataclass(frozen=True)
class Parts:
    """A network without its classifier.

    Args:
        trunk: Pictures to maps.
        channels: Of the maps.
        neck: The network's own dense layers, None = the mean of the maps.
        width: Features before the classifier.
    """

    trunk: nn.Module
    channels: int
    neck: nn.Module | None
    width: int


Maker = Callable[[int, int, float], Parts]
"""Of input channels, input size and dropout."""


def _timm(name: str, channels: int, **changes: object) -> nn.Module:
    create = import_timm().create_model
    return create(name, in_chans=channels, num_classes=0, global_pool="", **changes)


def _mean_pooled(name: str) -> Maker:
    def parts(channels: int, _: int, __: float) -> Parts:
        trunk = _timm(name, channels)
        width = cast("int", trunk.num_features)
        return Parts(trunk, width, None, width)

    return parts


def _inception_v3(channels: int, _: int, __: float) -> Parts:
    trunk = _timm("inception_v3", channels)
    pooling_as_layers(trunk)
    return Parts(trunk, 2048, None, 2048)


def _vgg(name: str) -> Maker:
    def parts(channels: int, input_size: int, dropout: float) -> Parts:
        # timm's dense layers, 120 million weights, are made as small as they get and dropped.
        trunk = _timm(name, channels, mlp_ratio=1 / _VGG_DENSE)
        trunk.pre_logits = nn.Identity()
        return Parts(trunk, 512, _vgg_neck(min(input_size // _STRIDE, _VGG_KERNEL), dropout), 4096)

    return parts


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


def _mobilenetv3(channels: int, _: int, __: float) -> Parts:
    trunk = _timm("mobilenetv3_small_100", channels)
    maps, width = cast("int", trunk.num_features), cast("int", trunk.head_hidden_size)
    neck: OrderedDict[str, nn.Module] = OrderedDict(
        pool=GlobalPool(keep=True),
        conv_head=cast("nn.Module", trunk.conv_head),
        act2=cast("nn.Module", trunk.act2),
        flatten=nn.Flatten(),
    )
    trunk.conv_head, trunk.act2 = nn.Identity(), nn.Identity()
    return Parts(trunk, maps, nn.Sequential(neck), width)


def _googlenet(channels: int, _: int, __: float) -> Parts:
    network = import_torchvision().models.googlenet(
        weights=None, aux_logits=False, init_weights=True, transform_input=False
    )
    if channels != 3:
        first = nn.Conv2d(channels, 64, 7, stride=2, padding=3, bias=False)
        nn.init.trunc_normal_(first.weight, std=0.01, a=-2, b=2)  # as torchvision's other layers
        network.conv1.conv = first
    head = ("avgpool", "dropout", "fc")
    layers = OrderedDict((n, part) for n, part in network.named_children() if n not in head)
    return Parts(nn.Sequential(layers), 1024, None, 1024)


def _from_timm(name: str) -> Callable[[], Weights]:
    return lambda: import_timm().create_model(name, pretrained=True).state_dict()


def _from_torchvision() -> Weights:
    weights = import_torchvision().models.GoogLeNet_Weights.IMAGENET1K_V1
    return weights.get_state_dict(progress=False, check_hash=True)


_names: list[str] = []
_RECORDS: dict[str, dict[str, int]] = (
    json.loads(RECORDS.read_text(encoding="utf-8")) if RECORDS.exists() else {}
)
_UNMEASURED = dict.fromkeys(("parameters", "macs", "input_size", "smallest_input"), 0)


def _register(
    name: str,
    summary: str,
    source: str,
    *,
    make: Maker | None = None,
    fetch: Callable[[], Weights] | None = None,
    published: bool = True,
    licence: str = "Apache-2.0",
) -> None:
    """File one network; unless told otherwise timm has it under the same name, mean-pooled.

    ``published`` says whether there are weights of it to begin with.
    """
    chosen = make or _mean_pooled(name)
    # An entry that was not measured yet has zeros, which the contract test finds.
    record = _RECORDS.get(name, _UNMEASURED)
    if published:
        publish(name, fetch or _from_timm(name))
    _names.append(name)

    @register(ModelInfo(name, summary, source, licence=licence, **record))
    def builder(spec: NetworkSpec) -> ExpressionNet:
        parts = chosen(spec.channels, spec.input_size, spec.dropout)
        return spec.assemble(parts.trunk, parts.width, spec.dense(parts.channels) or parts.neck)


_BOTH = "Apache-2.0 and BSD-3-Clause"  # timm's code, adapted from torchvision's

for _n in (16, 19):
    _register(
        f"vgg{_n}",
        f"{_n} layers, dense head",
        "Simonyan and Zisserman, ICLR 2015",
        make=_vgg(f"vgg{_n}"),
        licence=_BOTH,
    )
for _n in (18, 34, 50, 101, 152):
    _register(f"resnet{_n}", f"residual, {_n} layers", "He et al., CVPR 2016")
for _n in (50, 152):
    _register(
        f"resnetv2_{_n}",
        f"residual, norms first, {_n} layers",
        "He et al., ECCV 2016",
        published=_n == 50,  # of 152 layers timm has none
    )
_register("seresnet50", "residual with squeeze-and-excitation", "Hu et al., CVPR 2018")
for _n in (121, 161, 169, 201):
    _register(
        f"densenet{_n}",
        f"densely connected, {_n} layers",
        "Huang et al., CVPR 2017",
        licence=_BOTH,
    )
_register("mobilenetv2_100", "inverted residuals, for phones", "Sandler et al., CVPR 2018")
_register(
    "mobilenetv3_small_100",
    "found by search, for phones",
    "Howard et al., ICCV 2019",
    make=_mobilenetv3,
)
_register(
    "inception_v3",
    "branches of factorised convolutions",
    "Szegedy et al., CVPR 2016",
    make=_inception_v3,
    licence=_BOTH,
)
_register("inception_resnet_v2", "branches with shortcuts", "Szegedy et al., AAAI 2017")
_register(
    "xception",
    "depthwise separable convolutions",
    "Chollet, CVPR 2017",
    make=_mean_pooled("legacy_xception"),
    fetch=_from_timm("legacy_xception"),
)
_register(
    "googlenet",
    "the first Inception",
    "Szegedy et al., CVPR 2015",
    make=_googlenet,
    fetch=_from_torchvision,
    licence="BSD-3-Clause",
)

NAMES = tuple(_names)
