"""What degraded crops cost trainings that held rows out: ``python benchmarks/field.py RUN ...``.

The rows that each run held out of Training, untouched and degraded as by ``mien evaluate
--robustness``. One JSON line a run. Strengths of field augmentation are chosen from these alone.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from mien.data import load
from mien.data.robustness import robustness
from mien.data.select.subsets import held_out
from mien.export.graph import to_onnx
from mien.runtime.graph import Graph
from mien.train.record import load_run


def main() -> None:
    """Print the points lost."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN", help="finished training")
    parser.add_argument("--data", required=True, help="FER2013, its Training")
    given = parser.parse_args()
    train = load(given.data).split("Training")
    for path in given.runs:
        run = load_run(path)
        if not run.config.held_out:
            parser.error(f"{path} held nothing out; train with --set held_out=0.1")
        rows = train[held_out(train, run.config.held_out, run.config.held_out_seed)]
        graph = Graph(to_onnx(run.network), threads=1)
        found = robustness(
            lambda crops, affines, graph=graph: graph.answers(crops, affines=affines)[0],
            rows.images,
            rows.labels,
        )
        lost = {f"{each.kind} {each.strength}": round(100 * each.lost, 1) for each in found[1:]}
        line = {"run": path.name, "rows": len(rows), "untouched": round(100 * found[0].accuracy, 1)}
        print(json.dumps({**line, "lost": lost}), flush=True)


if __name__ == "__main__":
    main()
