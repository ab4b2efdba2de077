"""The training loop: learns, repeats itself, and survives a kill."""

from __future__ import annotations

import csv
import dataclasses
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

from made_bundle import made_splits
from mien.core.errors import ConfigError, DataError, DeviceError
from mien.data import FaceSet
from mien.train import CHECKPOINT, Augmentation, TrainConfig, load_run, train, training_rows
from mien.train.rows import batches, steps_per_epoch
from mien.train.state import WeightAverage, learning_rate

PLAIN = Augmentation(rotate=3, scale=0.02, shift=0.01, erase=0, blur=0)
QUICK = TrainConfig(
    model="nano", epochs=3, batch_size=16, lr=0.05, votes_weight=0, augmentation=PLAIN, seed=5
)


def striped(n_train: int = 96, n_public: int = 32) -> FaceSet:
    """Faces that a network can learn: each label has stripes of its own width, plus noise."""
    faces = made_splits(n_train, n_public)
    columns = np.arange(48)
    waves = np.stack([np.sin(columns / (1.0 + k)) for k in range(7)])
    images = 128 + 70 * waves[faces.labels][:, None, :] + faces.images * 0.2 - 25
    return dataclasses.replace(faces, images=images.clip(0, 255).astype(np.uint8))


TWICE = dataclasses.replace(QUICK, epochs=12, ema_epochs=1.0)


class KilledError(Exception):
    """Stands for a kill in the middle of an epoch."""


def test_it_learns_stripes(tmp_path: Path) -> None:
    config = dataclasses.replace(QUICK, epochs=12, ema_epochs=1.0)
    _, log = train(striped(), config, tmp_path)
    assert log[-1].accuracy > 0.6
    assert log[-1].watch_accuracy > 0.6
    assert log[-1].loss < log[0].loss


@pytest.mark.parametrize("kill_at", [4, 7, 11])
def test_a_killed_run_ends_with_the_same_weights(tmp_path: Path, kill_at: int) -> None:
    whole, _ = train(striped(), QUICK, tmp_path / "whole")

    def killer(step: int, _: int) -> None:
        if step == kill_at:
            raise KilledError

    with pytest.raises(KilledError):
        train(striped(), QUICK, tmp_path / "killed", on_step=killer)
    resumed, log = train(striped(), QUICK, tmp_path / "killed", resume=True)
    for name, value in whole.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name]), name
    assert [row.epoch for row in log] == [1, 2, 3]


def test_another_seed_gives_other_weights(tmp_path: Path) -> None:
    one, _ = train(striped(), QUICK, tmp_path / "a")
    two, _ = train(striped(), dataclasses.replace(QUICK, seed=6), tmp_path / "b")
    assert not torch.equal(one.head.weight, two.head.weight)


def test_training_leaves_the_global_generator_alone(tmp_path: Path) -> None:
    before = torch.get_rng_state()
    train(striped(32, 8), dataclasses.replace(QUICK, epochs=1), tmp_path)
    assert torch.equal(before, torch.get_rng_state())


def test_log_and_curves_are_written(tmp_path: Path) -> None:
    config = dataclasses.replace(QUICK, epochs=2, watch_every=2)
    _, log = train(striped(32, 8), config, tmp_path)
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
    assert load_run(tmp_path).as_dict()["commit"] == "first"


def test_a_lost_log_is_written_again(tmp_path: Path) -> None:
    config = dataclasses.replace(QUICK, epochs=1)
    train(striped(32, 8), config, tmp_path)
    (tmp_path / "log.csv").unlink()
    train(striped(32, 8), config, tmp_path, resume=True)
    assert (tmp_path / "log.csv").read_text().count("\n") == 2


def test_a_damaged_checkpoint_is_refused(tmp_path: Path) -> None:
    (tmp_path / CHECKPOINT).write_bytes(b"not a checkpoint")
    with pytest.raises(ConfigError, match="not a checkpoint"):
        train(striped(32, 8), QUICK, tmp_path, resume=True)


def test_a_run_can_be_opened_when_it_is_finished(tmp_path: Path) -> None:
    network, _ = train(striped(32, 8), QUICK, tmp_path / "run")
    again = load_run(tmp_path / "run")
    assert again.config == QUICK
    assert len(again.log) == 3
    assert torch.equal(network.head.weight, again.network.head.weight)
    told = again.as_dict()
    assert told["config"] == QUICK.as_dict()
    assert told["data"]["rows"] == 32
    assert told["data"]["training_sha256"] == striped(32, 8).split("Training").sha256
    with pytest.raises(ConfigError, match="no run"):
        load_run(tmp_path)


