"""Reading videos: frames as uint8 RGB with their times, one at a time, or why there are none."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
from numpy.typing import NDArray

from mien.core.errors import InputError, VideoDecodeError, missing_extra
from mien.store.images import MAX_PIXELS

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
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
_DAMAGED = "the video is damaged or cut off ({}); copy or export it again"


@dataclass(frozen=True)
class Frame:
    """One picture of a video.

    Args:
        image: ``(H, W, 3)`` uint8 RGB, upright.
        index: Number of the frame in the video, from 0.
        time_s: When it is shown, in seconds after the first frame.
    """

    image: NDArray[np.uint8]
    index: int
    time_s: float


def is_video(name: str | Path) -> bool:
    """Whether a file of this name is read as a video.

    >>> is_video("clip.MP4"), is_video("photo.jpg")
    (True, False)
    """
    return Path(name).suffix.lower() in SUFFIXES


def read_frames(
    path: str | Path,
    *,
    start_s: float = 0.0,
    end_s: float = np.inf,
    max_pixels: int = MAX_PIXELS,
) -> Generator[Frame]:
    """The frames of a video in order of time; one is decoded at a time.

    Rotation that the file asks for is applied. Times are those of the file, less that of its first
    frame; a time that goes back is held. A file that names other files or addresses (a play list)
    is refused. Frames before ``start_s`` are decoded and counted, but not handed out, so that an
    index means the same wherever one begins.

    Args:
        path: The file.
        start_s: Frames before this time are left out.
        end_s: The first frame at or after this time ends it.
        max_pixels: Limit on width x height.

    Raises:
        VideoDecodeError: If the file is no video, has no pictures, is damaged, or ends early; the
            frames before the damage have been handed out then.
        InputError: If the limits are impossible.
        OSError: If the file cannot be opened.
        MissingExtraError: If PyAV is not installed.
    """
    if max_pixels < 1:
        raise InputError(f"max_pixels must be 1 or more, got {max_pixels}")
    if not 0 <= start_s < end_s:
        raise InputError(f"expected 0 <= start_s < end_s, got {start_s} and {end_s}")
    return _frames(Path(path), start_s, end_s, max_pixels)


def _frames(path: Path, start_s: float, end_s: float, max_pixels: int) -> Generator[Frame]:
    with path.open("rb") as file, _opened(file) as container:
        if not container.streams.video:
            raise VideoDecodeError("the file has no pictures, only sound or data")
        stream = container.streams.video[0]
        _check_size(stream.width, stream.height, max_pixels)
        began = last = None
        count = 0
        for picture in _decoded(container, stream):
            _check_size(picture.width, picture.height, max_pixels)
            shown = _shown(picture, stream, last)
            began = shown if began is None else began
            last = shown = max(shown, last if last is not None else shown)
            time_s = shown - began
            if time_s >= end_s:
                return
            if time_s >= start_s:
                yield Frame(_upright(picture), count, time_s)
            count += 1
        if not count:
            raise VideoDecodeError(_DAMAGED.format("no frame can be decoded"))


def _shown(picture: VideoFrame, stream: VideoStream, last: float | None) -> float:
    """When a frame is shown by the file's clock, in seconds; one without a time follows on."""
    if picture.pts is not None and picture.time_base is not None:
        return float(picture.pts * picture.time_base)
    return 0.0 if last is None else last + 1 / float(stream.average_rate or 25)


def _opened(file: BinaryIO) -> InputContainer:
    try:
        import av
        from av.error import FFmpegError
    except ImportError as error:
        raise missing_extra("video", "av") from error
    options = {"format_whitelist": _CONTAINERS, "protocol_whitelist": "none"}
    try:
        return av.open(file, "r", options=options, metadata_errors="replace")
    except (FFmpegError, ValueError, OSError) as error:  # OSError: seeking in a tiny file
        raise VideoDecodeError(
            "not a video that can be read; convert it to MP4, WebM or MKV"
        ) from error


def _decoded(container: InputContainer, stream: VideoStream) -> Iterator[VideoFrame]:
    """Decoded frames; an error where the file breaks, or ends before what it announced."""
    from av.error import FFmpegError

    stream.thread_type = "AUTO"
    packets = 0
    try:
        for packet in container.demux(stream):
            packets += packet.size > 0
            yield from packet.decode()
    except FFmpegError as error:
        raise VideoDecodeError(_DAMAGED.format(error.strerror or "FFmpeg")) from error
    if packets < stream.frames:
        raise VideoDecodeError(_DAMAGED.format(f"{packets} of {stream.frames} frames are there"))


def _upright(picture: VideoFrame) -> NDArray[np.uint8]:
    image = picture.to_ndarray(format="rgb24").astype(np.uint8, copy=False)
    # The rotation of the file is counter-clockwise, as that of NumPy is.
    return np.ascontiguousarray(np.rot90(image, round(picture.rotation / 90) % 4))


def _check_size(width: int, height: int, max_pixels: int) -> None:
    if width * height > max_pixels:
        raise VideoDecodeError(
            f"a frame has {width * height / 1e6:.1f} megapixels, more than the limit of "
            f"{max_pixels / 1e6:.1f}; scale the video down, or raise the limit"
        )
