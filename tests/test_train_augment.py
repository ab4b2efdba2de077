"""Random changes to images: repeatable, within their ranges, and none at zero settings."""

from __future__ import annotations

import pytest
import torch

from mien.train import Augmentation
from mien.train.augment import affine, augment, blur, erase, light

NOTHING = Augmentation(
    flip=0, rotate=0, scale=0, shift=0, gamma=0, contrast=0, brightness=0, blur=0, erase=0
)


def draw(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def images() -> torch.Tensor:
    return torch.randint(0, 256, (16, 48, 48), generator=draw(9), dtype=torch.uint8)


def test_zero_settings_change_nothing(images: torch.Tensor) -> None:
    out = augment(images, NOTHING, draw())
    torch.testing.assert_close(out[:, 0], images.float(), rtol=0, atol=2e-3)


def test_the_same_seed_gives_the_same_batch(images: torch.Tensor) -> None:
    first, again = (augment(images, Augmentation(), draw(4)) for _ in range(2))
    assert torch.equal(first, again)
    assert not torch.equal(first, augment(images, Augmentation(), draw(5)))


def test_grey_levels_stay_grey_levels(images: torch.Tensor) -> None:
    out = augment(images, Augmentation(gamma=1, contrast=0.9, brightness=0.9), draw())
    assert out.shape == (16, 1, 48, 48)
    assert out.dtype == torch.float32
    assert out.min() >= 0
    assert out.max() <= 255


def test_flip_is_a_mirror(images: torch.Tensor) -> None:
    settings = Augmentation(flip=1, rotate=0, scale=0, shift=0)
    out = affine(images[:, None].float(), settings, draw())
    torch.testing.assert_close(out[:, 0], images.float().flip(2), rtol=0, atol=2e-3)


def test_shift_is_a_fraction_of_the_side() -> None:
    dot = torch.zeros(64, 1, 48, 48)
    dot[:, :, 24, 24] = 255
    settings = Augmentation(flip=0, rotate=0, scale=0, shift=0.25)
    out = affine(dot, settings, draw())
    rows = out.sum(dim=(1, 3)).argmax(dim=1)
    assert (rows - 24).abs().max() <= 12
    assert (rows - 24).abs().max() >= 9


def test_rotation_keeps_the_centre_and_moves_the_rest() -> None:
    bar = torch.zeros(32, 1, 49, 49)
    bar[:, :, 24, :] = 255
    settings = Augmentation(flip=0, rotate=20, scale=0, shift=0)
    out = affine(bar, settings, draw())
    assert (out[:, 0, 24, 24] > 200).all()
    assert (out[:, 0, 24, 2] < 100).any()


def test_light_keeps_the_order_of_levels() -> None:
    ramp = torch.linspace(0, 255, 64).view(1, 1, 1, 64).repeat(8, 1, 1, 1)
    out = light(ramp, Augmentation(), draw())
    assert (out.diff(dim=3) >= 0).all()
    assert not torch.equal(out, ramp)


def test_blur_smooths_some_images(images: torch.Tensor) -> None:
    batch = images[:, None].float()
    out = blur(batch, Augmentation(blur=0.5), draw())
    changed = (out != batch).flatten(1).any(dim=1)
    assert 0 < changed.sum() < len(batch)
    assert (out.std(dim=(1, 2, 3))[changed] < batch.std(dim=(1, 2, 3))[changed]).all()


def test_erase_fills_a_rectangle_of_the_asked_area() -> None:
    batch = torch.full((200, 1, 48, 48), 1000.0)
    out = erase(batch, Augmentation(erase=0.5, erase_area=(0.05, 0.1)), draw())
    share = (out != 1000).float().mean(dim=(1, 2, 3))
    hit = share > 0
    assert 70 < hit.sum() < 130
    assert share[hit].max() < 0.13
    filled = out[hit][0][out[hit][0] != 1000]
    assert filled.unique().numel() == 1
