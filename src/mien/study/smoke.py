"""Drawn faces whose mouth, brows and eyes show their label: for trying a study in seconds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mien.core.alignment import CROP
from mien.core.labels import LabelSpace, ferplus8
from mien.data.faceset import FaceSet

GENERATED = "generated faces"
"""What these samples are called as a data set."""

# Per label, by turns: how far the mouth's corners rise, how far it opens, how far the brows' inner
# ends fall, how far the eyes open; pixels.
_SHAPES = (
    (-3.0, 0.5, 3.0, 1.0),
    (-2.0, 1.5, 2.0, 0.5),
    (-1.0, 2.5, -3.0, 2.5),
    (4.0, 1.5, 0.0, 1.0),
    (-4.0, 0.0, -2.5, 0.8),
    (0.0, 5.0, -1.5, 3.0),
    (0.0, 0.0, 0.0, 1.5),
    (2.0, 0.0, 3.0, 1.5),
)


def generated_faces(
    per_label: int, splits: tuple[str, ...], space: LabelSpace, seed: int = 0
) -> FaceSet:
    """``per_label`` drawn faces of every label in every split, of varying place, size and light.

    Every eighth of a split's first label is there twice, so that what looks for twins finds some.
    Votes as of FER+ go with them: ten for one expression each, another one for each label.
    """
    rng = np.random.default_rng(seed)
    labels = np.tile(np.arange(len(space)), per_label * len(splits)).astype(np.int64)
    split_of = np.repeat(splits, per_label * len(space))
    images = np.stack([_face(_SHAPES[label % len(_SHAPES)], rng) for label in labels])
    for at in (np.flatnonzero((split_of == split) & (labels == 0)) for split in splits):
        images[at[1::8]] = images[at[: len(at[1::8])]]
    votes = np.zeros((len(labels), 10), np.int16)
    votes[np.arange(len(labels)), labels % len(ferplus8)] = 10
    return FaceSet(images, labels, split_of, space, GENERATED, votes=votes)


def _face(shape: tuple[float, float, float, float], rng: np.random.Generator) -> NDArray[np.uint8]:
    corners, opening, brows, eyes = shape
    y, x = np.mgrid[:CROP, :CROP].astype(np.float64)
    size, angle = rng.uniform(0.9, 1.1), rng.normal(0, 0.08)
    x, y = x - 23.5 - rng.normal(0, 1), y - 24 - rng.normal(0, 1)
    x, y = (
        (np.cos(angle) * x + np.sin(angle) * y) / size,
        (np.cos(angle) * y - np.sin(angle) * x) / size,
    )
    dark = np.zeros((CROP, CROP))
    for side in (-1, 1):
        across = side * x - 8.5
        dark = np.maximum(dark, _soft(1 - (across / 3.5) ** 2 - ((y + 7) / (0.7 + eyes)) ** 2))
        brow = y + 12.5 + eyes - brows * (0.5 - across / 8)
        dark = np.maximum(dark, _soft(1 - abs(brow) / 1.2) * (abs(across) < 5))
    mouth = y - 13 + corners * (x / 8) ** 2 - corners / 2
    dark = np.maximum(dark, _soft(1 - abs(mouth) / (1 + opening)) * (abs(x) < 8))
    skin = _soft(1 - (x / 19) ** 2 - (y / 23) ** 2)
    light = rng.uniform(110, 200)
    image = light * (0.3 + 0.7 * skin) * (1 - rng.uniform(0.5, 0.8) * dark)
    return np.clip(image + rng.normal(0, 6, image.shape), 0, 255).astype(np.uint8)


def _soft(inside: NDArray[np.float64]) -> NDArray[np.float64]:
    """1 well inside, 0 well outside, a slope between."""
    return np.clip(3 * inside, 0, 1)
