"""``mien ensemble``: what it is told, and what it tells."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from faces_made import table_text
from made_bundle import made_network, made_splits
from mien.cli import console, run
from mien.export import export_bundle
from mien.store.bundle import load_bundle
from mien.store.training import Training
from mien.train.state import seeded


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Two bundles and their data; one of them had half of Training held out."""
    folder = tmp_path_factory.mktemp("members")
    (folder / "fer2013.csv").write_text(table_text(made_splits()), encoding="utf-8")
    training = {"config": {"held_out": 0.5, "held_out_seed": 0}}
    for seed, name in ((11, "one"), (12, "two")):
        network = made_network()
        with seeded(seed), torch.no_grad():
            network.head.weight.normal_(0, 0.5)
        told = Training(training if name == "one" else {})
        export_bundle(network, made_splits(), folder / name, name=name, training=told, int8=False)
    data = str(folder / "fer2013.csv")
    return ["ensemble", str(folder / "one"), str(folder / "two"), "--data", data]


def test_cost_agreement_and_gain_are_told(
    line: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "both")
    assert run([*line, "--out", out, "--share", "3", "--share", "1", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["name"] == "both"
    assert [member["share"] for member in found["members"]] == [0.75, 0.25]
    assert found["macs"] == sum(member["macs"] for member in found["members"])
    assert found["median_ms"] > 0
    assert 0 <= found["agreement"] <= 1
    low, high = found["gain"]["ci95"]
    assert low <= found["gain"]["points"] <= high
    assert found["largest_difference"] < 1e-4
    shares = [member["share"] for member in load_bundle(Path(out)).card.training.record["ensemble"]]
    assert shares == [0.75, 0.25]


def test_people_get_a_table(
    line: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(console, "wants_json", lambda **_: False)
    assert run([*line, "--out", str(tmp_path / "both")]) == 0
    out, err = capsys.readouterr()
    assert "MMACs" in out
    assert "0.500" in out
    assert "members agree on" in err


@pytest.mark.parametrize(
    ("more", "code", "reason"),
    [
        (["--share", "1", "--share", "1", "--learn"], 2, "--share or --learn, not both"),
        (["--share", "1"], 1, "2 members need one share each, got 1"),
        (["--share", "1", "--share", "-1"], 1, "shares must be above 0"),
        (["--share", "1", "--share", "nan"], 1, "shares must be above 0"),
        (["--share", "0", "--share", "0"], 1, "shares must be above 0"),
        (["--learn"], 1, "two was trained on all of Training"),
        (["--calibration-split", "PrivateTest"], 1, "PrivateTest"),
    ],
)
def test_what_cannot_be_joined_is_told_and_nothing_written(
    line: list[str],
    more: list[str],
    code: int,
    reason: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run([*line, "--out", str(tmp_path / "both"), *more]) == code
    assert reason in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "both").exists()
