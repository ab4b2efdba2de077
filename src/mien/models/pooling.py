"""Pooling as a parameter: every pooling layer of a network becomes none, max, average or minimum.

Agrawal et al. (IJCA 184, 2022) switch "every existing pooling layer". That includes the global
one before the head: MobileNetV2 has no other, and its four arms differ. The squeeze of
squeeze-and-excitation is no pooling layer here: it computes a gate, and maps keep their size.

``none`` of a global pooling is the first position of each map, as everywhere the first of a
window, so that the head keeps its width. Keras's ``pooling=None``, which the paper may have meant,
hands over all positions instead.
"""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mien.core.errors import ConfigError
from mien.models.neck import GlobalPool, Neighbours
from mien.models.network import ExpressionNet
from mien.models.options import POOLINGS

_BUILT_IN = {"max": nn.MaxPool2d, "avg": nn.AvgPool2d}


class WindowPool(nn.Module):
    """Pooling of another kind with the windows of an existing layer, so with its output shape.

    No kind lets padding into its answer. ``none`` keeps the stride and nothing else: the first
    pixel of each stride-wide cell, the picture itself where the stride is 1.

    Args:
        kind: ``none``, ``max``, ``avg`` or ``min``.
        layer: Gives kernel, stride, padding and rounding; timm's ``...Same`` layers pad as
            TensorFlow does, to an output of the picture's size divided by the stride, rounded up.

    Raises:
        ConfigError: If the layer is dilated.
    """

    def __init__(self, kind: str, layer: nn.MaxPool2d | nn.AvgPool2d) -> None:
        super().__init__()
        if isinstance(layer, nn.MaxPool2d) and _pair(layer.dilation) != (1, 1):
            raise ConfigError(f"a dilated pooling layer cannot be replaced, got {layer}")
        self.kind = kind
        self.kernel = _pair(layer.kernel_size)
        self.stride = _pair(layer.kernel_size if layer.stride is None else layer.stride)
        self.padding = _pair(layer.padding)
        self.ceil_mode = layer.ceil_mode
        self.same = type(layer).__name__.endswith("Same")

    def forward(self, maps: Tensor) -> Tensor:
        """``(N, C, h, w)`` to the shape the replaced layer would give."""
        if self.kind == "none":
            return self._first(maps)
        if self.kind == "avg":
            return self._mean(maps)
        flipped = maps if self.kind == "max" else -maps
        if self.same:
            flipped = F.pad(flipped, self._same_padding(maps), value=-math.inf)
        out = F.max_pool2d(flipped, self.kernel, self.stride, self.padding, 1, self.ceil_mode)
        return out if self.kind == "max" else -out

    def _mean(self, maps: Tensor) -> Tensor:
        if not self.same:
            return F.avg_pool2d(
                maps,
                self.kernel,
                self.stride,
                self.padding,
                self.ceil_mode,
                count_include_pad=False,
            )
        # Zeros outside, then divided by the share of each window that lies inside.
        padding = self._same_padding(maps)
        inside = F.pad(torch.ones_like(maps[:1, :1]), padding)
        sums = F.avg_pool2d(F.pad(maps, padding), self.kernel, self.stride)
        return sums / F.avg_pool2d(inside, self.kernel, self.stride)

    def _first(self, maps: Tensor) -> Tensor:
        height, width = (self._length(maps.shape[2 + axis], axis) for axis in (0, 1))
        kept = maps[:, :, :: self.stride[0], :: self.stride[1]]
        # Rounding up may ask for a window that begins in the padding beyond the last pixel.
        beyond = (0, max(width - kept.shape[3], 0), 0, max(height - kept.shape[2], 0))
        if any(beyond):
            kept = F.pad(kept, beyond, mode="replicate")
        return kept[:, :, :height, :width]

    def _length(self, length: int, axis: int) -> int:
        kernel, stride, padding = self.kernel[axis], self.stride[axis], self.padding[axis]
        if self.same:
            return -(-length // stride)
        room = length + 2 * padding - kernel
        if not self.ceil_mode:
            return room // stride + 1
        windows = -(-room // stride) + 1
        # torch drops a last window that begins beyond the left padding and the picture.
        return windows - 1 if (windows - 1) * stride >= length + padding else windows

    def _same_padding(self, maps: Tensor) -> list[int]:
        padding = []
        for axis in (1, 0):  # F.pad begins with the last axis
            length, stride = maps.shape[2 + axis], self.stride[axis]
            total = max((-(-length // stride) - 1) * stride + self.kernel[axis] - length, 0)
            padding += [total // 2, total - total // 2]
        return padding

    def extra_repr(self) -> str:
        """Its kind and windows, in the printed network."""
        return f"{self.kind}, kernel={self.kernel}, stride={self.stride}, padding={self.padding}"


def replace_pooling(network: ExpressionNet, pooling: str) -> int:
    """Turn every pooling layer of a network into ``pooling``, output shapes kept.

    A layer that is of this kind already stays as it is and counts too. The global pooling of a
    network without a neck is the mean of its maps: any other kind becomes its neck, and class
    activation maps, exact for the mean only, are then no longer given.

    Args:
        network: Changed in place; weights and their names stay.
        pooling: ``as_built`` changes nothing.

    Returns:
        How many pooling layers the network has of this kind now; 0 for ``as_built``.

    Raises:
        ConfigError: If ``pooling`` is no kind, a layer cannot be replaced, or was before.
    """
    if pooling not in POOLINGS:
        raise ConfigError(f"pooling must be one of {', '.join(POOLINGS)}, got {pooling!r}")
    if pooling == "as_built":
        return 0
    if any(isinstance(part, WindowPool) for part in network.modules()):
        raise ConfigError("the pooling of this network was replaced already; build it again")
    count = 0
    for path, layer in list(network.named_modules(remove_duplicate=False)):
        replacement = _replacement(layer, pooling)
        if replacement is not None:
            parent, _, name = path.rpartition(".")
            setattr(network.get_submodule(parent), name, replacement)
            count += 1
    if network.neck is None:
        count += 1
        if pooling in ("max", "min"):
            _unfold(network)
        if pooling != "avg":
            network.neck = GlobalPool(pooling)
    return count


class _Dropping(nn.Conv2d):
    """A convolution that drops values of its input in training, with probability ``p``."""

    p = 0.0

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - torch's own signature
        """``(N, C, h, w)`` to ``(N, K, h, w)``."""
        return super().forward(F.dropout(input, self.p, self.training))


def _unfold(network: ExpressionNet) -> None:
    """Write out a last convolution that was folded into the head (``neck.Neighbours``).

    Behind a mean or the first position the fold is the same function. A maximum is not: there the
    convolution becomes one again, with the head's weights, and the head hands its maps' maxima on.
    A head of votes reads these too. Dropout stays where it was, before these weights.
    """
    trunk = network.trunk
    if not (isinstance(trunk, nn.Sequential) and isinstance(trunk[-1], Neighbours)):
        return
    head = network.head
    channels = head.in_features // 9
    conv = _Dropping(channels, head.out_features, 3, padding=1)
    conv.p = network.dropout.p
    with torch.no_grad():
        weight = head.weight.reshape(-1, 3, 3, channels).permute(0, 3, 1, 2)
        conv.to(weight.device).weight.copy_(weight)
        conv.bias.copy_(head.bias)  # type: ignore[union-attr]
    trunk[-1] = conv
    network.dropout = nn.Dropout(0.0)
    network.head = _as_given(head.out_features, head.weight)
    if network.vote_head is not None:
        votes = nn.Linear(head.out_features, network.vote_head.out_features)
        network.vote_head = votes.to(head.weight.device)


def _as_given(width: int, like: Tensor) -> nn.Linear:
    """A linear layer that answers what it is given and is not trained."""
    layer = nn.Linear(width, width, device=like.device)
    with torch.no_grad():
        layer.weight.copy_(torch.eye(width))
        layer.bias.zero_()
    return layer.requires_grad_(False)  # noqa: FBT003 - torch's own signature


def _replacement(layer: nn.Module, pooling: str) -> nn.Module | None:
    """The layer to put in place of ``layer``, itself if it is right; None = no pooling layer."""
    if isinstance(layer, GlobalPool):
        return GlobalPool(pooling, keep=layer.keep)
    if isinstance(layer, (nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d)):
        if _pair(layer.output_size) != (1, 1):
            raise ConfigError(f"only a pooling to one value can be replaced, got {layer}")
        return GlobalPool(pooling, keep=True)
    if not isinstance(layer, (nn.MaxPool2d, nn.AvgPool2d)):
        return None
    built_in = _BUILT_IN.get(pooling)
    return layer if built_in and isinstance(layer, built_in) else WindowPool(pooling, layer)


def _pair(size: Any) -> tuple[int, int]:
    both = size if isinstance(size, (tuple, list)) else (size, size)
    return (int(both[0]), int(both[1]))
