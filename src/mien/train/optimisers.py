"""The optimisers."""

from __future__ import annotations

import torch
from torch import nn

from mien.train.config import TrainConfig


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
