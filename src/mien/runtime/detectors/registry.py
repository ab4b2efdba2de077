"""The registry of face detectors: what they promise, their options, and how to build one."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mien.core.errors import ConfigError
from mien.core.faces import Faces
from mien.core.registry import Registry


class Detector(Protocol):
    """Finds the faces of one picture."""

    def detect(self, image: NDArray[np.uint8]) -> Faces:
        """Faces of ``image`` (uint8, ``(H, W, 3)``, RGB), best score first.

        Boxes lie inside the picture, in its own pixels. A picture without a face, or too small
        to hold one, gives ``Faces.empty()``.

        Raises:
            InputError: If ``image`` is anything but uint8 RGB.
        """
        ...


@dataclass(frozen=True)
class DetectorOptions:
    """Options that every detector takes; a detector ignores what it has no use for.

    Args:
        min_face: Smallest side of a face, about, in pixels of the picture that is given.
        threshold: Score from which a find counts, None = the detector's own.
        max_faces: Most faces of one picture; the best are kept.
        long_side: Larger pictures are searched at this many pixels along the long side; a face
            needs 24 of them.
        threads: CPU threads of one call, None = one: the graphs are small, and threads that
            wait for one another cost more than they give on a busy machine.

    Raises:
        ConfigError: If a value is out of range.
    """

    min_face: float = 40.0
    threshold: float | None = None
    max_faces: int = 64
    long_side: int = 1280
    threads: int | None = None

    def __post_init__(self) -> None:
        if not (math.isfinite(self.min_face) and self.min_face >= 1):
            raise ConfigError(f"min_face must be 1 pixel or more, got {self.min_face}")
        if self.threshold is not None and not 0 <= self.threshold <= 1:
            raise ConfigError(f"threshold must lie in [0, 1], got {self.threshold}")
        for name, least in (("max_faces", 1), ("long_side", 64), ("threads", 1)):
            value = getattr(self, name)
            if not (name == "threads" and value is None) and value < least:
                raise ConfigError(f"{name} must be {least} or more, got {value}")


@dataclass(frozen=True)
class DetectorInfo:
    """What is known of a registered detector before it is built.

    Args:
        name: Registry name.
        summary: One line for tables.
        source: Paper or product it is from.
        threshold: Score from which a find counts unless the options say otherwise.
        landmarks: Whether it finds the five points.
        extra: Optional dependency it needs, None = none.
        licence: Licence of its weights or data.
    """

    name: str
    summary: str
    source: str
    threshold: float
    landmarks: bool
    extra: str | None
    licence: str


Builder = Callable[[DetectorOptions], Detector]

_DETECTORS: Registry[DetectorInfo, Builder] = Registry("detector")
register = _DETECTORS.register
detectors = _DETECTORS.infos


def build_detector(name: str = "mtcnn", options: DetectorOptions | None = None) -> Detector:
    """Build a registered detector.

    Args:
        name: Registry name.
        options: Options, None = the defaults.

    Raises:
        UnknownNameError: If the name is not registered; the nearest are listed.
        MissingExtraError: If the detector needs a module that is not installed.
    """
    return _DETECTORS.builder(name)(options or DetectorOptions())


def check_detector(name: str) -> None:
    """Refuse the name of a detector that is not registered.

    Raises:
        UnknownNameError: With the nearest names.
    """
    _DETECTORS.builder(name)
