"""The data of a training: the rows of its set, with those of auxiliary ones, and what to know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mien.core.errors import DataError
from mien.core.labels import label_space
from mien.core.splits import TRAINING
from mien.data import FaceSet, Part, count_warnings, framing_warning, load, mixed, vote_warnings
from mien.train.config import TrainConfig


@dataclass(frozen=True, eq=False)
class TrainingData:
    """What a training is given.

    Args:
        faces: The rows, in the label space of its configuration.
        warnings: What is unlike what the configuration or the official release says.
        notes: What is trained on of each auxiliary set, and what is left out.
    """

    faces: FaceSet
    warnings: tuple[str, ...]
    notes: tuple[str, ...]


def read_data(
    config: TrainConfig,
    data: Path,
    *,
    votes: Path | None = None,
    aux: Sequence[Path] = (),
) -> TrainingData:
    """Read the rows of a training.

    Args:
        config: Its configuration.
        data: FER2013 table or folder of labelled pictures.
        votes: FER+ votes of the same images.
        aux: Sets whose Training rows are trained on too.

    Raises:
        DataError: If a source cannot be read, or the votes contradict the labels too often to be
            of the same images: hours of training on them would look like any other run.
    """
    space = label_space(config.labels)
    faces = load(data, votes=votes, labels=space)
    used = [TRAINING, "" if config.held_out else config.watch]
    warnings = [framing_warning(source) for source in (data, *aux)]
    warnings += count_warnings(faces[np.isin(faces.splits, used)])
    if faces.votes is not None and not config.votes_weight:
        warnings.append("--votes is not used: votes_weight is 0 in the recipe")
    if config.votes_weight and (doubts := vote_warnings(faces)):
        raise DataError(f"{doubts[0]} Give the votes of these images, or --set votes_weight=0")
    notes: list[str] = []
    if aux:
        mixture = mixed([faces, *(load(source, labels=None) for source in aux)], space)
        faces, notes = mixture.faces, list(map(_in_words, mixture.parts[1:]))
    return TrainingData(faces, tuple(filter(None, warnings)), tuple(notes))


def _in_words(part: Part) -> str:
    left = [f"{n:,} {label} without a label here" for label, n in part.unmapped.items()]
    left += [f"{n:,} of its split {split}" for split, n in part.other_splits.items()]
    left += [f"{len(part.twins):,} twins of scored rows"] if part.twins else []
    words = f"; left out: {', '.join(left)}" if left else ""
    return f"auxiliary {part.source}: {part.rows:,} rows{words}"
