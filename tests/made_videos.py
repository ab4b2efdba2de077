"""Small videos made here: frames of one colour each, or given pictures."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction

import av
import numpy as np


def grey_frames(count: int, size: tuple[int, int] = (64, 48)) -> list[np.ndarray]:
    """Frames that are darker above and get brighter from one to the next."""
    width, height = size
    ramp = np.linspace(0, 60, height).astype(np.uint8)[:, None, None]
    return [np.broadcast_to(ramp + 5 * at, (height, width, 3)) for at in range(count)]


def moving_frames(count: int, size: int = 96) -> list[np.ndarray]:
    """Frames of a pattern that moves, so that each differs from the others everywhere."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(40, 216, (size // 8, (size + 2 * count) // 8 + 1, 3), np.uint8)
    fine = coarse.repeat(8, 0).repeat(8, 1)
    return [np.ascontiguousarray(fine[:, 2 * at : 2 * at + size]) for at in range(count)]


def video(
    frames: Iterable[np.ndarray],
    *,
    container: str = "mp4",
    codec: str = "mpeg4",
    rate: int | Fraction = 25,
    times: Sequence[int] | None = None,
    tick: Fraction | None = None,
    rotation: int = 0,
    mirrored: bool = False,
    pixel: Fraction | None = None,
    tag: str | None = None,
    muxing: dict[str, str] | None = None,
    **options: str,
) -> bytes:
    """The bytes of a video; ``times`` are in units of ``tick``, which is 1 / rate if not given."""
    file = io.BytesIO()
    if codec == "libx265":
        options["x265-params"] = "log-level=none:" + options.get("x265-params", "")
    with av.open(file, "w", format=container, options=muxing or {}) as out:
        stream = out.add_stream(codec, rate=rate, options=options)
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        if not codec.startswith("libx"):
            stream.bit_rate = 4_000_000
        if tick is not None:
            stream.codec_context.time_base = tick
        if pixel is not None:
            stream.codec_context.sample_aspect_ratio = pixel
        if tag is not None:
            stream.codec_context.codec_tag = tag
        if rotation or mirrored:
            stream.set_display_rotation(rotation, hflip=mirrored)
        for at, picture in enumerate(frames):
            if at == 0:
                stream.height, stream.width = picture.shape[:2]
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            frame.pts = at if times is None else times[at]
            frame.time_base = tick or 1 / Fraction(rate)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return file.getvalue()


def packets(data: bytes) -> list[bytes]:
    """The coded frames of a video, in the order of the file."""
    with av.open(io.BytesIO(data)) as file:
        return [bytes(packet) for packet in file.demux(video=0) if packet.size]


def with_packet(data: bytes, at: int, change: Callable[[bytearray], object]) -> bytes:
    """A video of which one packet is changed in place; its length must stay."""
    coded = packets(data)[at]
    place = data.index(coded)
    changed = bytearray(coded)
    change(changed)
    assert len(changed) == len(coded)
    assert changed != coded
    return data[:place] + changed + data[place + len(coded) :]


def overwritten(coded: bytearray) -> None:
    """A coded frame that is lost from its eighth byte on."""
    coded[8:] = b"\xff" * (len(coded) - 8)


def zeroed(coded: bytearray) -> None:
    """A coded frame in whose middle a block reads as zeros, as from a bad sector."""
    middle, length = len(coded) // 2, max(80, len(coded) // 8)
    coded[middle : middle + length] = bytes(len(coded[middle : middle + length]))
