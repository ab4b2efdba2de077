"""A study's outcome as one Markdown table, one CSV file and figures."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import mean, stdev

from mien.core.table import csv_cell
from mien.store.atomic import writing
from mien.study.figures import write_figures
from mien.study.plan import Study
from mien.study.summary import Row, axes, by_seed, published, recognised, scored_sets

SCORES = ("accuracy", "loss", "precision", "recall", "f1")
"""Figures of a scored set, in the order of the columns."""


def write_report(study: Study, rows: Sequence[Row], out: Path) -> list[Path]:
    """Write ``table.md``, ``table.csv`` and the figures of finished arms.

    Args:
        study: The study.
        rows: One result per arm, as ``run_study`` gives them.
        out: Folder; files of an earlier report are replaced.

    Returns:
        The files written.
    """
    out.mkdir(parents=True, exist_ok=True)
    texts = {"table.md": markdown(study, rows), "table.csv": table_csv(study, rows)}
    for name, text in texts.items():
        with writing(out / name, "w") as file:
            file.write(text)
    return [*(out / name for name in texts), *write_figures(study, rows, out / "figures")]


def table_csv(study: Study, rows: Sequence[Row]) -> str:
    """One line per arm, failed ones and ones not run included."""
    scores = ("n", *SCORES, "ci95 low", "ci95 high", "recognised")
    columns = [
        *("arm", *axes(study), "state", "parameters", "macs", "megabytes", "epochs"),
        *("train_rows", "seconds"),
        *(f"{name} {score}" for name in scored_sets(rows) for score in scores),
        "error",
    ]
    stream = io.StringIO()
    table = csv.writer(stream, lineterminator="\n")
    table.writerow(columns)
    for row in rows:
        cells = {**row, **row["values"]}
        for name, found in row.get("scores", {}).items():
            low, high = found["ci95"]
            more = {"ci95 low": low, "ci95 high": high, "recognised": recognised(found)}
            cells |= {f"{name} {key}": value for key, value in {**found, **more}.items()}
        table.writerow([csv_cell(cells.get(column)) for column in columns])
    return stream.getvalue()


def markdown(study: Study, rows: Sequence[Row]) -> str:
    """The table people read: accuracy with its interval, loss and macro F1 per scored set."""
    sets = scored_sets(rows)
    head = ["arm", "MB", "MMACs", "epochs", "s"]
    head += [f"{name}: {score}" for name in sets for score in ("accuracy", "loss", "P", "R", "F1")]
    if study.published:
        head.append("published")
    lines = [
        f"# {study.title}",
        "",
        f"{study.question}",
        "",
        f"Source: {study.source}. Scale: {study.scale}. {study.notes}".strip(),
        "",
        _line(head),
        _line(["---"] * len(head)),
    ]
    lines += [_line(_cells(study, row, sets)) for row in rows]
    lines += ["", *_seeds(study, rows, sets)]
    return "\n".join(lines).rstrip() + "\n"


def _cells(study: Study, row: Row, sets: Sequence[str]) -> list[str]:
    if row["state"] != "done":
        why = row.get("error", "")
        cells = [row["arm"], *[""] * 4, f"{row['state']} {why}".strip()]
        return cells + [""] * (5 * len(sets) - 1 + bool(study.published))
    cells = [
        row["arm"],
        f"{row['megabytes']:.1f}",
        f"{row['macs'] / 1e6:.0f}",
        str(row.get("epochs", "")),
        str(row["seconds"]),
    ]
    for name in sets:
        found = row["scores"].get(name)
        cells += _figures(found) if found else [""] * 5
    if study.published:
        cells.append(published(study, row["values"]))
    return cells


def _figures(found: Row) -> list[str]:
    low, high = found["ci95"]
    share = f"{100 * found['accuracy']:.1f} ({100 * low:.1f} to {100 * high:.1f})"
    loss = "" if found["loss"] is None else f"{found['loss']:.3f}"
    return [share, loss, *(_percent(found[key]) for key in ("precision", "recall", "f1"))]


def _percent(value: float | None) -> str:
    return "" if value is None else f"{100 * value:.1f}"


def _seeds(study: Study, rows: Sequence[Row], sets: Sequence[str]) -> list[str]:
    """Mean and standard deviation over seeds, where an arm was run with several."""
    if "seed" not in axes(study) or not sets:
        return []
    test = sets[-1]
    lines = [f"Over seeds, accuracy on {test}:", "", _line(["arm", "seeds", "mean", "sd"])]
    lines.append(_line(["---"] * 4))
    several = False
    for name, found in by_seed(rows, test).items():
        if len(found) > 1:
            several = True
            cells = [name, str(len(found)), f"{100 * mean(found):.2f}", f"{100 * stdev(found):.2f}"]
            lines.append(_line(cells))
    return lines if several else []


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(re.sub(r"[|\r\n]+", " ", cell) for cell in cells) + " |"
