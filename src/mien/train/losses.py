"""What a step minimises, and what the watched rows are scored by."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from mien.data.faceset import FaceSet
from mien.data.subsets import class_weights
from mien.models import ExpressionNet, Outputs
from mien.models.network import scored_at_once
from mien.train.augment import augment
from mien.train.config import TrainConfig
from mien.train.rows import Resident


def label_weights(faces: FaceSet, config: TrainConfig) -> NDArray[np.float32] | None:
    """``(K,)`` weight of a row of each label, as ``class_weights`` says; None = all alike.

    Raises:
        DataError: If they depend on the counts and a label has no row.
    """
    if not isinstance(config.class_weights, str):
        return np.array(config.class_weights, np.float32)
    if config.class_weights == "none":
        return None
    weights = class_weights(faces)
    if config.class_weights == "sqrt":
        weights = np.sqrt(weights)
        weights /= weights[faces.labels].mean()
    return weights


def loss_on(out: Outputs, rows: Resident, index: Tensor, config: TrainConfig) -> Tensor:
    """Cross-entropy on labels plus the weighted one on votes (Barsoum et al., section 4.4).

    Weighted rows are divided by their number, not by the sum of their weights (as torch does):
    so a row counts the same in whichever batch, and in whichever process, it comes.
    """
    logits, labels = out.logits.float(), rows.labels[index]
    if rows.weights is None:
        loss = F.cross_entropy(logits, labels, label_smoothing=config.label_smoothing)
    else:
        each = F.cross_entropy(
            logits, labels, label_smoothing=config.label_smoothing, reduction="none"
        )
        loss = (rows.weights[index] * each).mean()
    if out.votes is None:
        return loss
    per_row = -(rows.votes[index] * F.log_softmax(out.votes.float(), dim=1)).sum(dim=1)
    return loss + config.votes_weight * (rows.vote_weights[index] * per_row).mean()


def loss_of(
    network: nn.Module,
    rows: Resident,
    index: Tensor,
    config: TrainConfig,
    generator: torch.Generator,
) -> tuple[Tensor, Tensor]:
    """Loss of one augmented batch, and how many of its rows are answered correctly."""
    out = network(augment(rows.images[index], config.augmentation, generator))
    right = (out.logits.detach().argmax(dim=1) == rows.labels[index]).sum()
    return loss_on(out, rows, index, config), right


@torch.no_grad()
def score(network: ExpressionNet, rows: Resident, batch_size: int = 512) -> tuple[float, float]:
    """Mean cross-entropy and accuracy of ``network`` on the rows, one view, unweighted."""
    loss, right = 0.0, 0
    batch_size = scored_at_once(network.input_size, batch_size)
    for start in range(0, len(rows), batch_size):
        images = rows.images[start : start + batch_size, None].float()
        labels = rows.labels[start : start + batch_size]
        logits = network(images.contiguous(memory_format=torch.channels_last)).logits.float()
        loss += float(F.cross_entropy(logits, labels, reduction="sum"))
        right += int((logits.argmax(dim=1) == labels).sum())
    return loss / len(rows), right / len(rows)
