"""Models made by hand whose reasons are known, for the tests of ``mien.explain``."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from mien.core.alignment import BOX_SCALE, TEMPLATE
from mien.core.errors import InputError
from mien.core.labels import LabelSpace, fer7
from mien.models import ExpressionNet
from mien.store.card import Geometry

SQUARE = (slice(8, 20), slice(24, 40))
"""The only pixels that the models look at: rows, columns."""


class SquareModel:
    """Answers by the mean grey of ``SQUARE`` alone: bright is the first label, dark the second."""

    name, labels, temperature, network = "square", fer7, 1.0, None
    geometry = Geometry(48, 44, 2, tuple(map(tuple, TEMPLATE.tolist())), BOX_SCALE)

    def __init__(self, labels: LabelSpace = fer7) -> None:
        self.labels = labels

    def logits(self, frames: NDArray[np.uint8]) -> NDArray[np.float32]:
        bright = (frames[:, *SQUARE].mean(axis=(1, 2)) - 128) / 32
        rest = np.zeros((len(frames), len(self.labels) - 2))
        return np.column_stack([bright, -bright, rest]).astype(np.float32)

    def class_maps(self, frames: NDArray[np.uint8]) -> NDArray[np.float32]:
        raise InputError("square gives no class activation maps")


class Window(nn.Module):
    """Passes ``SQUARE`` of the frame on, and nothing else."""

    def __init__(self, size: int) -> None:
        super().__init__()
        margin = (48 - size) // 2
        mask = torch.zeros(48, 48)
        mask[SQUARE] = 1
        self.register_buffer("mask", mask[margin : margin + size, margin : margin + size])

    def forward(self, seen: torch.Tensor) -> torch.Tensor:
        return seen * self.mask


def window_network(size: int = 48) -> ExpressionNet:
    """A torch network that looks at ``SQUARE`` alone; bright is the first label."""
    network = ExpressionNet(
        Window(size), width=1, labels=fer7, votes=False, input_size=size, dropout=0.0
    )
    with torch.no_grad():
        network.head.weight.copy_(torch.tensor([[40.0], [-40.0], *[[0.0]] * 5]))
        network.head.bias.zero_()
    return network.eval()


def bright_square(background: int = 90, seed: int = 0) -> NDArray[np.uint8]:
    """``(1, 48, 48)`` noise with a bright square where the models look."""
    noise = np.random.default_rng(seed).integers(-20, 21, (1, 48, 48))
    noise[:, *SQUARE] += 100
    return (background + noise).astype(np.uint8)


def inside(maps: NDArray[np.floating], margin: int = 0) -> float:
    """Share of the absolute values that lies in ``SQUARE``, widened by ``margin`` pixels."""
    rows, columns = (slice(s.start - margin, s.stop + margin) for s in SQUARE)
    return float(abs(maps[..., rows, columns]).sum() / abs(maps).sum())
