"""``mien benchmark``: durations with their conditions; no test asserts one."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from faces_made import save_picture
from made_bundle import made_bundle
from mien.cli import console, run


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_bundle(tmp_path_factory.mktemp("bundles") / "made", int8=False).bundle.path


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    path = tmp_path / "recipe.toml"
    path.write_text('model = "nano"\nbatch_size = 4\n', encoding="utf-8")
    return path


def test_model_as_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["benchmark", "model", str(folder), "--repeats", "2", "--json"]) == 0
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert [timing["name"].split(",")[0] for timing in found["timings"]] == ["one face", "64 faces"]
    assert all("made fp32, 1 thread" in timing["note"] for timing in found["timings"])
    assert found["machine"]["cores"] >= 1
    assert err == ""


def test_model_as_a_table(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(console, "on_terminal", lambda _stream: True)
    monkeypatch.setenv("COLUMNS", "160")
    assert run(["benchmark", "model", str(folder), "--repeats", "2", "--precision", "fp32"]) == 0
    out, err = capsys.readouterr()
    assert "median ms" in out
    assert "cores" in err


def test_precision_that_the_bundle_lacks(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["benchmark", "model", str(folder), "--precision", "int8"]) == 1
    assert "it has: fp32" in capsys.readouterr().err


def test_picture(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = save_picture(tmp_path / "a.png", np.zeros((50, 60, 3), np.uint8))
    line = ["--model", str(folder), "--detector", "none", "--repeats", "2"]
    assert run(["benchmark", "picture", str(path), *line]) == 0
    timings = json.loads(capsys.readouterr().out)["timings"]
    assert [timing["name"] for timing in timings] == ["detect", "detect and recognise"]
    assert "60x50, 1 face" in timings[0]["note"]


def test_picture_that_cannot_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["benchmark", "picture", str(tmp_path / "none.png")]) == 1
    assert "cannot be opened" in capsys.readouterr().err


@pytest.mark.parametrize(("limit", "code"), [("0", 3), ("1e9", 0)])
def test_training_step_and_its_limit(
    limit: str, code: int, recipe: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["benchmark", "train", str(recipe), "--repeats", "1", "--max-ratio", limit]) == code
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert found["ratio"] == found["full"]["median_ms"] / found["bare"]["median_ms"]
    assert ("above --max-ratio" in err) == (code == 3)


def test_training_step_as_a_table(
    recipe: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(console, "on_terminal", lambda _stream: True)
    monkeypatch.setenv("COLUMNS", "160")
    assert run(["benchmark", "train", str(recipe), "--repeats", "1", "--set", "batch_size=3"]) == 0
    out, err = capsys.readouterr()
    assert "nano, batch of 3" in out
    assert "x its forward and backward pass" in err
