"""Many regions on one canvas, so that one call of the graph answers faces of many pictures.

Each region is cut with its own border: pixels beyond the picture repeat its edge, exactly as the
graph's border padding would, so packing never changes an answer.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mien.core.alignment import pixels_per_crop_pixel
from mien.core.crop import halved

Image = NDArray[np.uint8]

# Picture pixels per crop pixel above which a region is halved first: where the two samples of the
# crop lie two pixels apart (core.crop.SAMPLES, decision 0002).
LARGEST_STEP = 5.0

# The graph's coordinates are float32 fractions of the canvas; at this side a pixel position is
# exact to 1e-4 pixels.
LARGEST_SIDE = 2048


@dataclass(frozen=True)
class Region:
    """A cut-out of one picture with one face in it.

    Args:
        pixels: ``(h, w, 3)`` uint8.
        affine: ``(2, 3)`` float64, crop coordinates to pixels of the cut-out.
    """

    pixels: Image
    affine: NDArray[np.float64]


@dataclass(frozen=True)
class Canvas:
    """Regions side by side: what one call of the graph is given."""

    image: Image
    affines: NDArray[np.float32]


def cut(image: Image, affine: NDArray[np.floating]) -> Region:
    """Cut the pixels that a crop can touch out of ``image`` ``(H, W, 3)``."""
    (a, b, x), (c, d, y) = np.asarray(affine, dtype=np.float64).tolist()
    # One pixel for the bilinear neighbour, one for rounding.
    left, right = math.floor(x - abs(a) - abs(b)) - 1, math.ceil(x + abs(a) + abs(b)) + 2
    top, bottom = math.floor(y - abs(c) - abs(d)) - 1, math.ceil(y + abs(c) + abs(d)) + 2
    height, width = image.shape[:2]
    if left >= 0 and top >= 0 and right <= width and bottom <= height:
        pixels = image[top:bottom, left:right]
    else:
        rows = np.clip(np.arange(top, bottom), 0, height - 1)
        columns = np.clip(np.arange(left, right), 0, width - 1)
        pixels = image[rows[:, None], columns]
    return Region(pixels, np.array(((a, b, x - left), (c, d, y - top))))


def window(image: Image, affine: NDArray[np.floating]) -> tuple[Image, NDArray[np.float64]]:
    """The part of ``image`` that a crop and its halved copies can touch, and the moved affine.

    Unlike ``cut`` it never reaches beyond the picture, so its size is bounded by the picture's. It
    begins at even pixels: the halves of a picture do not depend on where the face is.
    """
    matrix = np.asarray(affine, dtype=np.float64)
    reach = abs(matrix[:, :2]).sum(axis=1)
    size = np.array(image.shape[1::-1])
    low = np.clip(np.floor(matrix[:, 2] - reach).astype(int) - 6, 0, size - 1) // 2 * 2
    high = np.clip(np.ceil(matrix[:, 2] + reach).astype(int) + 7, low + 1, size)
    moved = matrix.copy()
    moved[:, 2] -= low
    return image[low[1] : high[1], low[0] : high[0]], moved


def reduced(
    image: Image, affine: NDArray[np.floating], half: Callable[[Image], Image] = halved
) -> tuple[Image, NDArray[np.float64]]:
    """A picture halved around one face as often as its size asks for, and the affine into it.

    Args:
        image: ``(H, W, 3)`` uint8 RGB.
        affine: ``(2, 3)``, crop coordinates to picture pixels.
        half: Halves a picture; another way of it must agree with ``core.crop.halved``.
    """
    matrix = np.asarray(affine, dtype=np.float64)
    while pixels_per_crop_pixel(matrix[None])[0] > LARGEST_STEP:
        image, matrix = window(image, matrix)
        image, matrix = half(image), matrix / 2
        matrix[:, 2] -= 0.25  # pixel centres: 2 x + 0.5 of the picture is x of the half
    return image, matrix


def pack(regions: list[Region]) -> tuple[list[Canvas], NDArray[np.int64]]:
    """Lay regions out in rows on as few canvases as their sizes allow.

    Returns:
        The canvases, and ``order``: position in the concatenated affines of each region.
    """
    if len(regions) == 1:  # the live case: one face, no copy
        only = regions[0]
        canvas = Canvas(np.ascontiguousarray(only.pixels), only.affine[None].astype(np.float32))
        return [canvas], np.zeros(1, dtype=np.int64)
    by_height = sorted(range(len(regions)), key=lambda i: -regions[i].pixels.shape[0])
    area = sum(r.pixels.shape[0] * r.pixels.shape[1] for r in regions)
    widest = max((r.pixels.shape[1] for r in regions), default=1)
    target = int(min(max(widest, np.sqrt(area)), max(widest, LARGEST_SIDE)))
    canvases: list[Canvas] = []
    order = np.empty(len(regions), dtype=np.int64)
    placed: list[tuple[int, int, int]] = []
    x = y = row = 0

    def finish() -> None:
        if placed:
            canvases.append(_draw(regions, placed))
            placed.clear()

    for count, index in enumerate(by_height):
        height, width = regions[index].pixels.shape[:2]
        if x + width > target:
            x, y, row = 0, y + row, 0
        if placed and y + height > LARGEST_SIDE:
            finish()
            x = y = row = 0
        placed.append((index, x, y))
        order[index] = count
        x, row = x + width, max(row, height)
    finish()
    return canvases, order


def _draw(regions: list[Region], placed: list[tuple[int, int, int]]) -> Canvas:
    sizes = [(x + regions[i].pixels.shape[1], y + regions[i].pixels.shape[0]) for i, x, y in placed]
    image = np.zeros((max(h for _, h in sizes), max(w for w, _ in sizes), 3), dtype=np.uint8)
    affines = np.empty((len(placed), 2, 3), dtype=np.float32)
    for k, (index, x, y) in enumerate(placed):
        pixels = regions[index].pixels
        image[y : y + pixels.shape[0], x : x + pixels.shape[1]] = pixels
        moved = regions[index].affine.copy()
        moved[:, 2] += (x, y)
        affines[k] = moved
    return Canvas(image, affines)
