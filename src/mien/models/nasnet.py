"""NASNet-A 4 @ 1056, known as NASNetMobile (Zoph et al., CVPR 2018, figure 4 and appendix A.4).

Cells, widths and counts are those of the published network: 4,269,716 parameters without the
classifier, norm statistics included, with three input channels. What differs: padding is
symmetric, where TensorFlow puts the odd column at the end; average pooling never counts padding;
norms forget as torch's do (0.1), since 0.0003 needs tens of thousands of steps; the auxiliary head
is left out.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mien.models.network import ExpressionNet, initialise_separable
from mien.models.registry import network
from mien.models.spec import NetworkSpec

STEM = 32
REPEATS = 4
PENULTIMATE = 1056
NORMAL_BRANCHES, REDUCTION_BRANCHES = 6, 4
"""Branches that a cell concatenates, each as wide as the cell."""

_FIRST = PENULTIMATE // (NORMAL_BRANCHES * 4)  # the last of three stages is four times as wide
PLAN = (
    (True, _FIRST // 4),
    (True, _FIRST // 2),
    *[(False, _FIRST)] * REPEATS,
    (True, _FIRST * 2),
    *[(False, _FIRST * 2)] * REPEATS,
    (True, _FIRST * 4),
    *[(False, _FIRST * 4)] * REPEATS,
)
"""Per cell: whether it halves the size, and the width of its branches."""


def _norm(width: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(width, eps=1e-3)


def _fit(width_in: int, width: int) -> nn.Sequential:
    """ReLU, 1x1 convolution, norm: another number of channels."""
    return nn.Sequential(nn.ReLU(), nn.Conv2d(width_in, width, 1, bias=False), _norm(width))


def _separable(width_in: int, width: int, kernel: int, stride: int = 1) -> nn.Sequential:
    """ReLU, depthwise, pointwise and norm, twice; the stride is in the first (appendix A.4)."""
    parts: list[nn.Module] = []
    for inputs, step in ((width_in, stride), (width, 1)):
        parts += [
            nn.ReLU(),
            nn.Conv2d(inputs, inputs, kernel, step, kernel // 2, groups=inputs, bias=False),
            nn.Conv2d(inputs, width, 1, bias=False),
            _norm(width),
        ]
    return nn.Sequential(*parts)


def _mean_pool(stride: int) -> nn.AvgPool2d:
    return nn.AvgPool2d(3, stride, padding=1, count_include_pad=False)


class Halve(nn.Module):
    """Half the size without losing every second pixel: two 1x1 paths, one shifted by a pixel."""

    def __init__(self, width_in: int, width: int) -> None:
        super().__init__()
        self.even = nn.Sequential(
            nn.AvgPool2d(1, 2), nn.Conv2d(width_in, width // 2, 1, bias=False)
        )
        self.odd = nn.Sequential(
            nn.ZeroPad2d((-1, 1, -1, 1)),
            nn.AvgPool2d(1, 2),
            nn.Conv2d(width_in, width - width // 2, 1, bias=False),
        )
        self.norm = _norm(width)

    def forward(self, maps: Tensor) -> Tensor:
        """``(N, width_in, h, w)`` to ``(N, width, h / 2, w / 2)``, rounded up."""
        maps = torch.relu(maps)
        return self.norm(torch.cat([self.even(maps), self.odd(maps)], dim=1))


class NormalCell(nn.Module):
    """Five pairs of operations on the last two cells' maps; the size stays (figure 4, left).

    Args:
        now: Channels of the last cell's maps.
        fit: Brings the maps before those to ``width`` channels and the same size.
        width: Channels of each branch.
    """

    def __init__(self, now: int, fit: nn.Module, width: int) -> None:
        super().__init__()
        self.fit = fit
        self.squeeze = _fit(now, width)
        self.now5 = _separable(width, width, 5)
        self.before3 = _separable(width, width, 3)
        self.before5 = _separable(width, width, 5)
        self.before3_again = _separable(width, width, 3)
        self.now3 = _separable(width, width, 3)
        self.pool_now = _mean_pool(1)
        self.pool_before = _mean_pool(1)

    def forward(self, now: Tensor, before: Tensor) -> Tensor:
        """``(N, 6 width, h, w)`` of maps ``(N, C, h, w)`` and the maps before them."""
        before, now = self.fit(before), self.squeeze(now)
        return torch.cat(
            [
                before,
                self.now5(now) + self.before3(before),
                self.before5(before) + self.before3_again(before),
                self.pool_now(now) + before,
                2 * self.pool_before(before),  # the same pooling of the same maps, twice
                self.now3(now) + now,
            ],
            dim=1,
        )


class ReductionCell(nn.Module):
    """Five pairs of operations that halve the size (figure 4, right).

    Args:
        now: Channels of the last cell's maps.
        fit: Brings the maps before those to ``before`` channels and the same size.
        before: Channels after ``fit``.
        width: Channels of each branch.
    """

    def __init__(self, now: int, fit: nn.Module, before: int, width: int) -> None:
        super().__init__()
        self.fit = fit
        self.squeeze = _fit(now, width)
        self.now5 = _separable(width, width, 5, stride=2)
        self.before7 = _separable(before, width, 7, stride=2)
        self.before7_again = _separable(before, width, 7, stride=2)
        self.before5 = _separable(before, width, 5, stride=2)
        self.inner3 = _separable(width, width, 3)
        self.max_now = nn.MaxPool2d(3, 2, padding=1)
        self.mean_now = _mean_pool(2)
        self.mean_inner = _mean_pool(1)

    def forward(self, now: Tensor, before: Tensor) -> Tensor:
        """``(N, 4 width, h / 2, w / 2)`` of maps ``(N, C, h, w)`` and the maps before them."""
        before, now = self.fit(before), self.squeeze(now)
        highest = self.max_now(now)
        inner = self.now5(now) + self.before7(before)
        second = highest + self.before7_again(before)
        return torch.cat(
            [
                second,
                self.mean_now(now) + self.before5(before),
                second + self.mean_inner(inner),
                self.inner3(inner) + highest,
            ],
            dim=1,
        )


class Trunk(nn.Module):
    """Stem and 16 cells: ``(N, channels, s, s)`` to ``(N, 1056, s / 32, s / 32)``."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(channels, STEM, 3, 2, bias=False), _norm(STEM))
        self.cells = nn.ModuleList()
        before = now = STEM
        halved = False
        for reduces, width in PLAN:
            fit: nn.Module = nn.Identity()  # the first cell has only the stem before it
            fitted = before
            if len(self.cells):
                fit = Halve(before, width) if halved else _fit(before, width)
                fitted = width
            if reduces:
                self.cells.append(ReductionCell(now, fit, fitted, width))
            else:
                self.cells.append(NormalCell(now, fit, width))
            branches = REDUCTION_BRANCHES if reduces else NORMAL_BRANCHES
            before, now, halved = now, width * branches, reduces

    def forward(self, pictures: Tensor) -> Tensor:
        """Maps of the last cell, after ReLU."""
        now = before = self.stem(pictures)
        for cell in self.cells:
            before, now = now, cell(now, before)
        return torch.relu(now)


@network(
    "nasnet_mobile",
    "NASNet-A 4 @ 1056",
    "Zoph et al., CVPR 2018",
)
def nasnet_mobile(spec: NetworkSpec) -> ExpressionNet:
    """NASNetMobile; 224 pixels and three channels in print, 48 and one unless told otherwise."""
    return initialise_separable(
        spec.assemble(Trunk(spec.channels), PENULTIMATE, spec.dense(PENULTIMATE))
    )
