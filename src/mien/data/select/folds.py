"""Subject-wise folds: nobody is seen in training and in testing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mien.core.errors import DataError
from mien.core.splits import FOLD, TRAINING, WHOLE
from mien.data.faceset import FaceSet
from mien.data.select.subsets import in_common, kept_together


def folds(
    subjects: ArrayLike, k: int, seed: int = 0, *, labels: NDArray[np.int64] | None = None
) -> NDArray[np.int64]:
    """Give every row one of ``k`` folds; all rows of a subject are in one.

    Greedy: subjects in order of falling size, equal ones in an order drawn by the seed, each go
    to the fold that has the smallest share of the labels they bring. The answer depends on who
    has which labels and on the seed, not on the order of the rows.

    Args:
        subjects: ``(N,)`` who is seen in each row.
        k: Number of folds, from 2 to the number of subjects; every fold gets one at least.
        seed: Which of the equally good assignments.
        labels: ``(N,)`` label indices to balance; None = only the rows are.

    Returns:
        ``(N,)`` int64 from 0 to ``k - 1``. Fold i is tested with ``faces[folds == i]`` and trained
        with ``faces[folds != i]``.

    Raises:
        DataError: If a subject is unknown (""), or ``k`` is not from 2 to the number of subjects.

    >>> folds(["ann", "bob", "ann", "eve"], 2).tolist().count(0)
    2
    """
    names, person = np.unique(np.asarray(subjects, dtype=np.str_), return_inverse=True)
    if (names == "").any():
        unknown = int((person == np.flatnonzero(names == "")[0]).sum())
        raise DataError(f"{unknown} of {len(person)} rows have no subject; leave them out first")
    if not 2 <= k <= len(names):
        raise DataError(f"k must be from 2 to the number of subjects, {len(names)}; got {k}")
    of_row = np.zeros(len(person), np.int64) if labels is None else np.asarray(labels, np.int64)
    if len(of_row) != len(person):
        raise DataError(f"{len(person)} subjects but {len(of_row)} labels")
    brings = np.zeros((len(names), int(of_row.max()) + 1))
    np.add.at(brings, (person, of_row), 1)
    shares = brings / np.maximum(brings.sum(axis=0), 1)
    order = np.random.default_rng(seed).permutation(len(names))
    order = order[np.argsort(-brings[order].sum(axis=1), kind="stable")]
    fold_of = np.empty(len(names), np.int64)
    held, sizes = np.zeros((k, shares.shape[1])), np.zeros(k)
    for subject in order:
        # Least growth of the squared shares; what the subject adds alone is equal for all folds.
        # Of equals the smallest fold, so that none stays empty.
        growth = held @ shares[subject]
        best = int(np.lexsort((sizes, growth))[0])
        fold_of[subject] = best
        held[best] += shares[subject]
        sizes[best] += brings[subject].sum()
    return fold_of[person]


def one_fold_out(faces: FaceSet, k: int, fold: int, seed: int = 0) -> FaceSet:
    """Training without one of its ``k`` folds, which becomes the split ``fold``.

    Folded are the rows of Training and, of a set that has no splits, all rows; the other splits
    stay. Where it is known who is seen, all rows of a person are in one fold; elsewhere, all rows
    of the same pixels. Rows of Training whose pixels are in the fold too are left out, and so are
    such ones of an auxiliary set, whose rows are in no fold.

    Args:
        faces: The rows.
        k: Number of folds.
        fold: Which one is left out, from 0.
        seed: Which of the equally good folds (``folds``).

    Raises:
        DataError: If there is nothing to fold, or ``k`` is more than there are persons.
    """
    if not 0 <= fold < k:
        raise DataError(f"the fold must be from 0 to {k - 1}, got {fold}")
    pool = np.isin(faces.splits, (TRAINING, WHOLE))
    if not pool.any():
        faces.split(TRAINING)  # told what there is
    own = pool if faces.origins is None else pool & (faces.origins == "")
    folded = faces[own]
    tested = np.zeros(len(faces), dtype=bool)
    tested[own] = folds(kept_together(folded), k, seed, labels=folded.labels) == fold
    kept = ~pool | tested | ~in_common(faces, faces[tested])
    splits = np.where(tested, FOLD, np.where(pool, TRAINING, faces.splits))
    return replace(faces, splits=splits)[kept]
