"""The registry of networks: one frozen record per name, built through ``build``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from mien.core.labels import LabelSpace, fer7
from mien.core.registry import Registry
from mien.models.network import ExpressionNet

Builder = Callable[..., ExpressionNet]


@dataclass(frozen=True)
class ModelInfo:
    """What is known of a registered network before it is built.

    Args:
        name: Registry name.
        summary: One line for tables.
        source: Paper or file the architecture is from.
        parameters: Trainable parameters with seven labels and the vote head.
        macs: Multiply-accumulates of convolutions and linear layers, one face.
        input_size: Side in pixels of the region that the network sees of the 48-pixel frame.
        licence: Licence of the architecture's code.
    """

    name: str
    summary: str
    source: str
    parameters: int
    macs: int
    input_size: int
    licence: str = "Apache-2.0"


_NETWORKS: Registry[ModelInfo, Builder] = Registry("network")
register = _NETWORKS.register
models = _NETWORKS.infos


def build(
    name: str, *, labels: LabelSpace = fer7, votes: bool = True, dropout: float = 0.0
) -> ExpressionNet:
    """Build a registered network with fresh weights.

    Args:
        name: Registry name.
        labels: Label space of the main head.
        votes: Whether to add the head of eight FER+ votes.
        dropout: Probability of dropping a pooled feature in training.

    Raises:
        UnknownNameError: If the name is not registered; the nearest are listed.
    """
    return _NETWORKS.builder(name)(labels=labels, votes=votes, dropout=dropout)


def count_parameters(module: nn.Module) -> int:
    """Trainable parameters."""
    return sum(p.numel() for p in module.parameters() if p.requires_grad)


def count_macs(network: ExpressionNet) -> int:
    """Multiply-accumulates of convolutions and linear layers for one 48x48 face."""
    total = 0

    def conv(module: nn.Module, _: object, out: torch.Tensor) -> None:
        nonlocal total
        assert isinstance(module, nn.Conv2d)  # noqa: S101 - narrows the type, hooks go on Conv2d only
        kernel = module.kernel_size[0] * module.kernel_size[1] * module.in_channels // module.groups
        total += out[0].numel() * kernel

    def linear(module: nn.Module, _: object, out: torch.Tensor) -> None:
        nonlocal total
        assert isinstance(module, nn.Linear)  # noqa: S101 - narrows the type
        total += out[0].numel() * module.in_features

    hooks = [m.register_forward_hook(conv) for m in network.modules() if isinstance(m, nn.Conv2d)]
    hooks += [
        m.register_forward_hook(linear) for m in network.modules() if isinstance(m, nn.Linear)
    ]
    training = network.training
    try:
        with torch.no_grad():
            network.eval()(torch.zeros(1, 1, 48, 48))
    finally:
        network.train(training)
        for hook in hooks:
            hook.remove()
    return total
