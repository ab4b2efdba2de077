"""The training configuration: frozen, complete, stored with every result."""

from __future__ import annotations

import dataclasses
import math
import sys
import tomllib
import types
import typing
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from mien.core.errors import ConfigError
from mien.core.labels import label_space


@dataclass(frozen=True)
class Augmentation:
    """Ranges of the random changes to training images (whole-batch, ``train.augment``).

    Args:
        flip: Probability of a left-right flip.
        rotate: Largest rotation, degrees.
        scale: Largest relative change of size.
        shift: Largest shift, as a fraction of the image side.
        gamma: Largest absolute log of the gamma exponent.
        contrast: Largest relative change of contrast.
        brightness: Largest change of brightness, as a fraction of 255.
        blur: Probability of a random blur.
        erase: Probability of erasing a rectangle.
        erase_area: Smallest and largest erased fraction of the image.
    """

    flip: float = 0.5
    rotate: float = 12.0
    scale: float = 0.12
    shift: float = 0.1
    gamma: float = 0.3
    contrast: float = 0.3
    brightness: float = 0.15
    blur: float = 0.2
    erase: float = 0.3
    erase_area: tuple[float, float] = (0.02, 0.15)

    def __post_init__(self) -> None:
        for name in ("flip", "blur", "erase"):
            _check(f"augmentation.{name}", getattr(self, name), 0, 1)
        for name in ("scale", "contrast", "shift", "brightness"):
            _check(f"augmentation.{name}", getattr(self, name), 0, 0.95)
        _check("augmentation.rotate", self.rotate, 0, 180)
        _check("augmentation.gamma", self.gamma, 0, 3)
        low, high = self.erase_area
        _check("augmentation.erase_area", high, 0, 1)
        _check("augmentation.erase_area", low, 0, high)


@dataclass(frozen=True)
class TrainConfig:
    """Everything that decides a training run, besides the data file.

    Args:
        model: Registry name of the network.
        epochs: Passes over the training rows.
        batch_size: Rows per step, over all processes together.
        lr: Peak learning rate of SGD with Nesterov momentum.
        momentum: Momentum.
        weight_decay: L2 penalty on weights; norms and biases have none.
        warmup: Fraction of all steps in which the rate rises from 0; then it falls linearly to 0.
        schedule: Points (epoch, share of ``lr``) joined by straight lines, from epoch 0 to
            ``epochs``; empty = as ``warmup`` says.
        label_smoothing: Share of the target spread over all labels (Szegedy et al., CVPR 2016).
        votes_weight: Weight of the auxiliary loss on FER+ votes; 0 = no vote head.
        dropout: Probability of dropping a pooled feature.
        ema_epochs: Horizon of the weight average, in epochs; its last state is the result.
        held_out: Fraction of Training that is kept out and watched; 0 = train on all of it.
        held_out_seed: Which rows those are.
        watch: Split that is scored after some epochs and never decides anything; "" = none.
        watch_every: Epochs between two scorings.
        drop_conflicts: Drop groups of identical images with contradicting labels.
        labels: Label space; the data are mapped into it.
        precision: ``bf16-mixed`` or ``32-true``.
        seed: Decides initial weights, order, augmentation and dropout.
        augmentation: Ranges of the random changes.

    Raises:
        ConfigError: If a value is out of range.
        UnknownNameError: If ``labels`` names no label space.
    """

    model: str = "tiny"
    epochs: int = 60
    batch_size: int = 128
    lr: float = 0.15
    momentum: float = 0.9
    weight_decay: float = 5e-4
    warmup: float = 0.1
    schedule: tuple[tuple[float, float], ...] = ()
    label_smoothing: float = 0.1
    votes_weight: float = 0.4
    dropout: float = 0.2
    ema_epochs: float = 3.0
    held_out: float = 0.0
    held_out_seed: int = 0
    watch: str = "PublicTest"
    watch_every: int = 1
    drop_conflicts: bool = True
    labels: str = "fer7"
    precision: str = "bf16-mixed"
    seed: int = 0
    augmentation: Augmentation = field(default_factory=Augmentation)

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size", "watch_every"):
            _check(name, getattr(self, name), 1, math.inf)
        for name in ("lr", "ema_epochs"):
            if not 0 < getattr(self, name) < math.inf:
                raise ConfigError(f"{name} must be above 0, got {getattr(self, name)}")
        for name in ("momentum", "warmup", "label_smoothing", "dropout", "held_out"):
            if not 0 <= getattr(self, name) < 1:
                raise ConfigError(f"{name} must lie in [0, 1), got {getattr(self, name)}")
        for name in ("votes_weight", "weight_decay", "seed", "held_out_seed"):
            _check(name, getattr(self, name), 0, sys.maxsize)
        if self.precision not in ("bf16-mixed", "32-true"):
            raise ConfigError(f"precision must be bf16-mixed or 32-true, got {self.precision!r}")
        label_space(self.labels)
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
            _check("a share of lr in schedule", share, 0, 1)

    def as_dict(self) -> dict[str, Any]:
        """Plain nested dict, for checkpoints, cards and TOML."""
        return dataclasses.asdict(self)


