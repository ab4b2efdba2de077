"""Order of rows: all of them once, or as many of every label; each process its share."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from mien.train import TrainConfig
from mien.train.sampling import batches, epoch_rows, steps_per_epoch

PLAIN = TrainConfig(batch_size=16)
FOUR = dataclasses.replace(PLAIN, labels="four", batch_size=8, per_class=10)
UNEVEN = torch.tensor([0] * 30 + [1] * 3 + [2] * 10 + [3] * 1)


def epoch_of(labels: Tensor, config: TrainConfig, epoch: int = 0, world: int = 1) -> Tensor:
    """All row indices of an epoch, of all processes."""
    parts = [list(batches(labels, config, epoch, rank, world)) for rank in range(world)]
    return torch.cat([index for part in parts for index in part])


@pytest.mark.parametrize("world", [1, 2, 3])
def test_every_row_is_seen_once_an_epoch_by_some_process(world: int) -> None:
    seen = epoch_of(torch.arange(50) % 7, PLAIN, world=world)
    assert len(seen) == steps_per_epoch(50, PLAIN) * PLAIN.batch_size
    assert len(seen.unique()) == len(seen)


def test_fewer_rows_than_a_batch_are_one_batch() -> None:
    assert [len(index) for index in batches(torch.arange(5), PLAIN, 0, 0, 1)] == [5]


def test_an_epoch_holds_so_many_of_each_label() -> None:
    seen = epoch_of(UNEVEN, FOUR)
    assert torch.bincount(UNEVEN[seen]).tolist() == [10, 10, 10, 10]
    assert epoch_rows(len(UNEVEN), FOUR) == 40
    assert steps_per_epoch(len(UNEVEN), FOUR) == 5


def test_a_rare_label_repeats_its_rows_about_equally_often() -> None:
    times = torch.bincount(epoch_of(UNEVEN, FOUR), minlength=len(UNEVEN))
    assert times[:30].max() == 1
    assert sorted(times[30:33].tolist()) == [3, 3, 4]
    assert times[33:43].tolist() == [1] * 10
    assert times[43] == 10


def test_every_batch_is_balanced_in_every_process() -> None:
    for world in (1, 2):
        for rank in range(world):
            for index in batches(UNEVEN, FOUR, 3, rank, world):
                counts = torch.bincount(UNEVEN[index], minlength=4)
                if world == 1:
                    assert counts.tolist() == [2, 2, 2, 2]
                else:
                    assert (counts <= 2).all()


def test_a_process_does_not_always_see_the_same_labels() -> None:
    shares = [UNEVEN[torch.cat(list(batches(UNEVEN, FOUR, 0, rank, 2)))] for rank in (0, 1)]
    for share in shares:
        assert set(share.tolist()) == {0, 1, 2, 3}


def test_the_seed_and_the_epoch_decide() -> None:
    for config in (PLAIN, FOUR):
        first = epoch_of(UNEVEN, config, 1)
        assert torch.equal(first, epoch_of(UNEVEN, config, 1))
        assert not torch.equal(first, epoch_of(UNEVEN, config, 2))
        assert not torch.equal(first, epoch_of(UNEVEN, dataclasses.replace(config, seed=1), 1))


def test_drawing_leaves_the_global_generator_alone() -> None:
    before = torch.get_rng_state()
    epoch_of(UNEVEN, FOUR)
    assert torch.equal(before, torch.get_rng_state())


@given(
    counts=st.lists(st.integers(1, 12), min_size=4, max_size=4),
    per_class=st.integers(1, 12),
    batch_size=st.integers(1, 64),
    world=st.integers(1, 3),
)
def test_labels_differ_by_at_most_one_row(
    counts: list[int], per_class: int, batch_size: int, world: int
) -> None:
    labels = torch.repeat_interleave(torch.arange(4), torch.tensor(counts))
    config = dataclasses.replace(FOUR, per_class=per_class, batch_size=batch_size)
    seen = torch.bincount(labels[epoch_of(labels, config, world=world)], minlength=4)
    assert seen.max() - seen.min() <= 1
    assert seen.sum() == min(batch_size, 4 * per_class) * steps_per_epoch(len(labels), config)