def test_an_unfinished_run_is_not_opened(tmp_path: Path) -> None:
    def killer(step: int, _: int) -> None:
        if step == 4:
            raise KilledError

    with pytest.raises(KilledError):
        train(striped(32, 8), QUICK, tmp_path, on_step=killer)
    with pytest.raises(ConfigError, match="1 of 3 epochs"):
        load_run(tmp_path)


def test_votes_must_be_there_when_asked_for(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="--votes"):
        train(striped(32, 8), dataclasses.replace(QUICK, votes_weight=0.4), tmp_path)


def test_votes_train_their_head(tmp_path: Path) -> None:
    faces = striped(32, 8)
    votes = np.zeros((len(faces), 10), np.int16)
    votes[np.arange(len(faces)), faces.labels] = 9
    votes[:, 9] = 1
    with_votes = dataclasses.replace(faces, votes=votes)
    network, _ = train(with_votes, dataclasses.replace(QUICK, votes_weight=0.5), tmp_path)
    assert network.vote_head.bias.abs().max() > 0


def test_held_out_rows_are_watched_not_trained_on() -> None:
    faces = striped(70, 8)
    rows, watch = training_rows(faces, dataclasses.replace(QUICK, held_out=0.2))
    assert len(rows) + len(watch) == 70
    assert not np.isin(watch.pixel_hashes, rows.pixel_hashes).any()


def test_cuda_is_used_or_refused(tmp_path: Path) -> None:
    if torch.cuda.is_available():
        train(striped(32, 8), dataclasses.replace(QUICK, epochs=1), tmp_path, accelerator="cuda")
        return
    with pytest.raises(DeviceError, match="no GPU"):
        train(striped(32, 8), QUICK, tmp_path, accelerator="cuda")


@pytest.mark.parametrize("world", [1, 2, 3])
def test_every_row_is_seen_once_an_epoch_by_some_process(world: int) -> None:
    parts = [list(batches(50, QUICK, 0, rank, world)) for rank in range(world)]
    seen = torch.cat([index for part in parts for index in part])
    assert len(seen) == steps_per_epoch(50, QUICK) * QUICK.batch_size
    assert len(seen.unique()) == len(seen)


def test_the_rate_rises_and_falls_to_zero() -> None:
    config = dataclasses.replace(QUICK, lr=1.0, warmup=0.25)
    rates = [learning_rate(step, 100, config) for step in range(100)]
    assert rates[24] == max(rates) == 1.0
    assert rates[0] == pytest.approx(1 / 25)
    assert rates[-1] == pytest.approx(1 / 75)
    assert all(a < b for a, b in pairwise(rates[:25]))
    assert all(a > b for a, b in pairwise(rates[25:]))


def test_a_schedule_is_joined_by_straight_lines() -> None:
    points = ((0.0, 0.0), (2.0, 1.0), (3.0, 0.5), (5.0, 0.0))
    config = dataclasses.replace(QUICK, epochs=5, lr=2.0, schedule=points)
    rates = [learning_rate(step, 50, config) for step in (0, 10, 20, 25, 30, 40)]
    assert rates == pytest.approx([0, 1, 2, 1.5, 1, 0.5])


def test_the_average_follows_and_copies_whole_numbers() -> None:
    network = torch.nn.BatchNorm2d(3)
    average = WeightAverage(network, 10)
    with torch.no_grad():
        network.weight.fill_(5.0)
    network.num_batches_tracked.fill_(7)
    for _ in range(200):
        average.update(network)
    assert torch.allclose(average.network.weight, torch.tensor(5.0))
    assert average.network.num_batches_tracked == 7


@pytest.mark.slow
def test_two_processes_train_one_network(tmp_path: Path) -> None:
    script = Path(__file__).parent / "train_two.py"
    command = [
        sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2",
        str(script), str(tmp_path),
    ]  # fmt: skip
    subprocess.run(command, check=True, timeout=240, capture_output=True)
    zero, one = (torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in (0, 1))
    parameters = [name for name in zero if "running" not in name and "num_batches" not in name]
    for name in parameters:
        assert torch.equal(zero[name], one[name]), name
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
    resumed, _ = train(striped(), TWICE, run, resume=True)
    whole, _ = train(striped(), TWICE, tmp_path / "whole")
    for name, value in whole.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name]), name
