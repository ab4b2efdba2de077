"""``mien export``: a finished run becomes a bundle."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import mien
from faces_made import made_faces, table_text
from mien.cli import console, run
from mien.store.bundle import load_bundle


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``fer2013.csv`` of noise, and ``run/`` trained on it for two epochs."""
    folder = tmp_path_factory.mktemp("trained")
    faces = made_faces([0, 1, 2, 3, 4, 5, 6] * 5, ["Training"] * 28 + ["PublicTest"] * 7)
    (folder / "fer2013.csv").write_text(table_text(faces), encoding="utf-8")
    recipe = 'model = "nano"\nepochs = 2\nscore_at = [1]\nbatch_size = 14\nvotes_weight = 0\n'
    (folder / "recipe.toml").write_text(recipe, encoding="utf-8")
    line = ["--data", str(folder / "fer2013.csv"), "--out", str(folder / "run")]
    assert run(["train", str(folder / "recipe.toml"), *line]) == 0
    return folder


@pytest.fixture
def line(trained: Path, tmp_path: Path) -> list[str]:
    data, out = str(trained / "fer2013.csv"), str(tmp_path / "mine")
    return ["export", str(trained / "run"), "--data", data, "--out", out]


def test_bundle_tells_how_it_was_trained(
    line: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*line, "--no-int8", "--json"]) == 0
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert list(found["metrics"]) == ["fp32"]
    assert found["largest_difference"] <= 1e-4
    assert f"written to {tmp_path / 'mine'}" in err
    card = load_bundle(tmp_path / "mine").card
    assert card.name == "mine"
    assert card.training.record["config"]["model"] == "nano"
    assert card.training.record["epochs"] == 2
    assert len(card.training.record["data"]["training_sha256"]) == 64
    assert card.training.record["data"]["votes_sha256"] is None
    assert card.training.record["mien"] == mien.__version__
    assert found["network_accuracy"] == found["metrics"]["fp32"]["accuracy"]


def test_table_and_name_on_a_terminal(
    line: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(console, "on_terminal", lambda _stream: True)
    monkeypatch.setenv("COLUMNS", "500")
    assert run([*line, "--name", "ours"]) == 0
    out, _ = capsys.readouterr()
    assert "int8" in out
    assert "rows without a twin in Training" in out
    assert load_bundle(tmp_path / "mine").card.name == "ours"


def test_a_bundle_is_replaced_only_when_asked(
    line: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "model.int8.onnx").touch()
    assert run([*line, "--no-int8"]) == 1
    assert (tmp_path / "mine" / "model.int8.onnx").exists()
    assert run([*line, "--no-int8", "--replace"]) == 0
    assert not (tmp_path / "mine" / "model.int8.onnx").exists()
    capsys.readouterr()


def test_only_a_bundle_is_replaced(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_folder = trained / "run"
    before = sorted(path.name for path in run_folder.iterdir())
    line = ["export", str(run_folder), "--data", str(trained / "fer2013.csv"), "--replace"]
    for out in (run_folder, trained):
        assert run([*line, "--out", str(out)]) == 1
        assert "is no bundle" in capsys.readouterr().err
    assert sorted(path.name for path in run_folder.iterdir()) == before


def test_no_run_no_bundle(
    line: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["export", str(tmp_path), *line[2:]]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "holds no run of mien train" in err
    assert not (tmp_path / "mine").exists()


def test_missing_split_writes_nothing(
    line: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*line, "--calibration-split", "PrivateTest"]) == 1
    assert "it has: Training, PublicTest" in capsys.readouterr().err
    assert not (tmp_path / "mine").exists()


def test_a_kept_epoch_is_exported(
    line: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*line, "--no-int8", "--epoch", "1"]) == 0
    early = load_bundle(tmp_path / "mine")
    graph = early.model("fp32")
    assert early.card.training.record["epochs"] == 1
    assert run([*line, "--no-int8", "--replace"]) == 0
    assert graph != load_bundle(tmp_path / "mine").model("fp32")
    assert run([*line, "--replace", "--epoch", "2"]) == 1
    assert "no epoch-2.ckpt; epochs are kept that score_at names" in capsys.readouterr().err


def test_a_bundle_is_quantised_again_and_not_exported(
    line: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*line, "--no-int8"]) == 0
    mine, again = tmp_path / "mine", tmp_path / "again"
    more = [str(mine), *line[2:4], "--out", str(again)]
    capsys.readouterr()
    assert run(["export", *more]) == 2
    assert "is a bundle; mien quantise makes its int8 file again" in capsys.readouterr().err
    assert run(["quantise", *more]) == 0
    assert json.loads(capsys.readouterr().out)["largest_difference"] is None
    assert set(load_bundle(again).card.files) == {"fp32", "int8"}
    assert load_bundle(again).card.name == load_bundle(mine).card.name
    assert load_bundle(again).model("fp32") == load_bundle(mine).model("fp32")
