"""The log of a run: one row per epoch, as CSV and as a figure."""

from __future__ import annotations

import csv
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from mien.store.atomic import writing


@dataclass(frozen=True)
class EpochRow:
    """One line of the log: losses and accuracies are means over the epoch.

    ``watch`` rows may decide something (a plateau); ``shown`` rows are scored for curves alone.
    """

    epoch: int
    lr: float
    loss: float
    accuracy: float
    watch_loss: float | None
    watch_accuracy: float | None
    seconds: float
    shown_loss: float | None = None
    shown_accuracy: float | None = None


def write_log(path: Path, log: list[EpochRow]) -> None:
    """Write all rows as CSV; an epoch that was not watched has empty cells.

    The columns of shown rows are there only if some were scored.
    """
    names = [f.name for f in fields(EpochRow)]
    if all(row.shown_loss is None for row in log):
        names = [name for name in names if not name.startswith("shown")]
    with writing(path) as file:
        writer = csv.DictWriter(file, names, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(row) for row in log)


def plot_curves(path: Path, log: list[EpochRow]) -> None:
    """Draw loss and accuracy over the epochs; training values are on augmented images."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    epochs = [row.epoch for row in log]
    watched = [row for row in log if row.watch_accuracy is not None]
    for axes, name in ((left, "loss"), (right, "accuracy")):
        axes.plot(epochs, [getattr(row, name) for row in log], color="#0072B2", label="training")
        axes.plot(
            [row.epoch for row in watched],
            [getattr(row, f"watch_{name}") for row in watched],
            color="#D55E00",
            linestyle="--",
            label="watched rows, averaged weights",
        )
        axes.set_xlabel("epoch")
        axes.set_ylabel(name)
        axes.grid(alpha=0.3)
        axes.legend(frameon=False)
    left.set_title("Loss (training: labels, votes and smoothing; watched: labels)", fontsize=9)
    right.set_title("Accuracy (training: augmented images)", fontsize=9)
    with writing(path, "wb") as file:
        figure.savefig(file, format="png", dpi=150)
