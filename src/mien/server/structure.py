"""The parts of a picture file, counted before it is decoded: decoders work for every single one.

A progressive JPEG of 150 kB can ask for thousands of passes over 40 megapixels, and ten megabytes
of empty parts keep Pillow busy for half a minute. Real files stay far below these limits.
"""

from __future__ import annotations

import re

from mien.core.errors import ImageDecodeError

MAX_SCANS = 32
"""Scans of a JPEG: encoders write about 10, and each costs as much as decoding a picture."""

MAX_PARTS = 10_000
"""Segments of a JPEG, chunks of a PNG: 10 MB in the chunks of 8 kB that libpng writes are 1,250."""

MAX_FILL = 1000
"""Fill bytes before one marker of a JPEG; encoders write one at most."""

# ITU-T T.81, B.1.1: a marker is FF, fill bytes FF, and a code. 00 is stuffing and D0 to D7 restart
# a scan: neither begins a segment.
_MARKER = re.compile(rb"\xff+([^\x00\xff\xd0-\xd7])")
_SCAN, _END, _BARE = 0xDA, 0xD9, (0x01, 0xD8)


def check_structure(data: bytes) -> None:
    """Refuse a JPEG or PNG of more parts than an honest file has; other formats pass.

    Raises:
        ImageDecodeError: If there are too many.
    """
    if data.startswith(b"\xff\xd8"):
        _check_jpeg(data)
    elif data.startswith(b"\x89PNG"):
        _check_png(data)


def _check_jpeg(data: bytes) -> None:
    """Walk the segments as libjpeg does: unknown bytes are skipped up to the next marker."""
    position, segments, scans = 2, 0, 0
    while found := _MARKER.search(data, position):
        code = found[1][0]
        segments += 1
        scans += code == _SCAN
        if segments > MAX_PARTS or scans > MAX_SCANS or found.end() - found.start() > MAX_FILL:
            raise _too_many()
        if code == _END:
            return
        position = found.end()
        if code not in _BARE:
            position += int.from_bytes(data[position : position + 2])


def _check_png(data: bytes) -> None:
    """Walk the chunks: length, type, content, checksum (PNG, 5.3)."""
    position, chunks = 8, 0
    while position < len(data):
        chunks += 1
        if chunks > MAX_PARTS:
            raise _too_many()
        position += 12 + int.from_bytes(data[position : position + 4])


def _too_many() -> ImageDecodeError:
    return ImageDecodeError(
        "the picture is made of far more parts than cameras and programs write; export it again"
    )
