"""Numbers drawn for each sample of a batch, by an explicit generator."""

from __future__ import annotations

import torch
from torch import Generator, Tensor


def uniform(n: int, low: float, high: float, generator: Generator) -> Tensor:
    """``(n,)`` numbers, each between ``low`` and ``high``."""
    draw = torch.rand(n, generator=generator, device=generator.device)
    return low + (high - low) * draw


def chance(n: int, probability: float, generator: Generator) -> Tensor:
    """``(n,)`` bool, each true with ``probability``."""
    return torch.rand(n, generator=generator, device=generator.device) < probability
