"""The options that describe labelled data belong to every command that reads such data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer

from faces_made import save_picture
from mien.cli import run
from mien.cli.app import app
from mien.core.errors import MienWarning
from mien.data import load

RAF = "1=surprise,2=fear,3=disgust,4=happy,5=sad,6=angry,7=neutral"
OPTIONS = {"--reader", "--map", "--labels-file", "--skip-damaged"}
WITHOUT = {"mien teach"}  # a person's collection of samples, with a format of its own


def commands(command: Any, name: str) -> list[tuple[str, set[str]]]:
    found = [(name, {option for parameter in command.params for option in parameter.opts})]
    for child, below in getattr(command, "commands", {}).items():
        found += commands(below, f"{name} {child}")
    return found


def test_every_command_that_takes_data_has_them() -> None:
    every = commands(typer.main.get_command(app), "mien")
    with_data = {name for name, options in every if "--data" in options} - WITHOUT
    with_data |= {"mien data info", "mien data convert"}
    assert {name for name, options in every if options >= OPTIONS} == with_data
    assert len(with_data) >= 9


@pytest.fixture
def raf(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    for split in ("train", "test"):
        for code in range(1, 8):
            grey = rng.integers(0, 256, (48, 48), np.uint8)
            save_picture(tmp_path / "raf" / split / str(code) / f"{split}_{code}.png", grey)
    return tmp_path / "raf"


def test_a_layout_is_proposed_mapped_and_converted(
    raf: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["data", "info", str(raf)]) == 1
    assert f"Do: --map {RAF}" in capsys.readouterr().err
    assert run(["data", "info", str(raf), "--map", RAF]) == 0
    assert json.loads(capsys.readouterr().out)["rows"] == 14
    assert run(["data", "convert", str(raf), "--out", str(tmp_path / "out"), "--map", RAF]) == 0
    assert len(load(tmp_path / "out")) == 14


def test_evaluate_reads_it_too(raf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = ["evaluate", "small", "--data", str(raf), "--split", "test", "--json"]
    assert run(line) == 1
    assert f"Do: --map {RAF}" in capsys.readouterr().err
    for more in ([], ["--end-to-end", "--detector", "none"]):
        assert run([*line, "--map", RAF, "--allow-misaligned", *more]) == 0
        assert json.loads(capsys.readouterr().out)["n"] == 7


def test_explain_reads_it_too(
    raf: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib")
    line = ["explain", "data", "small", "--data", str(raf), "--what", "mistakes", "--split", "test"]
    assert run([*line, "--out", str(tmp_path / "a.png"), "--map", RAF, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["source"] == "raf"


def test_damage_is_left_out_and_named(
    raf: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (raf / "test" / "1" / "test_1.png").write_bytes(b"\x89PNG")
    line = ["data", "convert", str(raf), "--out", str(tmp_path / "out"), "--map", RAF]
    assert run(line) == 1
    assert "1 of 14 pictures cannot be read" in capsys.readouterr().err
    with pytest.warns(MienWarning, match=r"1 damaged pictures are left out: test/1/test_1\.png"):
        assert run([*line, "--skip-damaged"]) == 0
    assert "13 rows written" in capsys.readouterr().err


def test_they_need_data(capsys: pytest.CaptureFixture[str]) -> None:
    line = ["study", "export", "leak", "--arm", "a", "--runs", "r", "--out", "o"]
    assert run([*line, "--map", RAF]) == 2
    assert "--map, --labels-file and --skip-damaged: only with --data" in " ".join(
        capsys.readouterr().err.split()
    )
