"""``mien export`` and ``mien quantise``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mien.cli import console, options

if TYPE_CHECKING:
    from mien.export import ExportReport


def export(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a finished training.")],
    data: options.TrainingData,
    out: options.Bundle,
    name: options.CardName = None,
    calibration_split: options.CalibrationSplit = "PublicTest",
    epoch: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            help="Epoch to export, one that score_at of the recipe keeps.",
            show_default="the last",
        ),
    ] = None,
    int8: options.Int8 = True,
    robustness: Annotated[
        bool,
        typer.Option(
            "--robustness", help="Also measure noise, JPEG, blur and the like, for the card."
        ),
    ] = False,
    replace: options.Replace = False,
    as_json: options.Json = False,
) -> None:
    """Make a bundle of a finished training.

    The graph is compared with the network, and nothing is written if they disagree. Temperature,
    abstention threshold and the figures in the card come from rows without a twin in Training.
    A training that left a fold out has it as the split ``fold``.

    Example: mien export runs/mine --data fer2013.csv.gz --out mine
    """
    with console.needs("train"):
        from mien.export import export_bundle
        from mien.train import load_run, placed
    from mien.data import load

    if (run / "card.json").is_file():
        raise typer.BadParameter(f"{run} is a bundle; mien quantise makes its int8 file again")
    finished = load_run(run, epoch)
    report = export_bundle(
        finished.network,
        placed(load(data, labels=finished.network.labels), finished.config),
        out,
        name=name or out.resolve().name,
        training=finished.training,
        int8=int8,
        calibration_split=calibration_split,
        degraded=robustness,
        replace=replace,
        on_stage=console.stage,
    )
    show_export(report, out, as_json=as_json)


def quantise(
    model: options.Model,
    data: options.TrainingData,
    out: options.Bundle,
    name: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Name in the card.", show_default="as it was"),
    ] = None,
    calibration_split: options.CalibrationSplit = "PublicTest",
    replace: options.Replace = False,
    as_json: options.Json = False,
) -> None:
    """Make the int8 file of a bundle again; the run is not needed.

    The fp32 graph stays, and int8 is quantised from it. Files of older bundles answer worse on
    CPUs without VNNI.

    Example: mien quantise ./old --data fer2013.csv.gz --out new
    """
    with console.needs("train"):
        from mien.export import requantise
    from mien.data import load
    from mien.store.bundle import open_bundle

    bundle = open_bundle(model)
    report = requantise(
        bundle,
        load(data, labels=bundle.card.labels),
        out,
        name=name,
        calibration_split=calibration_split,
        replace_bundle=replace,
        on_stage=console.stage,
    )
    show_export(report, out, as_json=as_json)


def show_export(report: ExportReport, out: Path, *, as_json: bool) -> None:
    """Print what an export found."""
    for precision, found in report.metrics.items():
        console.warn(f"{precision}: {found['note']}" if "note" in found else None)
    if console.wants_json(asked=as_json):
        console.emit({"bundle": str(out), **report.as_dict()})
    else:
        rows = (
            (precision, f"{m['accuracy']:.4f}", f"{m['ece']:.4f}", f"{m['nll']:.4f}", m["n"])
            for precision, m in report.metrics.items()
        )
        split = report.metrics["fp32"]["split"]
        title = f"{out}: figures on {split}, rows without a twin in Training"
        console.show(("file", "accuracy ", "ECE ", "NLL ", "rows "), rows, title=title)
    compared = report.largest_difference
    words = "" if compared is None else "; probabilities differ from the network's by at most "
    console.say(f"written to {out}{words}{'' if compared is None else f'{compared:.1g}'}")
