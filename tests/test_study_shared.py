"""Several processes at one study: each arm is run once, and nobody waits for nothing."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from mien import cli
from mien.store.atomic import locked_folder
from mien.study import ArmResult, SetScores, load_study, parse_study, run_study
from mien.study import run as run_module
from mien.study.arm import Arm
from mien.study.kinds import Job
from mien.study.kinds.network import Networks
from mien.study.run import ELSEWHERE, RESULT
from mien.study.smoke import generated_faces

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


class Other:
    """Another process: holds a folder until it is asked to let it go."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self.lock = ExitStack()
        self.lock.enter_context(locked_folder(folder))

    def ends(self, after: float = 0.0) -> None:
        threading.Timer(after, self.lock.close).start() if after else self.lock.close()


def test_an_arm_of_another_process_is_left_to_it_and_waited_for(tmp_path: Path) -> None:
    calls: list[tuple[str, str]] = []
    other = Other(tmp_path / "seed0")

    def watch(_index: int, _arms: int, arm: Arm, result: ArmResult | None) -> None:
        calls.append((arm.name, "begins" if result is None else result.state))
        if calls[-1] == ("seed1", "done"):  # the other process ends while this one waits
            assert not (tmp_path / "seed0" / RESULT).exists()
            other.ends(after=0.3)

    results = run_study(STUDY, generated_faces, tmp_path, on_arm=watch)
    assert [result.state for result in results] == ["done", "done"]
    assert calls == [
        ("seed0", ELSEWHERE),  # said once, however often it is looked at
        ("seed1", "begins"),
        ("seed1", "done"),
        ("seed0", "begins"),  # the other process was killed: nothing was there
        ("seed0", "done"),
    ]


def test_an_arm_that_another_process_lets_go_meanwhile_is_run(tmp_path: Path) -> None:
    other = Other(tmp_path / "seed0")
    results = run_study(STUDY, generated_faces, tmp_path, on_epoch=lambda *_: other.ends())
    assert [result.state for result in results] == ["done", "done"]


def test_what_another_process_has_just_ended_is_taken_from_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = run_study(STUDY, generated_faces, tmp_path)
    read = run_module.read_result
    looks: list[str] = []

    def late(folder: Path, arm: Arm) -> ArmResult | None:
        looks.append(arm.name)
        before_it_ended = looks.count("seed1") == 2  # the first look is before all arms
        return None if arm.name == "seed1" and before_it_ended else read(folder, arm)

    monkeypatch.setattr(run_module, "read_result", late)
    monkeypatch.setattr(Networks, "run", lambda *_: pytest.fail("an arm was run again"))
    assert run_study(STUDY, generated_faces, tmp_path) == results
    assert looks.count("seed1") == 4


def test_a_first_training_of_another_process_is_waited_for(tmp_path: Path) -> None:
    study = load_study("transfer", "smoke")
    arm = next(arm for arm in study.arms if arm.recipe.get("first"))
    states: list[str | None] = []
    others: list[Other] = []

    def watch(_index: int, _arms: int, _arm: Arm, result: ArmResult | None) -> None:
        states.append(result and result.state)
        if states[-1] == ELSEWHERE:
            others.pop().ends(after=0.3)

    run = partial(
        run_study,
        study,
        generated_faces,
        tmp_path,
        only=(arm.name,),
        on_arm=watch,
    )

    def scores() -> Mapping[str, SetScores]:
        return next(row for row in run() if row.arm == arm.name).scores

    done = scores()
    (tmp_path / arm.name / RESULT).unlink()
    (first,) = tmp_path.glob("first-*")
    for left in first.iterdir():
        left.unlink()
    others.append(Other(first))
    states.clear()
    assert scores() == done
    assert states == [None, ELSEWHERE, None, "done"]


def test_a_failure_from_before_is_tried_again_whoever_held_the_arm_meanwhile(
    tmp_path: Path,
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Networks, "run", _failing)
        assert {row.state for row in run_study(STUDY, generated_faces, tmp_path)} == {"failed"}
    other = Other(tmp_path / "seed0")  # it does not retry, or is killed: the old failure stays

    def watch(*_: Any) -> None:
        other.ends(after=0.3)

    results = run_study(STUDY, generated_faces, tmp_path, retry=True, on_arm=watch)
    assert [row.state for row in results] == ["done", "done"]


