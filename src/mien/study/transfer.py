"""Transfer as an arm of a study: train on FER+, go on with FER2013 (Tiwari et al., 2022)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mien.core.errors import ConfigError, DataError
from mien.core.labels import ferplus8
from mien.data.faceset import FaceSet
from mien.data.ferplus import vote_targets
from mien.data.subsets import held_out
from mien.models import ExpressionNet
from mien.study.arms import RUN, cost, curve_every, no_chosen_epochs, plain_log, recipe_of, scored
from mien.study.drawing import Rows
from mien.study.plan import Arm, merged
from mien.train import Callbacks, FinishedRun, Shown, TrainConfig, train, training_rows
from mien.train.log import EpochRow
from mien.train.state import begin, new_network, seeded


@dataclass(frozen=True)
class _Job:
    """What both trainings of an arm have in common."""

    rows: Rows
    device: str
    provenance: dict[str, Any]
    on_epoch: Callable[[EpochRow], None]

    def train(
        self,
        faces: FaceSet,
        config: TrainConfig,
        out: Path,
        network: ExpressionNet | None = None,
        shown: FaceSet | None = None,
        **before: Any,
    ) -> FinishedRun:
        """Train, or go on, or read what an earlier call finished."""
        return train(
            faces,
            config,
            out,
            resume=True,
            provenance=self.provenance | before,
            shown=None if shown is None else Shown(shown, curve_every(config)),
            callbacks=Callbacks(on_epoch=self.on_epoch),
            accelerator=self.device,
            network=network,
        )


def run_transfer(
    arm: Arm,
    rows: Rows,
    folder: Path,
    *,
    device: str,
    provenance: dict[str, Any],
    on_epoch: Callable[[EpochRow], None],
) -> dict[str, Any]:
    """Train the arm's network, from the trunk of a first training if its recipe has ``first``.

    ``first`` holds changes of the recipe for the training on FER+ labels; arms with the same one
    share it. Dense layers (``network.hidden``), freezing (``network.freeze_to``) and class weights
    are the second training's own, unless ``first`` names them. Rows that the second training holds
    out are in neither.

    Raises:
        DataError: If there are no FER+ votes to begin with.
        MienError: As ``train.train`` does.
    """
    job = _Job(rows, device, provenance, on_epoch)
    settings = dict(arm.recipe)
    first = first_config(arm)
    settings.pop("first", None)
    config = recipe_of(replace(arm, recipe=settings), rows.plan.labels)
    for each in (config, first) if first else (config,):
        no_chosen_epochs(each)
    with seeded(config.seed):
        if first is None:
            network, before = begin(config)
        else:  # the first began with the weights that the recipe names
            network, before = new_network(config), first_note(first)
    seconds = 0.0
    logs: dict[str, list[EpochRow]] = {}
    if first is not None:
        began = _first(job, first, config, folder.parent)
        network.trunk.load_state_dict(began.network.to("cpu").trunk.state_dict())
        if "pretrained_sha256" in began.provenance:
            before["pretrained_sha256"] = began.provenance["pretrained_sha256"]
        seconds = sum(row.seconds for row in began.log)
        logs["first"] = began.log
    run = job.train(rows.train, config, folder / RUN, network, rows.shown, **before)
    found, logs[RUN] = run.network, run.log
    trained_on = training_rows(rows.train, config)[0]
    return {
        **cost(found),
        "epochs": config.epochs,
        "seconds": round(seconds + sum(row.seconds for row in logs[RUN])),
        "train_rows": len(trained_on),
        "scores": scored(found, rows, trained_on, device),
        "log": {name: plain_log(log) for name, log in logs.items()},
    }


def first_config(arm: Arm) -> TrainConfig | None:
    """The recipe of the training on FER+ labels that an arm begins with; None if it has none."""
    settings = dict(arm.recipe)
    first = settings.pop("first", None)
    if first is None:
        return None
    if not isinstance(first, Mapping):
        raise ConfigError(f"first must be a table of changes of the recipe, got {first!r}")
    for key in ("decay", "network"):
        for table in (settings.get(key, {}), first.get(key, {})):
            if not isinstance(table, Mapping):
                raise ConfigError(f"{key} is a table of settings, got {table!r}")
    if merged(settings, first).get("decay", {}).get("kind") != "plateau":
        settings["held_out"] = 0.0  # the second training's rows are left out already
    own = ("hidden", "freeze_to")
    network = {key: value for key, value in settings.get("network", {}).items() if key not in own}
    recipe = merged({**settings, "network": network, "class_weights": "none"}, first)
    return recipe_of(Arm("first", {}, recipe, {}), ferplus8.name)


def first_note(first: TrainConfig) -> dict[str, Any]:
    """What a checkpoint and a card tell of the training that an arm began with."""
    return {"first": {"labels": "most FER+ votes", "config": first.as_dict()}}


def _first(job: _Job, config: TrainConfig, second: TrainConfig, folder: Path) -> FinishedRun:
    """The training on FER+ labels, once for all arms on the same rows that begin with it."""
    train = job.rows.train
    if second.held_out:
        train = train[~held_out(train, second.held_out, second.held_out_seed)]
    faces = voted(train)
    begun = [config.as_dict(), faces.sha256]
    digest = hashlib.sha256(json.dumps(begun, sort_keys=True).encode()).hexdigest()
    return job.train(faces, config, folder / f"first-{config.model}-{digest[:8]}")


def voted(faces: FaceSet) -> FaceSet:
    """The rows with the label that most FER+ raters chose, where at least half chose one.

    Raises:
        DataError: If there are no votes.
    """
    if faces.votes is None:
        raise DataError("a transfer from FER+ needs its votes; give --votes FERPLUS.csv")
    targets, weights = vote_targets(faces.votes)
    kept = weights * targets.max(axis=1) >= 0.5
    labels = targets.argmax(axis=1)[kept].astype(faces.labels.dtype)
    return replace(faces[kept], labels=labels, space=ferplus8)
