"""The figures of a study; no face image is in them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mien.store.atomic import writing
from mien.study.plan import Study
from mien.study.result import ArmResult
from mien.study.summary import group_names, grouped, interval, published, test_sets, unfolded
from mien.train.log import EpochRow

_BLUE, _ORANGE, _GREY = "#0072B2", "#E69F00", "#767676"  # Okabe and Ito, distinct without colour
_DPI = 120

Panel = tuple[str, Sequence[EpochRow]]


def write_figures(study: Study, results: Sequence[ArmResult], folder: Path) -> list[Path]:
    """Accuracy by arm, curves, and confusion matrix and scores per label of each arm and set.

    Of a fusion, accuracy and curves are of every network; labels of the one the arm stands for.

    Returns:
        The files written; none if no arm is done.
    """
    done = [each for each in unfolded(results) if each.done]
    if not done:
        return []
    folder.mkdir(parents=True, exist_ok=True)
    made = [_save(_accuracies(study, done), folder / "accuracy.png")]
    panels = list(_logged(done))
    if panels:
        made.append(_save(_curves(panels, "loss"), folder / "loss.png"))
        made.append(_save(_curves(panels, "accuracy"), folder / "learning.png"))
    first = test_sets(done)[0]
    for result in (each for each in results if each.done):
        for test in test_sets([result]):
            # Names of test sets may come from a file of one's own.
            words = "" if test == first else "-" + re.sub(r"[^\w.-]+", "_", test)
            figure = _per_label(result, test)
            made.append(_save(figure, folder / f"labels-{result.arm}{words}.png"))
    return made


def _save(figure: Any, path: Path) -> Path:
    with writing(path, "wb") as file:
        figure.savefig(file, format="png", dpi=_DPI)
    return path


def _figure(width: float, height: float) -> Any:
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def _accuracies(study: Study, done: Sequence[ArmResult]) -> Any:
    """Points with 95 % intervals, arms that differ in their seed as one, one panel per set."""
    sets = test_sets(done)
    first = sets[0]
    of_name = dict(zip(group_names(done), done, strict=True))
    diamonds = False
    names = list(of_name)
    figure = _figure(3.2 + 3.6 * len(sets), 1.4 + 0.32 * len(names))
    panels = figure.subplots(1, len(sets), squeeze=False, sharey=True)[0]
    for panel, test in zip(panels, sets, strict=True):
        counts = {each.scores[test].n for each in done if test in each.scores}
        for name, group in grouped(done, test, ("seed",)).items():
            found = [each.scores[test] for each in group]
            centre, low, high = interval([each.accuracy for each in found], found[0].n)
            y = names.index(name)
            ends = [[100 * (centre - low)], [100 * (high - centre)]]
            panel.errorbar(
                100 * centre, y, xerr=ends, fmt="o", color=_BLUE, capsize=3, markersize=5
            )
            figure_there = published(study, of_name[name], test, first)
            if _is_number(figure_there):
                panel.plot(float(figure_there), y, marker="D", color=_ORANGE, markersize=5)
                diamonds = True
        rows = " to ".join(f"{n:,}" for n in sorted({min(counts), max(counts)}))
        panel.set_title(f"{test}, n = {rows}", fontsize=10)
        panel.set_xlabel("accuracy, %")
        panel.grid(axis="x", color="#dddddd", linewidth=0.6)
        panel.set_axisbelow(True)
        panel.spines[["top", "right"]].set_visible(False)
    panels[0].set_yticks(range(len(names)), names, fontsize=8)
    panels[0].invert_yaxis()
    caption = "points: ours, with 95 % intervals"
    if diamonds:
        caption += "; diamonds: published"
    where = "generated faces: these say nothing of any data" if study.generated else "scale"
    figure.suptitle(f"{study.title}\n{caption} ({study.scale} {where})", fontsize=10)
    return figure


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _logged(done: Sequence[ArmResult]) -> Iterator[Panel]:
    """Name and log of every training; those of one arm bear its name, and their own if several."""
    for result in done:
        found = {name: log for name, log in result.log.items() if log}
        for name, log in found.items():
            yield (f"{result.arm}: {name}" if len(found) > 1 else result.arm), log


def _curves(panels: Sequence[Panel], key: str) -> Any:
    """Loss or accuracy by epoch of every training, small multiples on one scale."""
    across = min(4, len(panels))
    down = -(-len(panels) // across)
    figure = _figure(2.6 * across + 0.6, 1.9 * down + 0.9)
    places = figure.subplots(down, across, squeeze=False, sharex=False, sharey=True)
    for place in places.flat[len(panels) :]:
        place.set_visible(False)
    lines: dict[str, Any] = {}
    for place, (name, log) in zip(places.flat, panels, strict=False):
        for column, words, look in (
            (key, "training batches", {"color": _BLUE}),
            (f"watch_{key}", "watched rows", {"color": _GREY, "linestyle": ":"}),
            (
                f"shown_{key}",
                "test rows, one view",
                {"color": _ORANGE, "linestyle": "--", "marker": "."},
            ),
        ):
            found = [(each.epoch, getattr(each, column)) for each in log]
            points = [(epoch, y) for epoch, y in found if y is not None and np.isfinite(y)]
            if points:
                alone = {"marker": "."} if len(points) == 1 else {}
                lines[words] = place.plot(*zip(*points, strict=True), **look | alone)[0]
        place.set_title(name, fontsize=8)
        place.tick_params(labelsize=7)
        if len(log) > 1:
            place.xaxis.get_major_locator().set_params(integer=True)
        else:
            place.set_xticks([log[0].epoch])
        place.spines[["top", "right"]].set_visible(False)
    figure.legend(
        lines.values(), lines, loc="outside upper center", ncols=3, fontsize=8, frameon=False
    )
    figure.supxlabel("epoch", fontsize=9)
    figure.supylabel(key, fontsize=9)
    return figure


def _per_label(result: ArmResult, test: str) -> Any:
    """Confusion matrix (share of each true label) beside precision, recall and F1."""
    found = result.scores[test]
    labels = list(found.per_class)
    counts = np.array(found.confusion, dtype=float)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure = _figure(8.6, 3.9)
    left, right = figure.subplots(1, 2, width_ratios=(1.15, 1))
    left.imshow(share, cmap="Blues", vmin=0, vmax=1)
    for i, j in np.ndindex(share.shape):
        dark = share[i, j] > 0.55
        colour = "white" if dark else "black"
        left.text(
            j, i, f"{100 * share[i, j]:.0f}", ha="center", va="center", fontsize=7, color=colour
        )
    left.set_xticks(range(len(labels)), labels, rotation=40, ha="right", fontsize=8)
    left.set_yticks(range(len(labels)), labels, fontsize=8)
    left.set_xlabel("answered", fontsize=8)
    left.set_ylabel("labelled", fontsize=8)
    left.set_title("% of each label's rows", fontsize=9)
    places = np.arange(len(labels))
    looks = (("precision", _GREY, "s"), ("recall", _ORANGE, "^"), ("f1", _BLUE, "o"))
    for key, colour, marker in looks:
        shown = [100 * getattr(each, key) for each in found.per_class.values()]
        label = key.replace("f1", "F1")
        right.plot(shown, places, marker, color=colour, label=label, clip_on=False, zorder=3)
    right.set_yticks(places, labels, fontsize=8)
    right.set_xlim(0, 100)
    right.invert_yaxis()
    right.set_xlabel("%", fontsize=8)
    right.grid(axis="x", color="#dddddd", linewidth=0.6)
    right.legend(fontsize=7, frameon=False, loc="upper center", ncols=3, bbox_to_anchor=(0.5, 1.12))
    right.spines[["top", "right"]].set_visible(False)
    figure.suptitle(
        f"{result.arm} on {test}, n = {found.n}, accuracy {100 * found.accuracy:.1f} %",
        fontsize=10,
    )
    return figure