def test_an_arm_that_fails_again_elsewhere_is_not_tried_once_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Networks, "run", _failing)
    run_study(STUDY, generated_faces, tmp_path)
    tried: list[str] = []

    def watch(_index: int, _arms: int, arm: Arm, result: ArmResult | None) -> None:
        if result is None:
            tried.append(arm.name)
        if arm.name == "seed0" and result:  # another process retries the second arm meanwhile
            run_study(STUDY, generated_faces, tmp_path, only=("seed1",), retry=True)

    results = run_study(STUDY, generated_faces, tmp_path, retry=True, on_arm=watch)
    assert [row.state for row in results] == ["failed", "failed"]
    assert tried == ["seed0"]


def _failing(*_: object) -> ArmResult:
    raise ValueError("no luck")


def test_the_first_of_several_folders_that_is_let_go_is_enough(tmp_path: Path) -> None:
    held, freed = Other(tmp_path / "seed0"), Other(tmp_path / "seed1")
    order: list[str] = []

    def watch(_index: int, _arms: int, arm: Arm, result: ArmResult | None) -> None:
        if result and result.state == "done":
            order.append(arm.name)
            held.ends()
        elif result and arm.name == "seed1":
            freed.ends(after=0.3)

    results = run_study(STUDY, generated_faces, tmp_path, on_arm=watch)
    assert [row.state for row in results] == ["done", "done"]
    assert order == ["seed1", "seed0"]


def test_a_folder_that_is_removed_is_not_waited_for(tmp_path: Path) -> None:
    other = Other(tmp_path / "seed0")

    def watch(_index: int, _arms: int, arm: Arm, result: ArmResult | None) -> None:
        if result and result.state == ELSEWHERE:
            assert arm.name == "seed0"
            threading.Timer(0.3, (tmp_path / "seed0").rmdir).start()

    results = run_study(STUDY, generated_faces, tmp_path, on_arm=watch)
    assert [result.state for result in results] == ["done", "done"]
    other.ends()


def test_tables_hold_what_other_processes_ended_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, out = study_file(tmp_path, seeds=2), tmp_path / "runs"
    line = ["study", "run", str(path), "--out", str(out)]
    run = Networks.run
    others: list[int] = []

    def meanwhile(kind: Any, job: Job) -> ArmResult:
        if job.arm.name == "seed0":  # another command runs and ends the other arm
            others.append(cli.run([*line, "--arm", "seed1"]))
        return run(kind, job)

    monkeypatch.setattr(Networks, "run", meanwhile)
    assert cli.run([*line, "--arm", "seed0"]) == 0
    assert others == [0]
    assert states_in(out / "table.csv") == [("seed0", "done"), ("seed1", "done")]


def study_file(folder: Path, seeds: int) -> Path:
    text = f"""
        title = "Seeds"
        source = "nobody"
        question = "Who runs what?"
        recipe = {{ model = "nano", epochs = 1, batch_size = 16, ema_epochs = 0 }}
        data = {{ generated = 4 }}
        grid = {{ seed = {list(range(seeds))} }}
    """
    path = folder / "seeds.toml"
    path.write_text(text, encoding="utf-8")
    return path


def states_in(table: Path) -> list[tuple[str, str]]:
    with table.open(encoding="utf-8", newline="") as file:
        return [(row["arm"], row["state"]) for row in csv.DictReader(file)]


def test_two_commands_share_a_folder(tmp_path: Path) -> None:
    path, out = study_file(tmp_path, seeds=4), tmp_path / "runs"
    line = [sys.executable, "-m", "mien", "study", "run", str(path)]
    both = [
        subprocess.Popen(
            [*line, "--out", str(out)],
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        for _ in range(2)
    ]
    said = [each.communicate()[1] for each in both]
    assert [each.returncode for each in both] == [0, 0], said
    begins = [line for text in said for line in text.splitlines() if line.endswith(" ...")]
    assert len(begins) == 4, said
    assert states_in(out / "table.csv") == [(f"seed{seed}", "done") for seed in range(4)]
