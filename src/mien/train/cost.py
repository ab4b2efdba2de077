"""One training step with and without what mien adds to it, for ``mien benchmark train``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch

from mien.core.labels import label_space
from mien.train.augment import augment
from mien.train.config import TrainConfig
from mien.train.loop import Run, open_fabric
from mien.train.losses import loss_of
from mien.train.rows import Resident, RunRows
from mien.train.state import derived_seed


def step_pair(
    config: TrainConfig, *, rows: int = 1024, accelerator: str = "cpu"
) -> tuple[Callable[[], None], Callable[[], None]]:
    """A whole training step and its bare forward and backward pass, for timing.

    Both work on generated images with the batch size, network and precision of ``config``.

    Returns:
        ``full`` (augmentation, forward, backward, optimiser, weight average) and ``bare``
        (forward and backward of one prepared batch).
    """
    fabric = open_fabric(config, accelerator)
    draw = torch.Generator().manual_seed(derived_seed(config.seed))
    classes = len(label_space(config.labels))
    columns = (
        torch.randint(0, 256, (rows, 48, 48), generator=draw, dtype=torch.uint8),
        torch.randint(0, classes, (rows,), generator=draw),
        torch.full((rows, 8), 1 / 8),
        torch.ones(rows),
    )
    made = Resident(*(column.to(fabric.device) for column in columns))
    run = Run(fabric, config, RunRows(made), Path())
    draw = torch.Generator(fabric.device).manual_seed(derived_seed(config.seed, 1))
    index = torch.arange(config.batch_size, device=fabric.device) % rows
    batch = made[index]
    prepared = augment(batch.images, config.augmentation, draw)
    run.network.train()

    def full() -> None:
        run.step(0, index, draw)

    def bare() -> None:
        fabric.backward(loss_of(run.network(prepared), batch, config))
        run.optimiser.zero_grad()

    return full, bare
