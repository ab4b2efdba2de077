"""What a reader must know of the model before quoting its figures, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mien.core.splits import FOLD, TRAINING, WHOLE
from mien.data.faceset import FaceSet
from mien.runtime import Recognizer
from mien.store.training import Fold, Training


def fitted_split(recognizer: Recognizer) -> str | None:
    """Split that temperature and threshold of the loaded file were fitted on; None = unknown."""
    file = recognizer.card.files.get(recognizer.precision)
    split = file.metrics[0].get("split") if file is not None and file.metrics else None
    return split if isinstance(split, str) and split else None


def fitted_here(recognizer: Recognizer, rows: FaceSet, clean: NDArray[np.bool_] | None) -> bool:
    """Whether rows of the fitted split's name are known to be those of the card, by their hash.

    False says nothing: the hash may be missing, or be that of all rows where a part is given.
    """
    file = recognizer.card.files.get(recognizer.precision)
    sha256 = file.metrics[0].get("data_sha256") if file is not None and file.metrics else None
    parts = [rows] if clean is None else [rows, rows[clean]]
    return sha256 is not None and sha256 in {part.sha256 for part in parts}


def left_out_fold(training: Training) -> Fold | None:
    """The fold that the training left out, by its recipe or by a study; None = there were none."""
    folds = (each.fold or each.drawn_fold for _, each in training.each())
    return next((fold for fold in folds if fold), None)


def trained_hashes(training: Training) -> set[str]:
    """Hashes of the rows that the model, or its members, were trained on, as far as recorded."""
    behind = (one for _, each in training.each() for one in each.lineage)
    return {sha256 for one in behind if (sha256 := one.training_sha256)}


def fold_warnings(training: Training, splits: Sequence[str]) -> list[str]:
    """What to say where the measured rows may hold the folds that the model was trained on.

    Args:
        training: Of the model.
        splits: ``(N,)`` the split of each row that is measured.
    """
    left = left_out_fold(training)
    n = sum(split in (TRAINING, WHOLE) for split in splits)
    if left is None or not n:
        return []
    return [
        f"the model was trained with folds: if these {n} rows are of the same data, it remembers "
        f"all but fold {left.fold} of {left.folds}. --split {FOLD} of crops measures that one"
    ]


def training_warnings(splits: Sequence[str], what: str) -> list[str]:
    """What to say where training rows are measured, ``(N,)`` splits of rows called ``what``."""
    n = list(splits).count(TRAINING)
    if not n:
        return []
    return [
        f"{n} of {len(splits)} {what} are {TRAINING} {what}: a model trained on them remembers them"
    ]


def drawn_warnings(training: Training, splits: Sequence[str]) -> list[str]:
    """What to say where a study drew training rows from splits called as the measured ones.

    Args:
        training: Of the model.
        splits: ``(N,)`` the split of each row that is measured.
    """
    counts = Counter(splits)
    drawn_from = {split for _, each in training.each() for split in each.drawn_from}
    return [
        f"the model was trained on rows that a study drew from {split}: if these {counts[split]} "
        "rows are of the same data, some are no test of it; the figures in its card are of others"
        for split in sorted(drawn_from)
        if counts[split]
    ]


def training_in_words(training: Training) -> dict[str, str]:
    """The protocol's line on the training, where something must be said of it.

    FER+ votes are further annotation of the same images (Barsoum et al., ICMI 2016): a model that
    learned from them is not comparable with one of FER2013's labels alone.
    """
    trainings = [each for _, own in training.each() for each in own.lineage]
    weights = sorted({each.vote_weight for each in trainings} - {0.0})
    used: list[str] = []
    whose = " of members" if training.is_ensemble else ""
    if weights:
        listed = ", ".join(f"{weight:g}" for weight in weights)
        used.append(f"an auxiliary training target{whose} (weight {listed})")
    if any(each.began_with_votes for each in trainings):
        used.append(f"the labels of a first training{whose}")
    if not used:
        return {}
    return {
        "training": "FER+ votes, extra annotation of the same images, were " + " and ".join(used)
    }


def threads_in_words(recognizer: Recognizer) -> str:
    """How many CPU threads a call may use."""
    threads: int | None = getattr(recognizer, "threads", None)
    if threads is None:
        return "the runtime's default number of threads"
    return "1 thread" if threads == 1 else f"{threads} threads"
