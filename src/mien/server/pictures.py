"""From the bytes of a picture to its row; plain functions that run in worker threads.

The parts of a picture file are counted before it is decoded, because decoders work for every one:
a progressive JPEG of 150 kB can ask for thousands of passes over 40 megapixels, and ten megabytes
of empty parts keep Pillow busy for half a minute. Real files stay far below these limits.
"""

from __future__ import annotations

import re

from mien.core.errors import ImageDecodeError, InputError
from mien.core.rows import Row
from mien.runtime.packing import Image
from mien.runtime.recognizer import Recognizer
from mien.runtime.stream import Stream
from mien.store.images import read_image

UPLOADS = ("JPEG", "PNG", "WebP")
"""Formats of an upload."""

FRAMES = ("JPEG", "WebP")
"""Formats of the frames of a stream."""

UPLOAD, STREAM = "upload", "stream"
"""What rows name as their source: names of files stay with the client."""

LATEST_S = 1e15
"""Times of frames are below it: any clock's seconds or milliseconds are."""

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


class FormatError(ImageDecodeError):
    """The bytes are no picture of a format that is taken."""


def sniffed(data: bytes) -> str | None:
    """The format by the first bytes, whatever the sender says it is.

    >>> sniffed(b"RIFF....WEBPVP8 "), sniffed(b"GIF89a")
    ('WebP', None)
    """
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    return "WebP" if data[:4] == b"RIFF" and data[8:12] == b"WEBP" else None


def decoded(data: bytes, formats: tuple[str, ...], max_pixels: int) -> Image:
    """Decode a picture of one of ``formats``.

    Raises:
        FormatError: If it is of another format.
        ImageDecodeError: If it is damaged, or has more than ``max_pixels`` or far too many parts.
    """
    if sniffed(data) not in formats:
        raise FormatError(
            f"expected the bytes of a {' or '.join(formats)} picture, got "
            f"{'nothing' if not data else 'something else'}; convert the picture first "
            "(on a phone: share it as 'most compatible')"
        )
    check_structure(data)
    return read_image(data, max_pixels=max_pixels)


def still_row(recognizer: Recognizer, data: bytes, max_pixels: int) -> Row:
    """The row of an uploaded picture.

    Raises:
        FormatError: If it is neither JPEG, PNG nor WebP.
        ImageDecodeError: If it cannot be decoded whole.
    """
    return recognizer.read(decoded(data, UPLOADS, max_pixels)).to_row(UPLOAD)


def live_row(stream: Stream, data: bytes, frame: int, time_s: float, max_pixels: int) -> Row:
    """The row of one frame of a stream.

    Raises:
        FormatError: If it is neither JPEG nor WebP.
        ImageDecodeError: If it cannot be decoded whole.
        InputError: If time goes back, is not finite, or is of no clock.
    """
    if not abs(time_s) < LATEST_S:  # before the tracker has it: all later frames would be too early
        raise InputError(f"a frame's time must lie within {LATEST_S:g} s, got {time_s:g}")
    return stream.read(decoded(data, FRAMES, max_pixels), time_s, frame).to_row(STREAM)


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
