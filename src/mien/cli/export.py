"""``mien export``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mien.cli import console, options
from mien.core.labels import label_space
from mien.store.bundle import load_bundle

if TYPE_CHECKING:
    from mien.export import ExportReport


def export(
    run: Annotated[
        Path, typer.Argument(metavar="RUN", help="Folder of a finished training, or of a bundle.")
    ],
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
    replace: options.Replace = False,
    as_json: options.Json = False,
) -> None:
    """Make a bundle of a finished training, or the int8 file of a bundle again.

    The graph is compared with the network, and nothing is written if they disagree. Temperature,
    abstention threshold and the figures in the card come from rows without a twin in Training.
    A training that left a fold out has it as the split ``fold``. Of a bundle, the fp32 graph stays
    and int8 is quantised from it again; older ones answer worse on CPUs without VNNI.
    """
    with console.needs("train"):
        from mien.export import export_bundle, requantise
        from mien.train import load_run, placed
    from mien.data import load

    def say(stage: str) -> None:
        console.say(f"{stage} ...")

    if (run / "card.json").is_file():
        if epoch is not None or not int8:
            raise typer.BadParameter(f"{run} is a bundle: --epoch and --no-int8 are for runs")
        bundle = load_bundle(run)
        report = requantise(
            bundle,
            load(data, labels=bundle.card.labels),
            out,
            name=name,
            calibration_split=split,
            replace_bundle=replace,
            on_stage=say,
        )
        show_export(report, out, as_json=as_json)
        return
    finished = load_run(run, epoch)
    faces = placed(load(data, labels=label_space(finished.config.labels)), finished.config)
    report = export_bundle(
        finished.network,
        faces,
        out,
        name=name or out.resolve().name,
        training=finished.training,
        int8=int8,
        calibration_split=split,
        replace=replace,
        on_stage=say,
    )
    show_export(report, out, as_json=as_json)


def show_export(report: ExportReport, out: Path, *, as_json: bool) -> None:
    """Print what an export found."""
    for precision, found in report.metrics.items():
        console.warn(f"{precision}: {found['note']}" if "note" in found else None)
    if console.wants_json(asked=as_json):
        difference = report.largest_difference
        console.emit(
            {
                "bundle": str(out),
                "largest_difference": difference,
                "network_accuracy": report.network_accuracy,
                "metrics": report.metrics,
            }
        )
    else:
        rows = (
            (precision, f"{m['accuracy']:.4f}", f"{m['ece']:.4f}", f"{m['nll']:.4f}", m["n"])
            for precision, m in report.metrics.items()
        )
        split = report.metrics["fp32"]["split"]
        title = f"{out}: figures on {split}, rows without a twin in Training"
        console.show(("file", "accuracy ", "ECE ", "NLL ", "rows "), rows, title=title)
    compared = report.largest_difference
    words = f"written to {out}"
    if compared is not None:
        words += f"; probabilities differ from the network's by at most {compared:.1g}"
    console.say(words)
