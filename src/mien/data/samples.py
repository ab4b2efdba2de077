"""Samples that ``mien serve --collect`` keeps, as a face set."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mien.core.errors import DataError
from mien.core.labels import LabelSpace
from mien.data.faceset import FaceSet
from mien.store.samples import SampleStore

SPLIT = "samples"
"""What the only split is called; sessions, as ``subjects``, divide it."""


def load_samples(folder: Path, space: LabelSpace) -> FaceSet:
    """Read the samples of a folder.

    Args:
        folder: Folder of ``mien serve --collect``.
        space: Label space of the answer; every label must be in it.

    Returns:
        One row per sample in the order of collecting, ``subjects`` = sessions.

    Raises:
        ConfigError: If the folder is none of samples, or others can enter it.
        DataError: If its file is damaged, it holds none, or labels that ``space`` has not.
    """
    with SampleStore(folder) as store:
        samples, frames = store.everything()
    if not samples:
        raise DataError("the folder holds no samples; collect some first: mien serve --collect DIR")
    strange = sorted({sample.label for sample in samples} - set(space.labels))
    if strange:
        raise DataError(
            f"samples are labelled {', '.join(strange)}, which {space.name} has not "
            f"({', '.join(space.labels)}); take a model with their labels, or delete them"
        )
    return FaceSet(
        images=frames,
        labels=np.array([space.index(sample.label) for sample in samples], np.int64),
        splits=np.full(len(samples), SPLIT),
        space=space,
        source=folder.name or str(folder),
        names=np.array([sample.id for sample in samples], np.str_),
        subjects=np.array([sample.session for sample in samples], np.str_),
    )
