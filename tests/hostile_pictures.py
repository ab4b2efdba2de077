"""Files that are no pictures, are damaged ones, or cost far more to decode than to send."""

from __future__ import annotations

import io
import random
import re
import struct
import zlib

from PIL import Image

from made_server import bomb, picture

OTHER = (
    b"GIF89a", b"BM", b"%PDF-1.7\n", b"<svg/>", b"<?xml ?>", b"MZ\x90\0", b"\x7fELF", b"PK\3\4",
    b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", b"\x1f\x8b\x08\0", b"RIFF\0\0\0\0AVI ", b"\xff\xd8",
    b"\x89PNG\r\n", b"II*\0", b"P6\n1 1\n255\n", b'{"image": 1}',
)  # fmt: skip
"""How files begin that are not read."""


def wrong_type(rng: random.Random) -> bytes:
    return rng.choice(OTHER) + rng.randbytes(rng.randrange(2000))


def truncated(rng: random.Random) -> bytes:
    """A picture whose end is missing; its first bytes still tell the format."""
    whole = picture(rng.choice(["JPEG", "PNG", "WEBP"]), (200, 150))
    return whole[: rng.randrange(12, len(whole) * 9 // 10)]


def costly(rng: random.Random) -> bytes:
    return rng.choice((bomb, many_scans, many_chunks, many_segments, long_fill))()


def many_scans(side: int = 3000, count: int = 3000) -> bytes:
    """A progressive JPEG that says its last refinement over and over."""
    held = io.BytesIO()
    Image.new("L", (side, side), 90).save(held, "JPEG", progressive=True)
    whole = held.getvalue()
    last = [found.start() for found in re.finditer(b"\xff\xda", whole)][-1]
    return whole[:-2] + whole[last:-2] * count + whole[-2:]


def many_chunks(count: int = 200_000) -> bytes:
    """A PNG that begins with empty chunks."""
    whole = picture("PNG")
    empty = struct.pack(">I", 0) + b"abCd" + struct.pack(">I", zlib.crc32(b"abCd"))
    return whole[:33] + empty * count + whole[33:]


def many_segments(count: int = 500_000) -> bytes:
    """A JPEG that begins with empty segments."""
    whole = picture()
    return whole[:2] + b"\xff\xfe\0\2" * count + whole[2:]


def long_fill(count: int = 2_000_000) -> bytes:
    """A JPEG whose first marker comes after fill bytes."""
    whole = picture()
    return whole[:2] + b"\xff" * count + whole[2:]
