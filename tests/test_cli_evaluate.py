"""``mien evaluate``: crops and photos, figures, thresholds."""

from __future__ import annotations

import json
from inspect import signature
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from faces_made import save_picture, table_text
from fake_recognizer import FakeRecognizer, made_faces, made_photo
from mien.cli import console, options, run
from mien.core.labels import ferplus8

LABELS = [0, 1, 2, 3, 4, 5, 6]
SHOWN = [0, 1, 2, 3, 4, 5, 0]  # one of seven looks like another label


@pytest.fixture(autouse=True)
def opened(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Replace the model; returns what it was opened with."""
    given: dict[str, Any] = {}
    real = options.recognizer

    def open_recognizer(*chosen: Any) -> FakeRecognizer:
        given.update(zip(signature(real).parameters, chosen, strict=False))
        return FakeRecognizer()

    monkeypatch.setattr(options, "recognizer", open_recognizer)
    return given


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """28 rows of Training and as many of PublicTest, six of seven answered rightly."""
    splits = ["Training"] * 28 + ["PublicTest"] * 28
    faces = made_faces(LABELS * 8, shown=SHOWN * 8, usage=splits)
    path = tmp_path / "fer2013.csv"
    path.write_text(table_text(faces), encoding="utf-8")
    return path


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """One photo per label of fer7, and one without a face."""
    folder = tmp_path / "photos"
    for index, name in enumerate(("angry", "disgust", "fear", "happy", "sad", "surprise")):
        save_picture(folder / name / "a.png", made_photo((index, 9)))
    save_picture(folder / "neutral" / "none.png", made_photo())
    return folder


def test_json_is_one_object_with_every_field(
    table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["evaluate", "fake", "--data", str(table), "--json"]) == 0
    out, err = capsys.readouterr()
    (line,) = out.splitlines()
    found = json.loads(line)
    fields = (
        "bundle precision split n accuracy ci95 clean macro_f1 balanced_accuracy nll ece brier "
        "aurc per_class confusion latency_ms"
    )
    assert set(fields.split()) <= set(found)
    assert (found["split"], found["n"]) == ("PublicTest", 28)
    assert found["accuracy"] == pytest.approx(6 / 7)
    assert set(found["per_class"]["happy"]) == {"precision", "recall", "f1", "auc", "support"}
    assert "mien: warning: PublicTest differs from the official" in err


def test_a_terminal_gets_tables(
    table: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(console, "on_terminal", lambda _stream: True)
    monkeypatch.setenv("COLUMNS", "160")
    assert run(["evaluate", "fake", "--data", str(table)]) == 0
    out, err = capsys.readouterr()
    assert "0.8571, 95 % interval" in out
    assert "balanced accuracy" in out
    assert "truth \\ answer" in out
    assert "{" not in out
    assert "input: 48x48 crops as labelled, no detector" in err


@pytest.mark.parametrize(("least", "code"), [("0.85", 0), ("0.86", 3)])
def test_missed_accuracy_is_3(
    least: str, code: int, table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = ["evaluate", "fake", "--data", str(table), "--min-accuracy", least]
    assert run(line) == code
    out, err = capsys.readouterr()
    assert json.loads(out)["n"] == 28
    assert ("is below --min-accuracy" in err) == (code == 3)


@pytest.mark.parametrize(
    ("split", "n"), [(None, 28), ("Training", 28), ("all", 56), ("PublicTest", 28)]
)
def test_split(split: str | None, n: int, table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    extra = [] if split is None else ["--split", split]
    assert run(["evaluate", "fake", "--data", str(table), *extra]) == 0
    assert json.loads(capsys.readouterr().out)["n"] == n


def test_clean_against_another_source(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        run(
            [
                "data",
                "convert",
                str(table),
                "--out",
                str(tmp_path / "p.csv"),
                "--split",
                "PublicTest",
            ]
        )
        == 0
    )
    line = ["evaluate", "fake", "--data", str(tmp_path / "p.csv")]
    capsys.readouterr()
    assert run(line) == 0
    out, err = capsys.readouterr()
    assert set(json.loads(out)["clean"].values()) == {None}
    assert "give --clean-against SRC:Training" in err
    assert run([*line, "--clean-against", f"{table}:Training"]) == 0
    assert json.loads(capsys.readouterr().out)["clean"]["n"] == 28


def test_clean_against_is_read_in_the_space_of_the_data(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """fer7 does not know the class ``contempt``, and refuses a folder that has it."""
    data, own = tmp_path / "data", tmp_path / "own"
    for index, name in enumerate(ferplus8.labels):
        save_picture(data / "test" / name / "a.png", np.full((48, 48), 20 * index, np.uint8))
        if name in {"happy", "contempt"}:
            save_picture(own / "train" / name / "b.png", np.full((48, 48), 20 * index, np.uint8))
    line = ["evaluate", "fake", "--data", str(data), "--split", "all", "--labels", "ferplus8"]
    assert run([*line, "--clean-against", f"{own}:Training"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["n"], found["clean"]["n"]) == (7, 6)
    assert "2 rows of own" in found["protocol"]["clean"]


@pytest.mark.parametrize("views", ["flip", "tencrop"])
def test_views_are_named_in_the_protocol(
    views: str, table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["evaluate", "fake", "--data", str(table), "--views", views]) == 0
    assert json.loads(capsys.readouterr().out)["protocol"]["views"].startswith(views)


def test_end_to_end_counts_missed_faces_as_wrong(
    photos: Path, opened: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    line = ["evaluate", "fake", "--data", str(photos), "--end-to-end", "--detector", "haar"]
    assert run([*line, "--min-face", "20"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["n"] == 7
    assert found["accuracy"] == pytest.approx(6 / 7)
    assert found["end_to_end"]["no_face"] == 1
    assert (opened["detector"], opened["min_face"]) == ("haar", 20)


def test_an_unreadable_photo_is_wrong_and_fails(
    photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = next(path for path in sorted(photos.rglob("*")) if path.is_file())
    picture.write_bytes(b"not a picture")
    assert run(["evaluate", "fake", "--data", str(photos), "--end-to-end"]) == 1
    out, err = capsys.readouterr()
    assert json.loads(out)["end_to_end"]["unreadable"] == 1
    assert "1 photos could not be read" in err


def test_crops_open_no_detector(
    table: Path, opened: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    line = ["--precision", "int8", "--threads", "1"]
    assert run(["evaluate", "./mine", "--data", str(table), *line]) == 0
    capsys.readouterr()
    assert (opened["model"], opened["detector"]) == ("./mine", "none")
    assert (opened["precision"], opened["threads"]) == ("int8", 1)


def test_shuffled_labels_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shown = LABELS * 20
    faces = made_faces(shown[3:] + shown[:3], shown=shown)
    (tmp_path / "shuffled.csv").write_text(table_text(faces), encoding="utf-8")
    assert run(["evaluate", "fake", "--data", str(tmp_path / "shuffled.csv")]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("mien: error:") == 1
    assert "--allow-misaligned" in err
    line = ["evaluate", "fake", "--data", str(tmp_path / "shuffled.csv"), "--allow-misaligned"]
    assert run([*line, "--json"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["accuracy"] < 0.2
    assert "mien: warning: " in err


@pytest.mark.parametrize(
    ("extra", "code", "words"),
    [
        (["--split", "Public"], 1, "it has: Training, PublicTest"),
        (["--labels", "fer9"], 2, "fer7"),
        (["--views", "flop"], 2, "flop"),
        (["--end-to-end", "--views", "flip"], 2, "for crops"),
        (["--clean-against", "Training"], 2, "expects SRC:SPLIT"),
        (["--min-accuracy", "69"], 2, "min-accuracy"),
        (["--min-accuracy", "nan"], 2, "expected a number, got nan"),
        (["--detector", "haar"], 2, "--detector: only with --end-to-end"),
        (["--min-face", "10"], 2, "--min-face: only with --end-to-end"),
    ],
)
def test_refuses_and_says_why(
    extra: list[str], code: int, words: str, table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["evaluate", "fake", "--data", str(table), *extra]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert words in err
