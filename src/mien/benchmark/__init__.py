"""Benchmarks: durations with their conditions, compared within one run."""

from mien.benchmark.timing import Timing, interleaved, machine
from mien.benchmark.training import StepCost, benchmark_step

__all__ = ["StepCost", "Timing", "benchmark_step", "interleaved", "machine"]
