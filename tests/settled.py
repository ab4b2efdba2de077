"""Networks whose norms have seen pictures, so that their answers differ and are of usual size."""

from __future__ import annotations

import torch

from mien.models import ExpressionNet


def frames(n: int, seed: int = 0) -> torch.Tensor:
    """Noise ``(n, 1, 48, 48)``, grey levels."""
    return torch.rand(n, 1, 48, 48, generator=torch.Generator().manual_seed(seed)) * 255


@torch.no_grad()
def settled(network: ExpressionNet, batches: int = 4) -> ExpressionNet:
    """The network after some batches of noise, in evaluation mode."""
    network.train()
    for seed in range(batches):
        network(frames(8, seed))
    return network.eval()


def without_gradient(network: ExpressionNet) -> list[str]:
    """Trained parameters that a batch of three gives no gradient, in training mode."""
    out = network.train()(frames(3))
    loss = out.logits.square().sum()
    if out.votes is not None:
        loss += out.votes.square().sum()
    loss.backward()
    return [
        name
        for name, p in network.named_parameters()
        if p.requires_grad and (p.grad is None or not p.grad.any())
    ]
