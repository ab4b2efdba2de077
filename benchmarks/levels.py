"""How fast the machine itself runs while one face is timed: ``python benchmarks/levels.py``.

A virtual machine shares its cores with neighbours it does not see. Blocks of calls of the bundle,
fp32 and int8, take turns with blocks of a yardstick that is no part of mien (a loop of Python
arithmetic). Prints, for the blocks in which the yardstick ran within a tenth of its best and for
the others, how many there were and the median of the blocks' medians; one JSON line each.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable

import numpy as np

from mien.benchmark import machine
from mien.core.faces import Faces
from mien.runtime import Recognizer

CALLS = 40
"""Calls in a block: about a tenth of a second."""


def yardstick() -> int:
    """About a millisecond of Python, the same whatever mien does."""
    total = 0
    for n in range(15_000):
        total += n & 7
    return total


def one_face(precision: str) -> Callable[[], object]:
    """A call on one face in a 200x200 region, as in ``mien benchmark model``."""
    recognizer = Recognizer(precision=precision, detector="none", threads=1)
    region = np.random.default_rng(0).integers(0, 256, (200, 200, 3), np.uint8)
    face = Faces(np.array([[1.5, 1.5, 198.5, 198.5]], np.float32), np.ones(1, np.float32))
    return lambda: recognizer.read_faces([region], [face])


def block(call: Callable[[], object]) -> float:
    """Median milliseconds of a block of calls."""
    spent: list[float] = []
    for _ in range(CALLS):
        started = time.perf_counter()
        call()
        spent.append((time.perf_counter() - started) * 1e3)
    return statistics.median(spent)


def main() -> None:
    """Print the two levels."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--blocks", type=int, default=200, help="blocks of each (default 200)")
    blocks = parser.parse_args().blocks
    calls = {"fp32": one_face("fp32"), "int8": one_face("int8")}
    for call in calls.values():
        block(call)
    rows = []
    for _ in range(blocks):
        before = block(yardstick)
        times = {name: block(call) for name, call in calls.items()}
        rows.append(({"yardstick": max(before, block(yardstick))}) | times)
    best = min(row["yardstick"] for row in rows)
    print(json.dumps({"machine": machine(), "yardstick_best_ms": round(best, 3)}))
    for name, within in (("full speed", True), ("slowed", False)):
        chosen = [row for row in rows if (row["yardstick"] <= 1.1 * best) == within]
        medians = {
            key: round(statistics.median(row[key] for row in chosen), 2) if chosen else None
            for key in rows[0]
        }
        print(json.dumps({"machine at": name, "blocks": len(chosen)} | medians))


if __name__ == "__main__":
    main()
