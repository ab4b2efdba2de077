"""The tables inside a training configuration: augmentation and the fall of the learning rate."""

from __future__ import annotations

import dataclasses
import math
import sys
from dataclasses import dataclass

from mien.core.errors import ConfigError

DECAYS = ("linear", "cosine", "constant", "step", "plateau")


def check_range(name: str, value: float, low: float, high: float) -> None:
    """Raise ``ConfigError`` unless ``low <= value <= high`` and ``value`` is finite."""
    if not low <= value <= high or value == math.inf:
        most = "" if high in (math.inf, sys.maxsize) else f" and {high:g} or less"
        raise ConfigError(f"{name} must be {low:g} or more{most}, got {value}")


def check_choice(name: str, value: object, known: tuple[str, ...]) -> None:
    """Raise ``ConfigError`` unless ``value`` is one of ``known``."""
    if value not in known:
        raise ConfigError(f"{name} must be one of {', '.join(known)}, got {value!r}")


def check_folds(folds: int, fold: int, prefix: str = "") -> None:
    """Raise ``ConfigError`` unless there are no folds, or two or more and ``fold`` is of them."""
    if folds == 1:
        raise ConfigError(f"{prefix}folds must be 0 for none, or 2 or more; got 1")
    if fold and not folds:
        raise ConfigError(f"{prefix}fold = {fold} needs {prefix}folds, how many there are; got 0")
    if not 0 <= fold < max(1, folds):
        raise ConfigError(f"{prefix}fold must be from 0 to {max(1, folds) - 1}, got {fold}")


@dataclass(frozen=True)
class Field:
    """What cameras and networks do to a face (``train.field``); off unless ``share`` says more.

    Args:
        share: Probability that a sample is degraded at all; the others stay clean.
        noise: Probability of sensor noise.
        noise_sd: Its largest standard deviation, grey levels.
        jpeg: Probability of JPEG compression.
        jpeg_quality: Lowest and highest quality.
        resolution: Probability of a reduction to fewer pixels and back.
        resolution_range: Fewest and most pixels of a side.
        blur: Probability of defocus.
        blur_sd: Smallest and largest standard deviation, pixels.
        motion: Probability of motion blur, which takes the place of defocus.
        motion_length: Largest length, pixels.
        mask: Probability that the lower face is covered.
        glasses: Probability that the eyes are.
        side_light: Probability of light from one side.
        side_light_depth: Share of the light that is missing on the dark side, at most.

    Raises:
        ConfigError: If a value is out of range.
    """

    share: float = 0.0
    noise: float = 0.4
    noise_sd: float = 14.0
    jpeg: float = 0.4
    jpeg_quality: tuple[float, float] = (20.0, 95.0)
    resolution: float = 0.3
    resolution_range: tuple[int, int] = (16, 44)
    blur: float = 0.35
    blur_sd: tuple[float, float] = (0.3, 1.6)
    motion: float = 0.1
    motion_length: float = 5.0
    mask: float = 0.2
    glasses: float = 0.1
    side_light: float = 0.2
    side_light_depth: float = 0.7

    def __post_init__(self) -> None:
        for name in (
            "share", "noise", "jpeg", "resolution", "blur", "motion", "mask", "glasses",
            "side_light", "side_light_depth",
        ):  # fmt: skip
            check_range(f"augmentation.field.{name}", getattr(self, name), 0, 1)
        check_range("augmentation.field.noise_sd", self.noise_sd, 0, 128)
        check_range("augmentation.field.motion_length", self.motion_length, 1, 8)
        for name, least, most in (
            ("jpeg_quality", 1, 100), ("resolution_range", 4, 48), ("blur_sd", 0.1, 2.5),
        ):  # fmt: skip
            low, high = getattr(self, name)
            check_range(f"augmentation.field.{name}", high, least, most)
            check_range(f"augmentation.field.{name}", low, least, high)


