"""Maps from gradients and from inside a torch network.

captum has these methods too, and is their oracle in the tests. They are written here because one
pass with two hooks serves all of them, because captum's noise comes from the global generator, and
because its saliency starts at the input, where the standardisation of the crop lets every pixel
act on every other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mien.core.alignment import CROP
from mien.core.errors import InputError
from mien.explain.crops import checked_crops, one_cell, onto_crop
from mien.models import ExpressionNet
from mien.models.network import scored_at_once

NOISE = 0.15
"""Noise of SmoothGrad as a share of the range of the input (Smilkov et al., 2017, section 3.1:
10 to 20 %)."""

_BATCH = 16
"""Faces of 48 pixels per backward pass, which keeps every layer's maps: 200 MB a face for the
largest networks."""

DRAWS = 25
"""Noisy copies; the paper's figure 4 gains little beyond 50, and half of that looks the same."""


@dataclass(frozen=True, eq=False)
class ConvMaps:
    """What one convolution gave for one face.

    Args:
        name: Name of the module within the network; with ``#2`` where it ran a second time.
        maps: ``(C, h, w)`` float32, before norm and activation function.
    """

    name: str
    maps: NDArray[np.float32]


def gradcam(
    network: ExpressionNet, crops: NDArray[np.uint8], targets: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Grad-CAM of the trunk's last maps (Selvaraju et al., ICCV 2017, equations 1 and 2).

    Weights are sums of the gradient, not means as in equation 1: the map is then in units of the
    logit, and with a mean-pool and linear head it is the positive part of the class activation
    map without its bias. The maps of a joint network's members add up.

    Args:
        network: In evaluation mode.
        crops: ``(N, 48, 48)`` uint8 grey levels.
        targets: ``(N,)`` the label that is explained.

    Returns:
        ``(N, 48, 48)`` float32 from 0.

    Raises:
        InputError: If shapes disagree, the trunk gives no maps, or maps of one cell.
    """

    def shown(look: _Look) -> Tensor:
        if tuple(look.maps.shape[2:]) == (1, 1):
            raise InputError(one_cell("Grad-CAM"))
        weights = look.d_maps.sum(dim=(2, 3), keepdim=True)
        return torch.relu((weights * look.maps).sum(dim=1))

    return _maps(network, crops, targets, shown)


def saliency(
    network: ExpressionNet, crops: NDArray[np.uint8], targets: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Absolute gradient of the logit (Simonyan et al., ICLR workshop 2014, section 3).

    With respect to what the trunk is given: the standardised crop, cut or enlarged. Its channels
    are copies of one grey picture, so their gradients add up; so do the sizes of the gradients of
    a joint network's members.

    Args:
        network: In evaluation mode.
        crops: ``(N, 48, 48)`` uint8 grey levels.
        targets: ``(N,)`` the label that is explained.

    Returns:
        ``(N, 48, 48)`` float32 from 0; exactly 0 where the trunk sees nothing.

    Raises:
        InputError: If shapes disagree, or the trunk gives no maps.
    """
    return _maps(network, crops, targets, _size_of_gradient)


def smoothgrad(
    network: ExpressionNet,
    crops: NDArray[np.uint8],
    targets: NDArray[np.int64],
    *,
    draws: int = DRAWS,
    noise: float = NOISE,
    seed: int = 0,
) -> NDArray[np.float32]:
    """Absolute mean gradient over noisy copies (Smilkov et al., 2017, arXiv:1706.03825, section 3).

    The gradients of the copies are averaged with their signs, so that what noise turns about
    cancels; the size is taken afterwards, as in ``saliency``. Every face meets the same noise.

    Args:
        network: In evaluation mode.
        crops: ``(N, 48, 48)`` uint8 grey levels.
        targets: ``(N,)`` the label that is explained.
        draws: Noisy copies.
        noise: Standard deviation of the noise over the range of the trunk's input.
        seed: Of the noise.

    Returns:
        ``(N, 48, 48)`` float32 from 0.

    Raises:
        InputError: If shapes disagree, the trunk gives no maps, or ``draws`` is below 1.
    """
    if draws < 1 or not noise >= 0:
        raise InputError(f"expected draws from 1 and noise from 0, got {draws} and {noise}")

    def looks(batch: Tensor, wanted: Tensor) -> list[tuple[int, _Look]]:
        generator = torch.Generator().manual_seed(seed)

        def noisy(seen: Tensor) -> Tensor:
            ranges = seen.amax(dim=(1, 2, 3), keepdim=True) - seen.amin(dim=(1, 2, 3), keepdim=True)
            # One noise for all channels: they are copies of one grey picture.
            return seen + noise * ranges * torch.randn(seen[:1, :1].shape, generator=generator)

        sums = _looks(network, batch, wanted, noisy)
        for _ in range(draws - 1):
            again = _looks(network, batch, wanted, noisy)
            for (_, total), (_, look) in zip(sums, again, strict=True):
                total.d_seen.add_(look.d_seen)
        return sums

    return _maps(network, crops, targets, _size_of_gradient, looks) / np.float32(draws)


def conv_maps(network: ExpressionNet, crop: NDArray[np.uint8]) -> list[ConvMaps]:
    """The maps of every convolution for one face, in the order in which they run.

    Args:
        network: In evaluation mode.
        crop: ``(48, 48)`` uint8 grey levels.

    Raises:
        InputError: If the crop is anything else, or nothing in the network is a convolution.
    """
    found: list[ConvMaps] = []
    runs: dict[str, int] = {}

    def keep(name: str) -> Any:
        def hook(_module: nn.Module, _inputs: Any, output: Tensor) -> None:
            runs[name] = runs.get(name, 0) + 1
            again = f" #{runs[name]}" if runs[name] > 1 else ""
            found.append(ConvMaps(name + again, output[0].detach().clone().numpy()))

        return hook

    named = [(name, part) for name, part in network.named_modules() if isinstance(part, nn.Conv2d)]
    handles = [part.register_forward_hook(keep(name)) for name, part in named]
    with _hooked(handles), torch.no_grad():
        network(_levels(crop[None]))
    if not found:
        raise InputError("this network has no convolution; use another method, such as occlusion")
    return found


@dataclass(frozen=True, eq=False)
class _Look:
    """What one trunk was given and gave, and the gradients of the targets' logits."""

    maps: Tensor
    d_maps: Tensor
    d_seen: Tensor


class _Watch:
    """Hooks on one trunk: what goes in becomes a leaf of the gradient, what comes out is kept."""

    def __init__(self, trunk: nn.Module, change: Callable[[Tensor], Tensor]) -> None:
        self.change = change
        self.handles: list[Any] = [
            trunk.register_forward_pre_hook(self._before),
            trunk.register_forward_hook(self._after),
        ]

    def _before(self, _module: nn.Module, given: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        self.seen = self.change(given[0].detach()).requires_grad_()
        return (self.seen.clone(), *given[1:])  # a clone, because layers may work in place

    def _after(self, _module: nn.Module, _given: Any, output: Tensor) -> Tensor:
        self.maps = output
        return output.clone()


def _size_of_gradient(look: _Look) -> Tensor:
    return look.d_seen.sum(dim=1).abs()


def _levels(crops: NDArray[np.uint8]) -> Tensor:
    """``(N, 1, 48, 48)`` float grey levels."""
    return torch.from_numpy(checked_crops(crops))[:, None].float()


def _maps(
    network: ExpressionNet,
    crops: NDArray[np.uint8],
    targets: NDArray[np.int64],
    shown: Callable[[_Look], Tensor],
    looks: Callable[[Tensor, Tensor], list[tuple[int, _Look]]] | None = None,
) -> NDArray[np.float32]:
    """What is ``shown`` of each trunk, summed on the crop.

    ``looks`` has the trunks look at a batch and its targets; None = once, as it is.
    """
    if targets.shape != (len(crops),):
        raise InputError(f"{len(crops)} crops but targets of shape {targets.shape}")
    if not len(crops):
        raise InputError("expected one crop or more, got none")
    looks = looks or partial(_looks, network, change=lambda seen: seen)
    largest = max(part.input_size for part in _with_eyes(network))
    many = scored_at_once(largest, _BATCH, CROP)
    found: list[NDArray[np.float32]] = []
    for batch, wanted in zip(
        _levels(crops).split(many), torch.from_numpy(targets).split(many), strict=True
    ):
        sizes = [(size, shown(look).numpy()) for size, look in looks(batch, wanted)]
        found.append(sum(onto_crop(values, size) for size, values in sizes))  # type: ignore[arg-type]
    maps = np.concatenate(found)
    if not np.isfinite(maps).all():
        raise InputError(
            "the gradient of this network is no finite number everywhere; use occlusion, which "
            "needs none"
        )
    return maps


def _looks(
    network: ExpressionNet, batch: Tensor, targets: Tensor, change: Callable[[Tensor], Tensor]
) -> list[tuple[int, _Look]]:
    """Per trunk, the side of what it is given, and its look at the batch."""
    parts = _with_eyes(network)
    watches = [_Watch(part.trunk, change) for part in parts]
    with _hooked([handle for watch in watches for handle in watch.handles]), torch.enable_grad():
        logits = network(batch).logits
        flat = [tuple(watch.maps.shape) for watch in watches if watch.maps.ndim != 4]
        if flat:
            raise InputError(
                f"the trunk gives {flat[0]}, expected maps (N, C, h, w); "
                "use occlusion, which needs none"
            )
        if not all(watch.maps.requires_grad for watch in watches):
            raise InputError(
                "what this network computes has no gradient (LBP compares, for one); use "
                "occlusion, which needs none"
            )
        score = logits.gather(1, targets[:, None]).sum()
        inputs = [tensor for watch in watches for tensor in (watch.maps, watch.seen)]
        gradients = iter(torch.autograd.grad(score, inputs))
    looks = (_Look(w.maps.detach(), next(gradients), next(gradients)) for w in watches)
    return [(part.input_size, look) for part, look in zip(parts, looks, strict=True)]


def _with_eyes(network: ExpressionNet) -> list[ExpressionNet]:
    """The network itself, or the members that look at the crop for it (``JointNet``), each once.

    A member may be a joint network itself; then its own members look.
    """
    return [
        part
        for part in network.modules()
        if isinstance(part, ExpressionNet)
        and not any(isinstance(inner, ExpressionNet) for inner in part.trunk.modules())
    ]


@contextmanager
def _hooked(handles: list[Any]) -> Iterator[None]:
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
