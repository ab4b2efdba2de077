"""How long a file should be by its own structure, for containers that say so."""

from __future__ import annotations

from typing import BinaryIO

_OPEN_SIZES = {0, 0xFFFFFFFF}  # of an AVI that was never finished
_SEGMENT, _CLUSTER = b"\x18\x53\x80\x67", b"\x1f\x43\xb6\x75"


def announced_bytes(file: BinaryIO, size: int) -> int:
    """Where the last part of a file that has begun should end; 0 where nothing tells.

    Counts of frames and durations are not asked: they are written before, after and beside the
    truth. The size of a part that has begun is what a reader needs to find the next.

    Args:
        file: An AVI or Matroska file, or any other.
        size: Its length in bytes.
    """
    file.seek(0)
    head = file.read(12)
    if head[:4] == b"RIFF" and head[8:] == b"AVI ":
        return _riff_end(file, size)
    if head[:4] == b"\x1aE\xdf\xa3":
        return _matroska_end(file, size)
    return 0


def _riff_end(file: BinaryIO, size: int) -> int:
    """AVI: one chunk after another, in large files several."""
    at = 0
    while at + 12 <= size:
        file.seek(at)
        head = file.read(12)
        length = int.from_bytes(head[4:8], "little")
        if head[:4] != b"RIFF" or length in _OPEN_SIZES:
            break
        at += 8 + length + (length & 1)
        if at > size + 1:
            return at
    return 0


def _matroska_end(file: BinaryIO, size: int) -> int:
    """Matroska: nested elements; those of unknown size are looked into."""
    at = 0
    while at < size:
        file.seek(at)
        head = file.read(12)
        wide = 9 - head[0].bit_length()  # of the name; the first set bit tells
        if wide > 4 or len(head) <= wide or not head[wide]:
            return 0
        long = 9 - head[wide].bit_length()
        if len(head) < wide + long:
            return size + 1 if size - at < wide + long else 0
        length = int.from_bytes(head[wide : wide + long], "big") & ((1 << 7 * long) - 1)
        at += wide + long
        if length == (1 << 7 * long) - 1:
            if head[:wide] not in {_SEGMENT, _CLUSTER}:
                return 0
        else:
            at += length
            if at > size:
                return at
    return 0
