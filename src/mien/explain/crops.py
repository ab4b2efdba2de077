"""Between pictures, 48-pixel frames and the coarse maps of a network, in NumPy.

An explanation needs the pixels that the model was given, and a bundle keeps its crop inside the
graph. So the crop is written here a second time; a test holds it to the graph's.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mien.core.alignment import CROP, crop_coordinates, pixels_per_crop_pixel
from mien.core.errors import InputError
from mien.runtime.reducing import reduced

_GREY = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601, as the crop of the bundle


def face_crops(
    image: NDArray[np.uint8], affines: NDArray[np.floating], samples: int
) -> NDArray[np.uint8]:
    """Cut the faces of one picture as the crop of a bundle does.

    Grey levels are rounded, which the graph does not do: of the default model on the portrait,
    probabilities differ by less than 0.01.

    Args:
        image: ``(H, W, 3)`` uint8 RGB.
        affines: ``(N, 2, 3)``, crop coordinates to picture pixels.
        samples: Samples per frame pixel and axis.

    Returns:
        ``(N, 48, 48)`` uint8 grey levels.
    """
    frames = [_face_frame(image, affine, samples) for affine in affines]
    return np.array(frames, dtype=np.uint8).reshape(-1, CROP, CROP)


def _face_frame(
    image: NDArray[np.uint8], affine: NDArray[np.floating], samples: int
) -> NDArray[np.uint8]:
    picture, matrix = reduced(image, affine)
    spread = 1 - 1 / max(1.0, float(pixels_per_crop_pixel(matrix[None])[0]))
    offsets = ((np.arange(samples) + 0.5) / samples - 0.5) * 2 / CROP * spread
    u = (crop_coordinates(np.arange(CROP))[:, None] + offsets).reshape(-1)
    across, down = np.meshgrid(u, u)
    x, y = (row[0] * across + row[1] * down + row[2] for row in matrix)
    seen = _bilinear(picture.astype(np.float64) @ _GREY, x, y)
    means = seen.reshape(CROP, samples, CROP, samples).mean(axis=(1, 3))
    return np.rint(means).clip(0, 255).astype(np.uint8)


def _bilinear(
    grey: NDArray[np.float64], x: NDArray[np.float64], y: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Values between pixel centres; beyond the picture its edge goes on."""
    height, width = grey.shape
    x, y = x.clip(0, width - 1), y.clip(0, height - 1)
    left, top = np.floor(x).astype(int), np.floor(y).astype(int)
    right, bottom = np.minimum(left + 1, width - 1), np.minimum(top + 1, height - 1)
    a, b = x - left, y - top
    upper = grey[top, left] * (1 - a) + grey[top, right] * a
    lower = grey[bottom, left] * (1 - a) + grey[bottom, right] * a
    return upper * (1 - b) + lower * b


def onto_crop(maps: NDArray[np.floating], input_size: int) -> NDArray[np.float32]:
    """Lay maps of what the network sees over the frame; what it does not see is 0.

    Coarse maps are interpolated bilinearly, finer ones are averaged.

    Args:
        maps: ``(N, h, w)`` over the region that the network sees.
        input_size: Side of what its trunk is given: up to 48 the central part of the frame, above
            it the whole frame, enlarged (``mien.models.network``).

    Returns:
        ``(N, 48, 48)`` float32.

    Raises:
        InputError: If ``maps`` has another shape or no cell.
    """
    if maps.ndim != 3 or 0 in maps.shape[1:]:
        raise InputError(f"maps must have shape (N, h, w) with h, w > 0, got {maps.shape}")
    side, margin = seen_square(input_size)
    rows, columns = (_resampling(side, n) for n in maps.shape[1:])
    out = np.zeros((len(maps), CROP, CROP), dtype=np.float32)
    inside = slice(margin, margin + side)
    out[:, inside, inside] = np.einsum("yh,nhw,xw->nyx", rows, maps, columns)
    return out


def seen_square(input_size: int) -> tuple[int, int]:
    """Side of the square of the frame that a network sees, and its distance from the edge."""
    side = min(input_size, CROP)
    return side, (CROP - side) // 2


def _resampling(to: int, count: int) -> NDArray[np.float64]:
    """``(to, count)`` weights of a triangle filter, edges repeated (Pillow's BILINEAR)."""
    scale = count / to
    centres = (np.arange(to) + 0.5) * scale - 0.5
    reach = max(1.0, scale)
    weights = np.maximum(0, 1 - abs(centres[:, None] - np.arange(count)) / reach)
    return weights / weights.sum(axis=1, keepdims=True)


def one_cell(method: str) -> str:
    """The message for a network whose last maps are 1x1."""
    return (
        f"{method} shows places of the last maps, and those of this network are 1x1: every place "
        "would look the same. Use saliency (of a run) or occlusion, or train with a larger "
        "network.input_size"
    )


def checked_crops(frames: ArrayLike) -> NDArray[np.uint8]:
    """The same frames; raises ``InputError`` unless they are ``(N, 48, 48)`` uint8."""
    array = np.asarray(frames)
    if array.dtype != np.uint8 or array.ndim != 3 or array.shape[1:] != (CROP, CROP):
        raise InputError(
            f"frames must be uint8 (N, {CROP}, {CROP}) grey levels, got {array.dtype} {array.shape}"
        )
    return array
