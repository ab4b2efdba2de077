"""Kinds of study: what an arm trains, and what it answers."""

from mien.study.kinds import classical, fusion, network, transfer  # noqa: F401 - each registers its kind
from mien.study.kinds.kind import KINDS, Job

__all__ = ["KINDS", "Job"]
