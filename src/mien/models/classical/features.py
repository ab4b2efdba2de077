"""Hand-made features as torch modules: the arithmetic of scikit-image, but exportable.

Each takes frames ``(N, 1, H, W)`` of whole grey levels, 0 to 255, in float32, and stands where a
network has its trunk. The tests hold them against scikit-image.

Histograms of orientations and of binary patterns have thresholds, where the smallest difference
moves a pixel into another bin. So that two runtimes put every pixel into the same one, the
decisions are exact: in integers (patterns), or with a margin that no pair of whole grey levels
falls into (orientations).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from mien.core.errors import missing_extra, unknown_name
from mien.models.classical.contours import Contours
from mien.models.network import standardise

_MARGIN = 2e-4
"""Grey levels by which a gradient may miss the edge of an orientation bin and still be on it.

With eight orientations the tangents of the edges are 0, 1, sqrt(2) +- 1 and infinite. Gradients of
whole levels up to 255 lie on the first, second and last exactly, and miss the others by 1e-3 at
least; float32 is right to 5e-5."""


class Pixels(nn.Module):
    """The standardised frame itself: what eigenfaces are made of (Turk and Pentland, 1991)."""

    def forward(self, frames: Tensor) -> Tensor:
        """``(N, 1, H, W)`` with mean 0 and spread 1."""
        return standardise(frames)


class Hog(nn.Module):
    """Histograms of oriented gradients with L2-Hys blocks (Dalal and Triggs, CVPR 2005).

    As ``skimage.feature.hog``: central differences, unsigned orientations in hard bins, mean
    magnitude per cell, overlapping blocks. An orientation is in a bin if it lies beyond the bin's
    first edge and not beyond its second, which takes products only, no arc tangent.

    Args:
        orientations: Bins over 180 degrees.
        cell: Side of a cell, pixels.
        block: Side of a block, cells.
    """

    edges: Tensor

    def __init__(self, orientations: int = 8, cell: int = 6, block: int = 2) -> None:
        super().__init__()
        self.cell, self.block = cell, block
        angles = torch.arange(orientations, dtype=torch.float64) * math.pi / orientations
        edges = torch.stack([-angles.sin(), angles.cos()])
        self.register_buffer("edges", edges[:, None, :, None, None].float(), persistent=False)

    def forward(self, frames: Tensor) -> Tensor:
        """``(N, block * block * orientations, b, b)`` for b blocks along each side."""
        across = F.pad(frames[:, :, :, 2:] - frames[:, :, :, :-2], (1, 1, 0, 0))
        down = F.pad(frames[:, :, 2:] - frames[:, :, :-2], (0, 0, 1, 1))
        magnitude = (across * across + down * down).sqrt()
        cells = F.avg_pool2d(magnitude * self._bins(across, down), self.cell)
        rows, columns = (side - self.block + 1 for side in cells.shape[2:])
        steps = range(self.block)
        shifted = [cells[:, :, y : y + rows, x : x + columns] for y in steps for x in steps]
        return _normed(_normed(torch.cat(shifted, dim=1)).clamp(max=0.2))

    def _bins(self, across: Tensor, down: Tensor) -> Tensor:
        """``(N, orientations, H, W)``, 1 where the gradient's orientation is in the bin."""
        # Orientations have no sign: every gradient is turned into [0, 180) degrees.
        level_left = (down.abs() < 0.5).float() * (across < 0).float()
        turn = 1 - 2 * torch.maximum((down < -0.5).float(), level_left)
        sides = self.edges[0] * (across * turn) + self.edges[1] * (down * turn)
        beyond = (sides >= -_MARGIN).float()
        return beyond - F.pad(beyond[:, 1:], (0, 0, 0, 0, 0, 1))


def _normed(blocks: Tensor) -> Tensor:
    # scikit-image adds 1e-5 squared under the root. The exporter's simplification drops a term as
    # small as that, and a flat block is 0 / 0; the same floor as a maximum stays.
    return blocks / (blocks**2).sum(dim=1, keepdim=True).sqrt().clamp(min=1e-5)


def uniform_patterns() -> NDArray[np.int64]:
    """``(256,)`` bin of each pattern of eight bits: 58 with two changes at most, 58 = the others.

    Numbered as scikit-image's ``nri_uniform``: by the count of ones, then by where they begin.
    """
    table = np.full(256, 58, dtype=np.int64)
    table[0], table[255] = 0, 57
    for ones in range(1, 8):
        for turn in range(8):
            pattern = sum(1 << ((bit - turn) % 8) for bit in range(ones))
            table[pattern] = 1 + (ones - 1) * 8 + turn
    return table


_CIRCLE = tuple(
    (round(-math.sin(k * math.pi / 4), 5), round(math.cos(k * math.pi / 4), 5)) for k in range(8)
)
"""Row and column offsets of the eight neighbours; scikit-image rounds to five decimals."""


