"""Small networks of published systems that no kept library has.

Where a text leaves a detail open, the field's usual reading is built; each builder says what is
published and what is chosen. Dropout of a published head is a lower bound: the builder's
``dropout`` can only raise it. ``hidden`` replaces a published dense head, its dropout included.
"""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn

from mien.models.neck import Neighbours, dense_neck
from mien.models.network import ExpressionNet, initialise, initialise_separable
from mien.models.registry import network
from mien.models.spec import NetworkSpec


def _same(width_in: int, width: int, kernel: int, *, bias: bool = True) -> list[nn.Module]:
    """A convolution that keeps the size; even kernels look one pixel further right and down."""
    if kernel % 2:
        return [nn.Conv2d(width_in, width, kernel, padding=kernel // 2, bias=bias)]
    before, after = kernel // 2 - 1, kernel // 2
    return [
        nn.ZeroPad2d((before, after, before, after)),
        nn.Conv2d(width_in, width, kernel, bias=bias),
    ]


def _flat_neck(flat: int, hidden: tuple[int, ...], dropout: float) -> nn.Sequential:
    """Dense layers on all positions of the maps, where ``dense_neck`` begins with their mean."""
    _, *dense = dense_neck(flat, hidden, dropout)
    return nn.Sequential(nn.Flatten(), *dense)


@network(
    "tiwari_cnn",
    "three stages, large kernels, dense 1024",
    "Tiwari et al., IJRASET 10(12), 2022",
    smallest_input=8,
)
def tiwari_cnn(spec: NetworkSpec) -> ExpressionNet:
    """Tiwari's three-stage CNN.

    Published: 32, 32 and 64 filters of 5x5, 4x4 and 5x5; max pooling 3x3 of stride 2; ReLU; batch
    norm in each layer; dense 1024; 30 % dropout after it. Chosen: same padding (48, 24, 12, 6
    pixels), batch norm before ReLU, no biases before a norm.
    """
    trunk = nn.Sequential()
    for (width_in, width), kernel in zip(
        pairwise((spec.channels, 32, 32, 64)), (5, 4, 5), strict=True
    ):
        trunk.extend(_same(width_in, width, kernel, bias=False))
        trunk.extend([nn.BatchNorm2d(width), nn.ReLU(), nn.MaxPool2d(3, 2, padding=1)])
    flat = 64 * (-(-spec.input_size // 8)) ** 2  # three halvings, each rounded up
    if spec.hidden:
        neck = _flat_neck(flat, spec.hidden, spec.dropout)
    else:
        neck = nn.Sequential(
            nn.Flatten(), nn.Linear(flat, 1024, bias=False), nn.BatchNorm1d(1024), nn.ReLU()
        )
    return initialise(spec.assemble(trunk, 1024, neck, least_dropout=0.3))


@network(
    "kim_cnn",
    "five layers, the on-device network of a web page",
    "B.-K. Kim et al., J. Multimodal User Interfaces 10, 2016; "
    "Khanzada et al., arXiv:2004.11823, 2020",
    smallest_input=8,
)
def kim_cnn(spec: NetworkSpec) -> ExpressionNet:
    """Kim's five-layer CNN, as it ran on the device in the mobile web page.

    Published: three convolutions (32 of 5x5, 32 of 4x4, 64 of 5x5) and two dense layers, the first
    of 1024, after Kim; and, in the model file of Khanzada's web page, which system A describes:
    48 pixels, same padding, ReLU before batch norm, max pooling 2x2, no norm in the dense part,
    30 % dropout, 2,436,263 parameters. Kim's committee members had no batch norm and saw crops of
    42 pixels; nothing is chosen beyond taking the web page's version.
    """
    trunk = nn.Sequential()
    for (width_in, width), kernel in zip(
        pairwise((spec.channels, 32, 32, 64)), (5, 4, 5), strict=True
    ):
        trunk.extend(_same(width_in, width, kernel))
        trunk.extend([nn.ReLU(), nn.BatchNorm2d(width, eps=1e-3), nn.MaxPool2d(2)])
    neck = _flat_neck(64 * (spec.input_size // 8) ** 2, spec.hidden or (1024,), spec.dropout)
    return initialise(spec.assemble(trunk, 1024, neck, least_dropout=0.3))


def _dense_with_norm(width_in: int, width: int) -> list[nn.Module]:
    return [nn.Linear(width_in, width), nn.BatchNorm1d(width, eps=1e-3), nn.ReLU()]


@network(
    "murtaza_cnn",
    "four wide convolutions, two dense layers",
    "Murtaza, EAS-561 report, 2022",
    smallest_input=16,
)
def murtaza_cnn(spec: NetworkSpec) -> ExpressionNet:
    """Murtaza's four-convolution CNN.

    Published: 64 filters of 3x3, 128 of 5x5, 512 of 3x3, 512 of 3x3, each with same padding, batch
    norm, ReLU, max pooling and dropout; two dense layers. Chosen, as in the common Keras exercise
    with these filters (4,474,759 trainable parameters): pooling 2x2 before dropout, 25 % dropout
    throughout, dense 256 and 512 with batch norm, biases everywhere.
    """
    trunk = nn.Sequential()
    widths, kernels = (spec.channels, 64, 128, 512, 512), (3, 5, 3, 3)
    for (width_in, width), kernel in zip(pairwise(widths), kernels, strict=True):
        trunk.extend(_same(width_in, width, kernel))
        trunk.extend(
            [nn.BatchNorm2d(width, eps=1e-3), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.25)]
        )
    flat = 512 * (spec.input_size // 16) ** 2
    if spec.hidden:
        neck = _flat_neck(flat, spec.hidden, spec.dropout)
    else:
        neck = nn.Sequential(
            nn.Flatten(),
            *_dense_with_norm(flat, 256),
            nn.Dropout(0.25),
            *_dense_with_norm(256, 512),
        )
    return initialise(spec.assemble(trunk, 512, neck, least_dropout=0.25))


def separable(width_in: int, width: int) -> list[nn.Module]:
    """Depthwise 3x3, pointwise, norm (Chollet, CVPR 2017)."""
    return [
        nn.Conv2d(width_in, width_in, 3, padding=1, groups=width_in, bias=False),
        nn.Conv2d(width_in, width, 1, bias=False),
        nn.BatchNorm2d(width, eps=1e-3),
    ]


class XceptionBlock(nn.Module):
    """Two separable convolutions and pooling beside a strided 1x1 convolution.

    The stride is taken before the convolution, which is the same: with fewer than 16 channels,
    channels last, oneDNN's gradient of a strided one writes past its memory and ends the process
    some time later (oneDNN, issue 6035).
    """

    def __init__(self, width_in: int, width: int) -> None:
        super().__init__()
        self.shortcut = nn.Sequential(
            nn.Conv2d(width_in, width, 1, bias=False), nn.BatchNorm2d(width, eps=1e-3)
        )
        self.body = nn.Sequential(
            *separable(width_in, width),
            nn.ReLU(),
            *separable(width, width),
            nn.MaxPool2d(3, 2, padding=1),
        )

    def forward(self, maps: Tensor) -> Tensor:
        """``(N, width_in, h, w)`` to ``(N, width, h / 2, w / 2)``, rounded up."""
        return self.body(maps) + self.shortcut(maps[:, :, ::2, ::2])


@network(
    "mini_xception",
    "separable convolutions, smallest of all",
    "Arriaga et al., arXiv:1710.07557, 2017",
    smallest_input=24,
)
def mini_xception(spec: NetworkSpec) -> ExpressionNet:
    """mini-Xception.

    Published: two unpadded 3x3 convolutions of 8, four residual modules of 16, 32, 64 and 128
    separable filters, a 3x3 convolution to the K labels, global mean; 64 pixels; 56,951 trainable
    parameters in the authors' code. The last convolution is written as ``Neighbours`` and a linear
    head, which is the same function of the same weights; for max and minimum pooling, where it
    would not be, ``pooling.replace_pooling`` writes the convolution out. Chosen: 48 pixels unless
    told otherwise.
    ``hidden`` puts dense layers between the means and the head.
    """
    trunk = nn.Sequential()
    for width_in in (spec.channels, 8):
        conv = nn.Conv2d(width_in, 8, 3, bias=False)
        trunk.extend([conv, nn.BatchNorm2d(8, eps=1e-3), nn.ReLU()])
    trunk.extend(XceptionBlock(*widths) for widths in pairwise((8, 16, 32, 64, 128)))
    trunk.append(Neighbours())
    means = 9 * 128
    return initialise_separable(spec.assemble(trunk, means, spec.dense(means)))
