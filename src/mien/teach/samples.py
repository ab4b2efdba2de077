"""A person's samples, kept by ``mien serve --collect``, as a face set; the sessions held out."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mien.core.errors import DataError
from mien.core.labels import LabelSpace
from mien.data.faceset import FaceSet
from mien.data.select.subsets import in_common
from mien.store.samples import SampleStore

HELD_OUT = 0.2
"""Share of the sessions that the answers are counted on, never fitted to."""

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
        samples, crops = store.everything()
    if not samples:
        raise DataError("the folder holds no samples; collect some first: mien serve --collect DIR")
    strange = sorted({sample.label for sample in samples} - set(space.labels))
    if strange:
        raise DataError(
            f"samples are labelled {', '.join(strange)}, which {space.name} has not "
            f"({', '.join(space.labels)}); take a model with their labels, or delete them"
        )
    return FaceSet(
        images=crops,
        labels=np.array([space.index(sample.label) for sample in samples], np.int64),
        splits=np.full(len(samples), SPLIT),
        space=space,
        source=folder.name or str(folder),
        names=np.array([sample.id for sample in samples], np.str_),
        subjects=np.array([sample.session for sample in samples], np.str_),
    )


def held_out_sessions(samples: FaceSet, seed: int) -> tuple[FaceSet, FaceSet, int]:
    """Divide samples by session: a fifth of the sessions, one at least, is held out.

    Held-out crops that are byte-identical to one fitted to are left out.

    Returns:
        The rows to fit to, the rows to count, and how many were left out.

    Raises:
        DataError: If there are fewer than two sessions, fewer than two labels to fit to, or no
            row to count.
    """
    if samples.subjects is None:
        raise DataError("samples need their sessions as subjects; read them with load_samples")
    sessions = np.unique(samples.subjects)
    if len(sessions) < 2:
        raise DataError(
            f"expected samples of two sessions or more, to count on one that was not fitted to, "
            f"got {len(sessions)}; collect another session, on another day if you can"
        )
    count = max(1, round(HELD_OUT * len(sessions)))
    chosen = np.random.default_rng(seed).permutation(sessions)[:count]
    out = np.isin(samples.subjects, chosen)
    fitted, held = samples[~out], samples[out]
    kept = held[~in_common(held, fitted)]
    if np.count_nonzero(fitted.counts) < 2:
        raise DataError(
            "the sessions that are fitted to have samples of one label only; "
            "collect at least two labels in every session"
        )
    if not len(kept):
        raise DataError(
            "every held-out crop is also in a session that is fitted to; collect new ones"
        )
    return fitted, kept, len(held) - len(kept)