class Lbp(nn.Module):
    """Histograms of uniform local binary patterns, P = 8, R = 1 (Ahonen et al., PAMI 2006).

    As ``skimage.feature.local_binary_pattern(method="nri_uniform")``: diagonal neighbours are
    bilinear samples on the circle, and what lies outside the frame is 0. Samples are compared with
    the centre in whole multiples of 1e-10 grey levels, so equal ones are equal.

    Args:
        cell: Side of a histogram's region, pixels.
    """

    table: Tensor
    bins: Tensor

    def __init__(self, cell: int = 8) -> None:
        super().__init__()
        self.cell = cell
        self.register_buffer("table", torch.from_numpy(uniform_patterns()), persistent=False)
        self.register_buffer("bins", torch.arange(59)[:, None, None], persistent=False)

    def patterns(self, frames: Tensor) -> Tensor:
        """``(N, 1, H, W)`` int64, the bin of each pixel's pattern, 0 to 58."""
        levels = frames.round().long()
        height, width = levels.shape[2:]
        padded = F.pad(levels, (1, 1, 1, 1))
        code = torch.zeros_like(levels)
        for bit, (y, x) in enumerate(_CIRCLE):
            side = torch.zeros_like(levels)
            for row, column, share in _corners(y, x):
                corner = padded[:, :, 1 + row : 1 + row + height, 1 + column : 1 + column + width]
                side = side + share * (corner - levels)
            code = code + (side >= 0).long() * (1 << bit)
        return self.table[code]

    def forward(self, frames: Tensor) -> Tensor:
        """``(N, 59, h, w)`` square roots of the shares of the patterns in each region.

        The root makes distances those of Hellinger (Arandjelović and Zisserman, CVPR 2012).
        """
        found = (self.patterns(frames) == self.bins).float()
        return F.avg_pool2d(found, self.cell).sqrt()


def _corners(y: float, x: float) -> list[tuple[int, int, int]]:
    """Pixels around an offset: row, column, and bilinear share in units of 1e-10."""
    rows, columns = ({math.floor(offset), math.ceil(offset)} for offset in (y, x))
    shares = [
        (row, column, round((1 - abs(y - row)) * (1 - abs(x - column)) * 10**10))
        for row in sorted(rows)
        for column in sorted(columns)
    ]
    return [corner for corner in shares if corner[:2] != (0, 0)]


class Gabor(nn.Module):
    """Mean magnitudes of a bank of Gabor filters per cell (Lyons et al., FG 1998).

    Kernels are those of ``skimage.filters.gabor_kernel``, one octave wide, on the standardised
    frame; outside it is 0, its mean.

    Args:
        wavelengths: Wavelengths, pixels.
        orientations: Directions over 180 degrees.
        cell: Side of a cell, pixels.

    Raises:
        MissingExtraError: If scikit-image is not installed.
    """

    def __init__(
        self,
        wavelengths: tuple[float, ...] = (4.0, 5.657, 8.0, 11.314),
        orientations: int = 8,
        cell: int = 6,
    ) -> None:
        super().__init__()
        self.cell = cell
        self.bank = nn.ModuleList(_waves(length, orientations) for length in wavelengths)

    def magnitudes(self, frames: Tensor) -> Tensor:
        """``(N, wavelengths * orientations, H, W)`` magnitudes of the complex answers."""
        seen = standardise(frames)
        parts = [waves(seen).chunk(2, dim=1) for waves in self.bank]
        return torch.cat([(real**2 + imaginary**2).sqrt() for real, imaginary in parts], dim=1)

    def forward(self, frames: Tensor) -> Tensor:
        """``(N, wavelengths * orientations, H / cell, W / cell)``."""
        return F.avg_pool2d(self.magnitudes(frames), self.cell)


def _waves(wavelength: float, orientations: int) -> nn.Conv2d:
    """A fixed convolution: real parts of all directions, then imaginary parts."""
    try:
        from skimage.filters import gabor_kernel
    except ImportError as error:
        raise missing_extra("train", "skimage") from error
    angles = np.arange(orientations) * np.pi / orientations
    # Torch correlates where a filter convolves: kernels are turned by 180 degrees.
    kernels = [gabor_kernel(1 / wavelength, theta=angle)[::-1, ::-1] for angle in angles]
    side = max(max(kernel.shape) for kernel in kernels)
    stack = np.stack([_centred(kernel, side) for kernel in kernels])
    weight = np.concatenate([stack.real, stack.imag])[:, None].astype(np.float32)
    conv = nn.Conv2d(1, len(weight), side, padding=side // 2, bias=False)
    conv.weight = nn.Parameter(torch.from_numpy(weight), requires_grad=False)
    return conv


def _centred(kernel: NDArray[np.complex128], side: int) -> NDArray[np.complex128]:
    rows, columns = ((side - length) // 2 for length in kernel.shape)
    return np.pad(kernel, ((rows, rows), (columns, columns)))


_FEATURES: dict[str, Callable[[], nn.Module]] = {
    "pixels": Pixels,
    "lbp": Lbp,
    "hog": Hog,
    "gabor": Gabor,
    "contours": Contours,
}


def feature_names() -> tuple[str, ...]:
    """Names that ``build_feature`` knows."""
    return tuple(_FEATURES)


def build_feature(name: str) -> nn.Module:
    """The feature module called ``name``, with its standard settings.

    Raises:
        UnknownNameError: If there is none.
        MissingExtraError: If the Gabor bank is asked for and scikit-image is not installed.
    """
    if name not in _FEATURES:
        raise unknown_name("classical feature", name, _FEATURES)
    return _FEATURES[name]()
