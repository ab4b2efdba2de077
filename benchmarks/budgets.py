"""What an epoch of each arm of a study costs: ``python benchmarks/budgets.py small-cnns``.

Whole training steps of all arms take turns within one run, so a busy moment of the machine hits all
alike. From the median step come the seconds of an epoch, and how many epochs fill the budget.
One JSON line per arm; the epochs of ``small-cnns`` at ``reduced`` are set from them.
"""

from __future__ import annotations

import argparse
import json

from mien.benchmark import interleaved, machine
from mien.study.kinds.kind import train_config
from mien.study.plan import load_study
from mien.train.cost import step_pair


def main() -> None:
    """Print the costs."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("study", help="name of a study, or a TOML file")
    parser.add_argument("--scale", default="reduced")
    parser.add_argument("--rows", type=int, default=28_709, help="training rows (default 28709)")
    parser.add_argument("--minutes", type=float, default=10.0, help="budget of an arm (default 10)")
    parser.add_argument("--repeats", type=int, default=20, help="timed steps of each (default 20)")
    given = parser.parse_args()
    study = load_study(given.study, given.scale)
    configs = {arm.name: train_config(arm.recipe, "fer7") for arm in study.arms}
    steps = {name: step_pair(config)[0] for name, config in configs.items()}
    print(json.dumps({"machine": machine(), "rows": given.rows, "minutes": given.minutes}))
    for timing in interleaved(steps, runs=given.repeats, warm_up=3):
        batches = given.rows // configs[timing.name].batch_size
        epoch_s = timing.median_ms / 1e3 * batches
        line = {
            "arm": timing.name,
            "step_ms": round(timing.median_ms, 1),
            "epoch_s": round(epoch_s, 1),
            "epochs": round(given.minutes * 60 / epoch_s),
        }
        print(json.dumps(line))


if __name__ == "__main__":
    main()
