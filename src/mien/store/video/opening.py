"""Opening a video: what kind of file it is, and which of its tracks is the main one."""

from __future__ import annotations

import stat
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from mien.core.errors import VideoDecodeError, missing_extra
from mien.store.video.extent import announced_bytes

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream

SUFFIXES = frozenset(
    (".3gp", ".avi", ".flv", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts",
     ".ogv", ".ts", ".webm", ".wmv", ".y4m")
)  # fmt: skip
"""Endings of files that are read as videos, in lower case."""

# FFmpeg's names of the containers above. Play lists and scripts, which name other files or
# addresses, are not among them, whatever a file is called.
_CONTAINERS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,flv,mpegts,mpeg,mpegvideo,m4v,ogg,asf,yuv4mpegpipe"
)
_PEEK = 400  # packets that show which tracks go on and which are one still picture
_HEAD = 400

_PICTURES = {
    b"\xff\xd8\xff": "JPEG", b"\x89PNG": "PNG", b"GIF8": "GIF", b"II*\0": "TIFF", b"MM\0*": "TIFF",
}  # fmt: skip
_VIDEOS = (b"\x1aE\xdf\xa3", b"FLV\x01", b"OggS", b"\x30\x26\xb2\x75", b"YUV4MPEG2", b"\0\0\1\xba")
_STILL_BRANDS = (b"hei", b"hev", b"avi", b"mif", b"msf")  # HEIC, AVIF


def is_video(name: str | Path) -> bool:
    """Whether a file of this name is read as a video.

    >>> is_video("clip.MP4"), is_video("photo.jpg")
    (True, False)
    """
    return Path(name).suffix.lower() in SUFFIXES


def holds_video(path: str | Path) -> bool:
    """Whether a regular file begins like a video or a recording of sound, whatever its name."""
    try:
        if not stat.S_ISREG(Path(path).stat().st_mode):
            return False
        with Path(path).open("rb") as file:
            return _kind(file.read(_HEAD)) == "video"
    except (OSError, ValueError):
        return False


@contextmanager
def opened(path: Path) -> Generator[tuple[InputContainer, VideoStream]]:
    """The open file and its main picture track.

    Raises:
        VideoDecodeError: If it is no video, or has no picture track that can be decoded.
        OSError: If the file cannot be opened.
        MissingExtraError: If PyAV is not installed.
    """
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode):  # opening a pipe without a writer would wait for ever
        kind = "a folder" if stat.S_ISDIR(mode) else "a pipe, socket or device"
        raise VideoDecodeError(
            f"expected a video file, this is {kind}; save the video as a file, and give that"
        )
    with path.open("rb") as file:
        container = _container(file)
        try:
            main, several = _main_track(container)
            if several:  # packets were read to find out
                container.close()
                file.seek(0)
                container = _container(file)
            yield container, container.streams[main]  # pyright: ignore[reportReturnType]
        finally:
            container.close()


def missing_bytes(path: Path, container: InputContainer, stream: VideoStream) -> str:
    """That the file ends before its last frame does, as its structure tells; empty if not."""
    size = path.stat().st_size
    if "mov" in container.format.name:
        ends = max((each.pos + each.size for each in stream.index_entries), default=0)
    else:
        with path.open("rb") as file:
            ends = announced_bytes(file, size)
    return f"the file ends early: {size} of {ends} bytes are there" if ends > size else ""


def _container(file: BinaryIO) -> InputContainer:
    try:
        import av
        from av.error import FFmpegError
    except ImportError as error:
        raise missing_extra("video", "av") from error
    options = {"format_whitelist": _CONTAINERS, "protocol_whitelist": "none"}
    try:
        return av.open(file, "r", options=options, metadata_errors="replace")
    except (FFmpegError, ValueError, OSError) as error:  # OSError: seeking in a tiny file
        file.seek(0)
        raise VideoDecodeError(_refusal(file.read(_HEAD))) from error


def _refusal(head: bytes) -> str:
    """Why a file is not read, by its first bytes, and what to do."""
    kind = _kind(head)
    no = "not a video that can be read"
    if not head:
        return f"{no}: the file is empty; copy or download it again"
    if not head.strip(b"\0"):
        return f"{no}: the file begins with zeros only; copy or download it again"
    if kind == "video":
        cut = " (its index is missing)" if head[4:8] == b"ftyp" else ""
        return f"{no}: it is damaged or cut off{cut}; copy it again, or record it again"
    if kind == "list":
        return f"{no}: it is a play list or script that names others; give the videos it names"
    if kind == "text":
        return f"{no}: the file is a text; give the video itself"
    if kind:
        return f"{no}: the file is a {kind} picture; rename it to end in .{kind.lower()}"
    return f"{no}; convert it to MP4, WebM or MKV"


def _kind(head: bytes) -> str:
    """``video`` (sound too), ``list``, ``text``, the name of a picture format, or nothing."""
    if head[4:8] == b"ftyp":
        return "HEIC" if head[8:11] in _STILL_BRANDS and head[8:12] != b"avi " else "video"
    if head[:4] == b"RIFF":
        return {b"AVI ": "video", b"WEBP": "WebP"}.get(head[8:12], "")
    if head.startswith(_VIDEOS) or head[4:8] in {b"moov", b"mdat", b"wide", b"free", b"skip"}:
        return "video"
    for step, first in ((188, 0), (192, 4)):  # packets of a transport stream
        if len(head) > first + step and {head[first], head[first + step]} == {0x47}:
            return "video"
    for magic, name in _PICTURES.items():
        if head.startswith(magic):
            return name
    start = head.lstrip(b"\xef\xbb\xbf \r\n\t").lower()
    if start.startswith((b"#extm3u", b"ffconcat", b"[playlist]", b"<?xml", b"<smil", b"<mpd")):
        return "list"
    return "text" if head and not set(head) & (set(range(32)) - {9, 10, 12, 13}) else ""


def _main_track(container: InputContainer) -> tuple[int, bool]:
    """Index of the picture track that a player shows, and whether packets were read to know.

    Covers and previews are left out; tracks that go on come before single pictures, then what the
    file marks as default, then the largest, then the first.
    """
    from av.stream import Disposition

    beside = Disposition.attached_pic | Disposition.timed_thumbnails
    tracks = [each for each in container.streams.video if not each.disposition & beside]
    if not tracks:
        what = "sound and a cover" if container.streams.video else "sound or data"
        raise VideoDecodeError(f"the file has no pictures, only {what}; give a video")
    known = [each for each in tracks if getattr(each, "codec_context", None) is not None]
    if not known:
        raise VideoDecodeError(
            "no frame can be decoded: the track is empty or damaged, or coded in a way that is not "
            "known here; copy it again, or convert it to H.264"
        )
    if len(known) == 1:
        return known[0].index, False
    packets = Counter(
        packet.stream_index for packet in islice(container.demux(known), _PEEK) if packet.size
    )
    best = max(
        known,
        key=lambda each: (
            packets[each.index] > 1,
            bool(each.disposition & Disposition.default),
            each.width * each.height,
            -each.index,
        ),
    )
    return best.index, True
