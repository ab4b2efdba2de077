"""``mien analyze``: formats, streams, exit codes, hostile names."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import subprocess
import sys
from inspect import signature
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from faces_made import save_picture
from mien.cli import console, options, run
from mien.core.faces import Faces
from mien.core.labels import fer7
from mien.core.scores import Scores
from mien.runtime import Reading

FACES = np.full((40, 60, 3), 200, np.uint8)
NO_FACES = np.full((40, 60, 3), 10, np.uint8)
HOSTILE = "[red]=cmd \x1b[31m\nline.png"


class BrightFaces:
    """Finds one sad and one uncertain happy face in bright pictures, none in dark ones."""

    name = "bright"
    labels = fer7

    def read(self, image: np.ndarray) -> Reading:
        p = np.full((2, 7), 0.05, np.float32)
        p[0, 4], p[1, 3] = 0.7, 0.4
        p[1, :3] = 0.15
        p[1] /= p[1].sum()
        scale = np.tile(image.shape[1::-1], 2)
        boxes = np.array([[0.02, 0.05, 0.5, 0.8], [0.52, 0.05, 0.98, 0.8]]) * scale
        found = Faces(boxes=boxes, scores=[0.99, 0.9])
        chosen = slice(0, 2 if image.mean() > 100 else 0)
        scores = Scores(p, fer7, threshold=0.5)
        height, width = image.shape[:2]
        return Reading(found[chosen], scores[chosen], width, height, self.name)


@pytest.fixture(autouse=True)
def recognizer(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Replace the model; returns what it was opened with."""
    opened: dict[str, Any] = {}
    real = options.recognizer

    def open_recognizer(*given: Any) -> BrightFaces:
        opened.update(zip(signature(real).parameters, given, strict=False))
        return BrightFaces()

    monkeypatch.setattr(options, "recognizer", open_recognizer)
    return opened


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """``pictures/`` in the working directory: one with faces, one without."""
    monkeypatch.chdir(tmp_path)
    save_picture(tmp_path / "pictures" / "a.png", FACES)
    save_picture(tmp_path / "pictures" / "b.png", NO_FACES)
    return tmp_path


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console, "on_terminal", lambda _stream: True)
    monkeypatch.setenv("COLUMNS", "120")


def test_a_pipe_gets_json_lines(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["analyze", "pictures"]) == 0
    out, err = capsys.readouterr()
    rows = [json.loads(line) for line in out.splitlines()]
    assert [row["source"] for row in rows] == ["pictures/a.png", "pictures/b.png"]
    assert [face["label"] for face in rows[0]["faces"]] == ["sad", "happy"]
    assert rows[1]["faces"] == []
    assert err == "answered 2, failed 0, faces 2\n"


@pytest.mark.usefixtures("terminal")
def test_a_terminal_gets_a_table(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["analyze", "pictures"]) == 0
    out, _ = capsys.readouterr()
    assert "no face" in out
    assert "happy?" in out
    assert "0.70" in out
    assert "{" not in out


@pytest.mark.usefixtures("terminal", "folder")
@pytest.mark.parametrize("line", [["--json"], ["--format", "jsonl"], ["--out", "-"]])
def test_a_terminal_gets_json_lines_when_asked(
    line: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["analyze", "pictures", *line]) == 0
    assert len([json.loads(row) for row in capsys.readouterr().out.splitlines()]) == 2


def test_a_pipe_gets_a_table_when_asked(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["analyze", "pictures", "--format", "table"]) == 0
    assert "no face" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "extra", "is_csv"),
    [
        ("rows.csv", [], True),
        ("rows.CSV", [], True),
        ("rows.jsonl", [], False),
        ("rows.txt", [], False),
        ("rows.txt", ["--format", "csv"], True),
    ],
)
def test_rows_go_to_a_file(
    name: str, extra: list[str], is_csv: bool, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["analyze", "pictures", "--out", name, *extra]) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert f"written to {name}" in err
    text = (folder / name).read_text(encoding="utf-8")
    assert text.startswith("schema,model,source") == is_csv
    assert len(text.splitlines()) == (4 if is_csv else 2)
    assert not (folder / f"{name}.part").exists()


