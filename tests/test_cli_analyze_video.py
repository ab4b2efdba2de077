"""``mien analyze`` on videos, the whole way: frames, tracks, smoothed labels, damage."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from made_videos import overwritten, video, with_packet
from mien.cli import console, run

PORTRAIT = Path(__file__).parents[1] / "assets" / "portrait.jpg"


def portrait_frames(count: int, *, absent: range = range(0)) -> list[np.ndarray]:
    """The portrait moving to the right, a blank wall where it is absent."""
    with Image.open(PORTRAIT) as picture:
        face = picture.convert("RGB")
    face.thumbnail((200, 240))
    frames = []
    for at in range(count):
        frame = Image.new("RGB", (320, 240), (120, 120, 120))
        if at not in absent:
            frame.paste(face, (20 + 4 * at, 0))
        frames.append(np.asarray(frame))
    return frames


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(console, "on_terminal", lambda _stream: False)
    return tmp_path


@pytest.fixture(scope="module")
def clip() -> bytes:
    return video(portrait_frames(16, absent=range(10, 12)), rate=10)


def rows_of(capsys: pytest.CaptureFixture[str]) -> list[dict]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_one_row_per_frame_with_one_face_that_keeps_its_number(
    folder: Path, clip: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "clip.mp4").write_bytes(clip)
    assert run(["analyze", "clip.mp4"]) == 0
    rows = rows_of(capsys)
    assert [row["frame"] for row in rows] == list(range(16))
    assert [row["time_s"] for row in rows] == pytest.approx([at / 10 for at in range(16)])
    seen = [row for row in rows if row["faces"]]
    assert [row["frame"] for row in rows if not row["faces"]] == [10, 11]
    assert {face["track"] for row in seen for face in row["faces"]} == {0}
    assert all(row["faces"][0]["label"] == "happy" for row in seen)
    assert all(row["faces"][0]["smoothed"] for row in seen)
    x = [row["faces"][0]["box"][0] for row in seen[:10]]
    assert 30 < x[-1] - x[0] < 42


def test_between_detections_the_track_carries_the_face(
    folder: Path, clip: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "clip.mp4").write_bytes(clip)
    assert run(["analyze", "clip.mp4", "--every", "3", "--smooth", "0", "--to", "0.9"]) == 0
    rows = rows_of(capsys)
    assert [row["faces"][0]["detected"] for row in rows] == [True, False, False] * 3
    assert all(row["faces"][0]["smoothed"] is None for row in rows)
    steps = np.diff([row["faces"][0]["box"][0] for row in rows[4:]])
    assert abs(steps - 4).max() < 4


def test_pictures_and_videos_together_and_a_part(
    folder: Path, clip: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "in").mkdir()
    (folder / "in" / "b.mp4").write_bytes(clip)
    (folder / "in" / "a.jpg").write_bytes(PORTRAIT.read_bytes())
    line = ["analyze", "in", "--from", "0.2", "--to", "0.5", "--format", "csv"]
    assert run(line) == 0
    out, err = capsys.readouterr()
    cells = list(csv.DictReader(out.splitlines()))
    assert [row["source"] for row in cells] == ["in/a.jpg"] + ["in/b.mp4"] * 3
    assert [row["frame"] for row in cells[1:]] == ["2", "3", "4"]
    assert "answered 2, failed 0, frames 3, faces 4" in err


def test_a_terminal_gets_one_line_per_face(
    folder: Path,
    clip: bytes,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (folder / "clip.mp4").write_bytes(clip)
    monkeypatch.setenv("COLUMNS", "160")
    assert run(["analyze", "clip.mp4", "--format", "table"]) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if "clip.mp4" in line]
    assert len(lines) == 1
    assert "clip.mp4 face 0" in lines[0]
    assert "happy 100%" in lines[0]
    assert "0.0 to 1.5 s" in lines[0]


def test_a_damaged_video_ends_only_itself(
    folder: Path, clip: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "a.mp4").write_bytes(clip[: len(clip) // 2])
    (folder / "b.mp4").write_bytes(clip)
    assert run(["analyze", "a.mp4", "b.mp4"]) == 1
    rows = rows_of(capsys)
    assert rows[0]["source"] == "a.mp4"
    assert [row for row in rows if "error" in row] == [
        {**row, "error": {"type": "VideoDecodeError", "message": row["error"]["message"]}}
        for row in rows
        if row["source"] == "a.mp4" and "error" in row
    ]
    assert sum(row["source"] == "b.mp4" for row in rows) == 16


def test_a_damaged_stretch_is_one_row_and_reading_goes_on(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = video(portrait_frames(30), container="avi", codec="mjpeg", rate=10)
    (folder / "clip.avi").write_bytes(with_packet(clip, 8, overwritten))
    assert run(["analyze", "clip.avi", "--every", "8"]) == 1
    rows = rows_of(capsys)
    assert [row.get("frame") for row in rows] == [*range(8), None, *range(9, 30)]
    assert "from 0.800 s to 0.900 s" in rows[8]["error"]["message"]


def test_a_clock_that_restarts_is_said_and_ends_the_tracks(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    part = video(portrait_frames(6), container="mpegts", codec="libx264", rate=10, bf="0")
    (folder / "clip").write_bytes(part + part)
    assert run(["analyze", "clip"]) == 0
    out, err = capsys.readouterr()
    rows = [json.loads(line) for line in out.splitlines()]
    assert [row["time_s"] for row in rows] == pytest.approx([at / 10 for at in range(12)])
    assert ["warning" in row for row in rows] == [at == 6 for at in range(12)]
    assert [row["faces"][0]["track"] for row in rows] == [0] * 6 + [1] * 6
    assert "goes back by 0.500 s here" in err or "stands still" in err


def test_a_part_behind_the_end_is_said(
    folder: Path, clip: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "clip.mp4").write_bytes(clip)
    assert run(["analyze", "clip.mp4", "--from", "9"]) == 1
    assert "the video is shorter than 9 s" in capsys.readouterr().err


def test_overlays_are_pictures(
    folder: Path, clip: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "clip.mp4").write_bytes(clip)
    assert run(["analyze", "clip.mp4", "--overlay", "out"]) == 1
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 16
    assert err.count("overlays are pictures, and this is a video") == 1


def test_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["analyze", "clip.mp4", "--from", "3", "--to", "2"]) == 2
    assert "--from 3 must lie before --to 2" in capsys.readouterr().err
    assert run(["analyze", "clip.mp4", "--every", "0"]) == 2
