"""The training loop: learns, repeats itself, and survives a kill."""

from __future__ import annotations

import csv
import dataclasses
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from made_runs import (
    BRIEF,
    QUICK,
    TWICE,
    KilledError,
    killed_at,
    same_weights,
    splits,
    striped,
)  # fmt: skip
from mien.core.errors import ConfigError, DataError, DeviceError
from mien.models.options import NetworkOptions
from mien.train import CHECKPOINT, Callbacks, Decay, load_run, train

VARIANTS = {
    "constant, plain momentum": {"decay": Decay("constant"), "nesterov": False},
    "step": {"decay": Decay("step", every=1, start=1)},
    "points": {"schedule": ((0.0, 0.5), (2.0, 1.0), (5.0, 0.0))},
    "adam, cosine after a warm-up": {
        "optimiser": "adam", "lr": 0.002, "warmup": 0.3, "decay": Decay("cosine"),
    },
    "adam, plateau": {
        "optimiser": "adam", "lr": 0.002, "momentum": 0.8, "decay": Decay("plateau", patience=1),
    },
    "plateau of the loss held out": {
        "held_out": 0.3, "decay": Decay("plateau", patience=1, monitor="loss"), "lr": 0.5,
    },
    "no average, sampler, given weights": {
        "ema_epochs": 0.0, "per_class": 5, "class_weights": (1.0, 2.0, 1.0, 1.0, 0.0, 1.0, 1.0),
    },
    "undersampled, root weights": {"undersample": 3, "class_weights": "sqrt", "batch_size": 7},
}  # fmt: skip


