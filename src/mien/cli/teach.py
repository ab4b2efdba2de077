"""``mien teach``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mien.cli import console, options
from mien.cli.provenance import provenance

if TYPE_CHECKING:
    from mien.teach import Score, TeachReport


def teach(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="Name or folder of the bundle to begin from.")
    ],
    data: Annotated[
        Path, typer.Option(metavar="COLLECTION", help="Folder of mien serve --collect.")
    ],
    out: Annotated[Path, typer.Option(metavar="BUNDLE", help="Folder to write.")],
    keep_anyway: Annotated[
        bool, typer.Option("--keep-anyway", help="Write a bundle that answers worse, too.")
    ] = False,
    as_json: options.Json = False,
) -> None:
    """Fit the head of a bundle to collected samples.

    A fifth of the sessions is held out, and right answers on it are counted before and after; a
    bundle that answers worse is not written.
    """
    with console.needs("train"):
        from mien.teach import load_samples
        from mien.teach import teach as fit
    from mien.store.bundle import open_bundle

    source = open_bundle(model)
    report = fit(
        source,
        load_samples(data, source.card.labels),
        out,
        name=out.resolve().name,
        keep_anyway=keep_anyway,
        provenance=provenance(),
        on_stage=lambda stage: console.say(f"{stage} ..."),
    )
    if console.wants_json(asked=as_json):
        console.emit(_record(report, out))
    else:
        columns = ("file", "before ", "95 %", "after ", "95 %", "crops ")
        rows = [(p, *_cells(report, p), report.before[p].n) for p in report.before]
        fitted, held = report.sessions
        title = f"accuracy on {held} held-out session(s); fitted to {fitted}"
        console.show(columns, rows, title=title)
    _say(report, out)


def _say(report: TeachReport, out: Path) -> None:
    if report.unseen:
        console.warn(
            f"no sample of {', '.join(report.unseen)} was fitted to: the model may forget them"
        )
    if report.twins:
        console.warn(
            f"{report.twins} held-out crops are also in sessions that were fitted to; not counted"
        )
    if report.worse:
        console.warn(
            f"ON THE HELD-OUT SESSIONS THE FITTED MODEL ANSWERS WORSE ({', '.join(report.worse)})"
        )
    if report.bundle is None:
        console.say(
            "mien: error: nothing was written; collect more samples in more sessions, or add "
            "--keep-anyway to write it all the same"
        )
        raise typer.Exit(options.FAILED)
    console.say(f"written to {out}; try it: mien serve --model {out}")
    console.say("deleting samples later does not change this bundle; delete the bundle too")


def _cells(report: TeachReport, precision: str) -> tuple[str, ...]:
    return tuple(
        cell
        for score in (report.before[precision], report.after[precision])
        for cell in (f"{score.accuracy:.3f}", _interval(score))
    )


def _interval(score: Score) -> str:
    low, high = score.interval
    return f"{low:.3f} to {high:.3f}"


def _record(report: TeachReport, out: Path) -> dict[str, Any]:
    fitted, held = report.sessions
    return {
        "bundle": None if report.bundle is None else str(out),
        "before": {p: score.as_dict() for p, score in report.before.items()},
        "after": {p: score.as_dict() for p, score in report.after.items()},
        "worse": list(report.worse),
        "p_value": report.gain.p_value,
        "strength": report.strength,
        "sessions": {"fitted": fitted, "held_out": held},
        "samples": {"fitted": report.fitted, "held_out": report.counted},
    }
