"""The figures of a report: ROC, confusion, reliability, risk and coverage. No face is in them."""

from __future__ import annotations

from itertools import cycle
from typing import TYPE_CHECKING, Any

import numpy as np

from mien.core.text import printable
from mien.evaluate.result import Evaluation
from mien.metrics import one_vs_rest_roc, reliability, risk_coverage, wilson_interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito's palette, which colour-blind people can tell apart; yellow is too pale for a line.
_COLOURS = ("#000000", "#E69F00", "#56B4E9", "#009E73", "#0072B2", "#D55E00", "#CC79A7")
_LINES = ("-", "--", ":")
_BLUE, _ORANGE = "#0072B2", "#D55E00"
_DARK = 0.5  # share of a row from which the text in a cell is dark on light


def roc_chart(result: Evaluation) -> Figure:
    """The ROC curve of each label against all others."""
    figure, axes = _square(6.4, 5.0)
    curves = one_vs_rest_roc(result.probabilities, result.truth)
    styles = cycle((colour, line) for line in _LINES for colour in _COLOURS)
    for (name, scores), curve, (colour, line) in zip(
        result.figures.per_class.items(), curves, styles, strict=False
    ):
        if curve is None:
            continue
        x, y = curve.false_positive_rate, curve.true_positive_rate
        label = f"{printable(name)}  {scores.auc:.3f}"
        axes.plot(x, y, line, color=colour, linewidth=1.4, label=label)
    axes.plot([0, 1], [0, 1], color="0.7", linewidth=0.8, zorder=0)
    axes.set(xlabel="false positive rate", ylabel="true positive rate", aspect="equal")
    if any(curve is not None for curve in curves):
        legend = axes.legend(title="area below", loc="lower right", fontsize=8, title_fontsize=8)
        for text in legend.get_texts():
            text.set_parse_math(False)
    axes.set_title("ROC: each label against all others", size=10)
    return figure


def confusion_chart(result: Evaluation) -> Figure:
    """Counts by truth and answer, coloured by the share of the row."""
    from matplotlib.figure import Figure

    names = [printable(name) for name in result.labels.labels]
    counts, columns = result.figures.confusion, list(names)
    if result.end_to_end is not None:
        missed = [result.end_to_end.missed_per_class[name] for name in result.labels.labels]
        counts, columns = np.column_stack([counts, missed]), [*names, "no answer"]
    totals = counts.sum(axis=1, keepdims=True)
    shares = counts / np.maximum(totals, 1)
    size = (1.6 + 0.75 * len(columns), 1.2 + 0.65 * len(names))
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots()
    image = axes.imshow(shares, cmap="cividis", vmin=0, vmax=1, aspect="auto")
    for (row, column), count in np.ndenumerate(counts):
        share = shares[row, column]
        axes.text(
            column, row, f"{count:,}\n{share:.0%}", ha="center", va="center", size=8,
            color="black" if share > _DARK else "white",
        )  # fmt: skip
    axes.set_xticks(range(len(columns)), columns, rotation=30, ha="right", parse_math=False)
    axes.set_yticks(range(len(names)), names, parse_math=False)
    axes.set(xlabel="answer", ylabel="truth")
    axes.set_title("Confusion: rows, and share of the truth's rows", size=10)
    figure.colorbar(image, ax=axes).set_label("share of the truth's rows", size=8)
    return figure


def reliability_chart(result: Evaluation) -> Figure:
    """Accuracy by top probability, with 95 % intervals, and how many rows have it."""
    from matplotlib.figure import Figure

    given = result.probabilities if result.calibrated is None else result.calibrated
    bins = reliability(given, result.truth)
    used = np.flatnonzero(bins.count)
    figure = Figure(figsize=(5.4, 5.6), layout="constrained")
    panels: Any = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    above, below = panels
    right = np.rint(bins.accuracy[used] * bins.count[used]).astype(int)
    bounds = [wilson_interval(int(r), int(n)) for r, n in zip(right, bins.count[used], strict=True)]
    x, y = bins.confidence[used], bins.accuracy[used]
    low, high = np.array(bounds).reshape(-1, 2).T
    above.plot([0, 1], [0, 1], color="0.7", linewidth=0.8, label="as sure as right")
    above.errorbar(
        x, y, yerr=[np.maximum(y - low, 0), np.maximum(high - y, 0)], fmt="o", color=_BLUE,
        markersize=4, linewidth=1, capsize=2, label="rows of a bin, 95 % interval",
    )  # fmt: skip
    above.set(ylabel="accuracy", ylim=(0, 1))
    above.legend(frameon=False, fontsize=8, loc="upper left")
    above.set_title(f"Reliability, {len(bins.count)} bins: ECE {_three(result.figures.ece)}",
                    size=10)  # fmt: skip
    below.bar(
        bins.edges[:-1], bins.count, np.diff(bins.edges), align="edge", color=_BLUE, alpha=0.6
    )
    below.set(xlabel="top probability", ylabel="rows", xlim=(0, 1))
    for panel in (above, below):
        panel.grid(alpha=0.3)
    return figure


def risk_chart(result: Evaluation) -> Figure:
    """The error rate among the most confident rows, by how many of them are answered."""
    figure, axes = _square(5.6, 4.2)
    curve, chosen = risk_coverage(result.probabilities, result.truth), result.figures.abstention
    axes.plot(curve.coverage, curve.risk, color=_BLUE, linewidth=1.4)
    if np.isfinite(chosen.risk):
        label = f"threshold of the card, {chosen.threshold:.3f}"
        axes.plot(chosen.coverage, chosen.risk, "o", color=_ORANGE, label=label)
        axes.legend(frameon=False, fontsize=8, loc="upper left")
    top = float(curve.risk.max()) if len(curve.risk) else 1.0
    axes.set(xlabel="coverage: share of rows answered", ylabel="risk: share of those wrong")
    axes.set(xlim=(0, 1), ylim=(0, min(1.0, max(0.05, 1.15 * top))))
    axes.set_title(f"Risk and coverage: AURC {_three(result.figures.aurc)}", size=10)
    return figure


def _square(width: float, height: float) -> tuple[Figure, Axes]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots()
    axes.grid(alpha=0.3)
    return figure, axes


def _three(value: float) -> str:
    return f"{value:.3f}" if np.isfinite(value) else "undefined"


def robustness_chart(result: Evaluation) -> Figure:
    """Points lost under each degradation, as bars in the order of the table."""
    from matplotlib.figure import Figure

    found = [each for each in result.robustness if each.strength]
    names = [f"{each.kind}, {each.strength}" for each in found]
    figure = Figure(figsize=(6.4, 1.0 + 0.22 * len(found)), layout="constrained")
    axes = figure.subplots()
    lost = [100 * each.lost for each in found]
    axes.barh(range(len(found)), lost, color=_BLUE, height=0.7)
    for at, value in enumerate(lost):
        axes.text(max(value, 0) + 0.4, at, f"{value:.1f}", va="center", fontsize=7)
    axes.set_yticks(range(len(found)), names, fontsize=7)
    axes.invert_yaxis()
    axes.set(xlabel="points of accuracy lost", xlim=(min(0, *lost), max(lost) + 4))
    axes.set_title("Degraded crops", size=10)
    return figure
