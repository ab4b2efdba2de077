"""``mien train``."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mien.cli import console, options

if TYPE_CHECKING:
    from mien.train import EpochRow, TrainConfig


def train(
    config: options.Recipe,
    data: options.Data,
    out: Annotated[Path, typer.Option(metavar="RUN", help="Folder of checkpoint, log and curves.")],
    votes: options.Votes = None,
    aux: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="SRC",
            help="Auxiliary set whose Training rows are trained on too; repeatable. Twins of "
            "scored rows are left out.",
        ),
    ] = None,
    override: options.Override = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue the run in RUN.")] = False,
    device: options.Device = "cpu",
    as_json: options.Json = False,
) -> None:
    """Train a network.

    A killed run continues with --resume and ends with the same weights as one that was not.

    Under torchrun every process takes its share of each batch, and the first one speaks.

    Epochs are reported on stderr. A pipe, or --json, gets one JSON line at the end: the last epoch.

    Example: mien train recipe.toml --data fer2013.csv.gz --out runs/mine
    """
    with console.needs("train"):
        from mien.train import Callbacks, check_batch, check_network, load_config, read_data
        from mien.train import train as train_network
    from mien.data import terms
    from mien.store.provenance import provenance

    recipe = load_config(config, tuple(override or ()))
    check_network(recipe)
    check_batch(recipe, int(os.environ.get("WORLD_SIZE", "1")))
    speaks, others = console.first_process(), aux or []
    given = read_data(recipe, data, votes=votes, aux=others)
    if speaks:
        for warning in given.warnings:
            console.warn(warning)
        for note in given.notes:
            console.say(note)
    with console.progress("steps", quiet=as_json or not speaks) as advance:
        finished = train_network(
            given.faces,
            recipe,
            out,
            resume=resume,
            provenance=provenance() | terms(data, *others),
            callbacks=Callbacks(advance, lambda row: console.say(_line(row, recipe))),
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
