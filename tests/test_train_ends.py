"""Trainings that diverge, and rows that are scored for the curves alone."""

from __future__ import annotations

import csv
import dataclasses
from pathlib import Path

import pytest
import torch

from made_runs import SMALL, same_weights, splits
from mien.core.errors import DivergedError
from mien.train import CHECKPOINT, Callbacks, EpochRow, Shown, train

WILD = dataclasses.replace(SMALL, epochs=50, lr=1e30, warmup=0.0)


@pytest.fixture(autouse=True)
def no_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half the time of a short run is spent on its figure."""
    monkeypatch.setattr("mien.train.loop.plot_curves", lambda *_: None)


def rows():
    return splits(28, 14)


@pytest.mark.parametrize("change", [{}, {"ema_epochs": 0.0}, {"optimiser": "adam"}])
def test_a_diverged_training_ends_after_its_epoch(change: dict, tmp_path: Path) -> None:
    epochs: list[EpochRow] = []
    config = dataclasses.replace(WILD, **change)
    for resume in (False, True):
        with pytest.raises(DivergedError, match=r"after epoch 1 of 50 .* which is 1e\+30"):
            train(
                rows(), config, tmp_path, resume=resume, callbacks=Callbacks(on_epoch=epochs.append)
            )
    assert epochs == []
    assert not (tmp_path / CHECKPOINT).exists()


def test_what_was_saved_before_it_diverged_stays(tmp_path: Path) -> None:
    config = dataclasses.replace(WILD, epochs=3, schedule=((0.0, 0.0), (1.0, 0.0), (3.0, 1.0)))
    epochs: list[EpochRow] = []
    with pytest.raises(DivergedError, match="after epoch 2 of 3"):
        train(rows(), config, tmp_path, callbacks=Callbacks(on_epoch=epochs.append))
    assert [row.epoch for row in epochs] == [1]
    assert (tmp_path / CHECKPOINT).exists()


def test_shown_rows_change_nothing_but_the_log(tmp_path: Path) -> None:
    config = dataclasses.replace(SMALL, epochs=5, watch="")
    test = rows().split("PublicTest")
    plain = train(rows(), config, tmp_path / "plain").network
    shown_run = train(rows(), config, tmp_path / "shown", shown=Shown(test, 2))
    shown, log = shown_run.network, shown_run.log
    same_weights(plain, shown)
    assert [row.epoch for row in log if row.shown_accuracy is not None] == [2, 4, 5]
    assert all(row.watch_accuracy is None for row in log)
    states = [torch.load(tmp_path / n / CHECKPOINT, weights_only=True) for n in ("plain", "shown")]
    for key in ("config", "data"):
        assert states[0][key] == states[1][key]
    with (tmp_path / "shown" / "log.csv").open() as file:
        assert "shown_accuracy" in next(csv.reader(file))
    with (tmp_path / "plain" / "log.csv").open() as file:
        assert "shown_accuracy" not in next(csv.reader(file))
    again_run = train(rows(), config, tmp_path / "shown", resume=True)
    again, found = again_run.network, again_run.log
    same_weights(again, shown)
    assert found == log


def test_shown_rows_are_beside_the_watched_ones(tmp_path: Path) -> None:
    config = dataclasses.replace(SMALL, epochs=1, held_out=0.25)
    log = train(rows(), config, tmp_path, shown=Shown(rows().split("PublicTest"))).log
    assert log[0].watch_loss != log[0].shown_loss
    assert None not in (log[0].watch_loss, log[0].shown_loss)
