"""``mien analyze camera:0``: live rows until Ctrl-C, which ends it well."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from mien.cli import run
from mien.cli.analyze import _stopping
from mien.core.rows import parse_row
from portrait import portrait

pytest.importorskip("cv2")

HEADER = b"YUV4MPEG2 W512 H512 F25:1 Ip A1:1 C420jpeg\n"


def plays_for_ever(pipe: Path, until: threading.Event) -> None:
    """What a camera does: one picture, again and again."""
    grey = portrait().mean(axis=2).astype(np.uint8).tobytes()
    frame = b"FRAME\n" + grey + b"\x80" * (2 * 256 * 256)
    try:
        with pipe.open("wb") as file:
            file.write(HEADER)
            while not until.wait(0.02):
                file.write(frame)
    except BrokenPipeError:
        return


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_ctrl_c_ends_a_camera_with_all_rows_written(tmp_path: Path) -> None:
    pipe, out = tmp_path / "device.y4m", tmp_path / "rows.jsonl"
    os.mkfifo(pipe)
    over = threading.Event()
    player = threading.Thread(target=plays_for_ever, args=(pipe, over), daemon=True)
    player.start()
    line = [sys.executable, "-m", "mien", "analyze", f"camera:{pipe}", "--json", "--out", str(out)]
    with subprocess.Popen(
        line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        seen = [process.stdout.readline() for _ in range(3)]  # they come while it runs
        process.send_signal(signal.SIGINT)
        rest, words = process.stdout.read(), process.stderr.read()
    over.set()
    assert process.returncode == 0, words
    rows = [parse_row(json.loads(text)) for text in out.read_text(encoding="utf-8").splitlines()]
    assert [json.dumps(row, ensure_ascii=False) for row in rows] == "".join(
        [*seen, rest]
    ).splitlines()
    assert all(row["time_s"] is not None and row["source"] == f"camera:{pipe}" for row in rows)
    assert {face["label"] for row in rows for face in row["faces"]} == {"happy"}
    assert f"answered 1, failed 0, frames {len(rows)}" in words


def test_second_ctrl_c_interrupts() -> None:
    # a shell's background job inherits that Ctrl-C is ignored
    inherited = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with _stopping() as stop:
            signal.raise_signal(signal.SIGINT)
            assert stop.is_set()
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(signal.SIGINT)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, inherited)


def test_camera_that_is_not_there_is_one_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["analyze", "camera:97", "--json"]) == 1
    out, err = capsys.readouterr()
    (row,) = map(json.loads, out.splitlines())
    assert row["error"]["type"] == "VideoDecodeError"
    assert "cannot be opened" in err
