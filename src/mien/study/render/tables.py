"""Cells of a study's tables, and its CSV files."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Iterator, Sequence
from statistics import mean, stdev
from typing import Any

from mien import metrics
from mien.core.table import csv_cell
from mien.study.compare import compared
from mien.study.plan import Study
from mien.study.result import RECOGNISED, ArmResult, Gain, SetScores
from mien.study.summary import axes, by_fold, by_seed, scored_sets, unfolded

Cells = Sequence[str]

SCORES = ("accuracy", "loss", "precision", "recall", "f1")
"""Figures of a scored set, in the order of the columns."""

_GAINS = ("arm", "test", "fusion", "stands", "against", "chosen on", "points", "ci95 low",
          "ci95 high", "p")  # fmt: skip
_OF_ALL = ("arm", "state", "error")  # columns of arms that are not done, too
_LABELS = ("support", "precision", "recall", "f1")


def table_csv(study: Study, results: Sequence[ArmResult]) -> str:
    """One line per arm, or per network of a fusion; failed arms and ones not run included."""
    results = unfolded(results)
    columns = list(
        dict.fromkeys([
            *("arm", *axes(study, results), "state", "parameters", "macs", "megabytes"),
            *("epochs trained", "train_rows", "seconds"),
            *(
                f"{name} {score}"
                for name in scored_sets(results)
                for score in ("n", *SCORES, "ci95 low", "ci95 high", "recognised")
            ),
            "error",
        ])
    )  # fmt: skip
    lines: list[list[Any]] = []
    for result in results:
        own = vars(result) if result.done else {k: vars(result)[k] for k in _OF_ALL}
        # An axis may be called epochs, which of a fusion's networks is what its members had.
        cells = {**own, "epochs trained": own.get("epochs"), **result.values}
        for name, found in result.scores.items():
            low, high = found.ci95
            more = {"ci95 low": low, "ci95 high": high, "recognised": found.recognised}
            cells |= {f"{name} {key}": value for key, value in {**vars(found), **more}.items()}
        lines.append([cells.get(column) for column in columns])
    return _csv(columns, lines)


def labels_csv(results: Iterable[ArmResult]) -> str:
    """Figures of every label, per arm or network of a fusion, and scored set; "" without any."""
    lines = [
        (result.arm, name, label, *(getattr(each, key) for key in _LABELS))
        for result in unfolded(results)
        for name, found in result.scores.items()
        for label, each in found.per_class.items()
    ]
    return _csv(("arm", "set", "label", *_LABELS), lines) if lines else ""


def gains_csv(results: Iterable[ArmResult]) -> str:
    """One line per arm, scored set and fusion; "" without any."""
    lines = [
        (
            *(result.arm, test, fusion, "yes" if fusion == result.fusion else ""),
            *(gain.against, gain.chosen_on, gain.points, *gain.ci95, gain.p_value),
        )
        for result, test, fusion, gain in _gains(results)
    ]
    return _csv(_GAINS, lines) if lines else ""


def gains_table(results: Iterable[ArmResult]) -> list[Cells]:
    """The same for people; the fusion that the study stands for is marked."""
    return [
        (
            *(result.arm, test, f"**{fusion}**" if fusion == result.fusion else fusion),
            *(gain.against, gain.chosen_on, *_pair(gain)),
        )
        for result, test, fusion, gain in _gains(results)
    ]


def shares_table(results: Iterable[ArmResult]) -> list[Cells]:
    """Shares of the members in each late fusion."""
    return [
        (result.arm, name, ", ".join(f"{member} {share:.3f}" for member, share in shares.items()))
        for result in results
        for name, shares in result.shares.items()
    ]


def over_seeds(study: Study, results: Sequence[ArmResult], test: str) -> list[Cells]:
    """Mean and standard deviation over seeds, where an arm was run with several."""
    if "seed" not in axes(study):
        return []
    return [
        (name, str(len(found)), f"{100 * mean(found):.2f}", f"{100 * stdev(found):.2f}")
        for name, found in by_seed(results, test).items()
        if len(found) > 1
    ]


def over_folds(results: Sequence[ArmResult], test: str) -> list[Cells]:
    """Right answers of all folds together, where an arm was run with several."""
    lines: list[Cells] = []
    for name, group in by_fold(results, test).items():
        if len(group) < 2:
            continue
        found = [result.scores[test] for result in group]
        right, n = sum(int(each.right_rows.sum()) for each in found), sum(e.n for e in found)
        share = _share(right / n, metrics.wilson_interval(right, n), digits=2)
        lines.append((name, str(len(found)), str(n), share))
    return lines


def against_first(study: Study, results: Sequence[ArmResult], test: str) -> list[Cells]:
    """Every arm against the study's first one on the same samples; no score chose that one."""
    done = [result for result in results if test in result.scores]
    if not done or done[0].arm != study.arms[0].name:
        return []
    first = done[0].scores[test]
    return [
        (result.arm, done[0].arm, *_pair(compared(result.scores[test], first, done[0].arm)))
        for result in done[1:]
        if result.scores[test].sha256 == first.sha256
    ]


def recalls(results: Sequence[ArmResult], test: str) -> tuple[Cells, list[Cells]]:
    """Head and lines of the recall of every label, and how many labels are recognised."""
    done = [result for result in results if test in result.scores]
    labels = list(dict.fromkeys(k for each in done for k in each.scores[test].per_class))
    head = ("arm", *labels, f"recognised (recall from {100 * RECOGNISED:.0f} %)")
    lines: list[Cells] = []
    for result in done:
        found = result.scores[test]
        cells = (
            percent(found.per_class[label].recall, digits=0) if label in found.per_class else ""
            for label in labels
        )
        lines.append((result.arm, *cells, f"{found.recognised} of {len(found.per_class)}"))
    return head, lines


def _gains(results: Iterable[ArmResult]) -> Iterator[tuple[ArmResult, str, str, Gain]]:
    """What every fusion of every arm is worth, per scored set."""
    for result in results:
        for test, found in result.gains.items():
            for fusion, gain in found.items():
                yield result, test, fusion, gain


def _pair(gain: Gain) -> Cells:
    low, high = gain.ci95
    return f"{gain.points:+.2f}", f"{low:+.2f} to {high:+.2f}", f"{gain.p_value:.2g}"


def percent(value: float, digits: int = 1) -> str:
    """A share in percent; "" if it is not defined."""
    return "" if math.isnan(value) else f"{100 * value:.{digits}f}"


def _share(value: float, ends: Sequence[float], digits: int = 1) -> str:
    return f"{100 * value:.{digits}f} ({100 * ends[0]:.1f} to {100 * ends[1]:.1f})"


def figures(found: SetScores) -> Cells:
    """The ``SCORES`` of a set."""
    loss = "" if math.isnan(found.loss) else f"{found.loss:.3f}"
    rest = (percent(each) for each in (found.precision, found.recall, found.f1))
    return [_share(found.accuracy, found.ci95), loss, *rest]


def _csv(head: Sequence[str], lines: Iterable[Sequence[Any]]) -> str:
    """A CSV table, its cells safe for spreadsheets; undefined figures are empty."""
    stream = io.StringIO()
    table = csv.writer(stream, lineterminator="\n")
    table.writerow(head)
    for line in lines:
        cells = ("" if isinstance(cell, float) and math.isnan(cell) else cell for cell in line)
        table.writerow([csv_cell(cell) for cell in cells])
    return stream.getvalue()
