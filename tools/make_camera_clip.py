"""A clip for a browser's pretended camera: ``python tools/make_camera_clip.py OUT.y4m``.

The public-domain portrait moves and breathes on a plain ground, 640x480, 60 frames a second, two
seconds that join at their ends. Chromium plays it as a camera:
``--use-fake-device-for-media-stream --use-file-for-fake-video-capture=OUT.y4m``. With an ending of
a video (``.mp4``, ``.webm``) the same frames are encoded, for the page's video files.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mien.store.images import read_image

PORTRAIT = Path(__file__).resolve().parent.parent / "assets" / "portrait.jpg"
WIDTH, HEIGHT, RATE, FRAMES = 640, 480, 60, 120


def frames(count: int = FRAMES) -> Iterator[NDArray[np.uint8]]:
    """``(480, 640, 3)`` RGB frames."""
    portrait = Image.fromarray(read_image(PORTRAIT))
    for n in range(count):
        turn = 2 * math.pi * n / FRAMES
        side = round(400 * (1 + 0.06 * math.sin(turn)))
        x = (WIDTH - side) / 2 + 60 * math.cos(turn)
        y = (HEIGHT - side) / 2 + 15 * math.sin(2 * turn)
        ground = Image.new("RGB", (WIDTH, HEIGHT), (96, 104, 112))
        small = portrait.resize((side, side), Image.Resampling.BILINEAR)
        ground.paste(small, (round(x), round(y)))
        yield np.asarray(ground)


def as_yuv(frame: NDArray[np.uint8]) -> bytes:
    """Planes Y, U, V of 4:2:0, BT.601, limited range."""
    rgb = frame.astype(np.float32)
    weights = np.array(
        [[65.738, 129.057, 25.064], [-37.945, -74.494, 112.439], [112.439, -94.154, -18.285]]
    )
    planes = rgb @ (weights.T / 256) + np.array([16, 128, 128])
    colour = planes[..., 1:].reshape(HEIGHT // 2, 2, WIDTH // 2, 2, 2).mean(axis=(1, 3))
    parts = (planes[..., 0], colour[..., 0], colour[..., 1])
    return b"".join(np.rint(part).clip(0, 255).astype(np.uint8).tobytes() for part in parts)


def write_y4m(path: Path, count: int) -> None:
    """Uncompressed, as Chromium wants it for a camera."""
    with path.open("wb") as file:
        file.write(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F{RATE}:1 Ip A1:1 C420jpeg\n".encode())
        for frame in frames(count):
            file.write(b"FRAME\n" + as_yuv(frame))


def write_video(path: Path, count: int) -> None:
    """VP8 in WebM or H.264 in MP4, by the ending."""
    import av

    codec = "libvpx" if path.suffix == ".webm" else "libx264"
    with av.open(path, "w") as container:
        stream = container.add_stream(codec, rate=Fraction(RATE))
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.bit_rate = 2_000_000
        for image in frames(count):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode())


def main() -> None:
    """Write the clip."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("out", type=Path, help="name of the file: .y4m, .webm or .mp4")
    parser.add_argument("--frames", type=int, default=FRAMES, help=f"default {FRAMES}")
    given = parser.parse_args()
    write = write_y4m if given.out.suffix == ".y4m" else write_video
    write(given.out, given.frames)


if __name__ == "__main__":
    main()
