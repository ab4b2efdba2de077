"""What cameras and networks do to a face: noise, compression, blur, small size, cover, side light.

Pure, whole-batch, with an explicit generator, like ``train.augment``. A clean crop is not what a
camera gives: noise that nobody sees (sd 5) cost `small`, trained on clean crops, eight points.
kornia has most of it one picture at a time or with JPEG blocks at one place; here the blocks begin
anywhere, since a crop is resampled after its picture was compressed.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from mien.train.draws import chance, uniform
from mien.train.options import Field

_REACH = 4  # pixels from the middle of a blur's kernel to its edge
_SIZES = 4  # different resolutions in one batch: each costs a pass over its samples
# Luminance table of the JPEG standard (ITU-T T.81, table K.1).
_LUMINANCE = (
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
)


def chosen(n: int, settings: Field, generator: Generator) -> Tensor:
    """Indices of the samples of a batch of ``n`` that are degraded; the others stay clean."""
    return chance(n, settings.share, generator).nonzero()[:, 0]


def side_light(images: Tensor, settings: Field, generator: Generator) -> Tensor:
    """Darken some of ``(N, 1, H, W)`` towards one side, by at most ``side_light_depth``."""
    n, _, height, width = images.shape
    angle = uniform(n, 0, 2 * math.pi, generator).view(n, 1, 1)
    y = torch.linspace(-1, 1, height, device=images.device).view(1, height, 1)
    x = torch.linspace(-1, 1, width, device=images.device)
    ramp = (1 + (x * torch.cos(angle) + y * torch.sin(angle)) / math.sqrt(2)) / 2
    depth = uniform(n, 0, settings.side_light_depth, generator)
    depth = depth * chance(n, settings.side_light, generator)
    return images * (1 - depth.view(n, 1, 1) * ramp)[:, None]


def cover(images: Tensor, settings: Field, generator: Generator) -> Tensor:
    """Cover the lower face (a mask) or a band over the eyes (glasses) of some ``(N, 1, H, W)``.

    In FER2013's crop the eyes lie at 0.36 of the height, the nose ends at about 0.6.
    """
    n, _, height, _ = images.shape
    y = ((torch.arange(height, device=images.device) + 0.5) / height).view(1, 1, height, 1)
    level = uniform(n, 0, 255, generator).view(n, 1, 1, 1)
    top = uniform(n, 0.54, 0.66, generator).view(n, 1, 1, 1)
    middle = uniform(n, 0.33, 0.4, generator).view(n, 1, 1, 1)
    half = uniform(n, 0.06, 0.12, generator).view(n, 1, 1, 1)
    mask = (y > top) & chance(n, settings.mask, generator).view(n, 1, 1, 1)
    glasses = ((y - middle).abs() < half) & chance(n, settings.glasses, generator).view(n, 1, 1, 1)
    return torch.where(mask | glasses, level, images)


def resolution(images: Tensor, settings: Field, generator: Generator) -> Tensor:
    """Reduce some of ``(N, 1, H, W)`` to fewer pixels, by area, and bring them back bilinearly."""
    n, _, height, width = images.shape
    low, high = settings.resolution_range
    sizes = uniform(_SIZES, low, high + 1, generator).floor().clamp(max=high)
    which = (uniform(n, 0, _SIZES, generator)).long().clamp(max=_SIZES - 1)
    which[~chance(n, settings.resolution, generator)] = -1
    out = images.clone()
    for at, size in enumerate(sizes.long().tolist()):
        rows = which == at
        if bool(rows.any()) and size < height:
            small = F.interpolate(images[rows], (size, size), mode="area")
            out[rows] = F.interpolate(small, (height, width), mode="bilinear", align_corners=False)
    return out


def blur(images: Tensor, settings: Field, generator: Generator) -> Tensor:
    """Defocus (Gaussian) or move (a line) some of ``(N, 1, H, W)``, each by its own kernel."""
    n = len(images)
    offsets = torch.arange(-_REACH, _REACH + 1, device=images.device, dtype=torch.float32)
    y, x = torch.meshgrid(offsets, offsets, indexing="ij")
    sigma = uniform(n, *settings.blur_sd, generator).view(n, 1, 1)
    gaussian = torch.exp(-(x**2 + y**2) / (2 * sigma**2))
    angle = uniform(n, 0, math.pi, generator).view(n, 1, 1)
    half = uniform(n, 0.5, settings.motion_length / 2, generator).view(n, 1, 1)
    along = x * torch.cos(angle) + y * torch.sin(angle)
    beside = (x * torch.sin(angle) - y * torch.cos(angle)).abs()
    beyond = (along.abs() - half).clamp(min=0)
    line = (1 - torch.hypot(beside, beyond)).clamp(min=0)
    moved = chance(n, settings.motion, generator)
    still = ~(moved | chance(n, settings.blur, generator))
    kernels = torch.where(moved.view(n, 1, 1), line, gaussian)
    kernels = torch.where(still.view(n, 1, 1), ((x == 0) & (y == 0)).float(), kernels)
    kernels = kernels / kernels.sum(dim=(1, 2), keepdim=True)
    padded = F.pad(images, (_REACH,) * 4, mode="replicate")
    return F.conv2d(padded.transpose(0, 1), kernels[:, None], groups=n).transpose(0, 1)


def noise(images: Tensor, settings: Field, generator: Generator) -> Tensor:
    """Add Gaussian sensor noise, of a standard deviation of its own, to some ``(N, 1, H, W)``."""
    n = len(images)
    sd = uniform(n, 0, settings.noise_sd, generator) * chance(n, settings.noise, generator)
    grain = torch.randn(images.shape, generator=generator, device=generator.device)
    return (images + sd.view(n, 1, 1, 1) * grain).clamp(0, 255)


def jpeg(images: Tensor, settings: Field, generator: Generator) -> Tensor:
    """Compress some of ``(N, 1, H, W)`` as JPEG does, with blocks that begin anywhere."""
    n = len(images)
    quality = uniform(n, *settings.jpeg_quality, generator)
    offset = uniform(2 * n, 0, 8, generator).long().clamp(max=7).view(2, n)
    compressed = compress(images, quality, offset)
    return torch.where(chance(n, settings.jpeg, generator).view(n, 1, 1, 1), compressed, images)


def compress(images: Tensor, quality: Tensor, offset: Tensor) -> Tensor:
    """JPEG's loss of grey levels (ITU-T T.81; quality as in the IJG's software).

    Args:
        images: ``(N, 1, H, W)`` grey levels, 0 to 255.
        quality: ``(N,)`` 1 to 100.
        offset: ``(2, N)`` pixels, 0 to 7, by which the first block begins before the picture.

    Returns:
        ``(N, 1, H, W)``.
    """
    n, _, height, width = images.shape
    device = images.device
    rows, columns = (8 * math.ceil((side + 7) / 8) for side in (height, width))
    scale = torch.where(quality < 50, 5000 / quality, 200 - 2 * quality).view(n, 1, 1)
    table = torch.tensor(_LUMINANCE, dtype=torch.float32, device=device)
    table = ((table * scale + 50) / 100).floor().clamp(1, 255).view(n, 1, 1, 8, 8)
    y = (torch.arange(rows, device=device) - offset[0][:, None]).clamp(0, height - 1)
    x = (torch.arange(columns, device=device) - offset[1][:, None]).clamp(0, width - 1)
    each = torch.arange(n, device=device)[:, None, None]
    placed = images[:, 0][each, y[:, :, None], x[:, None, :]] - 128
    blocks = placed.view(n, rows // 8, 8, columns // 8, 8).transpose(2, 3)
    cosines = _cosines(device)
    kept = torch.round(cosines @ blocks @ cosines.T / table) * table
    back = (cosines.T @ kept @ cosines).transpose(2, 3).reshape(n, rows, columns)
    y = torch.arange(height, device=device) + offset[0][:, None]
    x = torch.arange(width, device=device) + offset[1][:, None]
    return (back[each, y[:, :, None], x[:, None, :]] + 128).round().clamp(0, 255)[:, None]


def _cosines(device: torch.device) -> Tensor:
    """The 8 x 8 matrix of the discrete cosine transform, orthonormal."""
    at = torch.arange(8, dtype=torch.float64)
    matrix = torch.cos((2 * at + 1) * at[:, None] * math.pi / 16) / 2
    matrix[0] /= math.sqrt(2)
    return matrix.float().to(device)
