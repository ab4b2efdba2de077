"""``mien models``: what is in the package, and the card of one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mien.cli import console, run
from mien.core.labels import fer7
from mien.store import bundle
from mien.store.card import Calibration, Card, Geometry, ModelFile
from mien.store.training import Training

CARD = Card(
    name="made",
    labels=fer7,
    outputs=("logits",),
    geometry=Geometry(48, 44, 4, ((15, 17), (32, 17), (23.5, 37)), 1.0),
    files={
        "fp32": ModelFile(
            "0" * 64,
            Calibration(1.5, 0.4, 0.2),
            ({"split": "PublicTest", "n": 3309, "accuracy": 0.51234},),
        ),
        "int8": ModelFile("1" * 64, Calibration(1.4, 0.4, 0.2)),
    },
    parameters=1_234_567,
    macs=0,
    training=Training({"seed": 3}),
    notes=("Expressions are not feelings.", "[bold]\x1b[31mnot obeyed"),
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A bundle's folder; listing reads cards only, so it holds nothing else."""
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "card.json").write_text(CARD.to_json(), encoding="utf-8")
    return tmp_path / "made"


@pytest.fixture
def built_in(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The made bundle is the only one in the package, and the default."""
    monkeypatch.setattr(bundle, "_built_in", lambda: {"made": folder})
    monkeypatch.setattr(bundle, "_DEFAULT_NAME", "made")


@pytest.mark.usefixtures("built_in")
def test_list_as_json_lines(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["models", "--json"]) == 0
    out, err = capsys.readouterr()
    cards = [json.loads(line) for line in out.splitlines()]
    assert [card["model"] for card in cards] == ["default", "made"]
    assert all(card["name"] == "made" for card in cards)
    assert err == ""


@pytest.mark.usefixtures("built_in")
def test_list_as_a_table(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(console, "on_terminal", lambda _stream: True)
    monkeypatch.setenv("COLUMNS", "160")
    assert run(["models"]) == 0
    lines = capsys.readouterr().out.splitlines()
    fp32, int8 = (line.split() for line in lines if line.strip().startswith("default"))
    assert fp32[1:4] == ["made", "fer7", "1,234,567"]
    assert " ".join(fp32[4:]) == "fp32 0.5123 3309 rows of PublicTest"
    assert int8[4:] == ["int8"]


def test_one_card_from_a_folder(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(console, "on_terminal", lambda _stream: True)
    monkeypatch.setenv("COLUMNS", "200")
    assert run(["models", str(folder)]) == 0
    out = capsys.readouterr().out
    assert "files.fp32.calibration.temperature" in out
    assert "Expressions are not feelings" in out
    assert "training.seed" in out
    assert "\x1b[31m" not in out


def test_a_damaged_card_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "card.json").write_text("{", encoding="utf-8")
    assert run(["models", str(tmp_path)]) == 1
    assert "card.json is not JSON" in capsys.readouterr().err


def test_networks_are_what_can_be_trained(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["networks", "--json"]) == 0
    found = {line["name"]: line for line in map(json.loads, capsys.readouterr().out.splitlines())}
    assert found["resnet18"]["parameters"] == 11_177_935
    assert found["tiwari_cnn"]["source"].startswith("Tiwari")
    assert found["inception_v3"]["smallest_input"] == 75
