"""Splits drawn again, as published studies drew them: with a leak, and without.

Both ways of a function score the same test rows, so that the difference of two trainings is what
the leak is worth.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mien.core.errors import DataError
from mien.core.splits import TEST, TRAINING
from mien.data.faceset import FaceSet
from mien.data.select.subsets import in_common


def random_split(
    faces: FaceSet, fraction: float = 0.8, seed: int = 0, *, by_identity: bool
) -> FaceSet:
    """Split all rows again, into ``Training`` and ``test``, whatever their splits were.

    Args:
        faces: Rows of any splits.
        fraction: Share of Training, in (0, 1); the rows of test are those that are left.
        seed: Which rows.
        by_identity: Leave rows out of Training whose pixels are in test too. Otherwise pictures
            that are twice in ``faces`` may be on both sides, as in a split by row number.

    Raises:
        DataError: If ``fraction`` is outside (0, 1), or a side would be empty; with
            ``by_identity``, also if people are known, whom a draw of rows puts on both sides.
    """
    if not 0 < fraction < 1:
        raise DataError(f"the fraction of Training must lie between 0 and 1, got {fraction}")
    if by_identity:
        _nobody_known(faces)
    first = round(fraction * len(faces))
    if not 0 < first < len(faces):
        raise DataError(f"{len(faces)} rows cannot be split at {fraction}")
    order = np.random.default_rng(seed).permutation(len(faces))
    test = np.zeros(len(faces), dtype=bool)
    test[order[first:]] = True
    split = replace(faces, splits=np.where(test, TEST, TRAINING))
    if not by_identity:
        return split
    kept = split[test | ~in_common(split, split[test])]
    if test.sum() == len(kept):
        raise DataError(f"{faces.source}: every row has a twin among the test rows")
    return kept


def class_samples(
    faces: FaceSet,
    training: int,
    test: int,
    seed: int = 0,
    *,
    shared: Literal["nothing", "pictures", "rows"] = "nothing",
) -> FaceSet:
    """Draw ``training`` rows of every label for Training and ``test`` for test.

    Args:
        faces: Rows of any splits.
        training: Rows per label to train on.
        test: Rows per label to test on; the same ones whatever is shared.
        seed: Which rows.
        shared: What both sides may have in common: ``nothing``, not even a picture that is twice
            in ``faces``; ``pictures``, rows being different but their pixels perhaps not; or
            ``rows``, both being drawn from all rows independently of one another.

    Raises:
        DataError: If a number is below 1 or a label has too few rows; nothing is drawn twice for
            one side. If nothing may be shared, also if people are known.
    """
    if training < 1 or test < 1:
        raise DataError(f"rows per label must be 1 or more, got {training} and {test}")
    if shared == "nothing":
        _nobody_known(faces)
    rng = np.random.default_rng(seed)
    tested = _drawn(faces, np.ones(len(faces), dtype=bool), test, rng)
    free = np.ones(len(faces), dtype=bool)
    if shared != "rows":
        free[tested] = False
    if shared == "nothing":
        free &= ~in_common(faces, faces[tested])
    trained = _drawn(faces, free, training, rng)
    splits = np.repeat([TRAINING, TEST], [len(trained), len(tested)])
    return replace(faces[np.concatenate([trained, tested])], splits=splits)


def _nobody_known(faces: FaceSet) -> None:
    """A draw of single rows cannot keep people apart."""
    if faces.subjects is not None and (faces.subjects != "").any():
        raise DataError(
            f"{faces.source} tells who is seen, and a draw of rows puts the same people on both "
            "sides; leave people out with folds, or say that pictures may be shared"
        )


def _drawn(
    faces: FaceSet, free: NDArray[np.bool_], per_class: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Indices of ``per_class`` free rows of every label, in the order of the rows."""
    drawn: list[NDArray[np.int64]] = []
    for label, name in enumerate(faces.space.labels):
        rows = np.flatnonzero(free & (faces.labels == label))
        if len(rows) < per_class:
            raise DataError(
                f"{faces.source}: asked for {per_class} rows of {name}, but {len(rows)} are left"
            )
        drawn.append(rng.permutation(rows)[:per_class])
    return np.sort(np.concatenate(drawn))