@pytest.fixture
def no_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half the time of a short run is spent on its figure."""
    monkeypatch.setattr("mien.train.loop.plot_curves", lambda *_: None)


def test_it_learns_stripes(tmp_path: Path) -> None:
    config = dataclasses.replace(QUICK, epochs=12, ema_epochs=1.0)
    log = train(striped(), config, tmp_path).log
    assert log[-1].accuracy > 0.6
    assert log[-1].watch_accuracy > 0.6
    assert log[-1].loss < log[0].loss


@pytest.mark.parametrize("kill_at", [4, 7, 11])
def test_a_killed_run_ends_with_the_same_weights(tmp_path: Path, kill_at: int) -> None:
    whole = train(striped(), QUICK, tmp_path / "whole").network
    with pytest.raises(KilledError):
        train(
            striped(), QUICK, tmp_path / "killed", callbacks=Callbacks(on_step=killed_at(kill_at))
        )
    resumed_run = train(striped(), QUICK, tmp_path / "killed", resume=True)
    resumed, log = resumed_run.network, resumed_run.log
    same_weights(whole, resumed)
    assert [row.epoch for row in log] == [1, 2, 3]


@pytest.mark.usefixtures("no_figure")
@pytest.mark.parametrize("changes", VARIANTS.values(), ids=VARIANTS)
def test_a_killed_run_of_any_kind_ends_with_the_same_weights(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    config, faces = dataclasses.replace(BRIEF, **changes), splits(35, 14)
    whole_run = train(faces, config, tmp_path / "whole")
    whole, log = whole_run.network, whole_run.log

    def killer(step: int, steps: int) -> None:
        if step == steps // 5 * 3 + 1:  # in the fourth epoch
            raise KilledError

    with pytest.raises(KilledError):
        train(faces, config, tmp_path / "killed", callbacks=Callbacks(on_step=killer))
    resumed_run = train(faces, config, tmp_path / "killed", resume=True)
    resumed, again = resumed_run.network, resumed_run.log
    same_weights(whole, resumed)
    assert [(r.lr, r.loss, r.watch_loss) for r in again] == [
        (r.lr, r.loss, r.watch_loss) for r in log
    ]
    assert all(np.isfinite(row.loss) for row in log)


@pytest.mark.usefixtures("no_figure")
def test_a_plateau_that_fell_before_a_kill_stays_down(tmp_path: Path) -> None:
    faces = splits(14, 7)
    # A rate that changes nothing: the accuracy cannot rise, so the rate falls every epoch.
    still = {"lr": 1e-12, "weight_decay": 0.0, "decay": Decay("plateau", factor=0.1, patience=1)}
    config = dataclasses.replace(BRIEF, **still, watch="Blank")
    blank = dataclasses.replace(
        faces,
        images=np.where((faces.splits == "PublicTest")[:, None, None], np.uint8(9), faces.images),
        splits=np.where(faces.splits == "PublicTest", "Blank", faces.splits),
        labels=np.where(faces.splits == "PublicTest", 3, faces.labels),
    )
    with pytest.raises(KilledError):
        train(blank, config, tmp_path, callbacks=Callbacks(on_step=killed_at(4)))
    log = train(blank, config, tmp_path, resume=True).log
    seen = [row.watch_accuracy for row in log]
    best, falls, expected = -1.0, 0, []
    for accuracy in seen:
        expected.append(1e-12 * 0.1**falls)
        falls += accuracy <= best
        best = max(best, accuracy)
    assert falls >= 3
    assert [row.lr for row in log] == pytest.approx(expected, rel=1e-6, abs=0)


@pytest.mark.usefixtures("no_figure")
def test_without_an_average_the_last_weights_are_the_result(tmp_path: Path) -> None:
    network = train(splits(28, 7), dataclasses.replace(BRIEF, ema_epochs=0.0), tmp_path).network
    state = torch.load(tmp_path / CHECKPOINT, weights_only=True)
    for name, value in network.state_dict().items():
        assert torch.equal(value, state["network"][name]), name


@pytest.mark.usefixtures("no_figure")
def test_settings_that_decide_rows_and_weights_change_the_result(tmp_path: Path) -> None:
    faces = striped(49, 7)
    labels = np.where(np.arange(len(faces)) % 3 == 0, 0, faces.labels)
    uneven = dataclasses.replace(faces, labels=labels)
    base = dataclasses.replace(BRIEF, epochs=1, watch="")
    heads = []
    for n, changes in enumerate(
        [{}, {"class_weights": "balanced"}, {"class_weights": "sqrt"}, {"per_class": 7},
         {"undersample": "smallest"}, {"optimiser": "adam"}, {"nesterov": False}]
    ):  # fmt: skip
        network = train(uneven, dataclasses.replace(base, **changes), tmp_path / str(n)).network
        heads.append(network.head.weight)
    for n, one in enumerate(heads):
        for other in heads[:n]:
            assert not torch.equal(one, other)


@pytest.mark.usefixtures("no_figure")
def test_a_run_with_unwritten_settings_goes_on(tmp_path: Path) -> None:
    config = dataclasses.replace(BRIEF, network=NetworkOptions())
    whole = train(splits(28, 7), config, tmp_path / "whole").network
    with pytest.raises(KilledError):
        train(splits(28, 7), config, tmp_path / "old", callbacks=Callbacks(on_step=killed_at(5)))
    path = tmp_path / "old" / CHECKPOINT
    state = torch.load(path, weights_only=True)
    for key in (
        "optimiser", "nesterov", "decay", "class_weights", "undersample", "undersample_seed",
        "per_class", "score_at", "network",
    ):  # fmt: skip
        del state["config"][key]
    torch.save(state, path)
    resumed = train(splits(28, 7), config, tmp_path / "old", resume=True).network
    same_weights(whole, resumed)


def test_another_seed_gives_other_weights(tmp_path: Path) -> None:
    one = train(striped(), QUICK, tmp_path / "a").network
    two = train(striped(), dataclasses.replace(QUICK, seed=6), tmp_path / "b").network
    assert not torch.equal(one.head.weight, two.head.weight)


def test_training_leaves_the_global_generator_alone(tmp_path: Path) -> None:
    before = torch.get_rng_state()
    train(striped(32, 8), dataclasses.replace(QUICK, epochs=1), tmp_path)
    assert torch.equal(before, torch.get_rng_state())


def test_log_and_curves_are_written(tmp_path: Path) -> None:
    config = dataclasses.replace(QUICK, epochs=2, watch_every=2)
    log = train(striped(32, 8), config, tmp_path).log
    with (tmp_path / "log.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1", "2"]
    assert rows[0]["watch_accuracy"] == ""
    assert float(rows[1]["watch_accuracy"]) == log[1].watch_accuracy
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")


def test_an_existing_run_is_not_overwritten(tmp_path: Path) -> None:
    train(striped(32, 8), dataclasses.replace(QUICK, epochs=1), tmp_path)
    with pytest.raises(ConfigError, match="--resume"):
        train(striped(32, 8), dataclasses.replace(QUICK, epochs=1), tmp_path)
    with pytest.raises(ConfigError, match="another epochs, lr, seed"):
        train(striped(32, 8), dataclasses.replace(QUICK, lr=0.1, seed=1), tmp_path, resume=True)


def test_other_rows_cannot_continue_a_run(tmp_path: Path) -> None:
    train(striped(32, 8), dataclasses.replace(QUICK, epochs=1), tmp_path)
    with pytest.raises(DataError, match="other rows or votes"):
        train(striped(33, 8), dataclasses.replace(QUICK, epochs=1), tmp_path, resume=True)


def test_the_first_run_is_the_one_that_is_told_of(tmp_path: Path) -> None:
    config = dataclasses.replace(QUICK, epochs=1)
    train(striped(32, 8), config, tmp_path, provenance={"commit": "first"})
    train(striped(32, 8), config, tmp_path, resume=True, provenance={"commit": "second"})
    assert load_run(tmp_path).training.record["commit"] == "first"


def test_a_lost_log_is_written_again(tmp_path: Path) -> None:
    config = dataclasses.replace(QUICK, epochs=1)
    train(striped(32, 8), config, tmp_path)
    (tmp_path / "log.csv").unlink()
    train(striped(32, 8), config, tmp_path, resume=True)
    assert (tmp_path / "log.csv").read_text().count("\n") == 2


def test_votes_must_be_there_when_asked_for(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="--votes"):
        train(striped(32, 8), dataclasses.replace(QUICK, votes_weight=0.4), tmp_path)


def test_votes_train_their_head(tmp_path: Path) -> None:
    faces = striped(32, 8)
    votes = np.zeros((len(faces), 10), np.int16)
    votes[np.arange(len(faces)), faces.labels] = 9
    votes[:, 9] = 1
    with_votes = dataclasses.replace(faces, votes=votes)
    network = train(with_votes, dataclasses.replace(QUICK, votes_weight=0.5), tmp_path).network
    assert network.vote_head.bias.abs().max() > 0


def test_cuda_is_used_or_refused(tmp_path: Path) -> None:
    if torch.cuda.is_available():
        train(striped(32, 8), dataclasses.replace(QUICK, epochs=1), tmp_path, accelerator="cuda")
        return
    with pytest.raises(DeviceError, match="no GPU"):
        train(striped(32, 8), QUICK, tmp_path, accelerator="cuda")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["TWICE", "BALANCED"])
def test_two_processes_train_one_network(tmp_path: Path, name: str) -> None:
    script = Path(__file__).parent / "train_two.py"
    command = [
        sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2",
        str(script), str(tmp_path), name,
    ]  # fmt: skip
    subprocess.run(command, check=True, timeout=240, capture_output=True)
    zero, one = (torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in (0, 1))
    parameters = [name for name in zero if "running" not in name and "num_batches" not in name]
    for parameter in parameters:
        assert torch.equal(zero[parameter], one[parameter]), parameter
    log = load_run(tmp_path / "run").log
    assert len(log) == TWICE.epochs
    assert log[-1].accuracy > 0.5
    assert log[-1].loss < log[0].loss


@pytest.mark.slow
def test_a_process_that_is_killed_can_be_continued(tmp_path: Path) -> None:
    script = Path(__file__).parent / "train_two.py"
    run = tmp_path / "run"
    process = subprocess.Popen([sys.executable, str(script), str(tmp_path)], text=True)
    try:
        for _ in range(1200):
            if (run / "log.csv").exists():
                break
            time.sleep(0.1)
        process.kill()  # SIGKILL: nothing in the process can tidy up
    finally:
        process.wait(timeout=60)
    resumed = train(striped(), TWICE, run, resume=True).network
    whole = train(striped(), TWICE, tmp_path / "whole").network
    same_weights(whole, resumed)
