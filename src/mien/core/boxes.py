"""Boxes: axis-aligned rectangles as ``(N, 4)`` float32 arrays, x1 y1 x2 y2 in pixels.

Boxes live in the coordinates of ``Faces``, where the picture spans ``[0, width] x [0, height]``:
an edge lies between pixels, pixel ``i`` covers the interval from ``i`` to ``i + 1`` and its centre
is at ``i + 0.5``. Landmarks share them, so scaling a picture by ``f`` is scaling both by ``f``;
``mien.core.alignment`` takes the half pixel off for the affines of a bundle.

Everything here is pure NumPy, and short enough to be written again in a browser.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mien.core.errors import InputError

Boxes = NDArray[np.float32]


def _boxes(name: str, value: ArrayLike) -> Boxes:
    array = np.asarray(value, dtype=np.float32)
    if array.size == 0:
        array = array.reshape(-1, 4)
    if array.ndim != 2 or array.shape[1] != 4:
        raise InputError(f"{name} must have shape (N, 4), x1 y1 x2 y2, got {array.shape}")
    if not np.isfinite(array).all():
        raise InputError(f"{name} must be finite; filter out NaN and infinite rows first")
    return array


def area(boxes: ArrayLike) -> NDArray[np.float32]:
    """``(N,)`` areas in square pixels; a box turned inside out has area 0.

    >>> area([[0, 0, 4, 3], [5, 5, 4, 9]]).tolist()
    [12.0, 0.0]
    """
    rows = _boxes("boxes", boxes)
    sides = np.maximum(rows[:, 2:] - rows[:, :2], 0)
    return sides[:, 0] * sides[:, 1]


def _intersection(a: Boxes, b: Boxes) -> NDArray[np.float32]:
    """Areas shared by boxes of two arrays that broadcast against one another on the left."""
    width = np.minimum(a[..., 2], b[..., 2]) - np.maximum(a[..., 0], b[..., 0])
    height = np.minimum(a[..., 3], b[..., 3]) - np.maximum(a[..., 1], b[..., 1])
    return np.maximum(width, 0) * np.maximum(height, 0)


def iou(a: ArrayLike, b: ArrayLike) -> NDArray[np.float32]:
    """``(N, M)`` intersection over union of every box of ``a`` with every box of ``b``.

    Two boxes without area have nothing in common: 0.

    >>> iou([[0, 0, 2, 2]], [[0, 0, 2, 1], [2, 0, 4, 2]]).tolist()
    [[0.5, 0.0]]
    """
    first, second = _boxes("a", a), _boxes("b", b)
    shared = _intersection(first[:, None], second[None, :])
    union = area(first)[:, None] + area(second)[None, :] - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)


def nms(
    boxes: ArrayLike,
    scores: ArrayLike,
    threshold: float,
    *,
    over: Literal["union", "smaller"] = "union",
) -> NDArray[np.int64]:
    """Greedy non-maximum suppression: indices of the kept boxes, highest score first.

    A box is dropped when it overlaps a kept one by more than ``threshold``. Equal scores keep
    the order they came in, so that every implementation answers the same.

    Args:
        boxes: ``(N, 4)`` boxes.
        scores: ``(N,)`` finite scores.
        threshold: Largest overlap two kept boxes may have, in [0, 1].
        over: What the shared area is divided by: the union, or the smaller of the two boxes,
            which also drops a box inside another (MTCNN's last step).

    Raises:
        InputError: If shapes disagree, a value is not finite or the threshold is outside [0, 1].
    """
    rows = _boxes("boxes", boxes)
    marks = np.asarray(scores, dtype=np.float32)
    if marks.shape != (len(rows),) or not np.isfinite(marks).all():
        raise InputError(f"scores must be {len(rows)} finite numbers, got shape {marks.shape}")
    if not 0 <= threshold <= 1:
        raise InputError(f"threshold must lie in [0, 1], got {threshold}")
    left = np.argsort(-marks, kind="stable")
    rows, areas = rows[left], area(rows)[left]
    kept: list[int] = []
    while len(left):
        kept.append(int(left[0]))
        shared = _intersection(rows[0], rows[1:])
        whole = (
            np.minimum(areas[0], areas[1:]) if over == "smaller" else areas[0] + areas[1:] - shared
        )
        # Multiplied, not divided: boxes without area overlap nothing and survive.
        stay = shared <= threshold * whole
        left, rows, areas = left[1:][stay], rows[1:][stay], areas[1:][stay]
    return np.array(kept, dtype=np.int64)


def clipped(boxes: ArrayLike, width: float, height: float) -> Boxes:
    """``(N, 4)`` boxes cut to a picture of ``width`` x ``height``.

    >>> clipped([[-3, 2, 5, 99]], 4, 10).tolist()
    [[0.0, 2.0, 4.0, 10.0]]
    """
    limit = np.array([width, height, width, height], dtype=np.float32)
    return np.clip(_boxes("boxes", boxes), np.float32(0), limit)


def squared(boxes: ArrayLike) -> Boxes:
    """``(N, 4)`` squares with the same centres, as wide as the longer side.

    >>> squared([[0, 0, 4, 2]]).tolist()
    [[0.0, -1.0, 4.0, 3.0]]
    """
    rows = _boxes("boxes", boxes)
    centre = (rows[:, :2] + rows[:, 2:]) / 2
    half = np.maximum(rows[:, 2:] - rows[:, :2], 0).max(axis=1, keepdims=True) / 2
    return np.concatenate([centre - half, centre + half], axis=1)
