"""Which rows each step of an epoch sees."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Generator, Tensor

from mien.core.labels import label_space
from mien.train.config import TrainConfig
from mien.train.state import derived_seed


def epoch_rows(n: int, config: TrainConfig) -> int:
    """Rows drawn in one epoch from ``n``."""
    return config.per_class * len(label_space(config.labels)) if config.per_class else n


def steps_per_epoch(n: int, config: TrainConfig) -> int:
    """Full batches in one epoch over ``n`` rows (one, if it has fewer rows than a batch)."""
    return max(1, epoch_rows(n, config) // config.batch_size)


def batches(
    labels: Tensor, config: TrainConfig, epoch: int, rank: int, world: int
) -> Iterator[Tensor]:
    """Row indices of each step of one epoch: this process's share of every global batch.

    Args:
        labels: ``(N,)`` labels of the training rows, on the CPU.
        config: The run's.
        epoch: From 0; with the run's seed it decides the order.
        rank: Number of this process.
        world: Number of processes.
    """
    draw = Generator().manual_seed(derived_seed(config.seed, epoch))
    if config.per_class:
        order = _balanced_order(labels, len(label_space(config.labels)), config.per_class, draw)
    else:
        order = torch.randperm(len(labels), generator=draw)
    for step in range(steps_per_epoch(len(labels), config)):
        batch = order[step * config.batch_size : (step + 1) * config.batch_size]
        yield batch[rank::world]


def _balanced_order(labels: Tensor, classes: int, per_class: int, draw: Generator) -> Tensor:
    """``per_class`` rows of each label, one of each in every ``classes`` consecutive ones.

    So every batch is balanced too, and an incomplete last batch takes from all labels alike.
    """
    drawn = []
    for label in range(classes):
        rows = torch.nonzero(labels == label).flatten()
        passes = -(-per_class // len(rows))
        shuffled = [rows[torch.randperm(len(rows), generator=draw)] for _ in range(passes)]
        drawn.append(torch.cat(shuffled)[:per_class])
    groups = torch.stack(drawn, dim=1)
    # Shuffled within a group, or a process that takes every second row would see some labels only.
    within = torch.rand(groups.shape, generator=draw).argsort(dim=1)
    return groups.gather(1, within).flatten()
