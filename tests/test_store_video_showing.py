"""Videos: pictures as players show them, and the track that is the film.

| kind                              | what is checked                                          |
|-----------------------------------|----------------------------------------------------------|
| pixels that are not square        | a round disc is round, wide pixels and narrow ones       |
| display matrices                  | all eight orientations; square, upright pictures stay    |
| covers, previews, several tracks  | the track that goes on, the default one, the largest     |
"""

from __future__ import annotations

import io
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.stream import Disposition

from made_videos import video
from mien.store.video import read_frames


def first(folder: Path, data: bytes) -> np.ndarray:
    (folder / "clip.bin").write_bytes(data)
    return next(read_frames(folder / "clip.bin")).image


@pytest.mark.parametrize("pixel", [None, Fraction(64, 45), Fraction(2), Fraction(8, 9)])
@pytest.mark.parametrize("container", ["mp4", "matroska", "mpegts"])
def test_a_round_disc_is_round(tmp_path: Path, container: str, pixel: Fraction | None) -> None:
    wide = float(pixel or 1)
    y, x = np.mgrid[:144, :180]
    disc = ((x - 90) * wide) ** 2 + (y - 72) ** 2 < 60**2
    picture = np.where(disc, 220, 30).astype(np.uint8)[..., None].repeat(3, 2)
    image = first(tmp_path, video([picture] * 3, container=container, codec="libx264", pixel=pixel))
    found = image[..., 0] > 120
    assert found.any(0).sum() == pytest.approx(found.any(1).sum(), rel=0.03)
    assert image.shape[0] >= 144
    assert image.shape[1] >= 180


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_the_eight_orientations(tmp_path: Path, rotation: int, *, mirrored: bool) -> None:
    picture = np.zeros((64, 96, 3), np.uint8)
    picture[:16, :32] = 255
    picture[:16, 32:48] = 128
    plain = first(tmp_path, video([picture], codec="libx264"))
    data = video([picture], codec="libx264", rotation=rotation, mirrored=mirrored)
    expected = np.rot90(plain, rotation // 90)
    if mirrored:
        expected = expected[:, ::-1]
    np.testing.assert_array_equal(first(tmp_path, data), expected)


def with_tracks(*tracks: tuple[str, int, int, Disposition]) -> bytes:
    """A file of tracks, each with a codec, a size, a number of frames and what it is."""
    file = io.BytesIO()
    with av.open(file, "w", format="matroska") as out:
        made = []
        for codec, size, _, kind in tracks:
            stream = out.add_stream(codec, rate=25)
            stream.width = stream.height = size
            stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
            stream.disposition = kind
            made.append(stream)
        for stream, (_, size, count, _) in zip(made, tracks, strict=True):
            for at in range(count):
                frame = av.VideoFrame.from_ndarray(np.full((size, size, 3), 90, np.uint8), "rgb24")
                frame.pts, frame.time_base = at, Fraction(1, 25)
                out.mux(stream.encode(frame))
            out.mux(stream.encode(None))
    return file.getvalue()


NONE, DEFAULT = Disposition(0), Disposition.default


@pytest.mark.parametrize(
    "tracks",
    [
        [("mjpeg", 32, 1, Disposition.attached_pic), ("libx264", 64, 9, DEFAULT)],
        [("mjpeg", 256, 1, DEFAULT), ("libx264", 64, 9, NONE)],
        [("libx264", 32, 9, DEFAULT), ("libx264", 64, 9, DEFAULT)],
        [("libx264", 96, 9, NONE), ("libx264", 64, 9, DEFAULT)],
    ],
    ids=["cover", "large cover", "preview", "default"],
)
def test_the_main_track(tmp_path: Path, tracks: list[tuple[str, int, int, Disposition]]) -> None:
    path = tmp_path / "film.mkv"
    path.write_bytes(with_tracks(*tracks))
    frames = list(read_frames(path))
    assert len(frames) == 9
    assert {frame.image.shape for frame in frames} == {(64, 64, 3)}
