"""Teachers: what finished models answer to augmented views of the training samples."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import torch
from torch import Generator, Tensor

from mien.core.errors import ConfigError, OtherRunError
from mien.core.labels import label_space
from mien.core.scores import averaged
from mien.core.splits import TRAINING
from mien.data.faceset import FaceSet
from mien.data.select.folds import one_fold_out
from mien.runtime.graph import Graph
from mien.store.atomic import writing
from mien.store.bundle import Bundle
from mien.store.training import Ancestor, Training
from mien.train.augment import seen_by_teachers
from mien.train.config import TrainConfig
from mien.train.draws import chance, uniform
from mien.train.options import Augmentation
from mien.train.rows import Resident, RunRows
from mien.train.state import derived_seed

WEIGHT = 0.7
"""Share of the teachers in the loss, where a recipe does not say."""

_CHUNK = 512
_VIEWS = 3  # what this is a seed of, beside those of an epoch (train.loop)


class Teachers:
    """The mean answer of several bundles to every view, computed once and kept.

    Args:
        bundles: The teachers; each counts the same.
        config: Of the student; its augmentation and seed decide the views.
        rows: Of the student.
        folder: Where the answers are kept: a file a view, half precision.

    Raises:
        OtherRunError: If it holds answers of other teachers, or to other views.
    """

    def __init__(
        self, bundles: Sequence[Bundle], config: TrainConfig, rows: RunRows, folder: Path
    ) -> None:
        self.bundles, self.config, self.rows, self.folder = bundles, config, rows.train, folder
        self.key = _key(self.record, config, rows)
        self._check_folder()

    @property
    def record(self) -> list[Ancestor]:
        """What a run records of its teachers."""
        return [record_of(bundle) for bundle in self.bundles]

    def answer(self, on_view: Callable[[int, int], None] = lambda *_: None) -> None:
        """Compute the answers that are missing; each finished view is kept."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with writing(self.folder / "key.json") as file:
            json.dump({"sha256": self.key}, file)
        views = self.config.distillation.views
        missing = [number for number in range(views) if not self._path(number).exists()]
        graphs = [Graph(bundle.model()) for bundle in self.bundles] if missing else []
        total, done = len(missing) * len(graphs), 0
        for number in missing:
            images, _ = view(self.rows, self.config, number)
            logits: list[np.ndarray] = []
            for graph in graphs:
                logits.append(graph.answers(images.numpy())[0])
                done += 1
                on_view(done, total)
            logs = averaged(logits, self.config.distillation.temperature)
            with writing(self._path(number), "wb") as file:
                np.save(file, logs.astype(np.float16))

    def lesson(self, epoch: int) -> Resident:
        """The training rows as an epoch (from 1) sees them, and what the teachers say."""
        number = (epoch - 1) % self.config.distillation.views
        images, alone = view(self.rows, self.config, number)
        taught = torch.from_numpy(np.load(self._path(number))).float()
        rows, device = self.rows, self.rows.images.device
        counted = alone.to(device).float()
        return replace(
            rows,
            images=images.to(device),
            weights=counted if rows.weights is None else counted * rows.weights,
            vote_weights=counted * rows.vote_weights,
            taught=taught.to(device),
        )

    def _path(self, number: int) -> Path:
        return self.folder / f"view-{number}.npy"

    def _check_folder(self) -> None:
        path = self.folder / "key.json"
        if path.exists() and json.loads(path.read_text(encoding="utf-8"))["sha256"] != self.key:
            raise OtherRunError(
                f"{self.folder} holds answers of other teachers, or to other samples or views; "
                "resume with the same ones, or choose another --out",
                self.folder.parent,
            )


def record_of(bundle: Bundle) -> Ancestor:
    """What a run records of a bundle that had a part in it."""
    card = bundle.card
    return Ancestor(name=card.name, sha256=card.files["fp32"].sha256, training=card.training.record)


def taught_by(config: TrainConfig) -> TrainConfig:
    """The configuration for a student: teachers count ``WEIGHT`` unless it says what they count."""
    told = config.distillation
    return replace(config, distillation=replace(told, weight=told.weight or WEIGHT))


