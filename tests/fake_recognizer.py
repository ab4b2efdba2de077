"""A recogniser without a network: it reads the label from the brightness of a generated face."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.core.faces import Faces
from mien.core.labels import LabelSpace, fer7
from mien.core.scores import Scores
from mien.data.faceset import FaceSet
from mien.runtime.reading import Reading
from mien.store.card import Averaged
from mien.store.training import Training

SIDE = 48


def level(label: NDArray[np.int64] | int) -> NDArray[np.int64] | int:
    """Grey level that stands for a label."""
    return 20 + 30 * label


def made_faces(
    labels: NDArray[np.int64] | list[int],
    *,
    shown: NDArray[np.int64] | list[int] | None = None,
    usage: str | list[str] = "PublicTest",
    space: LabelSpace = fer7,
    seed: int = 0,
) -> FaceSet:
    """Crops, all different, that look like ``shown`` (default: like their labels)."""
    truth = np.array(labels, dtype=np.int64)
    looks = truth if shown is None else np.array(shown, dtype=np.int64)
    noise = np.random.default_rng(seed).integers(-3, 4, (len(truth), SIDE, SIDE))
    return FaceSet(
        images=(level(looks)[:, None, None] + noise).astype(np.uint8),
        labels=truth,
        splits=np.array([usage] * len(truth) if isinstance(usage, str) else usage),
        space=space,
        source="made.csv",
    )


def joined(*parts):
    return replace(
        parts[0],
        **{
            name: np.concatenate([getattr(part, name) for part in parts])
            for name in ("images", "labels", "splits")
        },
    )


def some_faces(n: int = 140, wrong: int = 40, usage: str = "PublicTest", seed: int = 0):
    """Faces of which ``wrong``, spread over all labels, look like their left neighbour's label."""
    labels = np.arange(n) % 7
    shown = labels.copy()
    shown[:wrong] = (labels[:wrong] + 1) % 7
    return made_faces(labels, shown=shown, usage=usage, seed=seed)


def source():
    """Public rows, the first ten of which are Training rows too."""
    public, train = some_faces(), some_faces(70, 0, "Training", seed=1)
    train.images[:10] = public.images[:10]
    return joined(train, public)


def sampled(frames: NDArray[np.uint8], affines: NDArray[np.float32]) -> NDArray[np.uint8]:
    """What a bundle's crop sees of each frame: nearest pixels, borders repeated."""
    u, v = np.meshgrid(*[(2 * np.arange(SIDE) + 1) / SIDE - 1] * 2)
    grid = np.stack([u, v, np.ones_like(u)])
    x, y = np.rint(np.einsum("nij,jhw->inhw", affines, grid)).astype(int).clip(0, SIDE - 1)
    return frames[np.arange(len(frames))[:, None, None], y, x]


@dataclass
class ModelFile:
    """As much of a card's file entry as an evaluation reads."""

    metrics: tuple[dict[str, Any], ...] = ({"split": "PublicTest"},)
    views: dict[str, Averaged] = field(default_factory=dict[str, Averaged])


@dataclass
class Card:
    """As much of a card as an evaluation reads."""

    labels: LabelSpace = fer7
    files: dict[str, ModelFile] = field(default_factory=lambda: {"fp32": ModelFile()})
    training: Training = field(default_factory=Training)


@dataclass
class Calibration:
    """Temperature and threshold of the loaded file."""

    temperature: float = 1.0
    threshold: float = 0.5


@dataclass
class FakeRecognizer:
    """Logits fall with the distance of the sampled brightness from each label's level.

    Args:
        width: Grey levels that cost one unit of logit.
        failure: Replaces the logits of every call.
    """

    name: str = "fake"
    precision: str = "fp32"
    card: Card = field(default_factory=Card)
    calibration: Calibration = field(default_factory=Calibration)
    width: float = 10.0
    failure: NDArray[np.float32] | None = None
    calls: list[int] = field(default_factory=list)

    def crop_logits(
        self, frames: NDArray[np.uint8], affines: NDArray[np.float32] | None = None
    ) -> NDArray[np.float32]:
        self.calls.append(len(frames))
        if self.failure is not None:
            return self.failure
        seen = frames if affines is None else sampled(frames, affines)
        return self._logits(seen[:, 2:-2, 2:-2].mean(axis=(1, 2)))

    def read(self, image: NDArray[np.uint8]) -> Reading:
        """Faces are the white-framed columns that ``made_photo`` paints."""
        edges = [0, *np.flatnonzero((image == 255).all(axis=(0, 2))).tolist()]
        spans = [(a + 1, b) for a, b in pairwise(edges) if image[0, a + 1 : b].any()]
        boxes = np.array([[a, 0, b, image.shape[0]] for a, b in spans]).reshape(-1, 4)
        bright = np.array([image[:, a:b].mean() for a, b in spans])
        p = Scores.from_logits(self._logits(bright), self.card.labels, self.calibration.temperature)
        faces = Faces(boxes, np.full(len(boxes), 0.9))
        return Reading(faces, p, image.shape[1], image.shape[0], self.name)

    def _logits(self, brightness: NDArray[np.float64]) -> NDArray[np.float32]:
        levels = np.array([level(label) for label in range(len(self.card.labels))])
        return (-abs(brightness[:, None] - levels) / self.width).astype(np.float32)


def made_photo(*faces: tuple[int, int]) -> NDArray[np.uint8]:
    """A photo of faces given as (label, width in pixels), between white lines; none = black."""
    line, black = np.full((20, 1, 3), 255, np.uint8), np.zeros((20, 9, 3), np.uint8)
    columns = [line, black, line]
    for label, width in faces:
        columns += [np.full((20, width, 3), level(label), np.uint8), line]
    return np.hstack(columns)
