"""A bundle of an untrained nano network, for tests that need any bundle."""

from __future__ import annotations

import copy
from functools import cache
from pathlib import Path

import numpy as np
import torch

from faces_made import made_faces
from mien.data import FaceSet
from mien.export import ExportReport, export_bundle
from mien.models import ExpressionNet, build
from mien.store.training import Training
from mien.train.state import seeded


def made_network() -> ExpressionNet:
    """An untrained nano with fixed weights whose logits differ between images."""
    return copy.deepcopy(_network())


@cache
def _network() -> ExpressionNet:
    with seeded(3):
        network = build("nano")
        with torch.no_grad():
            network.head.weight.normal_(0, 0.5)
            for part in network.modules():
                if isinstance(part, torch.nn.BatchNorm2d):
                    part.weight.fill_(1)
            network.train()
            for _ in range(8):  # settles the norms
                network(torch.rand(32, 1, 48, 48) * 255)
    return network.eval()


def made_splits(n_train: int = 40, n_public: int = 30) -> FaceSet:
    """Noise faces of both splits, every label present."""
    labels = [i % 7 for i in range(n_train + n_public)]
    faces = made_faces(labels, ["Training"] * n_train + ["PublicTest"] * n_public)
    return faces[np.arange(len(faces))]


def made_bundle(out: Path, *, int8: bool = True) -> ExportReport:
    """Export the made network to ``out``."""
    return export_bundle(
        made_network(), made_splits(), out, name="made", int8=int8, training=Training({"seed": 3})
    )
