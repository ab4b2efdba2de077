"""``mien train``."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mien.cli import console, options

if TYPE_CHECKING:
    from mien.train import EpochRow, TrainConfig


_Out = Annotated[Path, typer.Option(metavar="RUN", help="Folder of checkpoint, log and curves.")]
_Aux = Annotated[
    list[Path] | None,
    typer.Option(
        metavar="SRC",
        help="Auxiliary set whose Training rows are trained on too; repeatable. Twins of "
        "scored rows are left out.",
    ),
]
_Start = Annotated[
    str | None,
    typer.Option(
        metavar="MODEL",
        help="Begin with the weights of a bundle of the same network, not with fresh ones.",
    ),
]
_Resume = Annotated[bool, typer.Option("--resume", help="Continue the run in RUN.")]


def train(
    config: options.Recipe,
    data: options.Data,
    out: _Out,
    votes: options.Votes = None,
    aux: _Aux = None,
    start: _Start = None,
    override: options.Override = None,
    resume: _Resume = False,
    device: options.Device = "cpu",
    as_json: options.Json = False,
) -> None:
    """Train a network.

    A killed run continues with --resume and ends with the same weights as one that was not.

    Under torchrun every process takes its share of each batch, and the first one speaks.

    Epochs are reported on stderr. A pipe, or --json, gets one JSON line at the end: the last epoch.

    Example: mien train recipe.toml --data fer2013.csv.gz --out runs/mine
    """
    _train(config, data, out, votes, aux, start, (), override, resume, device, as_json)


def distill(
    config: options.Recipe,
    teacher: Annotated[
        list[str],
        typer.Option(metavar="MODEL", help="Bundle to learn from; repeatable, all count alike."),
    ],
    data: options.Data,
    out: _Out,
    votes: options.Votes = None,
    aux: _Aux = None,
    start: _Start = None,
    override: options.Override = None,
    resume: _Resume = False,
    device: options.Device = "cpu",
    as_json: options.Json = False,
) -> None:
    """Train a network that also learns from the answers of others.

    The teachers answer augmented and mixed views of every training sample once; the answers stay in
    the run. The table [distillation] of the recipe says how many views there are and what the
    teachers count; without it they count 0.7.

    Give no teacher that was trained on rows which the recipe holds out: it is refused.

    Example: mien distill recipe.toml --teacher default --data fer2013.csv.gz --out runs/student
    """
    _train(config, data, out, votes, aux, start, teacher, override, resume, device, as_json)


def _train(
    config: Path,
    data: Path,
    out: Path,
    votes: Path | None,
    aux: list[Path] | None,
    start: str | None,
    teachers: Sequence[str],
    override: list[str] | None,
    resume: bool,
    device: str,
    as_json: bool,
) -> None:
    with console.needs("train"):
        from mien.train import (
            CHECKPOINT,
            Callbacks,
            check_batch,
            check_network,
            load_config,
            read_data,
            start_from,
            taught_by,
        )  # fmt: skip
        from mien.train import train as train_network
    from mien.data import terms
    from mien.store.bundle import open_bundle
    from mien.store.provenance import provenance

    recipe = load_config(config, tuple(override or ()))
    recipe = taught_by(recipe) if teachers else recipe
    check_network(recipe)
    check_batch(recipe, int(os.environ.get("WORLD_SIZE", "1")))
    bundles = [open_bundle(name) for name in teachers]
    speaks, others = console.first_process(), aux or []
    given = read_data(recipe, data, votes=votes, aux=others)
    if speaks:
        for warning in given.warnings:
            console.warn(warning)
        for note in given.notes:
            console.say(note)
    network, began = None, {}
    if start and not (out / CHECKPOINT).exists():  # a run that continues has its own weights
        network, began["start"] = start_from(open_bundle(start), recipe, given.faces)
    with console.progress("steps", quiet=as_json or not speaks) as advance:
        finished = train_network(
            given.faces,
            recipe,
            out,
            resume=resume,
            network=network,
            teachers=bundles,
            provenance=provenance() | terms(data, *others) | began,
            callbacks=Callbacks(advance, lambda row: console.say(_line(row, recipe)), advance),
            accelerator=device,
        )
    if not speaks:
        return
    console.say(f"the run is in {out}; make a bundle of it with: mien export {out} ...")
    if console.wants_json(asked=as_json):
        console.emit({"run": str(out), **asdict(finished.log[-1])})


def _line(row: EpochRow, recipe: TrainConfig) -> str:
    watched = ""
    if row.watch_accuracy is not None:
        fold = f"fold {recipe.fold} of {recipe.folds}" if recipe.folds else recipe.watch
        watched = f"   {'held out' if recipe.held_out else fold} {row.watch_accuracy:.4f}"
    return (
        f"epoch {row.epoch}/{recipe.epochs}   loss {row.loss:.4f}   "
        f"accuracy {row.accuracy:.4f}{watched}   {row.seconds:.0f} s"
    )
