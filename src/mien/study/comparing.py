"""Sections of a study's table that compare: arms, fusions, seeds, folds, labels."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from statistics import mean, stdev
from typing import Any

from mien import metrics
from mien.core.table import csv_cell
from mien.study.gains import compared
from mien.study.plan import Study
from mien.study.scores import right_rows
from mien.study.summary import (
    RECOGNISED,
    Row,
    axes,
    by_fold,
    by_seed,
    recognised,
)

Cells = Sequence[str]

_GAINS = ("arm", "test", "fusion", "stands", "against", "chosen on", "points", "ci95 low",
          "ci95 high", "p")  # fmt: skip
_LABELS = ("support", "precision", "recall", "f1")


def over_seeds(study: Study, rows: Sequence[Row], test: str) -> list[Cells]:
    """Mean and standard deviation over seeds, where an arm was run with several."""
    if "seed" not in axes(study):
        return []
    return [
        (name, str(len(found)), f"{100 * mean(found):.2f}", f"{100 * stdev(found):.2f}")
        for name, found in by_seed(rows, test).items()
        if len(found) > 1
    ]


def over_folds(rows: Sequence[Row], test: str) -> list[Cells]:
    """Right answers of all folds together, where an arm was run with several."""
    lines: list[Cells] = []
    for name, group in by_fold(rows, test).items():
        found = [row["scores"][test] for row in group]
        if len(found) < 2:
            continue
        right, n = sum(int(right_rows(each).sum()) for each in found), sum(e["n"] for e in found)
        low, high = metrics.wilson_interval(right, n)
        share = f"{100 * right / n:.2f} ({100 * low:.1f} to {100 * high:.1f})"
        lines.append((name, str(len(found)), str(n), share))
    return lines


def against_first(study: Study, rows: Sequence[Row], test: str) -> list[Cells]:
    """Every arm against the study's first one on the same rows; no score chose that one."""
    done = [row for row in rows if test in row.get("scores", {})]
    if not done or done[0]["arm"] != study.arms[0].name:
        return []
    first = done[0]
    lines: list[Cells] = []
    for row in done[1:]:
        if _same_rows(study, row, first, test):
            pair = compared(right_rows(row["scores"][test]), right_rows(first["scores"][test]))
            lines.append((row["arm"], first["arm"], *_pair(pair)))
    return lines


def _same_rows(study: Study, one: Row, other: Row, test: str) -> bool:
    """Whether two arms were scored on the same rows.

    Results of earlier versions have no digest of them; equal plans draw equal rows.
    """
    first, second = one["scores"][test], other["scores"][test]
    if "sha256" in first and "sha256" in second:
        return first["sha256"] == second["sha256"]
    plans = {arm.name: arm.data for arm in study.arms}
    return first["n"] == second["n"] and plans.get(one["arm"]) == plans.get(other["arm"])


def recalls(rows: Sequence[Row], test: str) -> tuple[Cells, list[Cells]]:
    """Head and lines of the recall of every label, and how many labels are recognised."""
    done = [row for row in rows if test in row.get("scores", {})]
    labels = list(dict.fromkeys(k for row in done for k in row["scores"][test]["per_class"]))
    head = ("arm", *labels, f"recognised (recall from {100 * RECOGNISED:.0f} %)")
    lines: list[Cells] = []
    for row in done:
        each = row["scores"][test]["per_class"]
        found = (each.get(label, {}).get("recall") for label in labels)
        cells = ("" if recall is None else f"{100 * recall:.0f}" for recall in found)
        lines.append((row["arm"], *cells, f"{recognised(row['scores'][test])} of {len(each)}"))
    return head, lines


def labels_csv(rows: Iterable[Row]) -> str:
    """Figures of every label, per arm or network of a fusion, and scored set; "" without any."""
    lines = [
        (row["arm"], name, label, *(each[key] for key in _LABELS))
        for row in rows
        for name, found in row.get("scores", {}).items()
        for label, each in found["per_class"].items()
    ]
    return csv_text(("arm", "set", "label", *_LABELS), lines) if lines else ""


def gain_lines(rows: Iterable[Row]) -> Iterator[dict[str, Any]]:
    """What every fusion of every arm is worth, per scored set, as plain columns."""
    for row in rows:
        for test, found in (row.get("gains") or {}).items():
            for name, gain in found.items():
                low, high = gain["ci95"]
                yield {
                    "arm": row["arm"],
                    "test": test,
                    "fusion": name,
                    "stands": "yes" if name == row.get("fusion") else "",
                    "against": gain["against"],
                    # Earlier versions chose the member on the scored rows, and did not say so.
                    "chosen on": gain.get("chosen_on", "the scored rows themselves"),
                    "points": gain["points"],
                    "ci95 low": low,
                    "ci95 high": high,
                    "p": gain["p_value"],
                }


def gains_csv(rows: Iterable[Row]) -> str:
    """One line per arm, scored set and fusion; "" without any."""
    lines = list(gain_lines(rows))
    if not lines:
        return ""
    return csv_text(_GAINS, ([line[key] for key in _GAINS] for line in lines))


def gains_table(rows: Iterable[Row]) -> list[Cells]:
    """The same for people; the fusion that the study stands for is marked."""
    return [
        (
            line["arm"],
            line["test"],
            f"**{line['fusion']}**" if line["stands"] else line["fusion"],
            line["against"],
            line["chosen on"],
            *_pair({**line, "ci95": (line["ci95 low"], line["ci95 high"]), "p_value": line["p"]}),
        )
        for line in gain_lines(rows)
    ]


def shares_table(rows: Iterable[Row]) -> list[Cells]:
    """Shares of the members in each late fusion."""
    lines: list[Cells] = []
    for row in rows:
        for name, shares in (row.get("shares") or {}).items():
            pairs = shares.items() if isinstance(shares, dict) else enumerate(shares, 1)
            told = ", ".join(f"{member} {share:.3f}" for member, share in pairs)
            lines.append((row["arm"], name, told))
    return lines


def csv_text(head: Sequence[str], lines: Iterable[Sequence[Any]]) -> str:
    """A CSV table, its cells safe for spreadsheets."""
    stream = io.StringIO()
    table = csv.writer(stream, lineterminator="\n")
    table.writerow(head)
    table.writerows([csv_cell(cell) for cell in line] for line in lines)
    return stream.getvalue()


def _pair(pair: dict[str, Any]) -> Cells:
    low, high = pair["ci95"]
    return f"{pair['points']:+.2f}", f"{low:+.2f} to {high:+.2f}", f"{pair['p_value']:.2g}"
