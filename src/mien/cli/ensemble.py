"""``mien ensemble``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mien.cli import console, options

if TYPE_CHECKING:
    from mien.export import EnsembleReport
    from mien.store.bundle import Bundle

_RUNS = 50


def ensemble(
    members: Annotated[
        list[str], typer.Argument(metavar="MODEL MODEL...", help="Names or folders of bundles.")
    ],
    data: Annotated[
        Path, typer.Option(metavar="SRC", help="The data of the trainings, with their splits.")
    ],
    out: Annotated[Path, typer.Option(metavar="BUNDLE", help="Folder to write.")],
    name: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Name in the card.", show_default="name of BUNDLE"),
    ] = None,
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
    split: Annotated[
        str, typer.Option(metavar="NAME", help="Rows that fit temperature and threshold.")
    ] = "PublicTest",
    replace: options.Replace = False,
    as_json: options.Json = False,
) -> None:
    """Make one bundle of several: the weighted mean of their probabilities.

    The members become one graph, which shares what they have in common, the crop first of all. It
    is compared with the members, calibrated, and then used like any other bundle.
    """
    if share and learn:
        raise typer.BadParameter("give --share or --learn, not both")
    with console.needs("train"):
        from mien.export import LEARNED, make_ensemble
    from mien.data import load
    from mien.store.bundle import open_bundle

    bundles = [open_bundle(member) for member in members]
    report = make_ensemble(
        bundles,
        load(data, labels=bundles[0].card.labels),
        out,
        name=name or out.resolve().name,
        shares=LEARNED if learn else share,
        calibration_split=split,
        replace_existing=replace,
        on_stage=lambda stage: console.say(f"{stage} ..."),
    )
    rows = [
        _cost(bundle, float(weight), float(right))
        for bundle, weight, right in zip(bundles, report.shares, report.accuracies, strict=True)
    ]
    rows.append(_cost(report.bundle, 1.0, report.metrics["fp32"]["accuracy"]))
    if console.wants_json(asked=as_json):
        console.emit({"bundle": str(out), "members": rows[:-1], **rows[-1], **_gain(report)})
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
    where = f"fp32, {split} without twins in Training; ms: one face, one thread"
    console.show(columns, cells, title=f"{out}: {where}")
    low, high = report.gain.interval
    console.say(
        f"members agree on {100 * report.agreement:.1f} % of rows; the ensemble answers "
        f"{100 * report.gain.difference:+.2f} points more than its best member "
        f"(95 % interval {100 * low:+.2f} to {100 * high:+.2f})"
    )


def _cost(bundle: Bundle, share: float, accuracy: float) -> dict[str, Any]:
    from mien.benchmark.inference import benchmark_model
    from mien.store.card import FILES

    one = benchmark_model(str(bundle.path), "fp32", runs=_RUNS, warm_up=5)[0]
    return {
        "name": bundle.card.name,
        "share": share,
        "accuracy": accuracy,
        "parameters": bundle.card.parameters,
        "macs": bundle.card.macs,
        "megabytes": (bundle.path / FILES["fp32"]).stat().st_size / 1e6,
        "median_ms": one.median_ms,
    }


def _gain(report: EnsembleReport) -> dict[str, Any]:
    gain = report.gain
    return {
        "agreement": report.agreement,
        "gain": {
            "points": 100 * gain.difference,
            "ci95": [100 * end for end in gain.interval],
            "p_value": gain.p_value,
            "n": gain.n,
        },
        "largest_difference": report.largest_difference,
        "metrics": report.metrics,
    }
