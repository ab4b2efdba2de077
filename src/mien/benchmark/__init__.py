"""Benchmarks: durations with their conditions, compared within one run."""

from mien.benchmark.inference import benchmark_model, benchmark_picture, bundle_cost
from mien.benchmark.timing import Timing, interleaved, machine
from mien.benchmark.training import benchmark_step

__all__ = [
    "Timing",
    "benchmark_model",
    "benchmark_picture",
    "benchmark_step",
    "bundle_cost",
    "interleaved",
    "machine",
]