def _check(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high or value == math.inf:
        most = "" if high in (math.inf, sys.maxsize) else f" and {high:g} or less"
        raise ConfigError(f"{name} must be {low:g} or more{most}, got {value}")


def config_from_dict(values: dict[str, Any]) -> TrainConfig:
    """Build a configuration from nested plain values; unspecified keys keep their defaults.

    Raises:
        ConfigError: On an unknown key, a value of the wrong type, or one out of range.
    """
    return _build(TrainConfig, values, "")


def load_config(path: Path, overrides: tuple[str, ...] = ()) -> TrainConfig:
    """Read a TOML file of differences from the defaults, then apply ``key=value`` overrides.

    Args:
        path: TOML file.
        overrides: For example ``("epochs=2", "augmentation.flip=0")``; values are TOML.

    Raises:
        ConfigError: If the file is no TOML, a key is unknown, or a value is impossible.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read as TOML ({error})") from error
    for override in overrides:
        _override(values, override)
    return config_from_dict(values)


def _override(values: dict[str, Any], override: str) -> None:
    key, equals, text = override.partition("=")
    if not equals or not key.strip():
        raise ConfigError(f"expected key=value, got {override!r}")
    try:
        value = tomllib.loads(f"v = {text}")["v"]
    except tomllib.TOMLDecodeError:
        value = text  # a bare word is text: model=nano
    *parents, last = key.strip().split(".")
    for parent in parents:
        values = values.setdefault(parent, {})
        if not isinstance(values, dict):
            raise ConfigError(f"{override!r}: {parent} is a value, not a table of settings")
    values[last] = value


def _build(cls: Any, values: dict[str, Any], prefix: str) -> Any:
    hints = typing.get_type_hints(cls)
    unknown = [f"{prefix}{key}" for key in values if key not in hints]
    if unknown:
        raise ConfigError(
            f"unknown configuration key {', '.join(unknown)}; known: {', '.join(sorted(hints))}"
        )
    return cls(**{k: _value(v, hints[k], f"{prefix}{k}") for k, v in values.items()})


def _value(value: Any, hint: Any, key: str) -> Any:
    if dataclasses.is_dataclass(hint):
        if not isinstance(value, dict):
            raise ConfigError(f"{key} is a table of settings, got {value!r}")
        return _build(hint, value, f"{key}.")
    origin = typing.get_origin(hint)
    if origin is tuple:
        parts = typing.get_args(hint)
        if parts[-1] is Ellipsis and isinstance(value, (list, tuple)):
            parts = (parts[0],) * len(value)
        if not isinstance(value, (list, tuple)) or len(value) != len(parts):
            raise ConfigError(f"{key} must be a list of {len(parts)} values, got {value!r}")
        return tuple(_value(v, part, key) for v, part in zip(value, parts, strict=True))
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    wanted = hint if isinstance(hint, type) else types.NoneType
    if not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool):
        raise ConfigError(f"{key} must be {wanted.__name__}, got {value!r}")
    return value
