"""Between pictures, 48-pixel crops and the coarse maps of a network, in NumPy.

An explanation needs the pixels that the model was given, and a bundle keeps its crop inside the
graph, so they are cut in NumPy; tests hold that to the graph.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mien.core.alignment import CROP
from mien.core.crop import cropped
from mien.core.errors import InputError
from mien.runtime.packing import reduced


def face_crops(
    image: NDArray[np.uint8], affines: NDArray[np.floating], samples: int
) -> NDArray[np.uint8]:
    """Cut the faces of one picture as the crop of a bundle does.

    Grey levels are rounded, which the graph does not do: of the default model on the portrait,
    probabilities differ by less than 0.01.

    Args:
        image: ``(H, W, 3)`` uint8 RGB.
        affines: ``(N, 2, 3)``, crop coordinates to picture pixels.
        samples: Samples per crop pixel and axis.

    Returns:
        ``(N, 48, 48)`` uint8 grey levels.
    """
    crops = [cropped(*reduced(image, affine), samples=samples) for affine in affines]
    return np.array(crops, dtype=np.uint8).reshape(-1, CROP, CROP)


def onto_crop(maps: NDArray[np.floating], input_size: int) -> NDArray[np.float32]:
    """Lay maps of what the network sees over the crop; what it does not see is 0.

    Coarse maps are interpolated bilinearly, finer ones are averaged.

    Args:
        maps: ``(N, h, w)`` over the region that the network sees.
        input_size: Side of what its trunk is given: up to 48 the central part of the crop, above
            it the whole crop, enlarged (``mien.models.network``).

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
    """Side of the square of the crop that a network sees, and its distance from the edge."""
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


def checked_crops(crops: ArrayLike) -> NDArray[np.uint8]:
    """The same crops; raises ``InputError`` unless they are ``(N, 48, 48)`` uint8."""
    array = np.asarray(crops)
    if array.dtype != np.uint8 or array.ndim != 3 or array.shape[1:] != (CROP, CROP):
        raise InputError(
            f"crops must be uint8 (N, {CROP}, {CROP}) grey levels, got {array.dtype} {array.shape}"
        )
    return array
