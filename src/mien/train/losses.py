"""What a step minimises, and what the watched rows are scored by."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from mien.models import ExpressionNet, Outputs
from mien.models.batches import in_batches
from mien.train.config import TrainConfig
from mien.train.rows import Resident


def loss_of(out: Outputs, batch: Resident, config: TrainConfig) -> Tensor:
    """Cross-entropy on labels plus the weighted one on votes (Barsoum et al., section 4.4).

    Of a student, less of both, and the divergence from its teachers' answers (Hinton et al., 2015).

    Weighted rows are divided by their number, not by the sum of their weights (as torch does):
    so a row counts the same in whichever batch, and in whichever process, it comes.
    """
    logits, smoothing = out.logits.float(), config.label_smoothing
    if batch.weights is None:
        loss = F.cross_entropy(logits, batch.labels, label_smoothing=smoothing)
    else:
        each = F.cross_entropy(logits, batch.labels, label_smoothing=smoothing, reduction="none")
        loss = (batch.weights * each).mean()
    if out.votes is not None:
        each = -(batch.votes * F.log_softmax(out.votes.float(), dim=1)).sum(dim=1)
        loss = loss + config.votes_weight * (batch.vote_weights * each).mean()
    if batch.taught is not None:
        told = config.distillation
        answers = F.log_softmax(logits / told.temperature, dim=1)
        apart = F.kl_div(answers, batch.taught, reduction="batchmean", log_target=True)
        loss = (1 - told.weight) * loss + told.weight * told.temperature**2 * apart
    return loss


def score(network: ExpressionNet, rows: Resident, batch_size: int = 512) -> tuple[float, float]:
    """Mean cross-entropy and accuracy of ``network`` on the rows, one view, unweighted."""

    def logits_of(crops: Tensor) -> Tensor:
        return network(crops.contiguous(memory_format=torch.channels_last)).logits.float()

    answers = in_batches(network, rows.images, logits_of, batch_size)
    loss, right = 0.0, 0
    for logits, labels in zip(answers, rows.labels.split([*map(len, answers)]), strict=True):
        loss += float(F.cross_entropy(logits, labels, reduction="sum"))
        right += int((logits.argmax(dim=1) == labels).sum())
    return loss / len(rows), right / len(rows)
