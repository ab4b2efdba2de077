"""Small videos made here: frames of one colour each, or given pictures."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence

import av
import numpy as np


def grey_frames(count: int, size: tuple[int, int] = (64, 48)) -> list[np.ndarray]:
    """Frames that are darker above and get brighter from one to the next."""
    width, height = size
    ramp = np.linspace(0, 60, height).astype(np.uint8)[:, None, None]
    return [np.broadcast_to(ramp + 5 * at, (height, width, 3)) for at in range(count)]


def video(
    frames: Iterable[np.ndarray],
    *,
    container: str = "mp4",
    codec: str = "mpeg4",
    rate: int = 25,
    times: Sequence[int] | None = None,
    rotation: int = 0,
) -> bytes:
    """The bytes of a video; ``times`` are in units of 1 / rate."""
    file = io.BytesIO()
    with av.open(file, "w", format=container) as out:
        stream = out.add_stream(codec, rate=rate)
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        stream.bit_rate = 4_000_000
        if rotation:
            stream.set_display_rotation(rotation)
        for at, picture in enumerate(frames):
            if at == 0:
                stream.height, stream.width = picture.shape[:2]
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            frame.pts = at if times is None else times[at]
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return file.getvalue()
