"""Cameras. A video file stands in for the device: OpenCV opens both in one call."""

from __future__ import annotations

import sys
from fractions import Fraction
from itertools import count
from pathlib import Path
from threading import Event, Semaphore
from typing import Any

import numpy as np
import pytest

from mien.core.errors import InputError, MissingExtraError, VideoDecodeError
from mien.store import camera
from mien.store.camera import Camera, camera_named

av = pytest.importorskip("av")
pytest.importorskip("cv2")

FRAMES = 40


@pytest.fixture(scope="module")
def device(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A clip whose frames turn from red to blue."""
    path = tmp_path_factory.mktemp("camera") / "clip.mp4"
    with av.open(path, "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(25))
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for n in range(FRAMES):
            image = np.zeros((48, 64, 3), np.uint8)
            image[..., 0 if n < FRAMES // 2 else 2] = 220
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode())
    return str(path)


def test_frames_are_rgb_with_rising_times_until_the_camera_is_gone(device: str) -> None:
    frames = []
    with pytest.raises(VideoDecodeError, match="no more pictures"):
        frames.extend(Camera(device).frames())  # what came before the error is kept
    assert frames
    times = [frame.time_s for frame in frames]
    assert times == sorted(times)
    assert times[0] == 0
    indices = [frame.index for frame in frames]
    assert indices == sorted(set(indices))
    assert indices[-1] == FRAMES - 1
    assert frames[-1].image.shape == (48, 64, 3)
    assert frames[-1].image.dtype == np.uint8
    assert frames[-1].image[..., 2].mean() > 150 > 50 > frames[-1].image[..., 0].mean()


class Gated:
    """A camera that gives one frame, then as many as are left once it may, then none."""

    def __init__(self) -> None:
        self.index, self.may, self.ended = 0, Event(), Event()

    def read(self) -> tuple[bool, np.ndarray]:
        if self.index and not self.may.wait(60):
            pytest.fail("nobody let it go on")
        self.index += 1
        if self.index > FRAMES:
            self.ended.set()
        return self.index <= FRAMES, np.zeros((48, 64, 3), np.uint8)

    def release(self) -> None:
        pass


def test_who_is_slow_gets_the_newest_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    gated = Gated()
    monkeypatch.setattr(camera, "_opened", lambda _: gated)
    frames = Camera(0).frames()
    assert next(frames).index == 0
    gated.may.set()
    assert gated.ended.wait(60)  # the camera was read to its end meanwhile
    assert next(frames).index == FRAMES - 1
    with pytest.raises(VideoDecodeError):
        next(frames)


def test_a_set_stop_ends_it_without_an_error(device: str) -> None:
    stop = Event()
    seen = 0
    for _ in Camera(device).frames(stop=stop):
        seen += 1
        stop.set()
    assert seen == 1


def test_times_cut_a_part_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a camera that waits until each frame is taken, one frame a second."""
    ticks, turn, take = count(), Semaphore(1), camera._Newest.take

    class Paced:
        def read(self) -> tuple[bool, np.ndarray]:
            return turn.acquire(timeout=60), np.zeros((48, 64, 3), np.uint8)

        def release(self) -> None:
            pass

    def taken(self: Any, stop: Event) -> Any:
        frame = take(self, stop)
        turn.release()
        return frame

    monkeypatch.setattr(camera, "_opened", lambda _: Paced())
    monkeypatch.setattr(camera._Newest, "take", taken)
    frames = list(Camera(0).frames(start_s=3, end_s=8, clock=lambda: float(next(ticks))))
    assert [frame.time_s for frame in frames] == [3, 4, 5, 6, 7]
    assert [frame.index for frame in frames] == [3, 4, 5, 6, 7]


@pytest.mark.parametrize("device", [97, "/nonexistent/video"])
def test_a_camera_that_is_not_there_is_told(device: int | str, capfd) -> None:
    with pytest.raises(VideoDecodeError, match=f"camera {device} cannot be opened"):
        next(Camera(device).frames())
    assert capfd.readouterr() == ("", "")


def test_impossible_times_are_refused_at_once() -> None:
    with pytest.raises(InputError, match="start_s < end_s"):
        Camera(0).frames(start_s=2, end_s=1)


def test_without_opencv_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(MissingExtraError, match="camera"):
        next(Camera(0).frames())


@pytest.mark.parametrize(
    ("name", "camera"),
    [
        ("camera:0", Camera(0)),
        ("camera:12", Camera(12)),
        ("camera:/dev/video2", Camera("/dev/video2")),
        ("camera:", None),
        ("camera", None),
        ("my camera:0", None),
    ],
)
def test_names_of_cameras(name: str, camera: Camera | None) -> None:
    assert camera_named(name) == camera


def test_a_file_of_such_a_name_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mien.analyze import find_items

    monkeypatch.chdir(tmp_path)
    (item,) = find_items(["camera:0"])
    assert item.is_live
    assert item.is_video
    Path("camera:0").touch()
    (item,) = find_items(["camera:0"])
    assert not item.is_live
