"""Benchmarks: durations with their conditions, compared within one run."""

from mien.benchmark.timing import Timing, interleaved, machine
from mien.benchmark.training import benchmark_step

__all__ = ["Timing", "benchmark_step", "interleaved", "machine"]
