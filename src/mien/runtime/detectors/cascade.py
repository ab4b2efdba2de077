"""The box arithmetic between MTCNN's three networks: no picture is touched here.

Source: Zhang et al., "Joint Face Detection and Alignment Using Multitask Cascaded Convolutional
Networks", IEEE SPL 23(10), 2016; overlaps as in its public implementations.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mien.core.boxes import nms, squared

Array = NDArray[np.float32]
Size = tuple[int, int]
"""Height and width."""

WINDOW, STRIDE = 12, 2
"""P-Net's window and its step, in pixels of a level."""

REFINE_SIDE, CONFIRM_SIDE = 24, 48
"""Side of what R-Net and O-Net look at, in pixels."""

FACTOR = 0.709
"""From one level of the pyramid to the next: about half the pixels."""

SAME_LEVEL, ACROSS_LEVELS, REFINED, CONFIRMED = 0.5, 0.7, 0.7, 0.7
"""Largest overlap of what is kept after each step; in the last one, over the smaller box."""

APART = 0.4
"""Boxes that overlap more are taken for the same face until O-Net has seen the best of them."""

PLAUSIBLE, CLOSER = 0.6, 0.8
"""O-Net's probability from which a box is looked at again, and how much closer."""

PER_LEVEL, PER_PICTURE, PER_CONFIRMATION = 200, 300, 128
"""Most candidates of a level, for R-Net and for O-Net, so that a texture has a bounded cost."""

SHARPNESS = 1.5
"""Least source pixels per pixel that a network looks at. Both networks need sharp pictures: on 200
enlarged faces of FER2013 the share found is 0.59, 0.70, 0.82, 0.87, 0.88 at 0.5, 0.7, 1, 1.5, 2."""


class Found(NamedTuple):
    """N faces on their way through the cascade.

    Args:
        boxes: ``(N, 4)``.
        scores: ``(N,)``.
        landmarks: ``(N, 5, 2)``.
    """

    boxes: Array
    scores: Array
    landmarks: Array

    @classmethod
    def none(cls) -> Found:
        """No face."""
        return cls(*(np.zeros((0, *shape), np.float32) for shape in ((4,), (), (5, 2))))

    def and_also(self, more: Found) -> Found:
        """These faces, then those of ``more``."""
        return Found(*(np.concatenate(columns) for columns in zip(self, more, strict=True)))

    def above(self, threshold: float) -> Found:
        """Those that score ``threshold`` or more."""
        return Found(*(column[self.scores >= threshold] for column in self))

    def wide(self, least: float) -> Found:
        """Those whose longer side is ``least`` pixels or more."""
        sides = (self.boxes[:, 2:] - self.boxes[:, :2]).max(axis=1, initial=0)
        return Found(*(column[sides >= least] for column in self))

    def distinct(self) -> Found:
        """One box per face, best score first."""
        kept = nms(self.boxes, self.scores, CONFIRMED, over="smaller")
        return Found(*(column[kept] for column in self))


class Candidates(NamedTuple):
    """N boxes that may hold a face, with the corrections that a network asks for.

    Args:
        boxes: ``(N, 4)``.
        scores: ``(N,)``.
        offsets: ``(N, 4)``, in widths and heights of the boxes.
    """

    boxes: Array
    scores: Array
    offsets: Array

    @classmethod
    def none(cls) -> Candidates:
        """No box."""
        return cls(*(np.zeros((0, *shape), np.float32) for shape in ((4,), (), (4,))))


def pyramid(size: Size, min_face: float) -> list[Size]:
    """Sizes of P-Net's levels, largest first; empty if the picture is smaller than a face.

    Args:
        size: Height and width of the picture.
        min_face: Side in pixels of the smallest face to be found.

    >>> pyramid((48, 96), 40)
    [(14, 29)]
    """
    sizes: list[Size] = []
    scale = WINDOW / min_face
    while min(size) * scale >= WINDOW:
        sizes.append((round(size[0] * scale), round(size[1] * scale)))
        scale *= FACTOR
    return sizes


def proposals(probability: Array, offsets: Array, scale: Array, threshold: float) -> Candidates:
    """Windows of one level that may hold a face, in pixels of the picture.

    Args:
        probability: ``(rows, columns)``.
        offsets: ``(rows, columns, 4)``.
        scale: ``(2,)`` level pixels per picture pixel, x and y.
        threshold: Least probability.
    """
    rows, columns = np.nonzero(probability >= threshold)
    scores = probability[rows, columns]
    if len(scores) > PER_LEVEL:
        best = np.sort(np.argsort(-scores, kind="stable")[:PER_LEVEL])
        rows, columns, scores = rows[best], columns[best], scores[best]
    corner = np.stack([columns, rows], axis=1).astype(np.float32) * STRIDE
    windows = np.concatenate([corner, corner + WINDOW], axis=1) / np.tile(scale, 2)
    kept = nms(windows, scores, SAME_LEVEL)
    return Candidates(windows[kept], scores[kept], offsets[rows[kept], columns[kept]])


def moved(boxes: Array, offsets: Array) -> Array:
    """Boxes with their edges moved by ``offsets``, in widths and heights of the boxes."""
    sides = boxes[:, 2:] - boxes[:, :2]
    return np.asarray(boxes + offsets * np.tile(sides, 2), dtype=np.float32)


def landmarks_in(boxes: Array, points: Array) -> Array:
    """``(N, 5, 2)`` points given as fractions of boxes, in pixels."""
    sides = boxes[:, 2:] - boxes[:, :2]
    return np.asarray(boxes[:, None, :2] + points * sides[:, None], dtype=np.float32)


def closer(boxes: Array) -> Array:
    """Squares around the same centres, ``CLOSER`` times the longer side.

    >>> closer(np.array([[0, 0, 10, 20]], dtype=np.float32)).tolist()
    [[-3.0, 2.0, 13.0, 18.0]]
    """
    square = squared(boxes)
    centre = (square[:, :2] + square[:, 2:]) / 2
    half = (square[:, 2:] - square[:, :2]) / 2 * CLOSER
    return np.concatenate([centre - half, centre + half], axis=1, dtype=np.float32)


def sources(boxes: Array, scales: Array, side: int) -> NDArray[np.int64]:
    """For each square, the smallest picture of the pyramid that is still sharp enough.

    Sampling a large face from a small level costs little and needs few samples against aliasing.

    Args:
        boxes: ``(N, 4)`` squares in pixels of the picture.
        scales: Pixels of each level per picture pixel, falling; the first is the picture, 1.
        side: Pixels the network looks at.

    >>> faces = np.array([[0, 0, 24, 24], [0, 0, 200, 200]], dtype=np.float32)
    >>> sources(faces, np.array([1, 0.3, 0.2], dtype=np.float32), 24).tolist()
    [0, 2]
    """
    needed = SHARPNESS * side / np.maximum(boxes[:, 2] - boxes[:, 0], 1e-6)
    return np.maximum((scales >= needed[:, None]).sum(axis=1) - 1, 0)
