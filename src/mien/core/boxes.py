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


_OUTWARD = np.array([-1, -1, 1, 1], dtype=np.float32)
"""Turns x1 y1 x2 y2 so that outward is up on all sides: an intersection is then one minimum."""


def _shared_area(a: Boxes, b: Boxes) -> NDArray[np.float32]:
    """Areas shared by boxes times ``_OUTWARD``, which broadcast against one another."""
    inner = np.minimum(a, b)
    sides = np.maximum(inner[..., :2] + inner[..., 2:], 0)
    return sides[..., 0] * sides[..., 1]


def iou(a: ArrayLike, b: ArrayLike) -> NDArray[np.float32]:
    """``(N, M)`` intersection over union of every box of ``a`` with every box of ``b``.

    Two boxes without area have nothing in common: 0.

    >>> iou([[0, 0, 2, 2]], [[0, 0, 2, 1], [2, 0, 4, 2]]).tolist()
    [[0.5, 0.0]]
    """
    first, second = _boxes("a", a), _boxes("b", b)
    shared = _shared_area((first * _OUTWARD)[:, None], second * _OUTWARD)
    union = area(first)[:, None] + area(second)[None, :] - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)


_AT_ONCE = 64
"""Boxes whose overlaps with all others ``nms`` works out in one step."""


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
    areas, outward = area(rows)[left], (rows * _OUTWARD)[left]
    kept: list[int] = []
    while len(left):
        first = slice(min(_AT_ONCE, len(left)))
        shared = _shared_area(outward[first, None], outward)
        if over == "smaller":
            whole = np.minimum(areas[first, None], areas)
        else:
            whole = areas[first, None] + areas - shared
        # Multiplied, not divided: boxes without area overlap nothing and survive.
        apart = shared <= threshold * whole
        free = np.ones(len(left), dtype=np.bool_)
        for i, beside in enumerate(apart):
            if free[i]:
                kept.append(int(left[i]))
                free &= beside
        free[first] = False
        left, outward, areas = left[free], outward[free], areas[free]
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
