"""The figure: accuracy against weights and against time."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from peers.figures import QUIET
from peers.known import PEERS

# Blue and orange of Okabe and Ito, which colour-blind people tell apart; the shapes differ too.
OURS = {"color": "#0072B2", "marker": "o"}
THEIRS = {"color": "#D55E00", "marker": "s"}


def draw(crops: Mapping[str, Any], path: Path) -> None:
    """Write the figure as SVG, the same bytes for the same figures.

    Args:
        crops: The part ``crops`` of the results.
        path: Of the file.
    """
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt
    from matplotlib.ticker import FuncFormatter

    loaded = any(each["load"] > QUIET for each in crops["peers"].values())
    across = (
        ("weights of the expression network, MB", lambda each: each["bytes"]["weights"] / 1e6),
        ("ms a crop" + (" (under load)" if loaded else ""), lambda each: each["ms"]),
    )
    with mpl.rc_context({"svg.hashsalt": "peers", "svg.fonttype": "path", "font.size": 9}):
        figure, axes = plt.subplots(1, 2, figsize=(8, 3.4), sharey=True, layout="constrained")
        for axis, (title, value) in zip(axes, across, strict=True):
            measured = [peer for peer in PEERS if peer.name in crops["peers"]]
            measured.sort(key=lambda peer: value(crops["peers"][peer.name]))
            for at, peer in enumerate(measured):
                found = crops["peers"][peer.name]
                x, y = value(found), 100 * found["accuracy"]
                low, high = (100 * bound for bound in found["ci95"])
                style = OURS if peer.ours else THEIRS
                axis.errorbar(x, y, [[y - low], [high - y]], capsize=2, markersize=5, **style)
                last = at >= len(measured) - 2  # neighbours have their names above and below
                axis.annotate(
                    peer.name,
                    (x, y),
                    (-5 if last else 5, -11 if at % 2 else 5),
                    textcoords="offset points",
                    ha="right" if last else "left",
                    fontsize=8,
                )
            axis.set_xscale("log")
            axis.xaxis.set_major_formatter(FuncFormatter(lambda tick, _: f"{tick:g}"))
            axis.margins(x=0.25)
            axis.set_xlabel(title)
            axis.grid(alpha=0.3)
        axes[0].set_ylabel("accuracy, %")
        figure.savefig(path, metadata={"Date": None, "Creator": None})
        plt.close(figure)