@dataclass(frozen=True)
class Augmentation:
    """Ranges of the random changes to training images (whole-batch, ``train.augment``).

    A random 44-pixel crop of a 48-pixel face (Rahman and Mahato, 2021) is a shift of at most 2
    pixels: ``shift = 0.0417`` (2 / 48), everything but ``flip`` zero, and a network that sees the
    central 44 pixels. Shifts here are continuous, not whole pixels; the border that a shift of 2
    pixels brings in lies outside the central 44.

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
        erase_area: Smallest and largest erased fraction of the image, before what lies beyond its
            border is cut off.
        field: What cameras and networks do to a face.

    Raises:
        ConfigError: If a value is out of range.
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
    field: Field = dataclasses.field(default_factory=Field)

    def __post_init__(self) -> None:
        for name in ("flip", "blur", "erase"):
            check_range(f"augmentation.{name}", getattr(self, name), 0, 1)
        for name in ("scale", "contrast", "shift", "brightness"):
            check_range(f"augmentation.{name}", getattr(self, name), 0, 0.95)
        check_range("augmentation.rotate", self.rotate, 0, 180)
        check_range("augmentation.gamma", self.gamma, 0, 3)
        low, high = self.erase_area
        check_range("augmentation.erase_area", high, 0, 1)
        check_range("augmentation.erase_area", low, 0, high)


@dataclass(frozen=True)
class Distillation:
    """What teachers add to the loss (Hinton et al., 2015), on views that they answered too.

    A teacher remembers the samples it was trained on, so it is asked about augmented and mixed
    ones (Beyer et al., CVPR 2022).

    Args:
        weight: Share of the teachers in the loss; 0 = there are none, 1 = there is nothing else.
        temperature: What the logits of teachers and student are divided by.
        views: Augmented views of every training sample that teachers answer; epochs take turns.
        mixed: Probability that a sample of a view is mixed with another one (Zhang et al., ICLR
            2018), by a share of its own; a mixed sample is learned from teachers alone, so labels
            and votes count that much less.

    Raises:
        ConfigError: If a value is out of range.
    """

    weight: float = 0.0
    temperature: float = 1.0
    views: int = 8
    mixed: float = 0.5

    def __post_init__(self) -> None:
        for name in ("weight", "mixed"):
            check_range(f"distillation.{name}", getattr(self, name), 0, 1)
        check_range("distillation.views", self.views, 1, 1000)
        check_range("distillation.temperature", self.temperature, 0.1, 100)


@dataclass(frozen=True)
class Decay:
    """How the learning rate falls after the warm-up.

    ``linear`` and ``cosine`` (Loshchilov and Hutter, ICLR 2017, without restarts) fall to zero at
    the last step. ``constant`` stays. ``step`` multiplies the rate by ``factor`` after each
    ``every`` epochs that follow epoch ``start``. ``plateau`` multiplies it by ``factor`` when the
    watched rows have not improved for ``patience`` epochs.

    Args:
        kind: linear, cosine, constant, step or plateau.
        factor: What the rate is multiplied by (step, plateau), in (0, 1).
        every: Epochs from one fall to the next (step).
        start: Epochs before the first ``every`` begins to count (step).
        patience: Epochs without a new best value after which the rate falls (plateau).
        monitor: ``loss`` or ``accuracy`` of the watched rows (plateau).

    Raises:
        ConfigError: If a value is out of range.
    """

    kind: str = "linear"
    factor: float = 0.5
    every: int = 10
    start: int = 0
    patience: int = 10
    monitor: str = "accuracy"

    def __post_init__(self) -> None:
        check_choice("decay.kind", self.kind, DECAYS)
        check_choice("decay.monitor", self.monitor, ("loss", "accuracy"))
        if not 0 < self.factor < 1:
            raise ConfigError(f"decay.factor must lie in (0, 1), got {self.factor}")
        check_range("decay.start", self.start, 0, math.inf)
        for name in ("every", "patience"):
            check_range(f"decay.{name}", getattr(self, name), 1, math.inf)
