"""The registry of networks: one frozen record per name, built through ``build``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from mien.core.alignment import CROP
from mien.core.errors import ConfigError
from mien.core.labels import LabelSpace, fer7
from mien.core.registry import Registry
from mien.models.network import ExpressionNet
from mien.models.options import NetworkOptions
from mien.models.pooling import replace_pooling
from mien.models.pretrained import freeze, load_pretrained
from mien.models.spec import NetworkSpec

Builder = Callable[[NetworkSpec], ExpressionNet]


@dataclass(frozen=True)
class ModelInfo:
    """What is known of a registered network before it is built.

    Args:
        name: Registry name.
        summary: One line for tables.
        source: Paper or file the architecture is from.
        parameters: Parameters as registered, with seven labels and the vote head.
        macs: Multiply-accumulates of convolutions and linear layers, one face, as registered.
        input_size: Side in pixels of what the network sees: up to 48 that part of the frame's
            centre, above it the whole frame, resampled.
        licence: Licence of the architecture's code.
        smallest_input: Smallest side it takes; 0 = it takes ``input_size`` only.
        channels: Channels its trunk takes unless told otherwise.
    """

    name: str
    summary: str
    source: str
    parameters: int
    macs: int
    input_size: int
    licence: str = "Apache-2.0"
    smallest_input: int = 0
    channels: int = 1


_NETWORKS: Registry[ModelInfo, Builder] = Registry("network")
_AS_REGISTERED = NetworkOptions()
register = _NETWORKS.register
models = _NETWORKS.infos
builder_of = _NETWORKS.builder


@dataclass(frozen=True)
class Origin:
    """How the registry built a network: enough to build it again.

    Args:
        model: Registry name.
        dropout: Probability of dropping a pooled feature in training.
        network: What was changed.
    """

    model: str
    dropout: float = 0.0
    network: NetworkOptions = _AS_REGISTERED


def build(
    name: str,
    *,
    labels: LabelSpace = fer7,
    votes: bool = True,
    dropout: float = 0.0,
    options: NetworkOptions = _AS_REGISTERED,
) -> ExpressionNet:
    """Build a registered network.

    Args:
        name: Registry name.
        labels: Label space of the main head.
        votes: Whether to add the head of eight FER+ votes.
        dropout: Probability of dropping a pooled feature in training.
        options: What is changed, in this order: input and dense layers, pooling, weights,
            what is frozen. Without any the weights are fresh and all are trained.

    Raises:
        UnknownNameError: If the name, or ``options.freeze_to``, is not known; the nearest are
            listed.
        ConfigError: If the network does not take the options, or the weights do not fit it.
        MissingExtraError: If the network comes from a module that is not installed.
    """
    builder = _NETWORKS.builder(name)
    info = models()[name]
    spec = NetworkSpec(
        labels=labels,
        votes=votes,
        dropout=dropout,
        input_size=_input_size(info, options.input_size),
        channels=options.channels or info.channels,
        hidden=options.hidden,
    )
    network = builder(spec)
    replace_pooling(network, options.pooling)
    if options.pretrained:
        load_pretrained(network, name, options.pretrained)
    if options.freeze_to:
        freeze(network, options.freeze_to)
    return network


def _input_size(info: ModelInfo, asked: int) -> int:
    size, smallest = asked or info.input_size, info.smallest_input or info.input_size
    if size < smallest:
        raise ConfigError(
            f"{info.name} needs a network.input_size of {smallest} or more, got {size}"
        )
    if not info.smallest_input and size != info.input_size:
        raise ConfigError(f"{info.name} takes a network.input_size of {smallest} only, got {size}")
    return size


def count_parameters(module: nn.Module) -> int:
    """All parameters, frozen ones too."""
    return sum(p.numel() for p in module.parameters())


def count_macs(network: ExpressionNet) -> int:
    """Multiply-accumulates of convolutions and linear layers for one 48x48 face.

    A network on the ``meta`` device is counted without computing anything.
    """
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
            device = next(network.parameters()).device
            network.eval()(torch.zeros(1, 1, CROP, CROP, device=device))
    finally:
        network.train(training)
        for hook in hooks:
            hook.remove()
    return total
