"""What a reader must know of the model before quoting its figures, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.data.faceset import FaceSet
from mien.data.folds import FOLD
from mien.data.listing import WHOLE
from mien.evaluate.guard import TRAINING
from mien.runtime import Recognizer
from mien.store.card import Card


def fitted_split(recognizer: Recognizer) -> str | None:
    """Split on which temperature and threshold of the loaded file were fitted; None = not told."""
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


def trained_rows(card: Card) -> str | None:
    """Hash of the rows that the model was trained on; None = the card does not tell."""
    data: Any = card.training.get("data")
    sha256 = data.get("training_sha256") if isinstance(data, dict) else None
    return sha256 if isinstance(sha256, str) else None


def left_out_fold(card: Card) -> tuple[int, int, int] | None:
    """Folds, the one that training left out, and their seed; None = there were no folds."""
    for training in _trainings(card.training):
        for told in (training.get("config"), training.get("drawn")):
            if isinstance(told, dict) and isinstance(k := told.get("folds"), int) and k:
                return k, int(told.get("fold", 0)), int(told.get("fold_seed", 0))
    return None


def trained_hashes(card: Card) -> set[str]:
    """Hashes of the rows that the model, or its members, were trained on, as far as told."""
    told: list[Any] = [training.get("data") for training in _trainings(card.training)]
    found = {each.get("training_sha256") for each in told if isinstance(each, dict)}
    return {sha256 for sha256 in found if isinstance(sha256, str)}


def fold_warnings(card: Card, splits: Sequence[str]) -> list[str]:
    """What to say where the measured rows may hold the folds that the model was trained on.

    Args:
        card: Of the model.
        splits: ``(N,)`` the split of each row that is measured.
    """
    left = left_out_fold(card)
    n = sum(split in (TRAINING, WHOLE) for split in splits)
    if left is None or not n:
        return []
    k, fold, _ = left
    return [
        f"the model was trained with folds: if these {n} rows are of the same data, it remembers "
        f"all but fold {fold} of {k}. --split {FOLD} of crops measures that one"
    ]


def drawn_warnings(card: Card, splits: Sequence[str]) -> list[str]:
    """What to say where a study drew training rows from splits called as the measured ones.

    Args:
        card: Of the model.
        splits: ``(N,)`` the split of each row that is measured.
    """
    counts = Counter(splits)
    return [
        f"the model was trained on rows that a study drew from {split}: if these {counts[split]} "
        "rows are of the same data, some are no test of it; the figures in its card are of others"
        for split in _drawn_from(card)
        if counts[split]
    ]


def _drawn_from(card: Card) -> tuple[str, ...]:
    """Splits besides Training that rows were drawn from to train the model or a member on."""
    found: set[str] = set()
    for training in _trainings(card.training):
        drawn: Any = training.get("drawn")
        if isinstance(drawn, dict) and not drawn.get("generated"):
            pool = drawn.get("pool")
            found |= {str(split) for split in pool} if isinstance(pool, list) else set()
    return tuple(sorted(found - {TRAINING}))


def training_in_words(card: Card) -> dict[str, str]:
    """The protocol's line on the training, where something must be said of it.

    FER+ votes are further annotation of the same images (Barsoum et al., ICMI 2016): a model that
    learned from them is not comparable with one of FER2013's labels alone.
    """
    trainings = list(_trainings(card.training))
    weights = sorted({weight for each in trainings if (weight := _vote_weight(each))})
    told: list[str] = []
    whose = " of members" if "ensemble" in card.training else ""
    if weights:
        listed = ", ".join(f"{weight:g}" for weight in weights)
        told.append(f"an auxiliary training target{whose} (weight {listed})")
    if any("first" in each for each in trainings):
        told.append(f"the labels of a first training{whose}")
    if not told:
        return {}
    return {
        "training": "FER+ votes, extra annotation of the same images, were " + " and ".join(told)
    }


def _trainings(training: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """A training, or those of all members of an ensemble."""
    yield training
    members: Any = training.get("ensemble")
    for member in members if isinstance(members, list) else ():
        below = member.get("training") if isinstance(member, dict) else None
        if isinstance(below, dict):
            yield from _trainings(below)


def _vote_weight(training: Mapping[str, Any]) -> float:
    """Weight of the votes in a training; 0 = it had none."""
    config: Any = training.get("config")
    weight = config.get("votes_weight") if isinstance(config, dict) else None
    return float(weight) if isinstance(weight, (int, float)) and weight > 0 else 0.0


def threads_in_words(recognizer: Recognizer) -> str:
    """How many CPU threads a call may use."""
    threads: int | None = getattr(recognizer, "threads", None)
    if threads is None:
        return "the runtime's default number of threads"
    return "1 thread" if threads == 1 else f"{threads} threads"
