"""Contours of face parts, as points where profiles cross their strongest edge."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mien.models.network import standardise


@dataclass(frozen=True)
class Part:
    """A window of the 48-pixel frame in which one part's contours are looked for.

    Args:
        name: The part.
        rows: First row and the row after the last.
        columns: First column and the column after the last.
        across: Whether profiles run along rows instead of columns.
    """

    name: str
    rows: tuple[int, int]
    columns: tuple[int, int]
    across: bool = False

    @property
    def lines(self) -> int:
        """Profiles in the window."""
        low, high = self.rows if self.across else self.columns
        return high - low


PARTS = (
    Part("left brow", (5, 16), (5, 24)),
    Part("right brow", (5, 16), (24, 43)),
    Part("left eye", (13, 23), (8, 23)),
    Part("right eye", (13, 23), (25, 40)),
    Part("nose", (24, 33), (16, 32)),
    Part("left cheek", (24, 43), (6, 21), across=True),
    Part("right cheek", (24, 43), (27, 42), across=True),
    Part("mouth", (30, 47), (12, 36)),
)
"""Windows around where the crop geometry puts the parts: eye centres at (15, 17) and (32, 17),
mouth centre at (23.5, 37) (``core.alignment.TEMPLATE``)."""


class Contours(nn.Module):
    """Contour points of brows, eyes, nose, nasolabial folds and mouth.

    Facial component contours in the manner of Tian, Kanade and Cohn (PAMI 2001) and of the
    profile search of active shape models (Cootes et al., CVIU 1995, section 5): across each part
    runs a bundle of parallel profiles, and the contour goes through the strongest edge of each
    profile, once from bright to dark (upper lid, upper lip) and once from dark to bright (lower
    lid, lower lip). A point has a position along its profile, an edge strength, and the gradient's
    sideways component, which with the strength is the contour's direction.

    What it is not: no part is detected, tracked or fitted by a shape model. Windows are fixed, so
    a turned or badly cropped face gives contours of the wrong place; an active contour (snake)
    needs a start close to the part, which five landmarks do not give, and an iteration that does
    not fit a graph. The strongest edge is a weighted mean (softmax over the profile), so that a
    point moves evenly and rests in the middle of a profile without edges.

    Args:
        sigma: Smoothing of the derivatives, pixels.
        sharpness: How much a stronger edge wins over a weaker one, per unit of the derivative.
    """

    slopes: Tensor

    def __init__(self, sigma: float = 1.0, sharpness: float = 20.0) -> None:
        super().__init__()
        self.sharpness = sharpness
        self.margin = math.ceil(3 * sigma)
        steps = torch.arange(-self.margin, self.margin + 1, dtype=torch.float64)
        bell = torch.exp(-(steps**2) / (2 * sigma**2))
        bell /= bell.sum()
        slope = steps * bell / (steps**2 * bell).sum()  # answers 1 on a ramp of one per pixel
        kernels = torch.stack([torch.outer(slope, bell), torch.outer(bell, slope)])
        self.register_buffer("slopes", kernels[:, None].float(), persistent=False)

    def forward(self, frames: Tensor) -> Tensor:
        """``(N, 6, L)``: per profile of all parts position, strength, sideways slope.

        First the three of the bright-to-dark edge, then those of the dark-to-bright edge;
        positions run from -1 to 1 over the window.
        """
        padded = F.pad(standardise(frames), (self.margin,) * 4, mode="replicate")
        slopes = F.conv2d(padded, self.slopes)
        return torch.cat([self._points(slopes, part) for part in PARTS], dim=2)

    def _points(self, slopes: Tensor, part: Part) -> Tensor:
        window = slopes[:, :, slice(*part.rows), slice(*part.columns)]
        along, sideways = window[:, 0], window[:, 1]
        if part.across:
            along, sideways = sideways.transpose(1, 2), along.transpose(1, 2)
        places = torch.linspace(-1, 1, along.shape[1], device=along.device)[:, None]
        points = []
        for edge in (-along, along):
            weights = torch.softmax(self.sharpness * edge, dim=1)
            points += [(weights * seen).sum(dim=1) for seen in (places, edge, sideways)]
        return torch.stack(points, dim=1)
