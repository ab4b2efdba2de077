"""From the bytes of a picture to its row; plain functions that run in worker threads."""

from __future__ import annotations

from mien.core.errors import ImageDecodeError, InputError
from mien.core.rows import Row
from mien.runtime.packing import Image
from mien.runtime.recognizer import Recognizer
from mien.runtime.stream import Stream
from mien.server.structure import check_structure
from mien.store.images import read_image

UPLOADS = ("JPEG", "PNG", "WebP")
"""Formats of an upload."""

FRAMES = ("JPEG", "WebP")
"""Formats of the frames of a stream."""

UPLOAD, STREAM = "upload", "stream"
"""What rows name as their source: names of files stay with the client."""

LATEST_S = 1e15
"""Times of frames are below it: any clock's seconds or milliseconds are."""


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
