"""``mien train``."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mien.cli import console, options
from mien.cli.provenance import provenance, terms
from mien.core.errors import DataError
from mien.core.labels import label_space

if TYPE_CHECKING:
    from mien.data import FaceSet, Part
    from mien.models import ExpressionNet
    from mien.train import EpochRow, TrainConfig


def train(
    config: Annotated[
        Path,
        typer.Argument(metavar="CONFIG.toml", help="Differences from the default recipe."),
    ],
    data: Annotated[
        Path, typer.Option(metavar="SRC", help="FER2013 table or folder of labelled pictures.")
    ],
    out: Annotated[Path, typer.Option(metavar="RUN", help="Folder of checkpoint, log and curves.")],
    votes: Annotated[
        Path | None, typer.Option(metavar="FERPLUS.csv", help="FER+ votes of the same images.")
    ] = None,
    aux: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="SRC",
            help="Auxiliary set whose Training rows are trained on too; repeatable. Twins of "
            "scored rows are left out.",
        ),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(
            metavar="MODEL",
            help="Begin with the weights of a bundle of the same network, not with fresh ones.",
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
    """
    with console.needs("train"):
        from mien.train import Callbacks, check_batch, check_network, load_config
        from mien.train import train as train_network
    recipe = load_config(config, tuple(override or ()))
    check_network(recipe)
    check_batch(recipe, int(os.environ.get("WORLD_SIZE", "1")))
    speaks = console.first_process()
    faces = _read(data, votes, aux or [], recipe, speaks=speaks)
    network, began = _start(start, recipe, faces) if start else (None, {})
    with console.progress("steps", quiet=as_json or not speaks) as advance:
        finished = train_network(
            faces,
            recipe,
            out,
            resume=resume,
            network=network,
            provenance=provenance() | terms(data, *(aux or ())) | began,
            callbacks=Callbacks(advance, lambda row: console.say(_line(row, recipe))),
            accelerator=device,
        )
    if not speaks:
        return
    console.say(f"the run is in {out}; make a bundle of it with: mien export {out} ...")
    if console.wants_json(asked=as_json):
        console.emit({"run": str(out), **asdict(finished.log[-1])})


def _start(model: str, recipe: TrainConfig, faces: FaceSet) -> tuple[ExpressionNet, dict[str, Any]]:
    """The network with the weights of a bundle, and what is recorded of them."""
    from mien.store.bundle import open_bundle
    from mien.train import network_of, record_of

    bundle = open_bundle(model)
    return network_of(bundle, recipe, faces), record_of(bundle)


def _read(
    data: Path, votes: Path | None, aux: Sequence[Path], recipe: TrainConfig, *, speaks: bool
) -> FaceSet:
    """The rows with those of auxiliary sets, and what must be said of them."""
    from mien.data import framing_warning, load, mixed

    space = label_space(recipe.labels)
    faces = load(data, votes=votes, labels=space)
    if speaks:
        for source in (data, *aux):
            console.warn(framing_warning(source))
    _check_votes_and_counts(faces, recipe, speaks=speaks)
    if not aux:
        return faces
    mixture = mixed([faces, *(load(source, labels=None) for source in aux)], space)
    if speaks:
        _say_parts(mixture.parts[1:])
    return mixture.faces


def _check_votes_and_counts(faces: FaceSet, recipe: TrainConfig, *, speaks: bool) -> None:
    """Warn of other counts than the official ones; refuse votes that are not of these images.

    Hours of training on the votes of other pictures would look like any other run.

    Raises:
        DataError: If the votes contradict the labels too often to be of the same images.
    """
    from numpy import isin

    from mien.data import count_warnings, vote_warnings

    used = ["Training", "" if recipe.held_out else recipe.watch]
    for warning in count_warnings(faces[isin(faces.splits, used)]) if speaks else ():
        console.warn(warning)
    if speaks and faces.votes is not None and not recipe.votes_weight:
        console.warn("--votes is not used: votes_weight is 0 in the recipe")
    if recipe.votes_weight and (doubts := vote_warnings(faces)):
        raise DataError(f"{doubts[0]} Give the votes of these images, or --set votes_weight=0")


def _say_parts(parts: Sequence[Part]) -> None:
    """What is trained on of each auxiliary set, and what is not."""
    for part in parts:
        left = [f"{n:,} {label} without a label here" for label, n in part.unmapped.items()]
        left += [f"{n:,} of its split {split}" for split, n in part.other_splits.items()]
        if part.twins:
            left.append(f"{len(part.twins):,} twins of scored rows")
        words = f"; left out: {', '.join(left)}" if left else ""
        console.say(f"auxiliary {part.source}: {part.rows:,} rows{words}")


def _line(row: EpochRow, recipe: TrainConfig) -> str:
    watched = ""
    if row.watch_accuracy is not None:
        fold = f"fold {recipe.fold} of {recipe.folds}" if recipe.folds else recipe.watch
        watched_rows = "held out" if recipe.held_out else fold
        watched = f"   {watched_rows} {row.watch_accuracy:.4f}"
    return (
        f"epoch {row.epoch}/{recipe.epochs}   loss {row.loss:.4f}   "
        f"accuracy {row.accuracy:.4f}{watched}   {row.seconds:.0f} s"
    )