def test_json_beside_a_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["analyze", "pictures", "--out", "rows.csv", "--json"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2
    assert (folder / "rows.csv").exists()


def test_csv_on_stdout(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["analyze", "pictures/a.png", "--format", "csv"]) == 0
    records = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [record["label"] for record in records] == ["sad", "happy"]
    assert records[1]["uncertain"] == "true"


def test_picture_from_stdin(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data = io.BytesIO((folder / "pictures" / "a.png").read_bytes())
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(data))
    assert run(["analyze", "-"]) == 0
    row = json.loads(capsys.readouterr().out)
    assert (row["source"], len(row["faces"])) == ("stdin", 2)


def test_overlays_in_a_folder(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["analyze", "pictures", "--overlay", "drawn"]) == 0
    assert sorted(path.name for path in (folder / "drawn").iterdir()) == ["a.png", "b.png"]
    with Image.open(folder / "drawn" / "a.png") as drawn:
        assert not np.array_equal(np.asarray(drawn), FACES)
    assert "written to drawn" in capsys.readouterr().err


def test_an_overlay_destroys_no_input(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_picture(folder / "other" / "a.png", NO_FACES)
    before = (folder / "other" / "a.png").read_bytes()
    inputs = ["pictures/a.png", "other/a.png"]
    assert run(["analyze", *inputs, "--overlay", "other"]) == 0
    names = sorted(path.name for path in (folder / "other").iterdir())
    assert names == ["a-2.png", "a-3.png", "a.png"]
    assert run(["analyze", *inputs, "--overlay", "other/a.png"]) == 1
    assert "mien: error: other/a.png is among the inputs" in capsys.readouterr().err
    assert (folder / "other" / "a.png").read_bytes() == before


@pytest.mark.parametrize("inputs", ["{picture}", "{folder}"])
def test_rows_destroy_no_input(
    inputs: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = next(path for path in sorted(folder.rglob("*.png")) if path.is_file())
    before = picture.read_bytes()
    given = inputs.format(picture=picture, folder=picture.parent)
    assert run(["analyze", given, "--out", str(picture)]) != 0
    assert picture.read_bytes() == before
    assert capsys.readouterr().out == ""


def test_rows_in_the_folder_of_the_pictures_can_be_written_again(folder: Path) -> None:
    picture = next(path for path in sorted(folder.rglob("*.png")) if path.is_file())
    rows = picture.parent / "rows.jsonl"
    first = run(["analyze", str(picture.parent), "--out", str(rows)])
    text = rows.read_text(encoding="utf-8")
    assert run(["analyze", str(picture.parent), "--out", str(rows)]) == first
    assert rows.read_text(encoding="utf-8") == text


def test_the_overlay_of_one_picture_can_be_drawn_again(folder: Path) -> None:
    for _ in range(2):
        assert run(["analyze", "pictures/a.png", "--overlay", "drawn.png"]) == 0
    assert sorted(path.name for path in folder.iterdir()) == ["drawn.png", "pictures"]


def test_blurred_overlay_of_one_picture(folder: Path) -> None:
    noise = np.random.default_rng(0).integers(150, 255, (400, 600, 3), np.uint8)
    save_picture(folder / "noise.png", noise)
    assert run(["analyze", "noise.png", "--overlay", "plain.png"]) == 0
    assert run(["analyze", "noise.png", "--overlay", "blurred.png", "--blur-faces"]) == 0
    inside = np.s_[150:250, 100:200]
    with Image.open("plain.png") as plain, Image.open("blurred.png") as blurred:
        assert np.asarray(plain)[inside].std() > 2 * np.asarray(blurred)[inside].std()


def test_one_bad_picture_ends_only_itself(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "pictures" / "aa.png").write_bytes(b"")
    assert run(["analyze", "pictures", "missing.png"]) == 1
    out, err = capsys.readouterr()
    rows = [json.loads(line) for line in out.splitlines()]
    assert [row["source"] for row in rows] == [
        "pictures/a.png", "pictures/aa.png", "pictures/b.png", "missing.png",
    ]  # fmt: skip
    assert ["error" in row for row in rows] == [False, True, False, True]
    assert "mien: pictures/aa.png: the file is empty" in err
    assert err.endswith("answered 2, failed 2, faces 2\n")


@pytest.mark.usefixtures("terminal")
def test_a_bad_picture_is_told_once_on_a_terminal(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "pictures" / "aa.png").write_bytes(b"")
    assert run(["analyze", "pictures"]) == 1
    out, err = capsys.readouterr()
    assert "error: the file is empty" in out
    assert "the file is empty" not in err


def test_a_failing_overlay_is_a_failed_item(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["analyze", "pictures", "--overlay", "one.png"]) == 1
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 2
    assert "mien: pictures/b.png: one.png takes one picture" in err


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (["nothing.png"], "nothing to analyse"),
        (["empty"], "nothing to analyse"),
        (["*.webp"], "nothing to analyse"),
        ([], "Missing argument"),
        (["pictures", "--format", "table", "--out", "rows.txt"], "a table is for reading"),
        (["pictures", "--format", "csv", "--json"], "both want stdout"),
        (["pictures", "--blur-faces"], "--overlay"),
        (["pictures", "--precision", "fp8"], "fp8"),
        (["pictures", "--min-face", "0"], "min-face"),
    ],
)
def test_wrong_usage_is_2(
    line: list[str], words: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "empty").mkdir()
    assert run(["analyze", *line]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert words in err
    assert err.startswith("mien: error: ")


def test_output_that_cannot_be_written_is_an_error(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["analyze", "pictures", "--out", "nowhere/rows.csv"]) == 1
    assert "no folder" in capsys.readouterr().err


def test_hostile_names_reach_nobody(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_picture(folder / "hostile" / HOSTILE, FACES)
    (folder / "hostile" / f"x{HOSTILE}").write_bytes(b"no picture")
    for form in ("jsonl", "csv", "table"):
        assert run(["analyze", "hostile", "--format", form, "--overlay", "drawn"]) == 1
        out, err = capsys.readouterr()
        assert "\x1b" not in out + err, form
        assert "=cmd" in out
        lines = {"jsonl": 2, "csv": 4}.get(form)
        assert lines is None or len(out.splitlines()) == lines
    assert all(path.name.isprintable() for path in (folder / "drawn").iterdir())


def test_options_reach_the_recogniser(folder: Path, recognizer: dict[str, Any]) -> None:
    line = ["--model", "m", "--precision", "int8", "--detector", "none", "--min-face", "20"]
    line += ["--views", "flip"]
    assert run(["analyze", "pictures", *line, "--device", "cpu", "--threads", "1"]) == 0
    assert recognizer == {
        "model": "m", "precision": "int8", "detector": "none", "min_face": 20, "max_faces": 64,
        "device": "cpu", "threads": 1, "views": "flip",
    }  # fmt: skip


def test_an_interrupted_run_leaves_no_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(BrightFaces, "read", interrupt)
    assert run(["analyze", "pictures", "--out", "rows.csv"]) == 130
    assert capsys.readouterr().err.endswith("mien: interrupted\n")
    assert sorted(path.name for path in folder.iterdir()) == ["pictures"]


PROGRAM = """
import sys
sys.path.insert(0, sys.argv.pop(1))
import test_cli_analyze
from mien.cli import main, options
options.recognizer = lambda *_, **__: test_cli_analyze.BrightFaces()
main()
"""


def process(*line: str) -> list[str]:
    """A command line of ``mien`` in a process of its own, with the made model."""
    return [sys.executable, "-c", PROGRAM, str(Path(__file__).parent), "analyze", *line]


def test_rows_in_a_pipe_are_utf8_whatever_the_locale(folder: Path) -> None:
    save_picture(folder / "h\u00e4ppy.png", FACES)
    environment = {**os.environ, "PYTHONIOENCODING": "latin-1"}
    done = subprocess.run(
        process("h\u00e4ppy.png"), env=environment, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.decode("utf-8"))["source"] == "h\u00e4ppy.png"


def test_progress_is_drawn_on_a_real_terminal_only(folder: Path) -> None:
    """The bar is on stderr and goes away; ``--json`` has none."""
    seen: dict[str, bytes] = {}
    for line in (["--json"], ["--out", "rows.jsonl"]):
        ours, theirs = pty.openpty()
        done = subprocess.run(
            process("pictures", *line), stderr=theirs, stdout=subprocess.PIPE, check=False
        )
        os.close(theirs)
        seen[line[0]] = os.read(ours, 65536)
        os.close(ours)
        assert done.returncode == 0
        assert b"\x1b" not in done.stdout
    assert b"\x1b" in seen["--out"]
    assert b"\x1b" not in seen["--json"]


@pytest.mark.parametrize("name", ["rows.parquet", "rows.csv.gz", "rows.xlsx"])
def test_a_name_that_promises_another_format_is_refused(
    name: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["analyze", "pictures", "--out", name]) == 2
    assert f"rows are written as .jsonl, .ndjson, .json, .txt, .csv, got '{name}'" in (
        capsys.readouterr().err
    )
    assert run(["analyze", "pictures", "--out", name, "--format", "csv"]) == 0
    assert (folder / name).read_text(encoding="utf-8").startswith("schema,")


@pytest.mark.parametrize("name", ["same.csv", "same.png", "./same.csv"])
def test_rows_and_overlay_need_two_names(
    name: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = ["analyze", "pictures", "--out", name, "--overlay", name.removeprefix("./")]
    assert run([*line, "--format", "csv"]) == 2
    assert "give two names" in capsys.readouterr().err
    assert sorted(path.name for path in folder.iterdir()) == ["pictures"]


@pytest.mark.parametrize("option", ["--smooth", "--from", "--to"])
@pytest.mark.parametrize("value", ["nan", "inf"])
def test_what_is_no_number_is_refused(
    option: str, value: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["analyze", str(folder / "pictures"), option, value]) == 2
    assert f"expected a number, got {value}" in capsys.readouterr().err


def test_a_crowd_that_was_cut_is_told_once(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_picture(folder / "pictures" / "second.png", FACES)
    assert run(["analyze", "pictures", "--max-faces", "2", "--json"]) == 0
    assert capsys.readouterr().err.count("there may be more, see --max-faces") == 1
    assert run(["analyze", "pictures", "--json"]) == 0
    assert "there may be more" not in capsys.readouterr().err
