"""What came of an arm, as types and as the plain values of its ``result.json``."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, is_dataclass
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

import numpy as np
from numpy.typing import NDArray

from mien.study.arm import Table
from mien.train.log import EpochRow

NETWORK = "network"
"""An axis that no grid names: an arm of a fusion has lines of several networks."""

RECOGNISED = 0.5
"""Recall from which a label counts as recognised; the thesis counts labels, but gives no rule."""

_HEAD = ("arm", "values", "settings", "wall_seconds", "data", "state", "error", "provenance")


@dataclass(frozen=True)
class LabelScores:
    """Figures of one label; NaN where it does not occur, or is never answered."""

    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True)
class SetScores:
    """Figures as the papers report them, of one network on one set of ``n`` samples.

    ``ci95`` is the interval of the accuracy, ``loss`` the cross-entropy in nats; ``precision``,
    ``recall`` and ``f1`` are macro means over the labels that occur. Rows of ``confusion`` are
    true labels, ``right`` says as hexadecimal bits which samples were answered correctly, and
    ``sha256`` identifies them.
    """

    n: int
    accuracy: float
    ci95: tuple[float, ...]
    loss: float
    precision: float
    recall: float
    f1: float
    per_class: Mapping[str, LabelScores]
    confusion: tuple[tuple[int, ...], ...]
    right: str
    sha256: str

    @property
    def right_rows(self) -> NDArray[np.bool_]:
        """``(N,)`` which samples were answered correctly, for paired comparisons."""
        bits = np.frombuffer(bytes.fromhex(self.right), np.uint8)
        return np.unpackbits(bits, count=self.n).astype(np.bool_)

    @property
    def recognised(self) -> int:
        """How many labels have a recall of at least ``RECOGNISED``."""
        return sum(each.recall >= RECOGNISED for each in self.per_class.values())


@dataclass(frozen=True)
class NetworkResult:
    """One network of a fusion; the ``epochs`` of a mean of answers are None."""

    parameters: int
    macs: int
    megabytes: float
    epochs: int | None
    seconds: int
    scores: Mapping[str, SetScores]


@dataclass(frozen=True)
class Gain:
    """Points between two accuracies on the same samples, their 95 % interval and McNemar's p.

    ``chosen_on`` says, in words, which samples chose the network that is compared ``against``.
    """

    against: str
    chosen_on: str
    points: float
    ci95: tuple[float, ...]
    p_value: float


@dataclass(frozen=True)
class Better:
    """The member that fusions are compared with, and its rivals' accuracies where it was chosen."""

    name: str
    chosen_on: str
    accuracies: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class ArmResult:
    """One arm: what it was, how it ended, and what was measured if it is done.

    ``state`` is done, failed (then there is an ``error``), not run, or ``run.ELSEWHERE``;
    ``settings`` and ``data`` are digests of what it was run with. ``parameters`` (of the network,
    or the one that a fusion stands for) to ``train_rows`` are what it cost, ``epochs`` those of
    the last training. Baselines alone have ``chosen`` (settings, on held-out samples) and
    ``converged``; fusions alone ``fusion`` (the one the arm stands for) to ``networks``: ``gains``
    by scored set and fusion, ``shares`` by late fusion and member. ``log`` is by training.
    """

    arm: str
    values: Table
    settings: str = ""
    wall_seconds: float = 0.0
    data: Mapping[str, str] = field(default_factory=dict)
    state: str
    error: str | None = None
    parameters: int = 0
    macs: int = 0
    megabytes: float = 0.0
    epochs: int | None = None
    seconds: int = 0
    train_rows: int = 0
    chosen: Table = field(default_factory=dict)
    converged: bool | None = None
    scores: Mapping[str, SetScores] = field(default_factory=dict)
    fusion: str | None = None
    gains: Mapping[str, Mapping[str, Gain]] = field(default_factory=dict)
    better: Better | None = None
    shares: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    networks: Mapping[str, NetworkResult] = field(default_factory=dict)
    log: Mapping[str, tuple[EpochRow, ...]] = field(default_factory=dict)
    provenance: Mapping[str, str] = field(default_factory=dict)

    @property
    def done(self) -> bool:
        """Whether it has figures."""
        return self.state == "done"

    @property
    def stands(self) -> bool:
        """Whether this is the line of the network that an arm of a fusion stands for."""
        return self.fusion is not None and self.values.get(NETWORK) == self.fusion

    def to_json(self) -> dict[str, Any]:
        """As values that JSON knows: no NaN, and no keys that arms of this kind do not have."""
        found = _plain(asdict(self))
        kept = found if self.done else {key: found[key] for key in _HEAD}
        always = ("values", "provenance")
        return {k: v for k, v in kept.items() if k in always or v not in (None, {})}

    def summary(self) -> dict[str, Any]:
        """What ``mien study run --json`` prints of it."""
        keys = ("n", "accuracy", "ci95", "loss", "f1")
        sets = self.to_json().get("scores", {})
        scores = {name: {key: found[key] for key in keys} for name, found in sets.items()}
        return {"arm": self.arm, "state": self.state, "error": self.error, "scores": scores}

    @classmethod
    def from_json(cls, found: Table) -> ArmResult:
        """The inverse of ``to_json``.

        Raises:
            KeyError, TypeError, AttributeError: If a key is unknown or missing, or a value of
                another type.
        """
        return _typed(cls, found)


def _plain(value: Any) -> Any:
    """Lists for tuples, and None for numbers that JSON does not know."""
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _typed(hint: Any, value: Any) -> Any:
    """A plain value as its type hint says; an undefined number is NaN."""
    parts = get_args(hint)
    if value is None:
        return math.nan if hint is float else None
    if is_dataclass(hint):
        hints = get_type_hints(hint)
        return hint(**{key: _typed(hints[key], each) for key, each in value.items()})  # type: ignore[operator] - a class
    if get_origin(hint) is Mapping:
        return {key: _typed(parts[1], each) for key, each in value.items()}
    if get_origin(hint) is tuple:
        return tuple(_typed(parts[0], each) for each in value)
    return _typed(parts[0], value) if get_origin(hint) is UnionType else value
