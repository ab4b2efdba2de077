"""Transfer: train on FER+ labels, then on FER2013's (Tiwari et al., 2022)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

from mien.core.errors import ConfigError, DataError
from mien.core.labels import ferplus8
from mien.data.faceset import FaceSet
from mien.data.readers.ferplus import vote_targets
from mien.data.select.subsets import held_out
from mien.study.arm import Arm, Table, merged
from mien.study.kinds.kind import (
    KINDS,
    RUN,
    Job,
    KindInfo,
    Log,
    check_one_scoring,
    train_config,
    trained_trunk,
)
from mien.study.result import ArmResult
from mien.train import FinishedRun, TrainConfig
from mien.train.state import begin, new_network, seeded


@dataclass(frozen=True)
class Trainings:
    """The recipes of an arm: its own, and that of the training on FER+ labels before, if any.

    ``first`` in the arm's recipe holds changes of it for the training on FER+ labels. Dense layers
    (``network.hidden``), freezing (``network.freeze_to``) and class weights are the second
    training's own, unless ``first`` names them.
    """

    first: TrainConfig | None
    second: TrainConfig

    @classmethod
    def of(cls, arm: Arm) -> Trainings:
        """Raises ``ConfigError`` if a recipe is impossible, or wants epochs scored."""
        settings = dict(arm.recipe)
        changes = settings.pop("first", None)
        first = None if changes is None else _first_config(settings, changes)
        second = train_config(settings, arm.plan.labels)
        for config in (second, first):
            if config is not None:
                check_one_scoring(config)
        return cls(first, second)


@KINDS.register(KindInfo("transfer"))
class Transfer:
    """Arms whose network may begin with the trunk of a first training.

    Arms with the same first training share it. Samples that the second training holds out are in
    neither.
    """

    def check(self, arm: Arm) -> None:
        """Refuse recipes that cannot be, and a trunk that does not fit."""
        trainings = Trainings.of(arm)
        first, second = trainings.first, trainings.second
        shapes = trained_trunk(second)
        if first is not None and trained_trunk(first) != shapes:
            raise ConfigError(
                f"first trains another trunk ({first.model}) than the second training continues "
                f"({second.model}); give both one model, network.input_size, network.channels and "
                "network.pooling"
            )

    def run(self, job: Job) -> ArmResult:
        """Train twice, or once; raises ``DataError`` if there are no FER+ votes to begin with."""
        trainings = Trainings.of(job.arm)
        first, second = trainings.first, trainings.second
        before: Table = {}
        with seeded(second.seed):
            if first is None:
                network, before = begin(second)
            else:  # the first training began with the weights that the recipe names
                network = new_network(second)
        logs: dict[str, Log] = {}
        if first is not None:
            began = _trained_first(job, first, second)
            network.trunk.load_state_dict(began.network.to("cpu").trunk.state_dict())
            kept = {k: v for k, v in began.provenance.items() if k == "pretrained_sha256"}
            before = {**first_record(first), **kept}
            logs["first"] = began.log
        run = job.train(job.samples.train, second, job.folder / RUN, network, before)
        logs[RUN] = run.log
        return job.trained(run.network, second, logs)


def _first_config(settings: Table, first: Table) -> TrainConfig:
    """The recipe of the training on FER+ labels that an arm begins with."""
    if not isinstance(first, Mapping):
        raise ConfigError(f"first must be a table of changes of the recipe, got {first!r}")
    for key in ("decay", "network"):
        for table in (settings.get(key, {}), first.get(key, {})):
            if not isinstance(table, Mapping):
                raise ConfigError(f"{key} is a table of settings, got {table!r}")
    base = {**settings, "class_weights": "none"}
    if merged(settings, first).get("decay", {}).get("kind") != "plateau":
        base["held_out"] = 0.0  # what the second training holds out is left out already
    own = ("hidden", "freeze_to")
    base["network"] = {k: v for k, v in settings.get("network", {}).items() if k not in own}
    return train_config(merged(base, first), ferplus8.name)


def first_record(first: TrainConfig) -> Table:
    """What a checkpoint and a card record of the training that an arm began with."""
    return {"first": {"labels": "most FER+ votes", "config": first.as_dict()}}


def _trained_first(job: Job, config: TrainConfig, second: TrainConfig) -> FinishedRun:
    """The training on FER+ labels, once for all arms on the same samples that begin with it."""
    train = job.samples.train
    if second.held_out:
        train = train[~held_out(train, second.held_out, second.held_out_seed)]
    faces = voted(train)
    begun = [config.as_dict(), faces.sha256]
    digest = hashlib.sha256(json.dumps(begun, sort_keys=True).encode()).hexdigest()
    out = job.folder.parent / f"first-{config.model}-{digest[:8]}"
    return job.train(faces, config, out, shown=False)


def voted(faces: FaceSet) -> FaceSet:
    """The samples with the label that most FER+ raters chose, where at least half chose one.

    Raises:
        DataError: If there are no votes.
    """
    if faces.votes is None:
        raise DataError("a transfer from FER+ needs its votes; give --votes FERPLUS.csv")
    targets, weights = vote_targets(faces.votes)
    kept = weights * targets.max(axis=1) >= 0.5
    labels = targets.argmax(axis=1)[kept].astype(faces.labels.dtype)
    return replace(faces[kept], labels=labels, space=ferplus8)
