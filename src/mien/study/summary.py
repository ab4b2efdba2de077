"""What table and figures of a study have in common."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import hypot, sqrt
from statistics import stdev
from typing import Any

import numpy as np

from mien import metrics
from mien.study.arms import TRAIN
from mien.study.plan import Study
from mien.study.published import NETWORK, belongs

Row = Mapping[str, Any]
"""One arm's result, as ``run_study`` gives it."""

RECOGNISED = 0.5
"""Recall from which a label counts as recognised; the thesis counts labels, but gives no rule."""

# Quantiles of Student's t at 0.975 for 1 to 30 degrees of freedom (Student, Biometrika 6, 1908).
_T = (
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
    2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
    2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
)  # fmt: skip
_PARTS = (" clean", " shared")
_SEEDS = ("seed",)
_FOLDS = ("fold", "data.fold")


def scored_sets(rows: Iterable[Row]) -> list[str]:
    """Names of the scored sets, in order of appearance."""
    return list(dict.fromkeys(name for row in rows for name in row.get("scores", {})))


def test_sets(rows: Iterable[Row]) -> list[str]:
    """The scored sets that are not rows trained on, in order of appearance."""
    trained = (TRAIN, f"{TRAIN} at ")
    return [
        name for name in scored_sets(rows) if name != trained[0] and not name.startswith(trained[1])
    ]


def first_test(rows: Iterable[Row]) -> str | None:
    """The set that a study's figures are about unless something else is said."""
    return next(iter(test_sets(rows)), None)


def whole_sets(names: Iterable[str]) -> list[str]:
    """The names of whole test sets: not their twin-free or shared rows."""
    return [name for name in names if not any(part in name for part in _PARTS)]


def axes(study: Study, rows: Iterable[Row] = ()) -> list[str]:
    """What the arms differ in, and what else distinguishes the rows of a table."""
    values = [*(arm.values for arm in study.arms), *(row["values"] for row in rows)]
    return list(dict.fromkeys(key for each in values for key in each))


def unfolded(rows: Iterable[Row]) -> list[Row]:
    """One row per network: those of a fusion become rows of their own.

    They have ``network`` among their values, and ``stands`` says whether the network is the fusion
    that the arm stands for. Other rows, and fusions of earlier versions, stay as they are.
    """
    out: list[Row] = []
    for row in rows:
        if not row.get("networks"):
            out.append(row)
            continue
        for name, own in row["networks"].items():
            values = {**row["values"], "network": name}
            log = {name: logs(row)[name]} if name in logs(row) else {}
            more = {"arm": f"{row['arm']}-{name}", "values": values, "log": log}
            out.append({**row, **own, **more, "stands": name == row["fusion"]})
    return out


def logs(row: Row) -> dict[str, list[Mapping[str, Any]]]:
    """The logs of an arm's trainings by name; results of earlier versions have one, unnamed."""
    found = row.get("log") or {}
    return {"run": found} if isinstance(found, list) else dict(found)


def recognised(found: Row) -> int:
    """How many labels have a recall of at least ``RECOGNISED``."""
    recalls = (entry["recall"] for entry in found["per_class"].values())
    return sum(recall is not None and recall >= RECOGNISED for recall in recalls)


def published(study: Study, row: Row, test: str | None = None, first: str | None = None) -> str:
    """The publication's figure for a row; "" if it has none.

    An entry belongs to a row if every key of its ``arm`` table has the row's value, or one of
    several. Of the networks of a fusion, the one that the arm stands for has the figures that name
    no ``network``.

    Args:
        study: Whose figures.
        row: One of ``unfolded``.
        test: Only figures of that scored set; None = of any, with the set's name where told.
        first: The set that figures without a ``test`` are of.
    """
    told: list[str] = []
    for entry in study.published:
        wanted = entry["arm"]
        own = row.get("stands", True) or NETWORK in wanted
        if own and belongs(wanted, row["values"]):
            if test is None:
                where = f" ({entry['test']})" if "test" in entry else ""
                told.append(f"{entry['figure']}{where}")
            elif entry.get("test", first) == test:
                return str(entry["figure"])
    return "; ".join(told)


def by_seed(rows: Sequence[Row], test: str) -> dict[str, list[float]]:
    """Accuracies of arms that differ in nothing but their seed, in the order of the arms."""
    return {
        name: [row["scores"][test]["accuracy"] for row in group]
        for name, group in grouped(rows, test, _SEEDS).items()
    }


def by_fold(rows: Sequence[Row], test: str) -> dict[str, list[Row]]:
    """Rows of arms that differ in nothing but the fold left out; none without such an axis."""
    folded = [row for row in rows if any(key in row["values"] for key in _FOLDS)]
    return grouped(folded, test, _FOLDS)


def grouped(rows: Sequence[Row], test: str, but: Sequence[str]) -> dict[str, list[Row]]:
    """Rows that have a score on ``test``, by what their values are without those of ``but``."""
    groups: dict[str, list[Row]] = {}
    for row, name in zip(rows, group_names(rows, but), strict=True):
        if test in row.get("scores", {}):
            groups.setdefault(name, []).append(row)
    return groups


def group_names(rows: Sequence[Row], but: Sequence[str] = _SEEDS) -> list[str]:
    """Each row's values in words, without some.

    The words have their keys with them where rows of other values would read alike: 0.1 of one key
    is not 0.1 of another.
    """
    rest = [{k: str(v) for k, v in row["values"].items() if k not in but} for row in rows]
    words = [", ".join(values.values()) for values in rest]
    meant: dict[str, set[frozenset[tuple[str, str]]]] = {}
    for word, values in zip(words, rest, strict=True):
        meant.setdefault(word, set()).add(frozenset(values.items()))
    return [
        (word if len(meant[word]) == 1 else ", ".join(f"{k} = {v}" for k, v in values.items()))
        or "only"
        for word, values in zip(words, rest, strict=True)
    ]


def interval(accuracies: Sequence[float], n: int) -> tuple[float, float, float]:
    """Mean of one or several runs on ``n`` rows, and the ends of its 95 % interval.

    One run has the interval of its rows alone, Wilson's as in the tables. Several have the spread
    of their seeds beside it, by Student's t, since a few seeds say little about their own spread.
    """
    centre = float(np.mean(accuracies))
    low, high = metrics.wilson_interval(round(centre * n), n)
    if (k := len(accuracies)) > 1:
        spread = t_quantile(k - 1) * stdev(accuracies) / sqrt(k)
        low = centre - hypot(centre - low, spread)
        high = centre + hypot(high - centre, spread)
    return centre, max(low, 0.0), min(high, 1.0)


def t_quantile(freedom: int) -> float:
    """Student's t at 0.975; beyond 30 degrees of freedom that of 30, a little wide."""
    return _T[min(freedom, len(_T)) - 1]
