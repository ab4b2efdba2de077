"""The optimiser, the learning rate of every step, and the memory of a plateau."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from mien.train.config import TrainConfig
from mien.train.options import Decay


def optimiser(network: nn.Module, config: TrainConfig) -> torch.optim.Optimizer:
    """SGD with (Nesterov) momentum, or Adam; norms, biases and frozen parameters are left out.

    Adam decays weights apart from the gradient (Loshchilov and Hutter, ICLR 2019, "AdamW"): an L2
    term inside the gradient would be divided by Adam's own scale, and so shrink the weights with
    small gradients most. Without weight decay, as the published recipes have it, both are the same.
    """
    parameters = [p for p in network.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": config.weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
    if config.optimiser == "adam":
        return torch.optim.AdamW(groups, lr=config.lr, betas=(config.momentum, 0.999))
    nesterov = config.nesterov and config.momentum > 0  # without momentum there is no ahead
    return torch.optim.SGD(groups, lr=config.lr, momentum=config.momentum, nesterov=nesterov)


@dataclass
class Plateau:
    """What a plateau schedule remembers; part of every checkpoint.

    Args:
        share: Share of the peak rate that is left.
        best: Best value so far, higher is better.
        since: Epoch of that value, or of the last fall.
    """

    share: float = 1.0
    best: float = -math.inf
    since: int = 0

    def observe(self, epoch: int, loss: float, accuracy: float, decay: Decay) -> None:
        """Take in the scores after ``epoch`` (from 1): a new best, or at last a lower rate."""
        value = accuracy if decay.monitor == "accuracy" else -loss
        if value > self.best:
            self.best, self.since = value, epoch
        elif epoch - self.since >= decay.patience:
            self.share *= decay.factor
            self.since = epoch


def learning_rate(step: int, steps: int, config: TrainConfig, plateau: float = 1.0) -> float:
    """Rate of step ``step`` of ``steps``: the points of ``schedule``, or warm-up, then the decay.

    Args:
        step: From 0.
        steps: Of the whole run, a multiple of its epochs.
        config: The run's.
        plateau: ``Plateau.share``; other kinds of decay leave it at 1.
    """
    if config.schedule:
        epochs, shares = zip(*config.schedule, strict=True)
        return config.lr * float(np.interp(step * config.epochs / steps, epochs, shares))
    rise = max(1, round(config.warmup * steps))
    if step < rise:
        return config.lr * plateau * (step + 1) / rise
    decay = config.decay
    match decay.kind:
        case "linear":
            return config.lr * (steps - step) / max(1, steps - rise)
        case "cosine":
            return config.lr * (1 + math.cos(math.pi * (step - rise) / (steps - rise))) / 2
        case "step":
            epoch = step * config.epochs // steps
            return config.lr * decay.factor ** (max(0, epoch - decay.start) // decay.every)
    return config.lr * plateau
