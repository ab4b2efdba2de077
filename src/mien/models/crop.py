"""The crop that goes into every bundle: picture region and affines in, 48x48 grey faces out."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mien.core.alignment import CROP

SAMPLES = 2
"""Samples per frame pixel and axis. A bilinear sample reaches one picture pixel to each side, so
two cover the footprint without gaps while they are two pixels apart or less: up to five picture
pixels per crop pixel. Beyond, the runtime halves the picture first. Cost: docs/findings/crop.md."""

_GREY = (0.299, 0.587, 0.114)  # ITU-R BT.601, what Pillow's "L" and FER2013's makers used


class FaceCrop(nn.Module):
    """Cut N faces out of one picture in one bilinear sampling (DESIGN 4).

    Args:
        samples: Samples per frame pixel and axis, averaged against aliasing.
    """

    grey: Tensor
    centres: Tensor
    offsets: Tensor

    def __init__(self, samples: int = SAMPLES) -> None:
        super().__init__()
        self.samples = samples
        centres = (2 * torch.arange(CROP, dtype=torch.float64) + 1) / CROP - 1
        offsets = ((torch.arange(samples, dtype=torch.float64) + 0.5) / samples - 0.5) * 2 / CROP
        self.register_buffer("grey", torch.tensor(_GREY)[:, None], persistent=False)
        self.register_buffer("centres", centres.float(), persistent=False)
        self.register_buffer("offsets", offsets.float(), persistent=False)

    def forward(self, image: Tensor, affine: Tensor) -> Tensor:
        """Grey frames ``(N, 1, 48, 48)`` float32, 0 to 255.

        Args:
            image: ``(H, W, 3)`` uint8 RGB.
            affine: ``(N, 2, 3)`` float32, crop coordinates to picture pixels.
        """
        height, width = image.shape[0], image.shape[1]
        grey = (image.float() @ self.grey).view(1, 1, height, width)
        side = CROP * self.samples
        a, b, c = affine[:, 0, 0], affine[:, 0, 1], affine[:, 0, 2]
        d, e, f = affine[:, 1, 0], affine[:, 1, 1], affine[:, 1, 2]
        pixels = (a * e - b * d).abs().sqrt() * (2 / CROP)
        spread = 1 - 1 / pixels.clamp(min=1)
        u = (self.centres[:, None] + spread[:, None, None] * self.offsets).reshape(-1, side)
        x = a[:, None, None] * u[:, None, :] + (b[:, None] * u + c[:, None])[:, :, None]
        y = d[:, None, None] * u[:, None, :] + (e[:, None] * u + f[:, None])[:, :, None]
        grid = torch.stack(((2 * x + 1) / width - 1, (2 * y + 1) / height - 1), dim=-1)
        # All faces in one tall grid, so that the picture is not repeated per face.
        faces = F.grid_sample(
            grey, grid.reshape(1, -1, side, 2), padding_mode="border", align_corners=False
        )
        return F.avg_pool2d(faces, self.samples).reshape(-1, 1, CROP, CROP)
