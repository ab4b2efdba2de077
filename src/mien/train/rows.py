"""The rows of a run: which ones, as tensors, and what identifies them."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mien.core.errors import DataError
from mien.core.labels import label_space
from mien.core.splits import FOLD, TRAINING, WHOLE
from mien.data.faceset import FaceSet
from mien.data.readers.ferplus import vote_targets
from mien.data.select.folds import one_fold_out
from mien.data.select.subsets import balanced, class_weights, held_out, without_conflicts
from mien.train.config import TrainConfig


def placed(faces: FaceSet, config: TrainConfig) -> FaceSet:
    """The rows in the configuration's label space, with its fold as a split of its own.

    Raises:
        DataError: As ``data.select.folds.one_fold_out`` does.
    """
    faces = faces.mapped(label_space(config.labels))
    if config.folds:
        faces = one_fold_out(faces, config.folds, config.fold, config.fold_seed)
    return faces


def training_rows(faces: FaceSet, config: TrainConfig) -> tuple[FaceSet, FaceSet | None]:
    """The rows to train on and the rows to watch, as the configuration says.

    Raises:
        DataError: If a split is missing, votes are asked for and not there, nothing is held out,
            or a label has too few rows to balance.
    """
    return _chosen(placed(faces, config), config)


def _chosen(faces: FaceSet, config: TrainConfig) -> tuple[FaceSet, FaceSet | None]:
    """The same of rows that are placed already."""
    if faces.own.split_names == (WHOLE,):
        raise DataError(
            f"{faces.source} has no splits; set folds in the recipe to leave some rows out of the "
            "training"
        )
    faces.own.split(TRAINING)  # auxiliary rows alone are no training set
    train = faces.split(TRAINING)
    if config.votes_weight and train.votes is None:
        raise DataError(
            "votes_weight > 0 needs FER+ votes: give --votes FILE, or set votes_weight=0"
        )
    watch = None
    if config.held_out:
        out = held_out(train, config.held_out, config.held_out_seed)
        if not out.any():
            raise DataError(
                f"held_out = {config.held_out} of {len(train)} rows is no row at all; raise it"
            )
        train, watch = train[~out], train[out].own
    elif config.folds:
        watch = faces.split(FOLD)
    elif config.watch:
        if config.watch not in faces.split_names:
            raise DataError(
                f"watch = {config.watch} is no split of {faces.source}, which has "
                f'{", ".join(faces.split_names)}; set watch to one of them, to "" for none, or '
                "held_out = 0.1"
            )
        watch = faces.split(config.watch)
    train = without_conflicts(train) if config.drop_conflicts else train
    if config.undersample != "none":
        wanted = None if isinstance(config.undersample, str) else config.undersample
        train = balanced(train, wanted, config.undersample_seed)
    if config.per_class and (train.counts == 0).any():
        empty = ", ".join(train.space.labels[i] for i in np.flatnonzero(train.counts == 0))
        raise DataError(
            f"{train.source}: per_class = {config.per_class} needs rows of every label of "
            f"{config.labels}, got none of {empty}; set per_class=0, or choose other labels"
        )
    return train, watch


@dataclass(frozen=True)
class Resident:
    """Training rows as tensors on the device.

    Args:
        images: ``(N, H, W)`` uint8 grey levels.
        labels: ``(N,)`` int64.
        votes: ``(N, 8)`` targets over ``ferplus8``.
        vote_weights: ``(N,)`` what each row's votes count; 0 = it has none.
        weights: ``(N,)`` what each row counts in the loss on labels; None = all alike.
        taught: ``(N, K)`` logs of the teachers' probabilities; None = there are no teachers.
    """

    images: Tensor
    labels: Tensor
    votes: Tensor
    vote_weights: Tensor
    weights: Tensor | None = None
    taught: Tensor | None = None

    @classmethod
    def of(
        cls, faces: FaceSet, device: torch.device, weights: NDArray[np.float32] | None = None
    ) -> Resident:
        """Move a face set to ``device``; without votes, their weights are zero.

        Args:
            faces: The rows.
            device: Where to.
            weights: ``(K,)`` what a row of each label counts; None = all alike.
        """
        n = len(faces)
        targets, counted = (
            vote_targets(faces.votes)
            if faces.votes is not None
            else (np.zeros((n, 8), np.float32), np.zeros(n, np.float32))
        )
        columns = [faces.images, faces.labels, targets, counted]
        if weights is not None:
            columns.append(weights[faces.labels])
        return cls(*(torch.from_numpy(column).to(device) for column in columns))

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: Tensor) -> Resident:
        """The rows of a batch."""
        return Resident(
            self.images[index],
            self.labels[index],
            self.votes[index],
            self.vote_weights[index],
            None if self.weights is None else self.weights[index],
            None if self.taught is None else self.taught[index],
        )


@dataclass(frozen=True)
class Shown:
    """Rows that are scored for the curves alone.

    Args:
        faces: The rows.
        every: Epochs between two scorings; the last epoch is always one.
    """

    faces: FaceSet
    every: int = 1


@dataclass(frozen=True)
class RunRows:
    """The rows of a run on its device, and what identifies them.

    Args:
        train: What it learns from.
        watched: What is scored, and decides a plateau.
        shown: What is scored for the curves alone.
        shown_every: Epochs between two scorings of ``shown``.
        record: What identifies the data: resuming and exporting compare it.
    """

    train: Resident
    watched: Resident | None = None
    shown: Resident | None = None
    shown_every: int = 1
    record: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(
        cls, faces: FaceSet, config: TrainConfig, device: torch.device, shown: Shown | None = None
    ) -> RunRows:
        """The rows that the configuration chooses.

        Raises:
            DataError: As ``training_rows`` does, or if labels are weighted and one has no row.
        """
        faces = placed(faces, config)
        chosen, watched = _chosen(faces, config)
        return cls(
            train=Resident.of(chosen, device, label_weights(chosen, config)),
            watched=None if watched is None else Resident.of(watched, device),
            shown=None if shown is None else Resident.of(shown.faces.mapped(faces.space), device),
            shown_every=1 if shown is None else shown.every,
            record=_record(faces, chosen, config, watched),
        )


def label_weights(faces: FaceSet, config: TrainConfig) -> NDArray[np.float32] | None:
    """``(K,)`` weight of a row of each label, as ``class_weights`` says; None = all alike.

    Raises:
        DataError: If they depend on the counts and a label has no row.
    """
    if not isinstance(config.class_weights, str):
        return np.array(config.class_weights, np.float32)
    if config.class_weights == "none":
        return None
    weights = class_weights(faces)
    if config.class_weights == "sqrt":
        weights = np.sqrt(weights)
        weights /= weights[faces.labels].mean()
    return weights


def _record(
    faces: FaceSet, chosen: FaceSet, config: TrainConfig, watched: FaceSet | None
) -> dict[str, Any]:
    """What identifies the data of a run.

    Watched rows belong to it only where they decide something, which is in a plateau.
    """
    votes = chosen.votes if config.votes_weight else None
    record = {
        "source": faces.source,
        # Without mixed-in rows: exporting is given the data alone. ``rows_sha256`` has them all.
        "training_sha256": faces.split(TRAINING).own.sha256,
        "rows": len(chosen),
        "rows_sha256": chosen.sha256,
        "votes_sha256": None
        if votes is None
        else sha256(votes.astype("<i2").tobytes()).hexdigest(),
    }
    if watched is not None and config.decay.kind == "plateau":
        record["watched_sha256"] = watched.sha256
    return record
