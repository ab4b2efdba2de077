"""Opening runs: finished ones, and what was kept of single epochs."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import pytest
import torch

from made_runs import SMALL, KilledError, killed_at, same_weights, splits
from mien.core.errors import ConfigError, OtherRunError
from mien.export.bundle import LICENCE, licence_of
from mien.models import JointNet, Origin, build
from mien.models.options import NetworkOptions
from mien.models.pretrained import digest_of
from mien.store.training import Training
from mien.train import CHECKPOINT, Callbacks, EpochRow, TrainConfig, load_run, train


@pytest.fixture(autouse=True)
def no_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half the time of a short run is spent on its figure."""
    monkeypatch.setattr("mien.train.loop.plot_curves", lambda *_: None)


def rows():
    return splits(28, 7)


def test_a_finished_run_can_be_opened(tmp_path: Path) -> None:
    network = train(rows(), SMALL, tmp_path / "run").network
    again = load_run(tmp_path / "run")
    assert again.config == SMALL
    assert len(again.log) == 3
    assert torch.equal(network.head.weight, again.network.head.weight)
    told = again.training.record
    assert told["config"] == SMALL.as_dict()
    assert told["data"]["rows"] == 28
    assert told["data"]["training_sha256"] == rows().split("Training").sha256
    with pytest.raises(ConfigError, match="no run"):
        load_run(tmp_path)
    with pytest.raises(ConfigError, match=r"no epoch-2\.ckpt; epochs are kept that score_at"):
        load_run(tmp_path / "run", epoch=2)


def test_an_unfinished_run_is_not_opened(tmp_path: Path) -> None:
    with pytest.raises(KilledError):
        train(rows(), SMALL, tmp_path, callbacks=Callbacks(on_step=killed_at(4)))
    with pytest.raises(ConfigError, match="1 of 3 epochs"):
        load_run(tmp_path)


def test_chosen_epochs_are_scored_and_kept(tmp_path: Path) -> None:
    config = dataclasses.replace(SMALL, score_at=(2, 3), watch_every=3)
    run = tmp_path / "run"

    def copied(row: EpochRow) -> None:
        if row.epoch == 2:
            (tmp_path / "then").mkdir()
            shutil.copy(run / CHECKPOINT, tmp_path / "then")

    log = train(rows(), config, run, callbacks=Callbacks(on_epoch=copied)).log
    assert [row.watch_accuracy is not None for row in log] == [False, True, True]
    assert sorted(path.name for path in run.glob("epoch-*")) == ["epoch-2.ckpt", "epoch-3.ckpt"]
    kept = load_run(run, epoch=2)
    then = torch.load(tmp_path / "then" / CHECKPOINT, weights_only=True)
    assert all(torch.equal(v, then["average"][k]) for k, v in kept.network.state_dict().items())
    assert kept.log == log[:2]
    assert kept.training.record["epochs"] == 2
    plain = torch.load(run / "epoch-2.ckpt", weights_only=True)["network"]
    assert all(torch.equal(v, then["network"][k]) for k, v in plain.items())
    same_weights(load_run(run, epoch=3).network, load_run(run).network)


def test_what_was_kept_is_there_before_the_end_and_is_not_written_again(tmp_path: Path) -> None:
    config = dataclasses.replace(SMALL, score_at=(1, 2))
    with pytest.raises(KilledError):
        train(rows(), config, tmp_path, callbacks=Callbacks(on_step=killed_at(5)))
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


def test_a_run_with_unwritten_settings_can_be_opened(tmp_path: Path) -> None:
    network = train(rows(), dataclasses.replace(SMALL, epochs=1), tmp_path).network
    state = torch.load(tmp_path / CHECKPOINT, weights_only=True)
    for key in ("network", "decay", "optimiser", "score_at", "class_weights", "per_class"):
        del state["config"][key]
    torch.save(state, tmp_path / CHECKPOINT)
    same_weights(load_run(tmp_path).network, network)


def test_network_options_are_trained_and_opened_again(tmp_path: Path) -> None:
    options = NetworkOptions(input_size=24, channels=3, hidden=(12,))
    config = dataclasses.replace(SMALL, epochs=1, network=options, dropout=0.3)
    network = train(rows(), config, tmp_path).network
    again = load_run(tmp_path)
    assert again.config.network == options
    assert (again.network.input_size, again.network.channels) == (24, 3)
    assert again.network.head.in_features == 12
    same_weights(network, again.network)
    frames = torch.rand(2, 1, 48, 48) * 255
    torch.testing.assert_close(network.eval()(frames).logits, again.network(frames).logits)


def test_the_same_rows_from_a_file_of_another_name_are_gone_on_with(tmp_path: Path) -> None:
    with pytest.raises(KilledError):
        train(rows(), SMALL, tmp_path, callbacks=Callbacks(on_step=killed_at(4)))
    packed = dataclasses.replace(rows(), source="fer2013.csv.gz")
    assert len(train(packed, SMALL, tmp_path, resume=True).log) == 3
    others = dataclasses.replace(rows(), images=255 - rows().images)
    with pytest.raises(OtherRunError, match="other rows"):
        train(others, SMALL, tmp_path, resume=True)


