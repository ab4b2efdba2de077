"""A study's outcome as one Markdown table, CSV files and figures."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from mien.store.atomic import writing
from mien.study import comparing
from mien.study.figures import write_figures
from mien.study.plan import Study
from mien.study.summary import (
    Row,
    axes,
    published,
    recognised,
    scored_sets,
    test_sets,
    unfolded,
    whole_sets,
)

SCORES = ("accuracy", "loss", "precision", "recall", "f1")
"""Figures of a scored set, in the order of the columns."""


_GENERATED = (
    "**Generated faces.** The figures show that everything runs, and say nothing of any data; what "
    "was published is left out."
)


def write_report(study: Study, rows: Sequence[Row], out: Path) -> list[Path]:
    """Write the tables and, of finished arms, figures.

    Args:
        study: The study.
        rows: One result per arm, as ``run_study`` gives them.
        out: Folder; files of an earlier report are replaced.

    Returns:
        The files written.
    """
    return [*write_tables(study, rows, out), *write_figures(study, rows, out / "figures")]


def write_tables(study: Study, rows: Sequence[Row], out: Path) -> list[Path]:
    """Write ``table.md``, ``table.csv``, ``labels.csv`` and, of a fusion, ``gains.csv``.

    Returns:
        The files written.
    """
    out.mkdir(parents=True, exist_ok=True)
    texts = {
        "table.md": markdown(study, rows),
        "table.csv": table_csv(study, rows),
        "labels.csv": comparing.labels_csv(unfolded(rows)),
        "gains.csv": comparing.gains_csv(rows),
    }
    texts = {name: text for name, text in texts.items() if text}
    for name, text in texts.items():
        with writing(out / name, "w") as file:
            file.write(text)
    return [out / name for name in texts]


def table_csv(study: Study, rows: Sequence[Row]) -> str:
    """One line per arm, or per network of a fusion; failed arms and ones not run included."""
    rows = unfolded(rows)
    scores = ("n", *SCORES, "ci95 low", "ci95 high", "recognised")
    columns = list(
        dict.fromkeys([
            *("arm", *axes(study, rows), "state", "parameters", "macs", "megabytes"),
            *("epochs trained", "train_rows", "seconds"),
            *(f"{name} {score}" for name in scored_sets(rows) for score in scores),
            "error",
        ])
    )  # fmt: skip
    lines: list[list[Any]] = []
    for row in rows:
        # An axis may be called epochs, which of a fusion's networks is what its members had.
        cells = {**row, "epochs trained": row.get("epochs"), **row["values"]}
        for name, found in row.get("scores", {}).items():
            low, high = found["ci95"]
            more = {"ci95 low": low, "ci95 high": high, "recognised": recognised(found)}
            cells |= {f"{name} {key}": value for key, value in {**found, **more}.items()}
        lines.append([cells.get(column) for column in columns])
    return comparing.csv_text(columns, lines)


def markdown(study: Study, rows: Sequence[Row]) -> str:
    """The table people read, and below it what compares its lines."""
    each = unfolded(rows)
    sets = scored_sets(each)
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
        *([_GENERATED, ""] if study.generated else []),
        *_table(head, (_cells(study, row, sets) for row in each)),
        "",
        *_notes(rows, sets),
        *_fusions(rows),
        *_repeated(study, each),
        *_pairs(study, rows),
        *_labels(each),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _notes(rows: Sequence[Row], sets: Sequence[str]) -> list[str]:
    """What the names of the sets mean."""
    told: list[str] = []
    if "train" in sets:
        told.append("train: the rows that were trained on, one view each.")
    if any(" clean" in name for name in sets):
        told.append("clean: the rows of a test set whose pixels are in no training row.")
    if any(" shared" in name for name in sets):
        told.append("shared: the rows whose pixels are in a training row too.")
    if stands := sorted({row["fusion"] for row in rows if row.get("fusion")}):
        told.append(f"Bold: the fusion the study stands for, named beforehand: {stands[0]}.")
        told.append(
            "MB and MMACs of a fusion are of all of it; epochs and s of its own training alone: "
            "the members', and for a tuned one that of its head, come before."
        )
    return [" ".join(told), ""] if told else []


def _fusions(rows: Sequence[Row]) -> list[str]:
    gains = comparing.gains_table(rows)
    if not gains:
        return []
    head = ("arm", "on", "fusion", "against", "chosen on", "points", "95 %", "McNemar p")
    return [
        "## Fusions against the better member, on the same rows",
        "",
        *_table(head, gains),
        "",
        "## Shares of late fusion",
        "",
        *_table(("arm", "fusion", "shares"), comparing.shares_table(rows)),
        "",
    ]


def _repeated(study: Study, rows: Sequence[Row]) -> list[str]:
    """Seeds and folds, where an arm was run with several."""
    lines: list[str] = []
    for test in test_sets(rows):
        if seeds := comparing.over_seeds(study, rows, test):
            lines += [f"Over seeds, accuracy on {test}:", ""]
            lines += [*_table(("arm", "seeds", "mean", "sd"), seeds), ""]
        if folds := comparing.over_folds(rows, test):
            lines += [f"All folds together, accuracy on {test}:", ""]
            lines += [*_table(("arm", "folds", "rows", "accuracy"), folds), ""]
    return lines


def _pairs(study: Study, rows: Sequence[Row]) -> list[str]:
    head = ("arm", "against", "points", "95 %", "McNemar p")
    lines: list[str] = []
    for test in test_sets(rows):
        if pairs := comparing.against_first(study, rows, test):
            lines += [f"## Against the first arm, on the same rows of {test}", ""]
            lines += [*_table(head, pairs), ""]
    return lines


def _labels(rows: Sequence[Row]) -> list[str]:
    lines: list[str] = []
    for test in whole_sets(test_sets(rows)):
        head, cells = comparing.recalls(rows, test)
        lines += [f"## Recall of each label on {test}, %", "", *_table(head, cells), ""]
    return lines


def _cells(study: Study, row: Row, sets: Sequence[str]) -> list[str]:
    if row["state"] != "done":
        why = row.get("error", "")
        cells = [row["arm"], *[""] * 4, f"{row['state']} {why}".strip()]
        return cells + [""] * (5 * len(sets) - 1 + bool(study.published))
    cells = [
        f"**{row['arm']}**" if row.get("stands") else row["arm"],
        f"{row['megabytes']:.1f}",
        f"{row['macs'] / 1e6:.0f}",
        str(row.get("epochs") or ""),
        str(row["seconds"]),
    ]
    for name in sets:
        found = row["scores"].get(name)
        cells += _figures(found) if found else [""] * 5
    if study.published:
        cells.append(published(study, row))
    return cells


def _figures(found: Row) -> list[str]:
    low, high = found["ci95"]
    share = f"{100 * found['accuracy']:.1f} ({100 * low:.1f} to {100 * high:.1f})"
    loss = "" if found["loss"] is None else f"{found['loss']:.3f}"
    return [share, loss, *(_percent(found[key]) for key in ("precision", "recall", "f1"))]


def _percent(value: float | None) -> str:
    return "" if value is None else f"{100 * value:.1f}"


def _table(head: Sequence[str], lines: Iterable[Sequence[str]]) -> list[str]:
    return [_line(head), _line(["---"] * len(head)), *(_line(cells) for cells in lines)]


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(re.sub(r"[|\r\n]+", " ", cell) for cell in cells) + " |"
