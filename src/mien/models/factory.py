"""Networks from the registry, with what a recipe changes of them."""

from __future__ import annotations

from dataclasses import dataclass

from mien.core.errors import ConfigError
from mien.core.labels import LabelSpace, fer7
from mien.models.network import ExpressionNet
from mien.models.options import NetworkOptions
from mien.models.pooling import replace_pooling
from mien.models.pretrained import freeze, load_pretrained
from mien.models.registry import ModelInfo, builder_of, models
from mien.models.spec import NetworkSpec

_AS_REGISTERED = NetworkOptions()


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
    builder = builder_of(name)
    info = models()[name]
    spec = NetworkSpec(
        name=name,
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
    size = asked or info.input_size
    if size < info.smallest_input:
        raise ConfigError(
            f"{info.name} needs a network.input_size of {info.smallest_input} or more, got {size}"
        )
    return size