def test_weights_that_a_checkpoint_replaces_are_not_fetched(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    from mien.models import build

    weights = tmp_path / "nano.safetensors"
    trunk = build("nano", votes=False).trunk.state_dict()
    save_file({k: v.contiguous() for k, v in trunk.items()}, weights)
    options = NetworkOptions(pretrained=str(weights))
    config: TrainConfig = dataclasses.replace(SMALL, epochs=1, network=options)
    run = train(rows(), config, tmp_path / "run")
    weights.unlink()
    same_weights(load_run(tmp_path / "run").network, run.network)
    resumed = train(rows(), config, tmp_path / "run", resume=True)
    same_weights(resumed.network, run.network)
    for each in (run, resumed, load_run(tmp_path / "run")):
        assert each.origin.network.pretrained == str(weights)
        assert each.provenance["pretrained_sha256"] == digest_of(trunk)
    training = load_run(tmp_path / "run").training.record
    assert training["pretrained_sha256"] == digest_of(trunk)
    assert digest_of({**trunk, "0.weight": trunk["0.weight"] + 1e-6}) != digest_of(trunk)
    assert "whose licence applies" in (licence := licence_of(Training(training)))
    assert "nano.safetensors" in licence
    assert str(tmp_path) not in licence
    assert licence_of(Training({**training, "joint": {"members": [training["config"]]}})) == licence
    ck = Training({"data_set": "CK+", "data_terms": "CK+: non-commercial research"})
    assert licence_of(ck).endswith("terms of their own: CK+: non-commercial research")
    assert "FER2013" not in licence_of(ck)
    mixed_in = Training({"data_terms": "CK+: non-commercial research"})
    assert "FER2013" in licence_of(mixed_in)
    own = {"config": ONCE.as_dict(), "joint": {"members": [joint(0.1, 0.0).description]}}
    assert licence_of(Training(own)) == LICENCE


ONCE = dataclasses.replace(SMALL, epochs=1)


def joint(*dropouts: float, on: str = "features", hidden: int = 5) -> JointNet:
    """Of registered networks: one with options of its own, the others as small as can be."""
    own = NetworkOptions(input_size=24, channels=3, pooling="min", hidden=(6,), freeze_to="0")
    origins = [Origin("nano", dropouts[0], own)]
    origins += [Origin("nano", network=SMALL.network) for _ in dropouts[1:]]
    members = [build(o.model, dropout=o.dropout, options=o.network) for o in origins]
    return JointNet(members, on=on, hidden=hidden, dropout=0.1, origins=origins)


@pytest.mark.parametrize("on", ["outputs", "features"])
def test_a_joint_model_tells_its_members(on: str, tmp_path: Path) -> None:
    made = joint(0.2, 0.0, on=on)
    made.freeze()
    network = train(rows(), ONCE, tmp_path, network=made).network
    again = load_run(tmp_path)
    same_weights(again.network, network)
    frames = torch.rand(2, 1, 48, 48) * 255
    torch.testing.assert_close(network.eval()(frames).logits, again.network(frames).logits)
    told = again.training.record
    assert told["config"]["model"] == "joint"
    assert told["joint"] == made.description
    assert [member["model"] for member in told["joint"]["members"]] == ["nano", "nano"]
    assert told["joint"]["on"] == on
    resumed = train(rows(), ONCE, tmp_path, network=made, resume=True).network
    same_weights(resumed, network)


def test_a_joint_model_of_a_joint_model_tells_all(tmp_path: Path) -> None:
    other = Origin("nano", network=SMALL.network)
    made = JointNet([joint(0.0), build("nano", options=SMALL.network)], origins=[None, other])
    network = train(rows(), ONCE, tmp_path, network=made).network
    same_weights(load_run(tmp_path).network, network)


def test_other_members_are_refused(tmp_path: Path) -> None:
    train(rows(), ONCE, tmp_path, network=joint(0.0, 0.0))
    with pytest.raises(OtherRunError, match="of another joint model"):
        train(rows(), ONCE, tmp_path, network=joint(0.1, 0.0), resume=True)


def test_a_joint_model_whose_members_are_not_recorded_is_refused(tmp_path: Path) -> None:
    train(rows(), ONCE, tmp_path, network=joint(0.0))
    state = torch.load(tmp_path / CHECKPOINT, weights_only=True)
    del state["joint"]
    torch.save(state, tmp_path / CHECKPOINT)
    with pytest.raises(ConfigError, match=r"not those of the network.*remove .* and train it"):
        load_run(tmp_path)
    with pytest.raises(OtherRunError, match=r"of another joint model \(None, now"):
        train(rows(), ONCE, tmp_path, network=joint(0.0), resume=True)


def test_a_description_of_another_version_is_told(tmp_path: Path) -> None:
    train(rows(), ONCE, tmp_path, network=joint(0.0))
    state = torch.load(tmp_path / CHECKPOINT, weights_only=True)
    for damage in ({"members": [{"model": "nano"}]}, {"on": "logits"}, {"members": 3}):
        torch.save({**state, "joint": {**state["joint"], **damage}}, tmp_path / CHECKPOINT)
        with pytest.raises(ConfigError, match="description of a joint model is not of this"):
            load_run(tmp_path)
