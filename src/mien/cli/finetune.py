"""``mien train --finetune``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from mien.cli import console, options
from mien.cli.provenance import provenance

if TYPE_CHECKING:
    from mien.train.finetune import FinetuneReport, Score

_DELETION = "deleting samples later does not change this bundle; delete the bundle too"


def personalise(model: str, data: Path, out: Path, *, keep_anyway: bool, as_json: bool) -> None:
    """Fit the head of a bundle to collected samples, and tell what it answers before and after."""
    with console.needs("train"):
        from mien.train.finetune import finetune
    from mien.data.samples import load_samples
    from mien.store.bundle import open_bundle

    source = open_bundle(model)
    report = finetune(
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
    _tell(report, out)


def _tell(report: FinetuneReport, out: Path) -> None:
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
    console.say(_DELETION)


def _cells(report: FinetuneReport, precision: str) -> tuple[str, ...]:
    return tuple(
        cell
        for score in (report.before[precision], report.after[precision])
        for cell in (f"{score.accuracy:.3f}", _interval(score))
    )


def _interval(score: Score) -> str:
    low, high = score.interval
    return f"{low:.3f} to {high:.3f}"


def _record(report: FinetuneReport, out: Path) -> dict[str, Any]:
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
