"""The rows of an arm, as its plan says."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.core.labels import label_space
from mien.data.faceset import FaceSet
from mien.data.folds import FOLD, one_fold_out
from mien.data.sampling import TEST, TRAINING, class_samples, random_split
from mien.data.subsets import balanced, capped
from mien.study.generated import GENERATED, generated_faces
from mien.study.plan import DataPlan
from mien.train.toml import built

VOTES = "FER+ votes"
"""What the digest of votes is called among those of the rows."""


@dataclass(frozen=True)
class Rows:
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
        """What identifies the rows: sha256 of the training rows and of each test set.

        Args:
            votes: Of the FER+ votes of the training rows too.
        """
        found = {TRAINING: self.train.sha256} | {n: t.sha256 for n, t in self.tests.items()}
        if votes and self.train.votes is not None:
            found[VOTES] = hashlib.sha256(self.train.votes.astype("<i8").tobytes()).hexdigest()
        return found

    @property
    def note(self) -> dict[str, Any]:
        """What a card tells of the rows, beside the digest of those that were trained on."""
        plain = DataPlan()
        told = {
            key: value
            for key, value in vars(self.plan).items()
            if key == "pool" or value != getattr(plain, key)
        }
        note = {"drawn": {k: list(v) if isinstance(v, tuple) else v for k, v in told.items()}}
        return note | ({"data_set": GENERATED} if self.plan.generated else {})

    @property
    def shown(self) -> FaceSet:
        """The first test set: its curves are drawn, and nothing is decided by it."""
        return next(iter(self.tests.values()))

    @cached_property
    def _known(self) -> NDArray[np.bytes_]:
        return self.train.pixel_hashes

    def parts(self, test: str) -> dict[str, NDArray[np.bool_]]:
        """A test set and, where some of its pixels are among the training rows, its parts.

        Training rows are all in ``train``, so that all arms on the same rows have the same parts.

        Returns:
            By name, which rows: all; ``TEST clean``, those without such a twin; and, where the plan
            lets both sides share something, ``TEST shared``, the others.
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
        """Training rows and test sets as one set, the name of each set being its split."""
        parts = [self.train, *self.tests.values()]
        splits = [np.full(len(self.tests[name]), name) for name in self.tests]
        return FaceSet(
            images=np.concatenate([part.images for part in parts]),
            labels=np.concatenate([part.labels for part in parts]),
            splits=np.concatenate([self.train.splits, *splits]),
            space=self.train.space,
            source=self.train.source,
        )


def drawn(faces: FaceSet | Callable[[str], FaceSet], data: Mapping[str, Any]) -> Rows:
    """Draw the rows of an arm.

    Args:
        faces: The data, or a function that loads them for the name of a label space.
        data: Keys of ``DataPlan``.

    Raises:
        ConfigError: If a key is unknown or a value impossible.
        DataError: If a split is missing or has too few rows.
    """
    plan: DataPlan = built(DataPlan, dict(data), "data.")
    space = label_space(plan.labels)
    if plan.generated:
        faces = generated_faces(plan.generated, (*plan.pool, *plan.tests), space, plan.seed)
    elif callable(faces):
        faces = faces(plan.labels)
    faces = faces.mapped(space)
    tests = {name: faces.split(name) for name in plan.tests}
    for name in plan.pool:
        faces.split(name)  # told if it is missing
    pool = faces[np.isin(faces.splits, plan.pool)]
    if plan.train_share:
        whole = random_split(
            pool, plan.train_share, plan.seed, by_identity=plan.shared == "nothing"
        )
        pool, tests[TEST] = whole.split(TRAINING), whole.split(TEST)
    elif plan.per_class:
        whole = class_samples(pool, *plan.per_class, plan.seed, shared=plan.shared)  # type: ignore[arg-type] - checked by DataPlan
        pool, tests[TEST] = whole.split(TRAINING), whole.split(TEST)
    train = replace(pool, splits=np.full(len(pool), TRAINING))
    if plan.folds:
        whole = one_fold_out(train, plan.folds, plan.fold, plan.fold_seed)
        train, tests = whole.split(TRAINING), {FOLD: whole.split(FOLD), **tests}
    if plan.rows:
        train = capped(train, plan.rows, plan.seed)
    if plan.balanced_tests:
        even = {f"{name} balanced": balanced(rows, None, plan.seed) for name, rows in tests.items()}
        tests |= even
    return Rows(train, tests, plan)
