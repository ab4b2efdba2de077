"""Faces are cut as the bundle cuts them, and coarse maps land where they belong."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from made_pictures import scene
from mien.core.alignment import identity_affines
from mien.core.errors import InputError
from mien.explain.crops import checked_crops, face_crops, onto_crop, seen_square
from mien.models import FaceCrop


def test_a_frame_is_itself():
    grey = np.random.default_rng(0).integers(0, 256, (48, 48)).astype(np.uint8)
    picture = np.repeat(grey[..., None], 3, axis=2)
    assert face_crops(picture, identity_affines(1), 2).tolist() == [grey.tolist()]


@pytest.mark.parametrize("samples", [1, 2, 4])
def test_cuts_as_the_crop_of_the_bundle(samples: int):
    """Turned, small, mirrored, and reaching beyond the picture; up to 4.6 pixels per pixel."""
    picture = scene(240, 320)
    affines = np.array(
        [
            [[60, 7, 100], [-7, 60, 70]], [[20, 0, 5], [0, 20, 235]],
            [[-90, 0, 110], [0, 90, 75]], [[110, 5, 160], [-5, 110, 120]],
        ],
        dtype=np.float32,
    )  # fmt: skip
    expected = FaceCrop(samples)(torch.from_numpy(picture), torch.from_numpy(affines))[:, 0]
    found = face_crops(picture, affines, samples)
    assert abs(found - expected.numpy()).max() < 0.51  # rounded, otherwise equal


@pytest.mark.parametrize("size", [959, 960, 1921])
def test_large_faces_are_halved_first(size: int):
    """A smooth picture looks the same at every size."""
    ramp = np.linspace(0, 255, size)
    picture = np.repeat((ramp[None, :] * 0.5 + ramp[:, None] * 0.5)[..., None], 3, axis=2)
    (found,) = face_crops(picture.astype(np.uint8), identity_affines(1, size), 2)
    small = np.linspace(0, 255, 97)[1::2]
    expected = small[None, :] * 0.5 + small[:, None] * 0.5
    assert abs(found - expected).max() < 2


def test_no_face_no_frame():
    assert face_crops(scene(), np.zeros((0, 2, 3)), 2).shape == (0, 48, 48)


@pytest.mark.parametrize(
    ("size", "square"), [(44, (44, 2)), (48, (48, 0)), (47, (47, 0)), (96, (48, 0)), (24, (24, 12))]
)
def test_what_is_seen_of_the_frame(size: int, square: tuple[int, int]):
    assert seen_square(size) == square


@pytest.mark.parametrize(
    ("size", "cells"), [(44, 6), (44, 44), (48, 3), (48, 48), (96, 96), (96, 7)]
)
def test_a_constant_stays_one_inside_and_is_nothing_outside(size: int, cells: int):
    found = onto_crop(np.ones((2, cells, cells)), size)
    side, margin = seen_square(size)
    assert found.shape == (2, 48, 48)
    np.testing.assert_allclose(
        found[:, margin : margin + side, margin : margin + side], 1, rtol=1e-6
    )
    assert found.sum() == pytest.approx(2 * side * side)


def test_maps_of_the_frames_own_resolution_are_only_moved():
    maps = np.random.default_rng(0).normal(size=(2, 44, 44)).astype(np.float32)
    np.testing.assert_allclose(onto_crop(maps, 44)[:, 2:46, 2:46], maps, rtol=1e-6)


@pytest.mark.parametrize("size", [44, 48, 96])
def test_a_cell_lands_where_it_was_seen(size: int):
    maps = np.zeros((1, 4, 4))
    maps[0, 1, 2] = 1
    (found,) = onto_crop(maps, size)
    side, margin = seen_square(size)
    weights = found / found.sum()
    centre = (weights * np.arange(48)[:, None]).sum(), (weights * np.arange(48)).sum()
    expected = [margin + (cell + 0.5) * side / 4 - 0.5 for cell in (1, 2)]
    assert centre == pytest.approx(expected, abs=0.7)


def test_upsampling_agrees_with_torch():
    maps = np.random.default_rng(1).normal(size=(1, 6, 5)).astype(np.float32)
    expected = torch.nn.functional.interpolate(
        torch.from_numpy(maps)[None], (48, 48), mode="bilinear", align_corners=False
    )
    np.testing.assert_allclose(onto_crop(maps, 48), expected[0].numpy(), atol=1e-5)


@pytest.mark.parametrize("maps", [np.zeros((2, 3)), np.zeros((1, 0, 4))])
def test_other_shapes_of_maps_are_refused(maps: np.ndarray):
    with pytest.raises(InputError, match=r"maps must have shape"):
        onto_crop(maps, 44)


@pytest.mark.parametrize(
    "frames", [np.zeros((48, 48), np.uint8), np.zeros((1, 48, 48)), np.zeros((1, 44, 44), np.uint8)]
)
def test_other_frames_are_refused(frames: np.ndarray):
    with pytest.raises(InputError, match="crops must be uint8"):
        checked_crops(frames)
