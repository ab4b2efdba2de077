"""Opening runs: finished ones, and what was kept of single epochs."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import pytest
import torch

from made_runs import SMALL, KilledError, killed_at, same_weights, splits
from mien.core.errors import ConfigError
from mien.models.options import NetworkOptions
from mien.train import CHECKPOINT, EpochRow, TrainConfig, load_run, train


@pytest.fixture(autouse=True)
def no_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half the time of a short run is spent on its figure."""
    monkeypatch.setattr("mien.train.loop.plot_curves", lambda *_: None)


def rows():
    return splits(28, 7)


def test_a_finished_run_can_be_opened(tmp_path: Path) -> None:
    network, _ = train(rows(), SMALL, tmp_path / "run")
    again = load_run(tmp_path / "run")
    assert again.config == SMALL
    assert len(again.log) == 3
    assert torch.equal(network.head.weight, again.network.head.weight)
    told = again.as_dict()
    assert told["config"] == SMALL.as_dict()
    assert told["data"]["rows"] == 28
    assert told["data"]["training_sha256"] == rows().split("Training").sha256
    with pytest.raises(ConfigError, match="no run"):
        load_run(tmp_path)
    with pytest.raises(ConfigError, match=r"no epoch-2\.ckpt; epochs are kept that score_at"):
        load_run(tmp_path / "run", epoch=2)


def test_an_unfinished_run_is_not_opened(tmp_path: Path) -> None:
    with pytest.raises(KilledError):
        train(rows(), SMALL, tmp_path, on_step=killed_at(4))
    with pytest.raises(ConfigError, match="1 of 3 epochs"):
        load_run(tmp_path)


def test_chosen_epochs_are_scored_and_kept(tmp_path: Path) -> None:
    config = dataclasses.replace(SMALL, score_at=(2, 3), watch_every=3)
    run = tmp_path / "run"

    def copied(row: EpochRow) -> None:
        if row.epoch == 2:
            (tmp_path / "then").mkdir()
            shutil.copy(run / CHECKPOINT, tmp_path / "then")

    _, log = train(rows(), config, run, on_epoch=copied)
    assert [row.watch_accuracy is not None for row in log] == [False, True, True]
    assert sorted(path.name for path in run.glob("epoch-*")) == ["epoch-2.ckpt", "epoch-3.ckpt"]
    kept = load_run(run, epoch=2)
    then = torch.load(tmp_path / "then" / CHECKPOINT, weights_only=True)
    assert all(torch.equal(v, then["average"][k]) for k, v in kept.network.state_dict().items())
    assert kept.log == log[:2]
    assert kept.as_dict()["epochs"] == 2
    plain = torch.load(run / "epoch-2.ckpt", weights_only=True)["network"]
    assert all(torch.equal(v, then["network"][k]) for k, v in plain.items())
    same_weights(load_run(run, epoch=3).network, load_run(run).network)


def test_what_was_kept_is_there_before_the_end_and_is_not_written_again(tmp_path: Path) -> None:
    config = dataclasses.replace(SMALL, score_at=(1, 2))
    with pytest.raises(KilledError):
        train(rows(), config, tmp_path, on_step=killed_at(5))
    first = load_run(tmp_path, epoch=1)
    before = [(tmp_path / f"epoch-{n}.ckpt").stat() for n in (1, 2)]
    # As after a kill between the two files of epoch 1: its own is there, the other is not.
    (tmp_path / CHECKPOINT).unlink()
    train(rows(), config, tmp_path, resume=True)
    after = [(tmp_path / f"epoch-{n}.ckpt").stat() for n in (1, 2)]
    assert [(s.st_ino, s.st_mtime_ns) for s in before] == [(s.st_ino, s.st_mtime_ns) for s in after]
    same_weights(first.network, load_run(tmp_path, epoch=1).network)


def test_what_another_run_kept_is_refused(tmp_path: Path) -> None:
    config = dataclasses.replace(SMALL, epochs=1, score_at=(1,))
    train(rows(), config, tmp_path)
    (tmp_path / CHECKPOINT).unlink()
    with pytest.raises(ConfigError, match="another seed"):
        train(rows(), dataclasses.replace(config, seed=6), tmp_path)


def test_an_earlier_version_s_run_can_be_opened(tmp_path: Path) -> None:
    network, _ = train(rows(), dataclasses.replace(SMALL, epochs=1), tmp_path)
    state = torch.load(tmp_path / CHECKPOINT, weights_only=True)
    del state["plateau"]
    for key in ("network", "decay", "optimiser", "score_at", "class_weights", "per_class"):
        del state["config"][key]
    torch.save(state, tmp_path / CHECKPOINT)
    same_weights(load_run(tmp_path).network, network)


def test_network_options_are_trained_and_opened_again(tmp_path: Path) -> None:
    options = NetworkOptions(input_size=24, channels=3, hidden=(12,))
    config = dataclasses.replace(SMALL, epochs=1, network=options, dropout=0.3)
    network, _ = train(rows(), config, tmp_path)
    again = load_run(tmp_path)
    assert again.config.network == options
    assert (again.network.input_size, again.network.channels) == (24, 3)
    assert again.network.head.in_features == 12
    same_weights(network, again.network)
    frames = torch.rand(2, 1, 48, 48) * 255
    torch.testing.assert_close(network.eval()(frames).logits, again.network(frames).logits)


def test_weights_that_a_checkpoint_replaces_are_not_fetched(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    from mien.models import build

    weights = tmp_path / "nano.safetensors"
    trunk = build("nano", votes=False).trunk.state_dict()
    save_file({k: v.contiguous() for k, v in trunk.items()}, weights)
    options = NetworkOptions(pretrained=str(weights))
    config: TrainConfig = dataclasses.replace(SMALL, epochs=1, network=options)
    network, _ = train(rows(), config, tmp_path / "run")
    weights.unlink()
    same_weights(load_run(tmp_path / "run").network, network)
    resumed, _ = train(rows(), config, tmp_path / "run", resume=True)
    same_weights(resumed, network)
