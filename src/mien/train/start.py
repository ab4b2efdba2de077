"""Beginning a training with the weights of a bundle instead of fresh ones."""

from __future__ import annotations

from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mien.core.errors import ConfigError
from mien.data import FaceSet
from mien.models import ExpressionNet
from mien.store.bundle import Bundle
from mien.store.training import Ancestor
from mien.train.config import TrainConfig
from mien.train.rows import training_rows
from mien.train.state import new_network, seeded
from mien.train.teachers import check_unseen, record_of

CROPS = 1024
"""Training crops by which the norms are measured."""


def start_from(
    bundle: Bundle, config: TrainConfig, faces: FaceSet
) -> tuple[ExpressionNet, Ancestor]:
    """The configuration's network with the weights of a bundle, and what a run records of it.

    The network answers as the bundle does. A graph has its norms folded into the convolutions
    before them. Here each norm gets back the mean and spread of training crops, and each filter
    the length it is initialised with, on which the step of a training depends (van Laarhoven,
    2017).

    Args:
        bundle: Of the same network.
        config: What is to be trained. A vote head that the bundle lacks stays fresh.
        faces: The data of the training.

    Raises:
        ConfigError: If the bundle is of another network or other labels, or has been trained on
            rows that the configuration holds out.
    """
    if config.network.pretrained:
        raise ConfigError(
            f"network.pretrained = {config.network.pretrained} and the weights of "
            f"{bundle.card.name} both say where to begin; leave out one of them"
        )
    check_unseen(bundle, config, faces)
    rows, _ = training_rows(faces, config)
    with seeded(config.seed):
        network = new_network(config)
    if bundle.card.labels != network.labels:
        raise ConfigError(
            f"{bundle.card.name} answers {', '.join(bundle.card.labels.labels)}; the recipe trains "
            f"{', '.join(network.labels.labels)}. Begin with a bundle of the same labels"
        )
    some = np.random.default_rng(config.seed).permutation(len(rows))[:CROPS]
    _load(network, _weights(bundle), rows.images[some], bundle.card.name)
    return network, record_of(bundle)


def _weights(bundle: Bundle) -> dict[str, Tensor]:
    """The graph's weights by the names of the network."""
    import onnx
    from onnx import numpy_helper

    graph = onnx.load_from_string(bundle.model("fp32")).graph
    prefix = "network."
    return {
        each.name.removeprefix(prefix): torch.tensor(numpy_helper.to_array(each))
        for each in graph.initializer
        if each.name.startswith(prefix)
    }


@torch.no_grad()
def _load(
    network: ExpressionNet, weights: dict[str, Tensor], crops: NDArray[np.uint8], name: str
) -> None:
    """Set the weights of ``network``; its norms are measured on ``crops``, ``(N, 48, 48)``."""
    images = torch.from_numpy(crops)[:, None].float()
    pairs = _pairs(network, images[:2])
    folded = {norm: conv for norm, conv in pairs if f"{norm}.weight" not in weights}
    for conv in folded.values():  # a layer with a bias of its own keeps that name
        if f"{conv}.bias" in weights:
            weights[f"{conv}.weight_bias"] = weights.pop(f"{conv}.bias")
    own = network.state_dict()
    fresh = ("num_batches_tracked", *(f"{norm}." for norm in folded))
    fresh += tuple(f"{conv}.bias" for conv in folded.values())
    fresh += () if "vote_head.weight" in weights else ("vote_head.",)
    own = {k: v for k, v in own.items() if not k.startswith(fresh) and not k.endswith(fresh)}
    own |= {
        f"{conv}.weight_bias": network.get_submodule(norm).bias for norm, conv in folded.items()
    }
    unfit = [key for key in own if key not in weights or weights[key].shape != own[key].shape]
    if unfit:
        raise ConfigError(
            f"{name} is not the network of the recipe: {len(unfit)} of {len(own)} weights are "
            f"missing or of another shape ({', '.join(unfit[:3])}). Give a bundle of the same "
            "network, or the recipe of the bundle"
        )
    lengths = {}
    for conv in folded.values():
        weight = weights[f"{conv}.weight"]
        length = weight.flatten(1).norm(dim=1).clamp(min=1e-6)
        lengths[conv] = length / own[f"{conv}.weight"].flatten(1).norm(dim=1).mean()
        weights[f"{conv}.weight"] = (weight.flatten(1) / lengths[conv][:, None]).view_as(weight)
        bias = network.get_submodule(conv).bias
        if isinstance(bias, Tensor):
            bias.zero_()
    network.load_state_dict({key: weights[key] for key in own if key in weights}, strict=False)

    def measured(norm: nn.BatchNorm2d, inputs: tuple[Tensor]) -> None:
        conv = folded[names[norm]]
        axes = [axis for axis in range(inputs[0].ndim) if axis != 1]
        spread, mean = torch.var_mean(inputs[0], dim=axes, correction=0)
        norm.load_state_dict(
            {
                "running_mean": mean,
                "running_var": spread,
                "weight": (spread + norm.eps).sqrt() * lengths[conv],
                "bias": weights[f"{conv}.weight_bias"] + mean * lengths[conv],
            },
            strict=False,
        )

    names = {network.get_submodule(norm): norm for norm in folded}
    hooks = [norm.register_forward_pre_hook(measured) for norm in names]
    network.eval()(images)
    for hook in hooks:
        hook.remove()


def _pairs(network: ExpressionNet, images: Tensor) -> list[tuple[str, str]]:
    """Each norm that follows a convolution or dense layer directly, and that layer."""
    made: dict[int, str] = {}
    kept: list[Tensor] = []  # an id is free again when its tensor is
    found: list[tuple[str, str]] = []

    def hook(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor, name: str) -> None:
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            if id(inputs[0]) in made:
                found.append((name, made[id(inputs[0])]))
        elif isinstance(module, (nn.Conv2d, nn.Linear)):
            made[id(output)] = name
            kept.append(output)

    hooks = [
        module.register_forward_hook(partial(hook, name=name))
        for name, module in network.named_modules()
    ]
    network.eval()(images)
    for each in hooks:
        each.remove()
    return found
