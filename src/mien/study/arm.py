"""An arm of a study: the recipe of its trainings, and which samples it draws."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from mien.core.errors import ConfigError
from mien.core.splits import FOLD, PUBLIC_TEST, TEST, TRAINING
from mien.train.options import check_folds
from mien.train.toml import built

Table = Mapping[str, Any]
"""A table of a TOML or JSON file."""


@dataclass(frozen=True)
class DataPlan:
    """Which rows a study trains on and which it scores.

    Args:
        labels: Label space; the data are mapped into it. In a recipe or on an axis it may be called
            ``labels``, as in a training's own.
        pool: Splits that training rows are taken from.
        tests: Splits that are scored as they are; they are not in the pool.
        train_share: Fraction of the pool to train on, the rest being the test set ``test``;
            0 = no such test set.
        per_class: Rows of each label (training, test) that are drawn from the pool; () = none.
        shared: What training and the drawn test set may have in common: ``nothing``, not even a
            picture that is there twice; ``pictures``; or ``rows`` (``data.sampling``).
        balanced_tests: Whether every test set is scored once more, with as many rows of each label
            as its rarest has.
        seed: Which rows are drawn.
        folds: Split the pool into that many folds, nobody and no pixels being in two, and score the
            one that is left out as the test set ``fold``; 0 = no folds. In a recipe or on an axis
            they may be called ``folds``, ``fold`` and ``fold_seed``, as in a training's own.
        fold: Which one is left out, from 0.
        fold_seed: Which rows are in which fold.
        rows: Training rows of each label at most; 0 = all.
        generated: Rows per label of generated faces in place of the data, in every split; 0 = none.
        views: Views of a test row: ``one``, ``flip`` or ``tencrop``; training rows have one.
    """

    labels: str = "fer7"
    pool: tuple[str, ...] = (TRAINING,)
    tests: tuple[str, ...] = (PUBLIC_TEST,)
    train_share: float = 0.0
    per_class: tuple[int, ...] = ()
    shared: str = "nothing"
    balanced_tests: bool = False
    seed: int = 0
    folds: int = 0
    fold: int = 0
    fold_seed: int = 0
    rows: int = 0
    generated: int = 0
    views: str = "one"

    def __post_init__(self) -> None:
        if not 0 <= self.train_share < 1:
            raise ConfigError(f"data.train_share must lie in [0, 1), got {self.train_share}")
        if len(self.per_class) not in (0, 2):
            raise ConfigError(
                f"data.per_class is two numbers, training and test, got {list(self.per_class)}"
            )
        if self.train_share and self.per_class:
            raise ConfigError("data.train_share and data.per_class exclude one another")
        allowed = ("nothing", "pictures", "rows") if self.per_class else ("nothing", "pictures")
        if self.shared not in allowed:
            raise ConfigError(
                f"data.shared must be one of {', '.join(allowed)} here, got {self.shared!r}"
            )
        if self.views not in ("one", "flip", "tencrop"):
            raise ConfigError(f"data.views must be one, flip or tencrop, got {self.views!r}")
        self._check_tests()

    def _check_tests(self) -> None:
        check_folds(self.folds, self.fold, "data.")
        if self.folds and (self.train_share or self.per_class):
            raise ConfigError("data.folds excludes data.train_share and data.per_class")
        drawn = TEST if self.train_share or self.per_class else FOLD if self.folds else None
        if taken := sorted({"train", drawn} & set(self.tests)):
            raise ConfigError(
                f"data.tests may not name {', '.join(taken)} here: that is what this study calls "
                "rows of its own; rename the split"
            )
        if both := sorted(set(self.pool) & set(self.tests)):
            raise ConfigError(f"data.pool and data.tests share {', '.join(both)}")
        if not (self.tests or self.train_share or self.per_class or self.folds):
            raise ConfigError(
                "a study needs data.tests, data.train_share, data.per_class or data.folds"
            )
        for name in ("rows", "generated", "seed", "fold_seed"):
            if getattr(self, name) < 0:
                raise ConfigError(f"data.{name} must be 0 or more, got {getattr(self, name)}")


@dataclass(frozen=True)
class Arm:
    """One training of a study.

    Args:
        name: Its values in short, unique in the study; also the name of its folder.
        values: What distinguishes it: keys of the recipe and their values.
        recipe: The whole recipe, as nested values.
        data: Which samples, as nested values.
    """

    name: str
    values: Table
    recipe: Table
    data: Table

    @cached_property
    def plan(self) -> DataPlan:
        """Which samples; raises ``ConfigError`` if a key is unknown or a value impossible."""
        return built(DataPlan, dict(self.data), "data.")

    @property
    def uses_votes(self) -> bool:
        """Whether a training learns from FER+ votes."""
        return "first" in self.recipe or bool(self.recipe.get("votes_weight"))

    @property
    def generated(self) -> bool:
        """Whether its samples are generated faces."""
        return bool(self.data.get("generated"))


def merged(base: Table, over: Table) -> dict[str, Any]:
    """``base`` with the keys of ``over``, tables within tables likewise."""
    out = dict(base)
    for key, value in over.items():
        old = out.get(key)
        if isinstance(old, Mapping) and isinstance(value, Mapping):
            out[key] = merged(old, value)
        else:
            out[key] = value
    return out
