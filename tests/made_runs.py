"""Faces, configurations and kills for the tests of ``mien.train``."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import torch

from faces_made import made_faces
from mien.data import FaceSet
from mien.models.options import NetworkOptions
from mien.train import Augmentation, Decay, TrainConfig

PLAIN = Augmentation(rotate=3, scale=0.02, shift=0.01, erase=0, blur=0)
QUICK = TrainConfig(
    model="nano", epochs=3, batch_size=16, lr=0.05, votes_weight=0, augmentation=PLAIN, seed=5
)
TWICE = dataclasses.replace(QUICK, epochs=12, ema_epochs=1.0)
BALANCED = dataclasses.replace(
    TWICE,
    optimiser="adam",
    lr=0.003,
    per_class=12,
    class_weights=(1.0, 1.5, 1.0, 1.0, 0.5, 1.0, 1.0),
    decay=Decay("plateau", patience=3),
    ema_epochs=0.0,
)
# At 16 pixels, a step takes an eighth of the time that it takes at the 44 of a house network.
SMALL = dataclasses.replace(QUICK, batch_size=14, network=NetworkOptions(input_size=16))
BRIEF = dataclasses.replace(SMALL, epochs=5, warmup=0.0)


class KilledError(Exception):
    """Stands for a kill in the middle of an epoch."""


def same_weights(one: torch.nn.Module, other: torch.nn.Module) -> None:
    """Every parameter and buffer is equal to the bit."""
    for name, value in one.state_dict().items():
        assert torch.equal(value, other.state_dict()[name]), name


def splits(n_train: int, n_public: int) -> FaceSet:
    """Noise that nothing can be learned from, labels in turn."""
    splits = ["Training"] * n_train + ["PublicTest"] * n_public
    return made_faces([row % 7 for row in range(len(splits))], splits)


def striped(n_train: int = 96, n_public: int = 32) -> FaceSet:
    """Faces that a network can learn: each label has stripes of its own width, plus noise."""
    faces = splits(n_train, n_public)
    columns = np.arange(48)
    waves = np.stack([np.sin(columns / (1.0 + k)) for k in range(7)])
    images = 128 + 70 * waves[faces.labels][:, None, :] + faces.images * 0.2 - 25
    return dataclasses.replace(faces, images=images.clip(0, 255).astype(np.uint8))


def killed_at(step: int) -> Callable[[int, int], None]:
    """A callback for ``on_step`` that ends the run after ``step``."""

    def on_step(now: int, _: int) -> None:
        if now == step:
            raise KilledError

    return on_step
