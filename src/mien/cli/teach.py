"""``mien teach``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mien.cli import console, options

if TYPE_CHECKING:
    from mien.teach import Score, TeachReport


def teach(
    model: options.Model,
    data: Annotated[
        Path, typer.Option(metavar="COLLECTION", help="Folder of mien serve --collect.")
    ],
    out: options.Bundle,
    allow_worse: Annotated[
        bool, typer.Option("--allow-worse", help="Write a bundle that answers worse, too.")
    ] = False,
    as_json: options.Json = False,
) -> None:
    """Fit the head of a bundle to collected samples.

    A fifth of the sessions is held out, and right answers on it are counted before and after; a
    bundle that answers worse is not written.

    Example: mien teach default --data samples --out me
    """
    with console.needs("train"):
        from mien.teach import load_samples
        from mien.teach import teach as fit
    from mien.store.bundle import open_bundle
    from mien.store.provenance import provenance

    source = open_bundle(model)
    report = fit(
        source,
        load_samples(data, source.card.labels),
        out,
        name=out.resolve().name,
        allow_worse=allow_worse,
        provenance=provenance(),
        on_stage=console.stage,
    )
    if console.wants_json(asked=as_json):
        written = None if report.bundle is None else str(out)
        console.emit({"bundle": written, **report.as_dict()})
    else:
        columns = ("file", "before ", "95 %", "after ", "95 %", "crops ")
        rows = [
            (p, *_cells(before), *_cells(report.after[p]), before.n)
            for p, before in report.before.items()
        ]
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
            "--allow-worse to write it all the same"
        )
        raise typer.Exit(options.FAILED)
    console.say(f"written to {out}; try it: mien serve --model {out}")
    console.say("deleting samples later does not change this bundle; delete the bundle too")


def _cells(score: Score) -> tuple[str, str]:
    low, high = score.interval
    return f"{score.accuracy:.3f}", f"{low:.3f} to {high:.3f}"
