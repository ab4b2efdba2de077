"""The samples of an arm, as its plan says."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.core.errors import DataError
from mien.core.labels import label_space
from mien.core.splits import FOLD, TEST, TRAINING
from mien.data import load, vote_warnings
from mien.data.faceset import FaceSet
from mien.data.select.folds import one_fold_out
from mien.data.select.sampling import class_samples, random_split
from mien.data.select.subsets import balanced, capped
from mien.study.arm import DataPlan
from mien.study.smoke import GENERATED, generated_faces

VOTES = "FER+ votes"
"""What the digest of votes is called among those of the samples."""


Source = FaceSet | Callable[[str], FaceSet]
"""The data in any label space that maps into the wanted one, or what loads them for its name."""


@dataclass(frozen=True)
class Samples:
    """What an arm trains on and what it is scored on.

    Args:
        train: All of it is ``Training``; what a recipe holds out or leaves out is still there.
        tests: By name.
        plan: What they were drawn by.
    """

    train: FaceSet
    tests: Mapping[str, FaceSet]
    plan: DataPlan

    def digests(self, *, votes: bool = False) -> dict[str, str]:
        """What identifies the samples: sha256 of the training set and of each test set.

        Args:
            votes: Of the FER+ votes of the training set too.
        """
        found = {TRAINING: self.train.sha256} | {n: t.sha256 for n, t in self.tests.items()}
        if votes and self.train.votes is not None:
            found[VOTES] = hashlib.sha256(self.train.votes.astype("<i8").tobytes()).hexdigest()
        return found

    @property
    def note(self) -> dict[str, Any]:
        """What a card records of the samples, beside the digest of those that were trained on."""
        plain = DataPlan()
        changed = {
            key: value
            for key, value in vars(self.plan).items()
            if key == "pool" or value != getattr(plain, key)
        }
        note = {"drawn": {k: list(v) if isinstance(v, tuple) else v for k, v in changed.items()}}
        return note | ({"data_set": GENERATED} if self.plan.generated else {})

    @property
    def shown(self) -> FaceSet:
        """The first test set: its curves are drawn, and nothing is decided by it."""
        return next(iter(self.tests.values()))

    @cached_property
    def _known(self) -> NDArray[np.bytes_]:
        return self.train.pixel_hashes

    def parts(self, test: str) -> dict[str, NDArray[np.bool_]]:
        """A test set and, where some of its pixels are among the training samples, its parts.

        All training samples are in ``train``, so that arms on the same ones have the same parts.

        Returns:
            By name, which samples: all; ``TEST clean``, those without such a twin; and, where the
            plan lets both sides share something, ``TEST shared``, the others.
        """
        faces = self.tests[test]
        known = np.isin(faces.pixel_hashes, self._known)
        parts = {test: np.ones(len(faces), dtype=bool)}
        if known.any() and not known.all():
            parts[f"{test} clean"] = ~known
        if known.any() and self.plan.shared != "nothing":
            parts[f"{test} shared"] = known
        return parts

    def together(self) -> FaceSet:
        """Training and test sets as one, the name of each set being its split."""
        parts = [self.train, *self.tests.values()]
        splits = [np.full(len(self.tests[name]), name) for name in self.tests]
        return FaceSet(
            images=np.concatenate([part.images for part in parts]),
            labels=np.concatenate([part.labels for part in parts]),
            splits=np.concatenate([self.train.splits, *splits]),
            space=self.train.space,
            source=self.train.source,
        )


def source(data: Path | None, votes: Path | None = None) -> Callable[[str], FaceSet]:
    """What loads the data in the label space of a name; those with votes are read at once.

    Votes of other pictures would give a training noise to learn.

    Raises:
        DataError: As ``data.load`` does, or if votes and labels do not go together.
    """

    @cache
    def faces(labels: str) -> FaceSet:
        if data is None:
            raise DataError("expected data, got none; give --data SRC")
        found = load(data, votes=votes, labels=label_space(labels))
        if doubts := vote_warnings(found):
            raise DataError(f"{doubts[0]} Give the votes of these images")
        return found

    if data and votes:
        faces("fer7")
    return faces


def drawn(faces: Source, plan: DataPlan) -> Samples:
    """Draw the samples of an arm.

    Raises:
        DataError: If a split is missing or has too few samples.
    """
    space = label_space(plan.labels)
    if plan.generated:
        faces = generated_faces(plan.generated, (*plan.pool, *plan.tests), space, plan.seed)
    elif callable(faces):
        faces = faces(plan.labels)
    faces = faces.mapped(space)
    tests = {name: faces.split(name) for name in plan.tests}
    for name in plan.pool:
        faces.split(name)  # named if it is missing
    pool = faces[np.isin(faces.splits, plan.pool)]
    if plan.train_share or plan.per_class:
        if plan.per_class:
            whole = class_samples(pool, *plan.per_class, plan.seed, shared=plan.shared)  # type: ignore[arg-type] - checked by DataPlan
        else:
            apart = plan.shared == "nothing"
            whole = random_split(pool, plan.train_share, plan.seed, by_identity=apart)
        pool, tests[TEST] = whole.split(TRAINING), whole.split(TEST)
    train = replace(pool, splits=np.full(len(pool), TRAINING))
    if plan.folds:
        whole = one_fold_out(train, plan.folds, plan.fold, plan.fold_seed)
        train, tests = whole.split(TRAINING), {FOLD: whole.split(FOLD), **tests}
    if plan.rows:
        train = capped(train, plan.rows, plan.seed)
    if plan.balanced_tests:
        even = {f"{name} balanced": balanced(test, None, plan.seed) for name, test in tests.items()}
        tests |= even
    return Samples(train, tests, plan)