def view(rows: Resident, config: TrainConfig, number: int) -> tuple[Tensor, Tensor]:
    """A seeded view of every row, the same in every epoch and on every device.

    Returns:
        ``(N, H, W)`` uint8 images, and ``(N,)`` bool: not mixed with another row.
    """
    n, settings = len(rows), config.distillation
    draw = Generator().manual_seed(derived_seed(config.seed, number, _VIEWS))
    changed = [
        seen_by_teachers(chunk, config.augmentation, draw)[:, 0].round().to(torch.uint8)
        for chunk in rows.images.cpu().split(_CHUNK)
    ]
    images = torch.cat(changed)
    alone = ~chance(n, settings.mixed, draw)
    share = uniform(n, 0.5, 1, draw)[:, None, None]
    partners = torch.randperm(n, generator=draw)
    mixed = images.clone()
    for at in (~alone).nonzero()[:, 0].split(_CHUNK):
        both = share[at] * images[at] + (1 - share[at]) * images[partners[at]]
        mixed[at] = both.round().to(torch.uint8)
    return mixed, alone


def check_teachers(bundles: Sequence[Bundle], config: TrainConfig, faces: FaceSet) -> None:
    """Refuse teachers that cannot teach this student.

    Raises:
        ConfigError: If there are teachers and they count nothing, or the other way round; if one
            has other labels, or has been trained on rows that the student's recipe holds out.
    """
    if bool(bundles) != bool(config.distillation.weight):
        raise ConfigError(
            f"distillation.weight is {config.distillation.weight:g} with {len(bundles)} teachers; "
            "give teachers and a weight above 0 (mien distill), or neither"
        )
    labels = label_space(config.labels)
    for bundle in bundles:
        if bundle.card.labels != labels:
            raise ConfigError(
                f"{bundle.card.name} answers {', '.join(bundle.card.labels.labels)}; a teacher of "
                f"this recipe answers {', '.join(labels.labels)}"
            )
        check_unseen(bundle, config, faces)


def check_unseen(bundle: Bundle, config: TrainConfig, faces: FaceSet) -> None:
    """Refuse a bundle that has been trained on rows that a recipe holds out.

    Args:
        bundle: A teacher, or what a training begins with.
        config: Of the new training.
        faces: Its data, as they were read.

    Raises:
        ConfigError: If it has, or if that is not known.
    """
    if not (config.held_out or config.folds):
        return
    out = {"held_out": config.held_out, "held_out_seed": config.held_out_seed}
    out |= {"folds": config.folds, "fold": config.fold, "fold_seed": config.fold_seed}
    faces = faces.mapped(label_space(config.labels))
    for name, own in bundle.card.training.each(bundle.card.name):
        for each in own.lineage:
            recorded = each.record.get("config", {})
            if all(recorded.get(key, 0) == value for key, value in out.items()):
                continue
            unknown = each.training_sha256 is None or each.was_drawn or each.drawn_fold
            if unknown or each.training_sha256 in _same_rows(faces, each):
                raise ConfigError(
                    f"{name} has been trained on rows that this recipe holds out, so their "
                    "figures would say nothing; take one that held the same rows out, or train "
                    "on all (held_out = 0, folds = 0)"
                )


def _same_rows(faces: FaceSet, training: Training) -> set[str]:
    """Hashes that the Training of ``faces`` has, as it is and without the fold of a training."""
    known = {faces.split(TRAINING).own.sha256} if TRAINING in faces.split_names else set[str]()
    if training.fold:
        known.add(one_fold_out(faces, *training.fold).split(TRAINING).own.sha256)
    return known


def _key(teachers: Sequence[Ancestor], config: TrainConfig, rows: RunRows) -> str:
    """Identifies teachers, samples and views; what only a student sees is left out."""
    usual = Augmentation()
    seen = replace(
        config.augmentation, field=usual.field, erase=usual.erase, erase_area=usual.erase_area
    )
    what = {
        "teachers": [teacher["sha256"] for teacher in teachers],
        "rows": rows.record.get("rows_sha256"),
        "augmentation": asdict(seen),
        "distillation": {**asdict(config.distillation), "weight": None},
        "seed": config.seed,
    }
    return sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()
