"""From faces to affines: where in the picture the model's 48-pixel crop lies.

An affine ``(2, 3)`` maps crop coordinates in [-1, 1] (the outer edges of the crop)
to picture coordinates whose pixel centres are integers. Boxes and landmarks use the coordinates
of ``Faces``: the picture spans [0, width] x [0, height], so a pixel centre lies at i + 0.5.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mien.core.errors import InputError
from mien.core.faces import Faces

CROP = 48
"""Side of the model's crop in pixels: FER2013's own."""

TEMPLATE = np.array([[15.0, 17.0], [32.0, 17.0], [23.5, 37.0]])
"""Left eye, right eye and mouth centre in the crop, pixel centres at integers.

Measured on the mean face of FER2013."""

BOX_SCALE = 1.0
"""Side of the crop over the mean side of a detector's box, where landmarks are missing."""

# A landmark crop this much larger or smaller than its box is a failed landmark, not a face:
# on upright faces the two agree within a fifth.
_PLAUSIBLE = 2.5


def crop_coordinates(points: ArrayLike) -> NDArray[np.float64]:
    """Crop pixels (pixel centres at integers) to crop coordinates in [-1, 1]."""
    return (2 * np.asarray(points, dtype=np.float64) + 1) / CROP - 1


def identity_affines(n: int, side: int = CROP) -> NDArray[np.float32]:
    """``(n, 2, 3)`` affines that take a whole square picture of ``side`` pixels as the crop.

    >>> identity_affines(1)[0].tolist()
    [[24.0, 0.0, 23.5], [0.0, 24.0, 23.5]]
    """
    half = side / 2
    one = np.array([[half, 0, half - 0.5], [0, half, half - 0.5]], dtype=np.float32)
    return np.tile(one, (n, 1, 1))


def mirrored(affines: NDArray[np.floating]) -> NDArray[np.floating]:
    """``(..., 2, 3)`` affines of the same crops, left and right exchanged."""
    return affines * np.array([-1, 1, 1], dtype=affines.dtype)


def landmark_affines(landmarks: ArrayLike, template: ArrayLike = TEMPLATE) -> NDArray[np.float64]:
    """Least-squares similarity from both eyes and the mouth centre; the nose is not used.

    Args:
        landmarks: ``(N, 5, 2)`` in the coordinates of ``Faces``.
        template: ``(3, 2)`` where they lie in the crop, pixel centres at integers.

    Returns:
        ``(N, 2, 3)``; NaN where a landmark is.

    Raises:
        InputError: If the shape is not ``(N, 5, 2)``.

    Source: Umeyama, PAMI 1991, here for 2-D points without reflection, as complex numbers.
    """
    points = np.asarray(landmarks, dtype=np.float64)
    if points.ndim != 3 or points.shape[1:] != (5, 2):
        raise InputError(f"landmarks must have shape (N, 5, 2), got {points.shape}")
    goal = np.asarray(template, dtype=np.float64)
    fit = _fit(goal.tobytes())
    return (points[:, _USED].reshape(-1, 8) @ fit[:8] + fit[8]).reshape(-1, 2, 3)


_USED = (0, 1, 3, 4)  # both eyes, both corners of the mouth


@lru_cache(maxsize=16)
def _fit(template: bytes) -> NDArray[np.float64]:
    """``(9, 6)``: what each used coordinate, and 1, adds to the affine.

    The least-squares similarity is linear in the points it is fitted to: fitting it to each unit
    vector once gives the matrix that does it for all faces.
    """
    here = crop_coordinates(np.frombuffer(template).reshape(3, 2)) @ np.array([1, 1j])
    spread = here - here.mean()
    used = np.concatenate([np.eye(8), np.zeros((1, 8))]).reshape(9, 4, 2)
    anchors = np.stack([used[:, 0], used[:, 1], used[:, 2:].mean(axis=1)], axis=1)
    anchors[8] -= 0.5
    goal = anchors[..., 0] + 1j * anchors[..., 1]
    turn = (goal * spread.conj()).sum(axis=1) / (abs(spread) ** 2).sum()
    move = goal.mean(axis=1) - turn * here.mean()
    rows = (turn.real, -turn.imag, move.real, turn.imag, turn.real, move.imag)
    return np.stack(rows, axis=1)


def box_affines(boxes: ArrayLike, scale: float = BOX_SCALE) -> NDArray[np.float64]:
    """Upright square of ``scale`` times the mean side, on each box's centre: ``(N, 2, 3)``."""
    box = np.asarray(boxes, dtype=np.float64).reshape(-1, 4)
    half = (box[:, 2] - box[:, 0] + box[:, 3] - box[:, 1]) / 4 * scale
    zero = np.zeros_like(half)
    x, y = (box[:, 0] + box[:, 2]) / 2 - 0.5, (box[:, 1] + box[:, 3]) / 2 - 0.5
    return np.moveaxis(np.array(((half, zero, x), (zero, half, y))), -1, 0)


def pixels_per_crop_pixel(affines: ArrayLike) -> NDArray[np.float64]:
    """``(N,)`` picture pixels that one crop pixel covers along a side (s of DESIGN 4)."""
    a = np.asarray(affines, dtype=np.float64)
    determinant = a[:, 0, 0] * a[:, 1, 1] - a[:, 0, 1] * a[:, 1, 0]
    return np.sqrt(abs(determinant)) * 2 / CROP


def face_affines(
    faces: Faces, box_scale: float = BOX_SCALE, template: ArrayLike = TEMPLATE
) -> NDArray[np.float32]:
    """The crop of each face: from its landmarks where they are plausible, else from its box.

    Args:
        faces: The faces.
        box_scale: Side of the crop over the mean side of a box.
        template: ``(3, 2)`` eyes and mouth centre in the crop.

    Returns:
        ``(N, 2, 3)`` float32.
    """
    affines = box_affines(faces.boxes, box_scale)
    from_points = landmark_affines(faces.landmarks, template)
    half = affines[:, 0, 0]
    ratio = np.hypot(from_points[:, 0, 0], from_points[:, 1, 0]) / np.maximum(half, 1e-5)
    plausible = (ratio > 1 / _PLAUSIBLE) & (ratio < _PLAUSIBLE)
    # A box without area has no crop; half a pixel keeps the affine invertible.
    affines[half <= 0, [[0], [1]], [[0], [1]]] = 0.5
    affines[plausible] = from_points[plausible]
    return affines.astype(np.float32)
