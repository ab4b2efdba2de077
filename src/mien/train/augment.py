"""Random changes to training images: pure, whole-batch, with an explicit generator."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from mien.train import field
from mien.train.draws import chance, uniform
from mien.train.options import Augmentation, Field

_CAMERA = (field.resolution, field.blur, field.noise, field.jpeg)


def affine(images: Tensor, settings: Augmentation, generator: Generator) -> Tensor:
    """Flip, rotate, scale and shift ``(N, 1, H, W)`` in one bilinear resampling."""
    n = len(images)
    angle = uniform(n, -settings.rotate, settings.rotate, generator) * (math.pi / 180)
    scale = 1 + uniform(n, -settings.scale, settings.scale, generator)
    flip = 1 - 2 * chance(n, settings.flip, generator).float()
    # A fraction of the side is twice that in the [-1, 1] coordinates of affine_grid.
    shift = uniform(2 * n, -2 * settings.shift, 2 * settings.shift, generator).view(n, 2)
    cos, sin = torch.cos(angle) / scale, torch.sin(angle) / scale
    rows = (cos * flip, -sin, shift[:, 0], sin * flip, cos, shift[:, 1])
    theta = torch.stack(rows, dim=1).view(n, 2, 3)
    grid = F.affine_grid(theta, list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, padding_mode="border", align_corners=False)


def light(images: Tensor, settings: Augmentation, generator: Generator) -> Tensor:
    """Change gamma, contrast and brightness of ``(N, 1, H, W)`` grey levels; clip to 0..255."""
    n = len(images)
    gamma = uniform(n, -settings.gamma, settings.gamma, generator).exp().view(n, 1, 1, 1)
    contrast = 1 + uniform(n, -settings.contrast, settings.contrast, generator).view(n, 1, 1, 1)
    offset = uniform(n, -settings.brightness, settings.brightness, generator).view(n, 1, 1, 1)
    changed = 255 * (images / 255).clamp(min=0) ** gamma
    mean = changed.mean(dim=(1, 2, 3), keepdim=True)
    return ((changed - mean) * contrast + mean + 255 * offset).clamp(0, 255)


def blur(images: Tensor, settings: Augmentation, generator: Generator) -> Tensor:
    """Blend some of ``(N, 1, H, W)`` with their 5-tap binomial blur, by a random share."""
    n = len(images)
    share = uniform(n, 0, 1, generator) * chance(n, settings.blur, generator)
    taps = torch.tensor([1.0, 4.0, 6.0, 4.0, 1.0], device=images.device) / 16
    padded = F.pad(images, (2, 2, 2, 2), mode="replicate")
    soft = F.conv2d(F.conv2d(padded, taps.view(1, 1, 5, 1)), taps.view(1, 1, 1, 5))
    return torch.lerp(images, soft, share.view(n, 1, 1, 1))


def erase(images: Tensor, settings: Augmentation, generator: Generator) -> Tensor:
    """Fill a random rectangle of some images with one grey level (Zhong et al., AAAI 2020)."""
    n, _, height, width = images.shape
    area = uniform(n, *settings.erase_area, generator)
    ratio = uniform(n, math.log(0.4), math.log(2.5), generator).exp()
    half_h, half_w = (area * ratio).sqrt() / 2, (area / ratio).sqrt() / 2
    centre = uniform(2 * n, 0, 1, generator).view(2, n, 1)
    level = uniform(n, 0, 255, generator).view(n, 1, 1, 1)
    y = (torch.arange(height, device=images.device) + 0.5) / height
    x = (torch.arange(width, device=images.device) + 0.5) / width
    in_y = (y - centre[0]).abs() < half_h[:, None]
    in_x = (x - centre[1]).abs() < half_w[:, None]
    inside = in_y[:, None, :, None] & in_x[:, None, None, :]
    chosen = chance(n, settings.erase, generator).view(n, 1, 1, 1)
    return torch.where(inside & chosen, level, images)


def augment(images: Tensor, settings: Augmentation, generator: Generator) -> Tensor:
    """All random changes in order.

    Args:
        images: ``(N, H, W)`` uint8 grey levels.
        settings: Ranges.
        generator: Source of randomness, on the device of ``images``.

    Returns:
        ``(N, 1, H, W)`` float32 grey levels, 0 to 255.
    """
    batch = affine(images[:, None].float(), settings, generator)
    rough = None
    if settings.field.share:  # nothing is drawn otherwise
        rough = field.chosen(len(batch), settings.field, generator)
        batch = _changed(batch, rough, (field.side_light, field.cover), settings, generator)
    batch = blur(light(batch, settings, generator), settings, generator)
    if rough is not None:
        batch = _changed(batch, rough, _CAMERA, settings, generator)
    return erase(batch, settings, generator)


def seen_by_teachers(images: Tensor, settings: Augmentation, generator: Generator) -> Tensor:
    """The changes that teachers and student see alike; arguments and result as of ``augment``."""
    batch = affine(images[:, None].float(), settings, generator)
    return blur(light(batch, settings, generator), settings, generator)


def seen_by_student(batch: Tensor, settings: Augmentation, generator: Generator) -> Tensor:
    """The others, which teachers are spared: what cameras and networks do, and erasing.

    Args:
        batch: ``(N, 1, H, W)`` float32 grey levels.
        settings: Ranges.
        generator: Source of randomness, on the device of ``batch``.
    """
    if settings.field.share:
        rough = field.chosen(len(batch), settings.field, generator)
        changes = (field.side_light, field.cover, *_CAMERA)
        batch = _changed(batch, rough, changes, settings, generator)
    return erase(batch, settings, generator)


def _changed(
    batch: Tensor,
    rows: Tensor,
    changes: Sequence[Callable[[Tensor, Field, Generator], Tensor]],
    settings: Augmentation,
    generator: Generator,
) -> Tensor:
    """The batch with some of its samples degraded."""
    if not len(rows):
        return batch
    some = batch[rows]
    for change in changes:
        some = change(some, settings.field, generator)
    return batch.index_copy(0, rows, some)
