"""``mien export``."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mien.cli import console, options
from mien.core.labels import label_space

if TYPE_CHECKING:
    from mien.data import FaceSet
    from mien.train import EpochRow, TrainConfig


def export(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a finished training.")],
    data: Annotated[
        Path, typer.Option(metavar="SRC", help="The data of the training, with its splits.")
    ],
    out: Annotated[Path, typer.Option(metavar="BUNDLE", help="Folder to write.")],
    name: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Name in the card.", show_default="name of BUNDLE"),
    ] = None,
    split: Annotated[
        str, typer.Option(metavar="NAME", help="Rows that fit temperature and threshold.")
    ] = "PublicTest",
    int8: Annotated[bool, typer.Option("--int8/--no-int8", help="Write the int8 file too.")] = True,
    replace: Annotated[bool, typer.Option("--replace", help="Replace an existing BUNDLE.")] = False,
    as_json: options.Json = False,
) -> None:
    """Make a bundle of a finished training.

    The graph is compared with the network, and nothing is written if they disagree. Temperature,
    abstention threshold and the figures in the card come from rows without a twin in Training.
    """
    with console.needs("train"):
        from mien.export import export_bundle
        from mien.train import load_run
    from mien.data import load

    network, recipe, log = load_run(run)
    faces = load(data, labels=label_space(recipe.labels))
    report = export_bundle(
        network,
        faces,
        out,
        name=name or out.resolve().name,
        training=_training(recipe, log, faces),
        int8=int8,
        calibration_split=split,
        replace=replace,
        on_stage=lambda stage: console.say(f"{stage} ..."),
    )
    if console.wants_json(asked=as_json):
        difference = report.largest_difference
        console.emit(
            {"bundle": str(out), "largest_difference": difference, "metrics": report.metrics}
        )
    else:
        rows = (
            (precision, f"{m['accuracy']:.4f}", f"{m['ece']:.4f}", f"{m['nll']:.4f}", m["n"])
            for precision, m in report.metrics.items()
        )
        title = f"{out}: figures on {split}, rows without a twin in Training"
        console.show(("file", "accuracy ", "ECE ", "NLL ", "rows "), rows, title=title)
    console.say(f"written to {out}; probabilities differ from the network's by at most "
                f"{report.largest_difference:.1g}")  # fmt: skip


def _training(recipe: TrainConfig, log: list[EpochRow], faces: FaceSet) -> dict[str, Any]:
    """What the card tells of the training."""
    from mien import __version__

    return {
        "config": recipe.as_dict(),
        "seed": recipe.seed,
        "epochs": len(log),
        "seconds": round(sum(row.seconds for row in log)),
        "data": faces.source,
        "data_sha256": faces.split("Training").sha256,
        "mien": __version__,
        "commit": _commit(),
    }


def _commit() -> str | None:
    """Commit of the checkout that this package runs from; None for an installed one."""
    import mien

    root, git = Path(mien.__file__).parents[2], shutil.which("git")
    if git is None or not (root / ".git").exists():
        return None
    command = [
        git,
        "-C",
        str(root),
        "describe",
        "--always",
        "--dirty",
        "--abbrev=40",
        "--exclude=*",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - fixed words
    return done.stdout.strip() or None
