"""What table and figures of a study have in common."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from statistics import NormalDist, stdev
from typing import Any

import numpy as np

from mien.study.plan import Study

Row = Mapping[str, Any]
"""One arm's result, as ``run_study`` gives it."""

RECOGNISED = 0.5
"""Recall from which a label counts as recognised; the thesis counts labels, but gives no rule."""


def scored_sets(rows: Iterable[Row]) -> list[str]:
    """Names of the scored sets, in order of appearance."""
    return list(dict.fromkeys(name for row in rows for name in row.get("scores", {})))


def axes(study: Study) -> list[str]:
    """What the arms differ in."""
    return list(dict.fromkeys(key for arm in study.arms for key in arm.values))


def recognised(found: Row) -> int:
    """How many labels have a recall of at least ``RECOGNISED``."""
    recalls = (entry["recall"] for entry in found["per_class"].values())
    return sum(recall is not None and recall >= RECOGNISED for recall in recalls)


def published(study: Study, values: Row) -> str:
    """The publication's figure for an arm; "" if it has none.

    An entry belongs to an arm if every key of its ``arm`` table has the arm's value.
    """
    for entry in study.published:
        if all(values.get(key) == value for key, value in entry["arm"].items()):
            return str(entry["figure"])
    return ""


def by_seed(rows: Sequence[Row], test: str) -> dict[str, list[float]]:
    """Accuracies of arms that differ in nothing but their seed."""
    done = [row for row in rows if test in row.get("scores", {})]

    def without_seed(row: Row) -> str:
        rest = {key: value for key, value in row["values"].items() if key != "seed"}
        return ", ".join(map(str, rest.values())) or "only"

    done.sort(key=without_seed)
    return {
        name: [row["scores"][test]["accuracy"] for row in group]
        for name, group in groupby(done, without_seed)
    }


def interval(accuracies: Sequence[float], n: int) -> tuple[float, float]:
    """Mean and half of the 95 % interval of one or several runs on ``n`` rows.

    One run has the interval of its rows alone; several have the spread of their seeds beside it.
    """
    centre = float(np.mean(accuracies))
    variance = centre * (1 - centre) / n
    if len(accuracies) > 1:
        variance += stdev(accuracies) ** 2 / len(accuracies)
    return centre, NormalDist().inv_cdf(0.975) * variance**0.5
