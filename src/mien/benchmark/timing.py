"""Timing: warm-up, many runs, median and p95, and the machine they were made on."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from mien.core.errors import InputError


@dataclass(frozen=True)
class Timing:
    """Durations of one thing.

    Args:
        name: What was timed.
        median_ms: Median of the runs, milliseconds.
        p95_ms: 95th percentile.
        runs: Number of timed runs.
        warm_up: Number of runs before them that were not timed.
        note: Conditions that belong to the figure.
    """

    name: str
    median_ms: float
    p95_ms: float
    runs: int
    warm_up: int
    note: str = ""

    def as_dict(self) -> dict[str, object]:
        """Plain values for JSON."""
        return asdict(self)


def interleaved(
    calls: Mapping[str, Callable[[], object]],
    *,
    runs: int,
    warm_up: int,
    note: str = "",
    clock: Callable[[], float] = time.perf_counter,
) -> list[Timing]:
    """Time several things by turns, so that a busy moment of the machine hits all alike.

    Args:
        calls: Name and function of each.
        runs: Timed runs of each, 1 or more.
        warm_up: Runs of each before them.
        note: Conditions that belong to the figures.
        clock: Seconds.

    Raises:
        InputError: If ``runs`` is below 1 or ``warm_up`` below 0.
    """
    if runs < 1 or warm_up < 0:
        raise InputError(f"expected runs >= 1 and warm_up >= 0, got {runs} and {warm_up}")
    for _ in range(warm_up):
        for call in calls.values():
            call()
    spent: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(runs):
        for name, call in calls.items():
            started = clock()
            call()
            spent[name].append((clock() - started) * 1e3)
    return [
        Timing(name, float(np.median(each)), float(np.percentile(each, 95)), runs, warm_up, note)
        for name, each in spent.items()
    ]


def machine() -> dict[str, Any]:
    """What the figures were measured on: processor, cores, load, versions."""
    versions: dict[str, str] = {"python": platform.python_version(), "numpy": np.__version__}
    for package in ("onnxruntime", "torch"):
        with suppress(PackageNotFoundError):
            versions[package] = version(package)
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "load_1min": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "system": platform.platform(aliased=True, terse=True),
        "versions": versions,
    }


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor()
    names = [line.split(":", 1)[1].strip() for line in text.splitlines() if "model name" in line]
    return names[0] if names else platform.processor()
