"""Noise, compression, blur, small size, cover and side light: what was asked for, and no more."""

from __future__ import annotations

import dataclasses
import io

import numpy as np
import pytest
import torch
from PIL import Image

from mien.core.errors import ConfigError
from mien.train import Augmentation
from mien.train import field as field_module
from mien.train.augment import augment
from mien.train.options import Field

NOTHING = Augmentation(
    flip=0, rotate=0, scale=0, shift=0, gamma=0, contrast=0, brightness=0, blur=0, erase=0
)
CALM = Field(1.0, 0, 14, 0, (20, 95), 0, (16, 44), 0, (0.3, 1.6), 0, 5, 0, 0, 0, 0.7)
"""Every sample is degraded, by nothing."""
STEPS = ("side_light", "cover", "resolution", "blur", "noise", "jpeg")


def draw(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def smooth(n: int = 16) -> torch.Tensor:
    """``(n, 1, 48, 48)`` whole grey levels that change slowly, as faces do."""
    rng = np.random.default_rng(3)
    coarse = torch.from_numpy(rng.uniform(40, 220, (n, 1, 6, 6)).astype(np.float32))
    return torch.nn.functional.interpolate(coarse, (48, 48), mode="bicubic").round().clamp(0, 255)


def test_without_a_share_the_batch_is_what_it_always_was() -> None:
    images = smooth()[:, 0].to(torch.uint8)
    loud = Augmentation(field=dataclasses.replace(Field(), noise=1, noise_sd=100, mask=1))
    assert torch.equal(augment(images, Augmentation(), draw()), augment(images, loud, draw()))


def test_the_share_is_degraded_and_the_rest_stays_clean() -> None:
    images = smooth(400)[:, 0].to(torch.uint8)
    settings = dataclasses.replace(CALM, share=0.3, noise=1.0, noise_sd=20.0)
    out = augment(images, dataclasses.replace(NOTHING, field=settings), draw())
    clean = augment(images, NOTHING, draw())
    changed = ((out - clean).abs().amax(dim=(1, 2, 3)) > 1).float().mean()
    assert 0.2 < changed < 0.4
    untouched = (out == clean).flatten(1).all(dim=1)
    assert untouched.float().mean() == pytest.approx(1 - float(changed), abs=0.03)


@pytest.mark.parametrize("step", STEPS)
def test_no_step_does_anything_at_chance_zero(step: str) -> None:
    images = smooth()
    out = getattr(field_module, step)(images, CALM, draw())
    torch.testing.assert_close(out, images, rtol=0, atol=1e-3)


@pytest.mark.parametrize("step", STEPS)
def test_the_same_seed_gives_the_same_batch(step: str) -> None:
    images, change = smooth(), getattr(field_module, step)
    always = dict.fromkeys(("side_light", "mask", "resolution", "blur", "noise", "jpeg"), 1.0)
    settings = dataclasses.replace(CALM, **always)
    first, again = (change(images, settings, draw(4)) for _ in range(2))
    assert torch.equal(first, again)
    assert not torch.equal(first, change(images, settings, draw(5)))
    assert not torch.equal(first, images)
    assert first.shape == images.shape
    assert first.min() >= 0
    assert first.max() <= 255


def test_noise_has_the_deviation_that_was_asked_for() -> None:
    grey = torch.full((2000, 1, 48, 48), 128.0)
    settings = dataclasses.replace(CALM, noise=1.0, noise_sd=12.0)
    sd = field_module.noise(grey, settings, draw()).std(dim=(1, 2, 3))
    assert sd.max() <= 12.6
    assert float(sd.mean()) == pytest.approx(6.0, abs=0.3)


@pytest.mark.parametrize("quality", [20, 50, 75, 95])
def test_jpeg_loses_what_a_jpeg_file_loses(quality: int) -> None:
    images = smooth(8)
    ours = field_module.compress(images, torch.full((8,), float(quality)), torch.zeros(2, 8).long())
    for one, image in zip(ours, images, strict=True):
        stream = io.BytesIO()
        Image.fromarray(image[0].numpy().astype(np.uint8)).save(stream, "JPEG", quality=quality)
        theirs = np.asarray(Image.open(stream), np.float32)
        difference = abs(one[0].numpy() - theirs)
        # libjpeg's integer transform rounds some coefficients to the next step of the table.
        assert difference.mean() <= 0.4
        assert np.quantile(difference, 0.9) <= 1  # such a block is 3 % of the picture
        lost = abs(image[0].numpy() - theirs).mean()
        assert abs(image[0].numpy() - one[0].numpy()).mean() == pytest.approx(lost, rel=0.1)


def test_blocks_begin_where_they_are_told_to() -> None:
    images = smooth(8) + 20 * torch.randn(8, 1, 48, 48, generator=draw())
    harsh = torch.full((8,), 5.0)
    for at in (0, 3, 7):
        out = field_module.compress(images, harsh, torch.full((2, 8), at))
        jumps = out.diff(dim=3).abs().mean(dim=(0, 1, 2))
        edges = torch.tensor([(column + 1 + at) % 8 == 0 for column in range(47)])
        assert jumps[edges].mean() > 1.5 * jumps[~edges].mean()


def test_reduction_leaves_no_more_than_its_pixels_hold() -> None:
    fine = torch.zeros(64, 1, 48, 48)
    fine[..., ::2] = 255
    settings = dataclasses.replace(CALM, resolution=1.0, resolution_range=(16, 16))
    out = field_module.resolution(fine, settings, draw())
    assert (out - 127.5).abs().max() <= 43  # thirds of stripes two pixels wide
    small = torch.nn.functional.interpolate(smooth(), (16, 16), mode="area")
    back = torch.nn.functional.interpolate(small, (48, 48), mode="bilinear")
    torch.testing.assert_close(field_module.resolution(smooth(), settings, draw()), back)


def test_blur_keeps_the_mean_and_motion_runs_along_a_line() -> None:
    dot = torch.zeros(200, 1, 48, 48)
    dot[:, :, 24, 24] = 255
    for change in ({"blur": 1.0}, {"motion": 1.0}):
        out = field_module.blur(dot, dataclasses.replace(CALM, **change), draw())
        torch.testing.assert_close(out.sum(dim=(1, 2, 3)), torch.full((200,), 255.0))
    y, x = torch.meshgrid(*[torch.arange(48.0) - 24] * 2, indexing="ij")
    weight = out[:, 0] / 255
    spread = [(weight * each).sum(dim=(1, 2)) for each in (x * x, x * y, y * y)]
    moments = torch.stack([spread[0], spread[1], spread[1], spread[2]], dim=1).view(-1, 2, 2)
    short, long = torch.linalg.eigvalsh(moments).unbind(dim=1)
    longest = long.argmax()
    assert long[longest] > 4 * short[longest]


def test_a_mask_covers_the_lower_face_and_glasses_the_eyes() -> None:
    images = torch.full((200, 1, 48, 48), 300.0)  # no cover has this level
    masked = field_module.cover(images, dataclasses.replace(CALM, mask=1.0), draw()) != 300
    rows = masked[:, 0, :, 0]
    assert rows[:, 33:].all()
    assert not rows[:, :25].any()
    worn = field_module.cover(images, dataclasses.replace(CALM, glasses=1.0), draw()) != 300
    rows = worn[:, 0, :, 0]
    assert rows[:, 17].all()  # the eyes of FER2013's mean face
    assert not rows[:, 27:].any()
    assert not rows[:, :9].any()


def test_side_light_darkens_one_side_more_than_the_other() -> None:
    images = torch.full((100, 1, 48, 48), 200.0)
    out = field_module.side_light(images, dataclasses.replace(CALM, side_light=1.0), draw())
    assert out.max() <= 200
    assert out.min() >= 200 * (1 - 0.7) - 1
    assert (out.amax(dim=(1, 2, 3)) - out.amin(dim=(1, 2, 3))).max() > 80


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ({"share": 1.5}, "field.share"),
        ({"noise_sd": -1}, "field.noise_sd"),
        ({"jpeg_quality": (0, 50)}, "field.jpeg_quality"),
        ({"jpeg_quality": (80, 50)}, "field.jpeg_quality"),
        ({"resolution_range": (16, 64)}, "field.resolution_range"),
        ({"motion_length": 20}, "field.motion_length"),
    ],
)
def test_impossible_settings_are_named(values: dict, key: str) -> None:
    with pytest.raises(ConfigError, match=key):
        Field(**values)
