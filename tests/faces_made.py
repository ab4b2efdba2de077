"""Generated faces for the tests of ``mien.data``: noise with labels, no picture of a person."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mien.core.labels import LabelSpace, fer7
from mien.data.faceset import FaceSet

SIDE = 48


def made_faces(
    labels: list[int] | None = None,
    splits: list[str] | None = None,
    *,
    space: LabelSpace = fer7,
    side: int = SIDE,
    seed: int = 0,
    images: np.ndarray | None = None,
) -> FaceSet:
    """Rows of distinct noise; by default one of each label, all Training."""
    given = list(range(len(space))) if labels is None else labels
    noise = np.random.default_rng(seed).integers(0, 256, (len(given), side, side), np.uint8)
    return FaceSet(
        images=noise if images is None else images,
        labels=np.array(given, dtype=np.int64),
        splits=np.array(splits or ["Training"] * len(given), dtype=np.str_),
        space=space,
        source="made",
    )


def twinned(rows: list[int], labels: list[int], splits: list[str] | None = None) -> FaceSet:
    """Rows of equal number have equal pixels."""
    noise = np.random.default_rng(7).integers(0, 256, (max(rows, default=0) + 1, 4, 4), np.uint8)
    return made_faces(labels, splits, images=noise[rows])


def pixel_text(image: np.ndarray) -> str:
    """Pixels as the challenge writes them."""
    return " ".join(str(level) for level in image.ravel())


def table_text(faces: FaceSet, header: str = "emotion,pixels,Usage") -> str:
    """The challenge's table, written without ``mien.data.writers``."""
    rows = [
        f"{label},{pixel_text(image)},{usage}"
        for label, image, usage in zip(faces.labels, faces.images, faces.splits, strict=True)
    ]
    return "\n".join([header, *rows]) + "\n"


def save_picture(path: Path, array: np.ndarray) -> Path:
    """Write an array as a picture, its folders too."""
    from PIL import Image

    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path)
    return path


def same_rows(one: FaceSet, other: FaceSet) -> bool:
    """Pixels, labels, splits and space are equal, in order."""
    return (
        np.array_equal(one.images, other.images)
        and np.array_equal(one.labels, other.labels)
        and np.array_equal(one.splits, other.splits)
        and one.space == other.space
    )
