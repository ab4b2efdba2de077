"""The frame in NumPy: exact on frames, equal to the graph's crop, repeated at the edges."""

from __future__ import annotations

import numpy as np
import pytest

from made_pictures import scene
from mien.core.alignment import box_affines, identity_affines
from mien.core.crop import cropped
from mien.core.errors import InputError


def grey_rgb(image: np.ndarray) -> np.ndarray:
    return np.repeat(image[..., None], 3, axis=2)


def test_the_identity_gives_the_frame_back():
    frame = np.random.default_rng(0).integers(0, 256, (48, 48), np.uint8)
    assert np.array_equal(cropped(grey_rgb(frame), identity_affines(1)[0]), frame)


def test_whole_blocks_are_averaged():
    frame = np.random.default_rng(1).integers(0, 256, (48, 48), np.uint8)
    large = np.kron(frame, np.ones((8, 8), np.uint8))
    crop = cropped(grey_rgb(large), identity_affines(1, 48 * 8)[0])
    assert abs(crop.astype(int) - frame).max() <= 20  # samples near an edge see the neighbour
    flat = np.full((300, 300, 3), 77, np.uint8)
    assert (cropped(flat, box_affines([[10, 20, 290, 280]])[0]) == 77).all()


def test_fine_stripes_do_not_turn_into_coarse_ones():
    stripes = np.zeros((960, 960), np.uint8)
    stripes[:, ::2] = 200
    assert abs(cropped(grey_rgb(stripes), identity_affines(1, 960)[0]).astype(int) - 100).max() <= 6


@pytest.mark.parametrize(
    "box", [[10, 5, 58, 53], [0, 0, 150, 150], [-20, -30, 60, 50], [20.3, 10.8, 71.5, 64.1]]
)
def test_the_graph_cuts_the_same(box):
    torch = pytest.importorskip("torch")
    from mien.models.crop import FaceCrop

    image = scene(160, 170)
    affine = box_affines([box])
    with torch.no_grad():
        graph = FaceCrop()(torch.from_numpy(image), torch.from_numpy(affine).float())[0, 0].numpy()
    assert abs(cropped(image, affine[0]).astype(np.float64) - graph).max() < 0.51


def test_beyond_the_picture_its_edge_is_repeated():
    image = np.full((20, 20, 3), 30, np.uint8)
    image[:, 0] = 200
    crop = cropped(image, box_affines([[-96, -10, 0, 86]])[0])
    assert (crop == 200).all()


def test_other_sides():
    frame = np.random.default_rng(2).integers(0, 256, (20, 20), np.uint8)
    assert np.array_equal(cropped(grey_rgb(frame), identity_affines(1, 20)[0], 20), frame)


@pytest.mark.parametrize(
    ("affine", "reason"),
    [
        (np.zeros((2, 3)), "must keep an area"),
        (np.full((2, 3), np.nan), "finite"),
        (np.eye(3), "must be"),
    ],
)
def test_impossible_affines_are_refused(affine, reason):
    with pytest.raises(InputError, match=reason):
        cropped(scene(), affine)
