"""What a card records of the training that made a model: kept as written, asked in one place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, TypedDict, cast

from mien.core.splits import TRAINING

Table = dict[str, Any]
"""A table of a record, whatever wrote it."""

_WAYS_TO_DRAW = ("train_share", "per_class", "folds", "rows", "generated")


class Ancestor(TypedDict):
    """What a run records of a bundle that it began with, or that taught it."""

    name: str
    sha256: str
    training: Table


class Fold(NamedTuple):
    """The fold that a training left out: one of ``folds``, divided by ``seed``."""

    folds: int
    fold: int
    seed: int


class HeldOut(NamedTuple):
    """The fraction of Training that a training held out, chosen by ``seed``."""

    fraction: float
    seed: int


@dataclass(frozen=True)
class Training:
    """The record of a training, or of the members of an ensemble.

    Args:
        record: As ``card.json`` has it, in its order; keys that nothing here asks for are kept.
    """

    record: Table = field(default_factory=Table)

    def each(self, name: str = "the model") -> Iterator[tuple[str, Training]]:
        """Name and record of every training behind a model: its own, or those of its members.

        Args:
            name: What the model is called.
        """
        if "ensemble" not in self.record:
            yield name, self
            return
        for member in map(_table, _list(self.record["ensemble"])):
            below = Training(_table(member.get("training")))
            yield from below.each(str(member.get("name", name)))

    @property
    def is_ensemble(self) -> bool:
        """Whether this is a record of members."""
        return "ensemble" in self.record

    @property
    def lineage(self) -> tuple[Training, ...]:
        """This training, those of the bundle it began with and of its teachers, and so on."""
        start = self._table("start")
        before = [*([start] if start else []), *map(_table, _list(self.record.get("teachers")))]
        behind = (Training(_table(each.get("training"))) for each in before)
        each = (one for training in behind for _, one in training.each())
        return (self, *(older for one in each for older in one.lineage))

    @property
    def began_with(self) -> str | None:
        """Name of the bundle whose weights it began with; None = with fresh ones."""
        name = self._table("start").get("name")
        return name if isinstance(name, str) else None

    @property
    def training_sha256(self) -> str | None:
        """Hash of all Training rows of the data; None = not recorded."""
        sha256 = self._table("data").get("training_sha256")
        return sha256 if isinstance(sha256, str) else None

    @property
    def fold(self) -> Fold | None:
        """The fold that its configuration left out."""
        return _fold(self._table("config"))

    @property
    def drawn_fold(self) -> Fold | None:
        """The fold that a study left out when it drew the rows."""
        return _fold(self._table("drawn"))

    @property
    def held_out(self) -> HeldOut | None:
        """The part of Training that its configuration held out; None = it was trained on all."""
        config = self._table("config")
        fraction = config.get("held_out")
        return HeldOut(float(fraction), int(config.get("held_out_seed", 0))) if fraction else None

    @property
    def vote_weight(self) -> float:
        """Weight of the FER+ votes in the loss; 0 = they were not used."""
        weight = self._table("config").get("votes_weight")
        return float(weight) if isinstance(weight, (int, float)) and weight > 0 else 0.0

    @property
    def began_with_votes(self) -> bool:
        """Whether a first training, on labels made of FER+ votes, came before."""
        return "first" in self.record

    @property
    def was_drawn(self) -> bool:
        """Whether a study drew rows that are no split of the data."""
        drawn = self._table("drawn")
        return drawn.get("pool", [TRAINING]) != [TRAINING] or any(map(drawn.get, _WAYS_TO_DRAW))

    @property
    def drawn_from(self) -> frozenset[str]:
        """Splits besides Training that a study drew rows from, for it or one before it."""
        drawn = [_table(each.record.get("drawn")) for each in self.lineage]
        pools = [_list(each.get("pool")) for each in drawn if not each.get("generated")]
        return frozenset(str(split) for pool in pools for split in pool) - {TRAINING}

    @property
    def pretrained(self) -> tuple[str, ...]:
        """Weights from elsewhere that this training, or one before it, began with."""
        return tuple(sorted(set(_pretrained(self.record))))

    @property
    def data_set(self) -> str | None:
        """Names of the data where none were FER2013, nor those of a training before it."""
        names = [each.record.get("data_set") for each in self.lineage]
        return None if None in names else ", ".join(dict.fromkeys(map(str, names)))

    @property
    def data_terms(self) -> str | None:
        """Terms of data other than FER2013, also of a training before it."""
        found = [each.record.get("data_terms") for each in self.lineage]
        return "; ".join(dict.fromkeys(map(str, filter(None, found)))) or None

    @property
    def taught_from(self) -> str | None:
        """Name of the model whose head was fitted to samples to make this one."""
        steps = _list(self.record.get("finetuned"))
        return str(steps[0]["from"]["name"]) if steps else None

    def taught(self, step: Table) -> Training:
        """The record of a model whose head was fitted to samples after this training."""
        return Training({**self.record, "finetuned": [step]})

    def _table(self, key: str) -> Table:
        return _table(self.record.get(key))


def _table(value: Any) -> Table:
    """A table of the record; another program may have written something else in its place."""
    return cast("Table", value) if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else []


def _fold(recorded: Table) -> Fold | None:
    folds = recorded.get("folds")
    if not isinstance(folds, int) or not folds:
        return None
    return Fold(folds, int(recorded.get("fold", 0)), int(recorded.get("fold_seed", 0)))


def _pretrained(value: Any) -> Iterator[str]:
    """File or source of every ``network.pretrained`` within a record."""
    table = _table(value)
    if source := _table(table.get("network")).get("pretrained"):
        yield Path(str(source)).name
    for each in table.values() if table else _list(value):
        yield from _pretrained(each)
