"""Several processes at one study: each arm is run once, and nobody waits for nothing."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from mien.store.atomic import locked_folder
from mien.study import load_study, parse_study, run_study
from mien.study import run as run_module
from mien.study.generated import generated_faces
from mien.study.plan import Arm
from mien.study.run import ELSEWHERE, RESULT

pytestmark = pytest.mark.skipif(
    not hasattr(os, "O_DIRECTORY"), reason="folders cannot be locked here"
)

STUDY = parse_study(
    {
        "title": "Two seeds",
        "source": "nobody",
        "question": "Who runs what?",
        "recipe": {"model": "nano", "epochs": 1, "batch_size": 16, "ema_epochs": 0},
        "data": {"generated": 4},
        "grid": {"seed": [0, 1]},
    },
    "mine",
    "smoke",
)


def test_an_arm_of_another_process_is_left_to_it(tmp_path: Path) -> None:
    calls: list[tuple[str, str]] = []

    def told(_index: int, _arms: int, arm: Arm, result: dict[str, Any] | None) -> None:
        calls.append((arm.name, "begins" if result is None else result["state"]))

    (tmp_path / "seed0").mkdir()
    with locked_folder(tmp_path / "seed0"):
        results = run_study(STUDY, generated_faces, tmp_path, on_arm=told)
    assert [result["state"] for result in results] == [ELSEWHERE, "done"]
    assert calls == [
        ("seed0", ELSEWHERE),
        ("seed1", "begins"),
        ("seed1", "done"),
        ("seed0", ELSEWHERE),  # looked at again, and still another's
    ]
    assert not (tmp_path / "seed0" / RESULT).exists()
    results = run_study(STUDY, generated_faces, tmp_path)
    assert [result["state"] for result in results] == ["done", "done"]


def test_an_arm_that_another_process_lets_go_is_run(tmp_path: Path) -> None:
    (tmp_path / "seed0").mkdir()
    other = ExitStack()
    other.enter_context(locked_folder(tmp_path / "seed0"))
    results = run_study(STUDY, generated_faces, tmp_path, on_epoch=lambda *_: other.close())
    assert [result["state"] for result in results] == ["done", "done"]


def test_what_another_process_has_just_ended_is_taken_from_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = run_study(STUDY, generated_faces, tmp_path)
    read = run_module.read_result
    looks: list[str] = []

    def late(folder: Path, arm: Arm) -> dict[str, Any] | None:
        looks.append(arm.name)
        before_it_ended = looks.count("seed1") == 2  # the first look is before all arms
        return None if arm.name == "seed1" and before_it_ended else read(folder, arm)

    monkeypatch.setattr(run_module, "read_result", late)
    jobs = {"networks": lambda *_, **__: pytest.fail("an arm was run again")}
    monkeypatch.setattr(run_module, "_JOBS", jobs)
    assert run_study(STUDY, generated_faces, tmp_path) == results
    assert looks.count("seed1") == 3


def test_an_arm_whose_first_training_another_process_runs_is_left_for_later(
    tmp_path: Path,
) -> None:
    study = load_study("transfer", "smoke")
    arm = next(arm for arm in study.arms if arm.recipe.get("first"))

    def ran() -> dict[str, Any]:
        rows = run_study(study, generated_faces, tmp_path, only=(arm.name,))
        return next(row for row in rows if row["arm"] == arm.name)

    done = ran()
    (tmp_path / arm.name / RESULT).unlink()
    (first,) = tmp_path.glob("first-*")
    for left in first.iterdir():
        left.unlink()
    with locked_folder(first):
        assert ran()["state"] == ELSEWHERE
        assert not (tmp_path / arm.name / RESULT).exists()
    assert ran()["scores"] == done["scores"]


def test_two_commands_share_a_folder(tmp_path: Path) -> None:
    text = """
        title = "Four seeds"
        source = "nobody"
        question = "Who runs what?"
        recipe = { model = "nano", epochs = 1, batch_size = 16, ema_epochs = 0 }
        data = { generated = 4 }
        grid = { seed = [0, 1, 2, 3] }
    """
    (tmp_path / "four.toml").write_text(text, encoding="utf-8")
    out = tmp_path / "runs"
    line = [sys.executable, "-m", "mien", "study", "run", str(tmp_path / "four.toml")]
    both = [
        subprocess.Popen(
            [*line, "--out", str(out)], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
        )
        for _ in range(2)
    ]
    told = [each.communicate()[1] for each in both]
    assert [each.returncode for each in both] == [0, 0], told
    begins = [line for text in told for line in text.splitlines() if line.endswith(" ...")]
    assert len(begins) == 4, told
    with (out / "table.csv").open(encoding="utf-8", newline="") as file:
        rows = [(row["arm"], row["state"]) for row in csv.DictReader(file)]
    assert rows == [(f"seed{seed}", "done") for seed in range(4)]
