"""Picture files made in memory: whole, lying, and too large."""

import io
import struct
import zlib

import numpy as np
from PIL import Image


def scene(height: int = 60, width: int = 80) -> np.ndarray:
    """A colourful picture without symmetry."""
    y, x = np.mgrid[:height, :width]
    return np.stack([x * 3, y * 4, (x * y) // 20], axis=-1).astype(np.uint8)


def encoded(image: Image.Image | np.ndarray, file_format: str = "PNG", **options) -> bytes:
    held = io.BytesIO()
    if not isinstance(image, Image.Image):
        image = Image.fromarray(image)
    image.save(held, file_format, **options)
    return held.getvalue()


def png(width: int, height: int, depth: int, colour: int, data: bytes) -> bytes:
    """A PNG chunk by chunk, for what Pillow does not write."""
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)),
        (b"IDAT", data),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in parts
    )


def png_header(width: int, height: int) -> bytes:
    """A PNG of a few bytes that claims any size."""
    return png(width, height, 8, 2, zlib.compress(b"\0"))


def jpeg_header(width: int, height: int) -> bytes:
    """A whole small JPEG whose frame header claims another size."""
    data = bytearray(encoded(scene(16, 16), "JPEG"))
    at = data.index(b"\xff\xc0")
    data[at + 5 : at + 9] = struct.pack(">HH", height, width)
    return bytes(data)


def bomb_png() -> bytes:
    """A genuine PNG of 30,000 x 30,000 one-bit pixels in some 100 kB."""
    packer = zlib.compressobj(9)
    rows = bytes(1 + 30_000 // 8)
    data = b"".join(packer.compress(rows * 1000) for _ in range(30)) + packer.flush()
    return png(30_000, 30_000, 1, 0, data)
