"""Videos: every frame with its time, and a clear reason where there is none."""

from __future__ import annotations

import builtins
import os
import re
from pathlib import Path

import numpy as np
import pytest

from made_videos import grey_frames, video
from mien.core.errors import InputError, MissingExtraError, VideoDecodeError, install_line
from mien.store.video import is_video, read_frames


def saved(folder: Path, data: bytes, name: str = "clip.mp4") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("container", "codec"),
    [("mp4", "mpeg4"), ("matroska", "mpeg4"), ("avi", "mjpeg"), ("webm", "libvpx")],
)
def test_all_frames_in_order(tmp_path: Path, container: str, codec: str) -> None:
    made = grey_frames(20)
    path = saved(tmp_path, video(made, container=container, codec=codec))
    found = list(read_frames(path))
    assert [frame.index for frame in found] == list(range(20))
    np.testing.assert_allclose([frame.time_s for frame in found], np.arange(20) / 25, atol=2e-3)
    for frame, truth in zip(found, made, strict=True):
        assert frame.image.shape == (48, 64, 3)
        assert frame.image.dtype == np.uint8
        assert abs(frame.image.astype(int) - truth).max() < 12


def test_times_are_the_files_own(tmp_path: Path) -> None:
    path = saved(tmp_path, video(grey_frames(4), times=[3, 4, 10, 11]))
    assert [frame.time_s for frame in read_frames(path)] == pytest.approx([0, 0.04, 0.28, 0.32])


def test_a_part_keeps_its_indices(tmp_path: Path) -> None:
    path = saved(tmp_path, video(grey_frames(20)))
    found = list(read_frames(path, start_s=0.2, end_s=0.4))
    assert [frame.index for frame in found] == [5, 6, 7, 8, 9]
    assert found[0].time_s == pytest.approx(0.2)
    assert list(read_frames(path, start_s=5.0)) == []


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_rotation_of_the_file_is_applied(tmp_path: Path, rotation: int) -> None:
    upright = next(read_frames(saved(tmp_path, video(grey_frames(1)))))
    path = saved(tmp_path, video(grey_frames(1), rotation=rotation), "turned.mp4")
    turned = next(read_frames(path))
    np.testing.assert_array_equal(turned.image, np.rot90(upright.image, rotation // 90))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not a video that can be read: the file is empty; copy or download it again"),
        (b"hello" * 100, "not a video that can be read: the file is a text"),
        (bytes(5000), "begins with zeros only; copy or download it again"),
        (b"\xff\xd8\xff" + bytes(500), "is a JPEG picture; rename it to end in .jpeg"),
        (b"\0\0\0\x18ftypisom" + bytes(100), "damaged or cut off .its index is missing"),
        (
            b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nclip.mp4\n#EXT-X-ENDLIST\n",
            "not a video",
        ),
        (b"ffconcat version 1.0\nfile clip.mp4\n", "not a video that can be read"),
    ],
    ids=["empty", "text", "zeros", "picture", "without index", "play list", "script"],
)
def test_what_is_no_video(tmp_path: Path, data: bytes, message: str) -> None:
    saved(tmp_path, video(grey_frames(3)))
    with pytest.raises(VideoDecodeError, match=message):
        list(read_frames(saved(tmp_path, data, "other.mp4")))


def test_no_picture_track(tmp_path: Path) -> None:
    import io

    import av

    file = io.BytesIO()
    with av.open(file, "w", format="matroska") as out:
        stream = out.add_stream("pcm_s16le", rate=8000, layout="mono")
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), layout="mono")
        sound.sample_rate = 8000
        out.mux(stream.encode(sound))
    with pytest.raises(VideoDecodeError, match="no pictures"):
        list(read_frames(saved(tmp_path, file.getvalue(), "sound.mkv")))


def test_a_track_without_frames(tmp_path: Path) -> None:
    with pytest.raises(VideoDecodeError, match="no frame can be decoded"):
        list(read_frames(saved(tmp_path, video(grey_frames(1))[:600], "none.mp4")))
    empty = video(grey_frames(3), container="avi", codec="mjpeg")
    at = empty.index(b"movi") + 4
    with pytest.raises(VideoDecodeError, match="no frame can be decoded"):
        list(read_frames(saved(tmp_path, empty[:at], "none.avi")))


@pytest.mark.timeout(20)
def test_what_is_no_regular_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "live.mp4")
    with pytest.raises(VideoDecodeError, match="this is a pipe, socket or device"):
        next(read_frames(tmp_path / "live.mp4"))
    (tmp_path / "folder.mp4").mkdir()
    with pytest.raises(VideoDecodeError, match="this is a folder"):
        next(read_frames(tmp_path / "folder.mp4"))


def test_large_frames_are_refused_before_they_are_decoded(tmp_path: Path) -> None:
    path = saved(tmp_path, video(grey_frames(1)))
    with pytest.raises(VideoDecodeError, match=r"0\.0 megapixels, more than the limit"):
        next(read_frames(path, max_pixels=1000))


def test_missing_files_and_impossible_limits(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        next(read_frames(tmp_path / "nothing.mp4"))
    for start, end in ((-1, 2), (2, 2), (3, 1)):
        with pytest.raises(InputError, match="0 <= start_s < end_s"):
            read_frames(tmp_path, start_s=start, end_s=end)
    with pytest.raises(InputError, match="max_pixels"):
        read_frames(tmp_path, max_pixels=0)


def test_without_pyav_the_install_line_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = saved(tmp_path, video(grey_frames(1)))
    real = builtins.__import__

    def no_av(name: str, *args, **kwargs):
        if name == "av":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", no_av)
    with pytest.raises(MissingExtraError, match=re.escape(install_line("video"))):
        next(read_frames(path))


def test_names() -> None:
    assert is_video("a/b.MoV")
    assert not is_video("mp4")
    assert not is_video("a.jpeg")
