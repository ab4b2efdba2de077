"""The training configuration: frozen, complete, stored with every result."""

from __future__ import annotations

import dataclasses
import math
import sys
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from mien.core.errors import ConfigError
from mien.core.labels import label_space
from mien.core.splits import PUBLIC_TEST
from mien.models.options import NetworkOptions
from mien.train.options import (
    Augmentation,
    Decay,
    Distillation,
    check_choice,
    check_folds,
    check_range,
)
from mien.train.precision import PRECISIONS
from mien.train.toml import built, overridden, read_toml

_INVERSE = ("balanced", "sqrt")


@dataclass(frozen=True)
class TrainConfig:
    """Everything that decides a training run, besides the data file.

    Args:
        model: Registry name of the network.
        epochs: Passes over the training rows.
        batch_size: Rows per step, over all processes together; an incomplete last batch is dropped.
        optimiser: ``sgd``, or ``adam`` with decoupled weight decay (``train.schedule``).
        lr: Peak learning rate; Adam wants about 0.001.
        momentum: Momentum of SGD, beta 1 of Adam.
        nesterov: Whether SGD looks ahead (Nesterov momentum); Adam has no such choice.
        weight_decay: L2 penalty on weights (SGD), decay per step and rate (Adam); norms and biases
            have none.
        warmup: Fraction of all steps in which the rate rises from 0; then it falls as ``decay``
            says.
        decay: How the rate falls: to zero in a straight line unless told otherwise. A plateau is
            judged on the watched rows, which then do decide something: give it ``held_out``.
        schedule: Points (epoch, share of ``lr``) joined by straight lines, from epoch 0 to
            ``epochs``, in place of ``warmup`` and ``decay``; empty = as those say.
        label_smoothing: Share of the target spread over all labels (Szegedy et al., CVPR 2016).
        votes_weight: Weight of the auxiliary loss on FER+ votes; 0 = no vote head. Rows without
            votes (all counts zero) may be among the others: they do not enter it.
        class_weights: What a row counts in the loss on labels: ``none``; ``balanced`` = inverse to
            the number of rows of its label, or ``sqrt`` = the root of that, both with mean 1 over
            the training rows; or one number per label, taken as it is.
        undersample: Which training rows are kept: ``none`` = all, ``smallest`` = of every label as
            many as the rarest has, or that many of every label; always the same ones.
        undersample_seed: Which rows those are.
        per_class: Rows of every label in an epoch, drawn again for each (a balanced sampler); 0 =
            every row once. A label with fewer rows repeats all of them about equally often.
        dropout: Probability of dropping a pooled feature. Networks that were published with more
            keep that (``tiwari_cnn`` and ``kim_cnn`` 0.3, ``murtaza_cnn`` 0.25, ``resnet18_44`` and
            ``vgg19_44`` 0.5), except those with dense layers of ``network.hidden``.
        ema_epochs: Horizon of the weight average, in epochs; its last state is the result. 0 = no
            average: the last weights are the result.
        held_out: Fraction of Training that is kept out and watched; 0 = train on all of it.
        held_out_seed: Which rows those are.
        folds: Train on all folds of Training but one and watch that one, without ``held_out``;
            nobody is in two folds, nor are the same pixels (``data.select.folds``). 0 = no folds.
        fold: Which fold is left out, from 0.
        fold_seed: Which rows are in which fold.
        watch: Split that is scored after some epochs and decides nothing but a plateau; "" = none.
        watch_every: Epochs between two scorings.
        score_at: Epochs after which the watched rows are scored too and ``epoch-N.ckpt`` is kept.
        drop_conflicts: Drop groups of identical images with contradicting labels.
        labels: Label space; the data are mapped into it.
        precision: ``bf16-mixed``, ``32-true``, or ``auto``: bf16 where the hardware computes in it,
            fp32 elsewhere. Which one it was is recorded beside the configuration.
        seed: Decides initial weights, order, augmentation and dropout.
        network: How the registered network is changed before it is trained.
        augmentation: Ranges of the random changes.
        distillation: What teachers add (``mien distill``).

    Raises:
        ConfigError: If a value is out of range, or two of them contradict one another.
        UnknownNameError: If ``labels`` names no label space.
    """

    model: str = "tiny"
    epochs: int = 60
    batch_size: int = 128
    optimiser: str = "sgd"
    lr: float = 0.15
    momentum: float = 0.9
    nesterov: bool = True
    weight_decay: float = 5e-4
    warmup: float = 0.1
    decay: Decay = field(default_factory=Decay)
    schedule: tuple[tuple[float, float], ...] = ()
    label_smoothing: float = 0.1
    votes_weight: float = 0.4
    class_weights: str | tuple[float, ...] = "none"
    undersample: str | int = "none"
    undersample_seed: int = 0
    per_class: int = 0
    dropout: float = 0.2
    ema_epochs: float = 3.0
    held_out: float = 0.0
    held_out_seed: int = 0
    folds: int = 0
    fold: int = 0
    fold_seed: int = 0
    watch: str = PUBLIC_TEST
    watch_every: int = 1
    score_at: tuple[int, ...] = ()
    drop_conflicts: bool = True
    labels: str = "fer7"
    precision: str = "bf16-mixed"
    seed: int = 0
    network: NetworkOptions = field(default_factory=NetworkOptions)
    augmentation: Augmentation = field(default_factory=Augmentation)
    distillation: Distillation = field(default_factory=Distillation)

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size", "watch_every"):
            check_range(name, getattr(self, name), 1, math.inf)
        if not 0 < self.lr < math.inf:
            raise ConfigError(f"lr must be above 0, got {self.lr}")
        for name in ("momentum", "warmup", "label_smoothing", "dropout", "held_out"):
            if not 0 <= getattr(self, name) < 1:
                raise ConfigError(f"{name} must lie in [0, 1), got {getattr(self, name)}")
        for name in (
            "ema_epochs", "votes_weight", "weight_decay", "per_class",
            "seed", "held_out_seed", "undersample_seed", "folds", "fold", "fold_seed",
        ):  # fmt: skip
            check_range(name, getattr(self, name), 0, sys.maxsize)
        check_choice("precision", self.precision, PRECISIONS)
        check_choice("optimiser", self.optimiser, ("sgd", "adam"))
        label_space(self.labels)
        check_folds(self.folds, self.fold)
        self._check_rate()
        self._check_balance()
        if not all(a < b for a, b in pairwise((0, *self.score_at, self.epochs + 1))):
            raise ConfigError(
                f"score_at must be rising epochs from 1 to {self.epochs}, got {list(self.score_at)}"
            )

    def _check_rate(self) -> None:
        if self.decay.kind == "plateau" and not (self.held_out or self.watch):
            raise ConfigError(
                "decay.kind = plateau needs rows to watch: set held_out, for example to 0.1, "
                "or watch to the name of a split"
            )
        if self.decay.kind == "plateau" and self.folds and not self.held_out:
            raise ConfigError(
                "decay.kind = plateau would be judged on the fold that is left out, which must "
                "decide nothing; set held_out, for example to 0.1"
            )
        if self.schedule and self.decay.kind != "linear":
            raise ConfigError(
                f"schedule and decay.kind = {self.decay.kind} both say how the rate falls; "
                "leave out one of them"
            )
        if self.schedule:
            self._check_schedule()

    def _check_schedule(self) -> None:
        epochs = [epoch for epoch, _ in self.schedule]
        rising = all(a < b for a, b in pairwise(epochs))
        if not rising or epochs[0] != 0 or epochs[-1] != self.epochs:
            raise ConfigError(
                f"schedule must rise from epoch 0 to {self.epochs}, got epochs {epochs}"
            )
        for _, share in self.schedule:
            check_range("a share of lr in schedule", share, 0, 1)

    def _check_balance(self) -> None:
        if isinstance(self.undersample, str):
            check_choice("undersample", self.undersample, ("none", "smallest"))
        else:
            check_range("undersample", self.undersample, 1, math.inf)
        if isinstance(self.class_weights, str):
            check_choice("class_weights", self.class_weights, ("none", *_INVERSE))
            if self.per_class and self.class_weights in _INVERSE:
                raise ConfigError(
                    f"per_class = {self.per_class} and class_weights = {self.class_weights} "
                    "correct the same imbalance twice; leave out one of them"
                )
            return
        count = len(label_space(self.labels))
        if len(self.class_weights) != count:
            raise ConfigError(
                f"class_weights must be {count} numbers, one per label of {self.labels}, "
                f"got {len(self.class_weights)}"
            )
        for weight in self.class_weights:
            check_range("a class weight", weight, 0, sys.maxsize)
        if not any(self.class_weights):
            raise ConfigError(
                "class_weights are all 0, so nothing would be learned from labels; "
                'set one above 0, or "none"'
            )

    def as_dict(self) -> dict[str, Any]:
        """Plain nested dict, for checkpoints, cards and TOML."""
        return dataclasses.asdict(self)


def config_from_dict(values: dict[str, Any]) -> TrainConfig:
    """Build a configuration from nested plain values; unspecified keys keep their defaults.

    Raises:
        ConfigError: On an unknown key, a value of the wrong type, or one out of range.
    """
    return built(TrainConfig, values)


def load_config(path: Path, overrides: tuple[str, ...] = ()) -> TrainConfig:
    """Read a TOML file of differences from the defaults, then apply ``key=value`` overrides.

    Args:
        path: TOML file.
        overrides: For example ``("epochs=2", "augmentation.flip=0")``; values are TOML.

    Raises:
        ConfigError: If the file is no TOML, a key is unknown, or a value is impossible.
    """
    values = read_toml(path)
    for override in overrides:
        overridden(values, override)
    return config_from_dict(values)
