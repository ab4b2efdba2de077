"""Weights from elsewhere, and what of a network is not trained.

Published weights were trained on colour pictures normalised by ImageNet's mean and spread; mien
gives every network grey frames of zero mean and unit spread, near enough to start from.
"""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Mapping
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mien.core.errors import ConfigError, MienError, UnknownNameError, missing_extra
from mien.models.network import ExpressionNet
from mien.models.registry import models
from mien.models.torchvision_import import import_timm, import_torchvision

Weights = Mapping[str, Tensor]

# What classifiers, auxiliary classifiers and dense heads are called in timm and torchvision.
_HEADS = (
    "head.", "fc.", "classifier.", "classif.", "AuxLogits.", "aux1.", "aux2.",
    "pre_logits.", "conv_head.",
)  # fmt: skip


def load_pretrained(network: ExpressionNet, name: str, source: str) -> str:
    """Give a network weights from elsewhere; its heads stay fresh.

    Args:
        network: Changed in place.
        name: Its registry name.
        source: ``timm``, or a local safetensors file with the published names.

    Returns:
        ``digest_of`` the weights.

    Raises:
        ConfigError: If there are no such weights, they cannot be fetched, or do not fit.
        MissingExtraError: If safetensors is not installed.
    """
    if source == "timm":
        weights, origin = _fetched(name), f"the published weights of {name}"
    else:
        weights, origin = _read(Path(source)), source
    load_weights(network, weights, origin)
    return digest_of(weights)


def digest_of(weights: Weights) -> str:
    """sha256 of names, types, shapes and values, whatever file they came in."""
    digest = hashlib.sha256()
    for name in sorted(weights):
        weight = weights[name].detach().cpu().contiguous()
        digest.update(f"{name} {weight.dtype} {tuple(weight.shape)}\n".encode())
        digest.update(weight.reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def _fetched(name: str) -> Weights:
    library, _, there = models()[name].weights.partition("/")
    if not library:
        known = (info.name for info in models().values() if info.weights)
        raise ConfigError(
            f"network.pretrained: {name} has no published weights; those that do: "
            f"{', '.join(known)}. Give a safetensors file, or none"
        )
    try:
        return _FETCH[library](there or name)
    except MienError:
        raise
    except Exception as error:
        raise ConfigError(
            f"network.pretrained: the published weights of {name} could not be fetched "
            f"({type(error).__name__}: {error}). Without a network, save them elsewhere as a "
            "safetensors file and give its path instead of 'timm'"
        ) from error


def _from_timm(name: str) -> Weights:
    return import_timm().create_model(name, pretrained=True).state_dict()


def _from_torchvision(name: str) -> Weights:
    weights = import_torchvision().models.get_model_weights(name).DEFAULT
    return weights.get_state_dict(progress=False, check_hash=True)


_FETCH = {"timm": _from_timm, "torchvision": _from_torchvision}


def _read(path: Path) -> Weights:
    try:
        from safetensors import SafetensorError
        from safetensors.torch import load_file
    except ModuleNotFoundError as error:
        raise missing_extra("train", "safetensors") from error
    try:
        return load_file(path)
    except (OSError, SafetensorError) as error:
        raise ConfigError(
            f"network.pretrained must be 'timm' or a safetensors file, got {path} ({error})"
        ) from error


def load_weights(network: ExpressionNet, weights: Weights, origin: str) -> None:
    """Load published weights into trunk and neck; classifiers among them are left out.

    A first convolution for colour is summed over its three channels for grey (the same answers
    as for grey repeated); VGG's first dense layer is folded to the maps of a smaller input.

    Args:
        network: Changed in place, or not at all.
        weights: By published name.
        origin: Where they are from, for the message.

    Raises:
        ConfigError: If a weight is missing, unexpected or of another shape.
    """
    trunk = network.trunk.state_dict()
    neck = {} if network.neck is None else network.neck.state_dict()
    # Where both number their layers alike, a name is the trunk's, and the neck stays fresh.
    neck = {name: value for name, value in neck.items() if name not in trunk}
    own = trunk | neck
    fitted = {k: _fitted(v, own[k].shape, k) for k, v in weights.items() if k in own}
    faults = {
        "missing": [
            k
            for k in own
            if k not in fitted
            and (k in trunk or k.startswith(_HEADS))  # the rest of a neck is ours, and fresh
            and not k.endswith("num_batches_tracked")  # old files do not have it
        ],
        "unexpected": [k for k in weights if k not in own and not k.startswith(_HEADS)],
        "of another shape": [k for k, v in fitted.items() if v.shape != own[k].shape],
    }
    told = [f"{len(names)} {fault} ({_some(names)})" for fault, names in faults.items() if names]
    if told:
        raise ConfigError(
            f"network.pretrained: {origin} does not fit this network: {'; '.join(told)}. "
            "Expected the names and shapes of the published network of the same architecture"
        )
    for part, names in ((network.trunk, trunk), (network.neck, neck)):
        if part is not None:
            part.load_state_dict({k: v for k, v in fitted.items() if k in names}, strict=False)


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")


def _fitted(weight: Tensor, shape: torch.Size, name: str) -> Tensor:
    """``weight`` in another shape where that keeps the network's answers, else as it is."""
    if weight.shape == shape or weight.ndim != 4 or len(shape) != 4:
        return weight
    if weight.shape[1] == 3 and shape[1] == 1:
        return weight.sum(dim=1, keepdim=True)
    if name == "pre_logits.fc1.weight":
        # On smaller maps the published network repeats them to the kernel's size (adaptive
        # average pooling), which is linear and so moves into the kernel.
        side = weight.shape[-1]
        repeat = F.adaptive_avg_pool1d(torch.eye(shape[-1], dtype=torch.float64), side)
        folded = torch.einsum("oihw,ah,bw->oiab", weight.double(), repeat, repeat)
        return folded.to(weight.dtype)
    return weight


def freeze(network: ExpressionNet, to: str) -> None:
    """Stop training a module of the trunk and all that are defined before it.

    Networks define their modules in the order they are run, branches one after the other. Norms
    among them keep their statistics and dropout is off also after ``network.train()``.

    Args:
        network: Changed in place.
        to: Name of the module, for example ``layer4.1``.

    Raises:
        UnknownNameError: If the trunk has no such module; the nearest names are listed.
    """
    names = [name for name, _ in network.trunk.named_modules() if name]
    if to not in names:
        raise _unknown_module(network, to, names)
    frozen: list[nn.Module] = []
    reached = False
    for name, part in network.trunk.named_modules():
        inside = name == to or name.startswith(f"{to}.")
        if reached and not inside:
            break
        reached = reached or inside
        if not name or to.startswith(f"{name}."):
            continue  # holds the module, and what comes after it
        frozen.append(part)
        for parameter in part.parameters(recurse=False):
            parameter.requires_grad = False
    network.frozen = tuple(frozen)
    network.train(network.training)


def _unknown_module(network: ExpressionNet, to: str, names: list[str]) -> UnknownNameError:
    near = difflib.get_close_matches(to, names, n=3)
    hint = f"; did you mean {' or '.join(map(repr, near))}?" if near else "."
    outer = ", ".join(name for name, _ in network.trunk.named_children())
    return UnknownNameError(
        f"network.freeze_to: the trunk has no module {to!r}{hint} It has {outer}, and the "
        "modules in them, as in 'layer4.1'"
    )
