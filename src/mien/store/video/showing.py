"""Decoded pictures as players show them: square pixels, turned and mirrored as the file asks."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

from mien.core.errors import VideoDecodeError

if TYPE_CHECKING:
    from av.sidedata.sidedata import SideDataContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream


class Display:
    """How the pictures of a stream are shown.

    Args:
        stream: The stream, whose container may give the shape of its pixels.
    """

    def __init__(self, stream: VideoStream) -> None:
        self._stream = stream
        self._coded = stream.codec_context.sample_aspect_ratio

    def image(self, picture: VideoFrame, max_pixels: int) -> NDArray[np.uint8]:
        """``(H, W, 3)`` uint8 RGB; the shorter side of a pixel is stretched, so none is lost.

        Raises:
            VideoDecodeError: If it has more than ``max_pixels``.
        """
        matrix = _matrix(picture)
        width, height = picture.width, picture.height
        check_size(width, height, max_pixels)
        aspect = self._pixel_aspect()
        if aspect > 1:
            width = round(width * aspect)
        else:
            height = round(height / aspect)
        check_size(width, height, max_pixels)
        if (width, height) != (picture.width, picture.height):
            picture = picture.reformat(width, height, "rgb24", interpolation="BICUBIC")
        image = picture.to_ndarray(format="rgb24").astype(np.uint8, copy=False)
        return np.ascontiguousarray(turned(image, matrix))

    def _pixel_aspect(self) -> float:
        """Width of a pixel over its height: the container's word, unless the codec's changes."""
        coded = self._stream.codec_context.sample_aspect_ratio
        aspect = self._stream.sample_aspect_ratio
        if coded and (not aspect or (self._coded and coded != self._coded)):
            aspect = coded
        return float(aspect) if aspect and aspect > 0 else 1.0


def turned(image: NDArray[np.uint8], matrix: tuple[int, ...] | None) -> NDArray[np.uint8]:
    """A stored picture as its display matrix shows it, to the nearest of the eight orientations.

    Args:
        image: ``(H, W, 3)``, as stored.
        matrix: ``a b u c d v x y w`` of ISO 14496-12: x' = ax + cy, y' = bx + dy; None = upright.
    """
    if matrix is None:
        return image
    a, b, _, c, d = matrix[:5]
    if abs(a) + abs(d) < abs(b) + abs(c):
        image, a, d = image.transpose(1, 0, 2), c, b
    return image[:: -1 if d < 0 else 1, :: -1 if a < 0 else 1]


def _matrix(picture: VideoFrame) -> tuple[int, ...] | None:
    found = cast("SideDataContainer", picture.side_data)  # its own stub knows motion vectors only
    if not any(each.type.name == "DISPLAYMATRIX" for each in found):
        return None
    return struct.unpack("=9i", bytes(found["DISPLAYMATRIX"])[:36])


def check_size(width: int, height: int, max_pixels: int) -> None:
    """Refuse frames of more pixels than the limit."""
    if width * height > max_pixels:
        raise VideoDecodeError(
            f"a frame has {width * height / 1e6:.1f} megapixels, more than the limit of "
            f"{max_pixels / 1e6:.1f}; scale the video down, or raise the limit"
        )
