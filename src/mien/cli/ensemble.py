"""``mien ensemble``."""

from __future__ import annotations

from typing import Annotated

import typer

from mien.cli import console, options


def ensemble(
    members: Annotated[
        list[str], typer.Argument(metavar="MODEL MODEL...", help="Names or folders of bundles.")
    ],
    data: options.TrainingData,
    out: options.Bundle,
    name: options.CardName = None,
    share: Annotated[
        list[float] | None,
        typer.Option(
            metavar="W", help="Weight of a member; once per member.", show_default="all equal"
        ),
    ] = None,
    learn: Annotated[
        bool,
        typer.Option(
            "--learn", help="Learn the weights on the tenth of Training that no member saw."
        ),
    ] = False,
    calibration_split: options.CalibrationSplit = "PublicTest",
    replace: options.Replace = False,
    as_json: options.Json = False,
) -> None:
    """Make one bundle of several: the weighted mean of their probabilities.

    The members become one graph, which shares what they have in common, the crop first of all. It
    is compared with the members, calibrated, and then used like any other bundle.

    Example: mien ensemble ./one ./two --data fer2013.csv.gz --out both
    """
    if share and learn:
        raise typer.BadParameter("give --share or --learn, not both")
    with console.needs("train"):
        from mien.export import LEARNED, make_ensemble
    from mien.benchmark import bundle_cost
    from mien.data import load
    from mien.store.bundle import open_bundle

    bundles = [open_bundle(member) for member in members]
    report = make_ensemble(
        bundles,
        load(data, labels=bundles[0].card.labels),
        out,
        name=name or out.resolve().name,
        shares=LEARNED if learn else share,
        calibration_split=calibration_split,
        replace_existing=replace,
        on_stage=console.stage,
    )
    figures = [*zip(report.shares, report.accuracies, strict=True)]
    figures.append((1.0, report.metrics["fp32"]["accuracy"]))
    rows = [
        {**bundle_cost(bundle), "share": float(weight), "accuracy": float(accuracy)}
        for bundle, (weight, accuracy) in zip((*bundles, report.bundle), figures, strict=True)
    ]
    if console.wants_json(asked=as_json):
        console.emit({"bundle": str(out), "members": rows[:-1], **rows[-1], **report.as_dict()})
        return
    columns = ("model", "share ", "accuracy ", "parameters ", "MMACs ", "MB ", "ms ")
    cells = [
        (
            row["name"],
            f"{row['share']:.3f}",
            f"{row['accuracy']:.4f}",
            f"{row['parameters']:,}",
            f"{row['macs'] / 1e6:.1f}",
            f"{row['megabytes']:.2f}",
            f"{row['median_ms']:.2f}",
        )
        for row in rows
    ]
    where = f"fp32, {calibration_split} without twins in Training; ms: one face, one thread"
    console.show(columns, cells, title=f"{out}: {where}")
    low, high = report.gain.interval
    console.say(
        f"members agree on {100 * report.agreement:.1f} % of rows; the ensemble answers "
        f"{100 * report.gain.difference:+.2f} points more than its best member "
        f"(95 % interval {100 * low:+.2f} to {100 * high:+.2f})"
    )
