"""Weight average and checkpoints: what a run goes on from, also one of an earlier version."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from mien.core.errors import ConfigError
from mien.train import CHECKPOINT, Decay, TrainConfig
from mien.train.state import WeightAverage, load_checkpoint, read_checkpoint, save_checkpoint

CONFIG = TrainConfig(epochs=2)
BEFORE_OPTIONS = (
    "optimiser", "nesterov", "decay", "class_weights", "undersample", "undersample_seed",
    "per_class", "score_at", "network",
)  # fmt: skip
"""Keys that a configuration did not have when the first bundles were trained."""


def state_of(config: dict) -> dict:
    parts = ("network", "average", "optimiser", "average_steps", "plateau", "log", "provenance")
    return {"config": config, "data": {}, **dict.fromkeys(parts, 0)}


def written(path: Path, config: dict) -> Path:
    save_checkpoint(path / CHECKPOINT, state_of(config))
    return path / CHECKPOINT


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


def test_the_average_looks_back_over_its_horizon() -> None:
    network = torch.nn.Linear(1, 1, bias=False)
    average = WeightAverage(network, 10)
    values, mean = np.random.default_rng(0).normal(size=300), 0.0
    for value in values:
        with torch.no_grad():
            network.weight.fill_(float(value))
        average.update(network)
    for value in values[100:]:
        mean = 0.9 * mean + 0.1 * value
    assert float(average.network.weight) == pytest.approx(mean, abs=1e-6)


def test_no_horizon_is_the_last_state() -> None:
    network = torch.nn.Linear(3, 3)
    average = WeightAverage(network, 0)
    for step in range(3):
        with torch.no_grad():
            network.weight.fill_(0.1 * (step + 1) / 3)
        average.update(network)
        assert torch.equal(average.network.weight, network.weight)


def test_keys_that_were_not_written_are_the_defaults(tmp_path: Path) -> None:
    values = CONFIG.as_dict()
    for key in BEFORE_OPTIONS:
        del values[key]
    path = written(tmp_path, values)
    assert read_checkpoint(path)["config"] == CONFIG
    assert load_checkpoint(path, CONFIG, data={})["config"] == CONFIG
    other = dataclasses.replace(CONFIG, class_weights="sqrt", decay=Decay("cosine"))
    with pytest.raises(ConfigError, match="another class_weights, decay;"):
        load_checkpoint(path, other, data={})


def test_a_configuration_of_a_later_version_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, CONFIG.as_dict() | {"flux": 1})
    with pytest.raises(ConfigError, match=r"not of this version .*flux"):
        read_checkpoint(path)


@pytest.mark.parametrize("lost", ["average", "optimiser", "plateau"])
def test_a_part_that_is_missing_is_named(tmp_path: Path, lost: str) -> None:
    state = state_of(CONFIG.as_dict())
    del state[lost]
    save_checkpoint(tmp_path / CHECKPOINT, state)
    with pytest.raises(ConfigError, match=f"it lacks {lost}"):
        read_checkpoint(tmp_path / CHECKPOINT)
    if lost != "average":  # the checkpoint of one epoch has neither, and nothing continues from it
        assert read_checkpoint(tmp_path / CHECKPOINT, resumable=False)["config"] == CONFIG


def test_a_damaged_checkpoint_is_refused(tmp_path: Path) -> None:
    (tmp_path / CHECKPOINT).write_bytes(b"not a checkpoint")
    with pytest.raises(ConfigError, match="not a checkpoint"):
        read_checkpoint(tmp_path / CHECKPOINT)
