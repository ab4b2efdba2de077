"""From decoded pictures to upright RGB: modes, orientations, and Pillow's remarks."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mien.core.errors import ImageDecodeError

if TYPE_CHECKING:
    from PIL.Image import Image

_STRIP = 1 << 18  # pixels converted at a time: fits the cache, and only one full copy is made
_MAX_TEXT = 64 << 20  # bytes of one piece of metadata of a PNG

# EXIF orientation (CIPA DC-008, 4.6.4.A) -> Pillow's operation that puts a strip of stored rows
# upright, the axis of the upright picture along which strips follow, and whether backwards.
_UPRIGHT = {
    2: ("FLIP_LEFT_RIGHT", 0, False),
    3: ("ROTATE_180", 0, True),
    4: ("FLIP_TOP_BOTTOM", 0, True),
    5: ("TRANSPOSE", 1, False),
    6: ("ROTATE_270", 1, True),
    7: ("TRANSVERSE", 1, True),
    8: ("ROTATE_90", 1, False),
}

_warnings_lock = threading.Lock()


@contextmanager
def quiet() -> Generator[None]:
    """Silence Pillow's remarks on odd files, and read metadata beyond 1 MiB, as editors write it.

    Filters of warnings and Pillow's limit are global, hence the lock.
    """
    from PIL import PngImagePlugin

    with _warnings_lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        usual = PngImagePlugin.MAX_TEXT_CHUNK
        PngImagePlugin.MAX_TEXT_CHUNK = max(usual, _MAX_TEXT)
        try:
            yield
        finally:
            PngImagePlugin.MAX_TEXT_CHUNK = usual


def orientation_of(image: Image) -> int:
    """The EXIF orientation (CIPA DC-008, 4.6.4.A), 1 to 8; 1 where there is none to be read."""
    try:
        with quiet():
            return int(image.getexif().get(0x0112, 1))
    except Exception:  # noqa: BLE001 - damaged EXIF raises anything; the pixels are whole, so keep them
        return 1


def upright(pixels: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """``(H, W, 3)`` as stored, put upright; itself where it is."""
    from PIL import Image

    if orientation not in _UPRIGHT:
        return pixels
    height, width = pixels.shape[:2]
    return _turned(
        width,
        height,
        orientation,
        lambda top, bottom: Image.fromarray(pixels[top:bottom]),
        np.asarray,
    )


def upright_rgb(image: Image) -> NDArray[np.uint8]:
    """The upright array of an image of any mode: one full copy."""
    width, height = image.size
    inverted = getattr(image, "tag_v2", {}).get(262) == 0  # WhiteIsZero of TIFF 6.0
    return _turned(
        width,
        height,
        orientation_of(image),
        lambda top, bottom: image.crop((0, top, width, bottom)),
        lambda strip: _rgb(strip, image.format, inverted=inverted),
    )


def _turned(
    width: int,
    height: int,
    orientation: int,
    stored: Callable[[int, int], Image],
    values: Callable[[Image], NDArray[Any]],
) -> NDArray[np.uint8]:
    """Turn strip by strip into the upright array, while each fits the cache.

    Args:
        width: Of the picture as it is stored.
        height: The same.
        orientation: EXIF orientation.
        stored: The rows from ``top`` to ``bottom``.
        values: RGB or grey of a turned strip.
    """
    from PIL.Image import Transpose

    turn, axis, backwards = _UPRIGHT.get(orientation, (None, 0, False))
    turned = np.empty((height, width, 3) if axis == 0 else (width, height, 3), np.uint8)
    rows = max(1, _STRIP // width)
    for top in range(0, height, rows):
        bottom = min(top + rows, height)
        strip = stored(top, bottom)
        if turn:
            strip = strip.transpose(Transpose[turn])
        span = slice(height - bottom, height - top) if backwards else slice(top, bottom)
        turned[(slice(None),) * axis + (span,)] = values(strip)
    return turned


def _rgb(image: Image, file_format: str | None, *, inverted: bool) -> NDArray[Any]:
    """``(h, w, 3)`` or ``(h, w, 1)`` uint8 of any mode; 16-bit greys may count from white."""
    if image.mode.startswith("I;16"):
        grey = np.asarray(image)
        return _from_16_bits(65535 - grey if inverted else grey)
    if image.mode == "I" and file_format == "PPM":  # Pillow scales its 16-bit greys to 0..65535
        return _from_16_bits(np.asarray(image))
    if image.mode in {"I", "F"}:
        raise ImageDecodeError(
            "pictures with 32-bit or float values have no agreed white; convert it to 8 or 16 bits"
        )
    if image.has_transparency_data:
        return _on_white(np.asarray(image.convert("RGBA")))
    return np.asarray(image if image.mode == "RGB" else image.convert("RGB"))


def _from_16_bits(grey: NDArray[Any]) -> NDArray[np.uint8]:
    return ((grey.astype(np.uint32) + 128) // 257).astype(np.uint8)[..., None]


def _on_white(rgba: NDArray[np.uint8]) -> NDArray[np.uint8]:
    alpha = rgba[..., 3:].astype(np.uint16)
    if alpha.size and alpha.min() == 255:
        return rgba[..., :3]
    return ((rgba[..., :3] * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)
