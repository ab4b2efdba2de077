"""Which rows were measured: counts, hash, differences from the official release, twins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mien.core.splits import EVERY_ROW, TRAINING
from mien.data.faceset import FaceSet
from mien.data.manifest import count_warnings
from mien.data.select.subsets import in_common


@dataclass(frozen=True)
class SplitGuard:
    """What a split holds.

    Args:
        source: Name of the file or folder.
        split: Name of the split, or ``EVERY_ROW``.
        counts: Rows per label.
        sha256: Digest over images and labels in order.
        warnings: Differences from the official FER2013 counts, and labels without rows.
    """

    source: str
    split: str
    counts: dict[str, int]
    sha256: str
    warnings: tuple[str, ...] = ()


def split_guard(rows: FaceSet, split: str) -> SplitGuard:
    """Describe the rows of one split; a difference is a warning, never a refusal."""
    counts = dict(zip(rows.space.labels, rows.counts.tolist(), strict=True))
    return SplitGuard(rows.source, split, counts, rows.sha256, count_warnings(rows))


def clean_rows(
    rows: FaceSet,
    split: str,
    source: FaceSet,
    training: FaceSet | None,
    trained_on: str | None = None,
) -> tuple[NDArray[np.bool_] | None, str]:
    """Rows without a byte-identical image among the training rows.

    Args:
        rows: The rows that are measured.
        split: Name of their split.
        source: The whole source, searched for training rows if ``training`` is None.
        training: The training rows, where they are known from elsewhere.
        trained_on: Hash of the rows that the model was trained on, if its card has it.

    Returns:
        ``(N,)`` bool or None where it is unknown, and what was compared or why it was not.
    """
    if training is None:
        if TRAINING not in source.split_names:
            return None, f"unknown: {source.source} has no {TRAINING} rows to compare with"
        if split in {TRAINING, EVERY_ROW}:
            return None, "undefined: the measured rows are, or hold, the training rows"
        training = source.split(TRAINING)
    clean = ~in_common(rows, training)
    compared = f"rows without a byte-identical image in {len(training)} rows of {training.source}"
    if trained_on not in {None, training.sha256}:
        compared += ", which are not all the rows that the model was trained on"
    return clean, compared
