"""The rows of a run: which ones, as tensors, in which order, and what identifies them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import torch
from torch import Tensor

from mien.core.errors import DataError
from mien.core.labels import label_space
from mien.data.faceset import FaceSet
from mien.data.ferplus import vote_targets
from mien.data.subsets import held_out, without_conflicts
from mien.train.config import TrainConfig
from mien.train.state import derived_seed


def training_rows(faces: FaceSet, config: TrainConfig) -> tuple[FaceSet, FaceSet | None]:
    """The rows to train on and the rows to watch, as the configuration says.

    Raises:
        DataError: If a split is missing, or votes are asked for and not there.
    """
    faces = faces.mapped(label_space(config.labels))
    train = faces.split("Training")
    if config.votes_weight and train.votes is None:
        raise DataError(
            "votes_weight > 0 needs FER+ votes: give --votes FILE, or set votes_weight=0"
        )
    watch = None
    if config.held_out:
        out = held_out(train, config.held_out, config.held_out_seed)
        train, watch = train[~out], train[out]
    elif config.watch:
        watch = faces.split(config.watch)
    return (without_conflicts(train) if config.drop_conflicts else train), watch


@dataclass(frozen=True)
class Resident:
    """Training rows as tensors on the device: uint8 images, labels, vote targets and weights."""

    images: Tensor
    labels: Tensor
    votes: Tensor
    vote_weights: Tensor

    @classmethod
    def of(cls, faces: FaceSet, device: torch.device) -> Resident:
        """Move a face set to ``device``; without votes, their weights are zero."""
        n = len(faces)
        targets, weights = (
            vote_targets(faces.votes)
            if faces.votes is not None
            else (torch.zeros(n, 8).numpy(), torch.zeros(n).numpy())
        )
        arrays = (faces.images, faces.labels, targets, weights)
        return cls(*(torch.from_numpy(array).to(device) for array in arrays))

    def __len__(self) -> int:
        return len(self.images)


def batches(n: int, config: TrainConfig, epoch: int, rank: int, world: int) -> Iterator[Tensor]:
    """Row indices of each step of one epoch: this process's share of every global batch."""
    order = torch.randperm(
        n, generator=torch.Generator().manual_seed(derived_seed(config.seed, epoch))
    )
    for step in range(steps_per_epoch(n, config)):
        batch = order[step * config.batch_size : (step + 1) * config.batch_size]
        yield batch[rank::world]


def steps_per_epoch(n: int, config: TrainConfig) -> int:
    """Full batches in ``n`` rows (one, if there are fewer rows than a batch)."""
    return max(1, n // config.batch_size)


def data_record(faces: FaceSet, chosen: FaceSet, config: TrainConfig) -> dict[str, Any]:
    """What identifies the data of a run: resuming and exporting compare it."""
    votes = chosen.votes if config.votes_weight else None
    training = faces.mapped(label_space(config.labels)).split("Training")
    return {
        "source": faces.source,
        "training_sha256": training.sha256,
        "rows": len(chosen),
        "rows_sha256": chosen.sha256,
        "votes_sha256": None
        if votes is None
        else sha256(votes.astype("<i2").tobytes()).hexdigest(),
    }
