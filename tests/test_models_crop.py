"""The crop inside every bundle."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mien.core.alignment import identity_affines
from mien.models import FaceCrop

CROP = FaceCrop()


def picture(height: int, width: int, seed: int = 0) -> torch.Tensor:
    noise = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    return torch.from_numpy(noise)


def grey(image: torch.Tensor) -> torch.Tensor:
    return image.float() @ torch.tensor([0.299, 0.587, 0.114])


def test_a_48_pixel_picture_is_reproduced() -> None:
    image = picture(48, 48)
    frames = CROP(image, torch.from_numpy(identity_affines(1)))
    torch.testing.assert_close(frames[0, 0], grey(image), rtol=0, atol=1e-3)


def test_a_negative_column_mirrors() -> None:
    image = picture(48, 48)
    affine = torch.tensor([[[-24.0, 0, 23.5], [0, 24, 23.5]]])
    torch.testing.assert_close(CROP(image, affine)[0, 0], grey(image).flip(1), rtol=0, atol=1e-3)


@pytest.mark.parametrize("step", [2, 3])
def test_large_faces_are_averaged_not_decimated(step: int) -> None:
    side = 48 * step
    image = picture(side, side)
    frames = CROP(image, torch.from_numpy(identity_affines(1, side)))
    area = torch.nn.functional.avg_pool2d(grey(image)[None, None], step)[0, 0]
    decimated = grey(image)[step // 2 :: step, step // 2 :: step]
    error = (frames[0, 0] - area).abs().mean()
    assert error < 0.35 * (decimated - area).abs().mean()


def test_outside_the_picture_its_edge_repeats() -> None:
    image = torch.full((48, 48, 3), 10, dtype=torch.uint8)
    image[:, 24:] = 200
    affine = torch.tensor([[[24.0, 0, 23.5 + 48], [0, 24, 23.5]]])
    torch.testing.assert_close(CROP(image, affine), torch.full((1, 1, 48, 48), 200.0))


def test_many_faces_equal_single_ones() -> None:
    image = picture(120, 90)
    affines = torch.tensor(
        [[[24.0, 3, 40], [-3, 24, 50]], [[30, 0, 20], [0, 30, 90]], [[5, 0, 60], [0, 5, 60]]]
    )
    together = CROP(image, affines)
    for row, affine in enumerate(affines):
        torch.testing.assert_close(together[row], CROP(image, affine[None])[0], rtol=0, atol=1e-3)
