"""What a training step costs beside the bare forward and backward pass.

Both steps are built by the caller (``mien.train.step_pair``), so that this job needs no torch and
stays a sibling of ``mien.train``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mien.benchmark.timing import Timing, interleaved


@dataclass(frozen=True)
class StepCost:
    """Durations of both steps and their ratio (of medians)."""

    full: Timing
    bare: Timing

    @property
    def ratio(self) -> float:
        """Full step over bare step."""
        return self.full.median_ms / self.bare.median_ms

    def as_dict(self) -> dict[str, object]:
        """Plain values for JSON."""
        return {"full": self.full.as_dict(), "bare": self.bare.as_dict(), "ratio": self.ratio}


def benchmark_step(
    full: Callable[[], object], bare: Callable[[], object], *, runs: int, warm_up: int, note: str
) -> StepCost:
    """Time two steps by turns.

    Args:
        full: Augmentation, forward, backward, optimiser and weight average of one batch.
        bare: Forward and backward of the same batch.
        runs: Timed runs of each.
        warm_up: Runs of each before them.
        note: Network, batch size, threads.

    Raises:
        InputError: If ``runs`` is below 1.
    """
    first, second = interleaved(
        {"training step": full, "forward and backward": bare}, runs=runs, warm_up=warm_up, note=note
    )
    return StepCost(first, second)
