"""Which rows are trained on, which are watched, and what identifies them."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from faces_made import made_faces, same_rows
from mien.core.errors import ConfigError, DataError
from mien.core.labels import fer7
from mien.data import mixed
from mien.train import Decay, TrainConfig, training_rows
from mien.train import rows as rows_module
from mien.train.rows import Resident, RunRows

CONFIG = TrainConfig(votes_weight=0.0)
CPU = torch.device("cpu")
COUNTS = (12, 3, 5, 9, 4, 7, 6)


def uneven(watched: int = 7):
    labels = np.repeat(np.arange(7), COUNTS).tolist()
    splits = ["Training"] * len(labels) + ["PublicTest"] * watched
    return made_faces(labels + [i % 7 for i in range(watched)], splits)


def changed(**values: object) -> TrainConfig:
    return dataclasses.replace(CONFIG, **values)


def test_held_out_rows_are_watched_not_trained_on() -> None:
    rows, watch = training_rows(uneven(), changed(held_out=0.2))
    assert len(rows) + len(watch) == sum(COUNTS)
    assert not np.isin(watch.pixel_hashes, rows.pixel_hashes).any()


def test_mixed_in_twins_of_held_out_rows_are_not_watched() -> None:
    """Their labels are another set's; the held-out rows are those of the data alone."""
    main = uneven()
    mixture = mixed([main, dataclasses.replace(main.split("Training"), source="aux")], fer7).faces
    _, watch = training_rows(mixture, changed(held_out=0.2))
    assert watch.sha256 == training_rows(main, changed(held_out=0.2))[1].sha256


def test_a_set_without_splits_says_how_to_leave_rows_out() -> None:
    whole = dataclasses.replace(uneven(), splits=np.full(len(uneven()), "all"))
    with pytest.raises(DataError, match="has no splits; set folds in the recipe"):
        training_rows(whole, CONFIG)


def test_a_share_that_is_no_row_is_refused() -> None:
    with pytest.raises(DataError, match="no row at all"):
        training_rows(uneven(), changed(held_out=0.001))


@pytest.mark.parametrize(("asked", "count"), [("smallest", 3), (2, 2)])
def test_undersampling_keeps_as_many_of_every_label(asked: str | int, count: int) -> None:
    rows, watch = training_rows(uneven(), changed(undersample=asked))
    assert rows.counts.tolist() == [count] * 7
    assert len(watch) == 7


def test_undersampling_keeps_the_same_rows_for_every_seed_but_its_own() -> None:
    one, same, other = (
        training_rows(uneven(), changed(undersample="smallest", **seeds))[0]
        for seeds in ({}, {"seed": 5}, {"undersample_seed": 1})
    )
    assert same_rows(one, same)
    assert not same_rows(one, other)


def test_more_rows_than_the_rarest_label_has_cannot_be_kept() -> None:
    with pytest.raises(DataError, match="disgust has 3"):
        training_rows(uneven(), changed(undersample=4))


def test_a_sampler_needs_every_label() -> None:
    faces = uneven()
    faces = faces[(faces.labels != 1) | (faces.splits != "Training")]
    with pytest.raises(DataError, match="got none of disgust"):
        training_rows(faces, changed(per_class=3))


def test_rows_weigh_what_their_label_does() -> None:
    faces = made_faces([0, 1, 1])
    weights = np.arange(7, dtype=np.float32)
    assert Resident.of(faces, CPU, weights).weights.tolist() == [0, 1, 1]
    assert Resident.of(faces, CPU).weights is None


def test_watched_rows_belong_to_the_data_where_they_decide() -> None:
    for decay, decides in ((Decay(), False), (Decay("plateau"), True)):
        config = changed(decay=decay)
        records = []
        for watched in (7, 14):
            records.append(RunRows.of(uneven(watched), config, CPU).record)
        assert (records[0] != records[1]) is decides


def test_a_fold_is_watched_and_not_trained_on() -> None:
    faces = uneven()
    seen = []
    for fold in range(3):
        config = changed(folds=3, fold=fold)
        rows, watch = training_rows(faces, config)
        assert len(rows) + len(watch) == sum(COUNTS)
        assert not np.isin(watch.pixel_hashes, rows.pixel_hashes).any()
        record = RunRows.of(faces, config, CPU).record
        assert record["training_sha256"] == rows.sha256
        seen.append(watch.pixel_hashes)
    assert len(np.unique(np.concatenate(seen))) == sum(COUNTS)


def test_rows_are_held_out_of_the_other_folds() -> None:
    _, fold = training_rows(uneven(), changed(folds=3))
    rows, watch = training_rows(uneven(), changed(folds=3, held_out=0.2))
    for one in (rows, watch):
        assert not np.isin(one.pixel_hashes, fold.pixel_hashes).any()
    assert not np.isin(watch.pixel_hashes, rows.pixel_hashes).any()


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"folds": 1}, "folds must be 0 for none, or 2 or more"),
        ({"folds": 3, "fold": 3}, "fold must be from 0 to 2, got 3"),
        ({"fold": 1}, "fold = 1 needs folds, how many there are; got 0"),
        ({"folds": 2, "decay": Decay("plateau")}, "judged on the fold"),
    ],
)
def test_impossible_folds_are_refused(values: dict, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        changed(**values)


def test_pixels_are_placed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    real = rows_module.one_fold_out
    monkeypatch.setattr(rows_module, "one_fold_out", lambda *a: calls.append(1) or real(*a))
    RunRows.of(uneven(), changed(folds=3), CPU)
    assert len(calls) == 1


def test_a_batch_has_the_columns_of_its_rows() -> None:
    votes = np.arange(30, dtype=np.int16).reshape(3, 10)
    faces = dataclasses.replace(made_faces([0, 1, 1]), votes=votes)
    rows = Resident.of(faces, CPU, np.arange(7, dtype=np.float32))
    batch = rows[torch.tensor([2, 0])]
    assert batch.labels.tolist() == [1, 0]
    assert batch.weights.tolist() == [1, 0]
    for name in ("images", "votes", "vote_weights"):
        assert torch.equal(getattr(batch, name), getattr(rows, name)[[2, 0]])
