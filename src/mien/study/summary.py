"""What table and figures of a study have in common."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import hypot, sqrt
from statistics import stdev

import numpy as np

from mien import metrics
from mien.study.plan import Study
from mien.study.published import belongs
from mien.study.result import NETWORK, ArmResult
from mien.study.scoring import TRAIN

_PARTS = (" clean", " shared")
_SEEDS = ("seed",)
_FOLDS = ("fold", "data.fold")


def scored_sets(results: Iterable[ArmResult]) -> list[str]:
    """Names of the scored sets, in order of appearance."""
    return list(dict.fromkeys(name for result in results for name in result.scores))


def test_sets(results: Iterable[ArmResult]) -> list[str]:
    """The scored sets that were not trained on, in order of appearance."""
    names = scored_sets(results)
    return [name for name in names if name != TRAIN and not name.startswith(f"{TRAIN} at ")]


def whole_sets(names: Iterable[str]) -> list[str]:
    """The names of whole test sets: not of their parts."""
    return [name for name in names if not any(part in name for part in _PARTS)]


def axes(study: Study, results: Iterable[ArmResult] = ()) -> list[str]:
    """What the arms differ in, and what else distinguishes the lines of a table."""
    values = [each.values for each in (*study.arms, *results)]
    return list(dict.fromkeys(key for each in values for key in each))


def unfolded(results: Iterable[ArmResult]) -> list[ArmResult]:
    """One result per network: those of a fusion become results of their own.

    They have ``network`` among their values; results of other kinds stay as they are.
    """
    out: list[ArmResult] = []
    for result in results:
        if not result.networks:
            out.append(result)
        for name, own in result.networks.items():
            values = {**result.values, NETWORK: name}
            log = {name: result.log[name]} if name in result.log else {}
            arm = f"{result.arm}-{name}"
            out.append(replace(result, **vars(own), arm=arm, values=values, log=log, networks={}))
    return out


def published(
    study: Study, result: ArmResult, test: str | None = None, first: str | None = None
) -> str:
    """The publication's figure for a result; "" if it has none.

    An entry belongs to a result if every key of its ``arm`` table has the result's value, or one of
    several. Of the networks of a fusion, the one that the arm stands for has the figures that name
    no ``network``.

    Args:
        study: Whose figures.
        result: One of ``unfolded``.
        test: Only figures of that scored set; None = of any, with the set's name where given.
        first: The set that figures without a ``test`` are of.
    """
    found: list[str] = []
    for entry in study.published:
        wanted = entry["arm"]
        own = result.fusion is None or result.stands or NETWORK in wanted
        if own and belongs(wanted, result.values):
            if test is None:
                where = f" ({entry['test']})" if "test" in entry else ""
                found.append(f"{entry['figure']}{where}")
            elif entry.get("test", first) == test:
                return str(entry["figure"])
    return "; ".join(found)


def by_seed(results: Sequence[ArmResult], test: str) -> dict[str, list[float]]:
    """Accuracies of arms that differ in nothing but their seed, in the order of the arms."""
    return {
        name: [each.scores[test].accuracy for each in group]
        for name, group in grouped(results, test, _SEEDS).items()
    }


def by_fold(results: Sequence[ArmResult], test: str) -> dict[str, list[ArmResult]]:
    """Results that differ in nothing but the fold left out; none without such an axis."""
    folded = [each for each in results if any(key in each.values for key in _FOLDS)]
    return grouped(folded, test, _FOLDS)


def grouped(
    results: Sequence[ArmResult], test: str, without: Sequence[str]
) -> dict[str, list[ArmResult]]:
    """Results that have a score on ``test``, by what their values are without those keys."""
    groups: dict[str, list[ArmResult]] = {}
    for result, name in zip(results, group_names(results, without), strict=True):
        if test in result.scores:
            groups.setdefault(name, []).append(result)
    return groups


def group_names(results: Sequence[ArmResult], without: Sequence[str] = _SEEDS) -> list[str]:
    """Each result's values in words, without those of some keys.

    The words have their keys with them where results of other values would read alike: 0.1 of one
    key is not 0.1 of another.
    """
    rest = [{k: str(v) for k, v in each.values.items() if k not in without} for each in results]
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
    """Mean of one or several runs on ``n`` samples, and the ends of its 95 % interval.

    One run has the interval of its samples alone, Wilson's as in the tables. Several have the
    spread of their seeds beside it, by Student's t: a few seeds say little about their own spread.
    """
    from scipy.stats import t

    centre = float(np.mean(accuracies))
    low, high = metrics.wilson_interval(round(centre * n), n)
    if (k := len(accuracies)) > 1:
        spread = float(t.ppf(0.975, k - 1)) * stdev(accuracies) / sqrt(k)
        low = centre - hypot(centre - low, spread)
        high = centre + hypot(high - centre, spread)
    return centre, max(low, 0.0), min(high, 1.0)
