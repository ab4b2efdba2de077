"""Pooling as a parameter: what each kind computes, and that every network takes every kind."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import nn

from mien.core.errors import ConfigError
from mien.models import ExpressionNet, NetworkOptions, build, models, replace_pooling
from mien.models.neck import GlobalPool
from mien.models.pooling import WindowPool
from mien.models.torchvision_import import import_timm

KINDS = ("none", "max", "avg", "min")
BLOCKS = {"max": np.max, "min": np.min, "avg": np.mean}

# Pooling layers of each backbone: in the trunk, and the global one where its head has it.
COUNTS = {
    "vgg16": 5,
    "vgg19": 5,
    **dict.fromkeys(("resnet18", "resnet34", "resnet50", "resnet101", "resnet152"), 1 + 1),
    **dict.fromkeys(("resnetv2_50", "resnetv2_152", "seresnet50"), 1 + 1),
    **dict.fromkeys(("densenet121", "densenet161", "densenet169", "densenet201"), 1 + 3 + 1),
    "mobilenetv2_100": 1,
    "mobilenetv3_small_100": 1,
    "inception_v3": 2 + (3 + 1 + 4 + 1 + 2) + 1,
    "inception_resnet_v2": 2 + 3 + 1,
    "xception": 4 + 1,
    "googlenet": 4 + 9 + 1,
    # 12 normal cells, 4 that reduce, and 4 places where two paths halve what was before.
    "nasnet_mobile": 12 * 2 + 4 * 3 + 4 * 2 + 1,
    "tiwari_cnn": 3,
    "kim_cnn": 3,
    "murtaza_cnn": 4,
    "mini_xception": 4 + 1,
    "resnet18_44": 1,
    "resnet18_44_quarter": 1,
    "vgg19_44": 5 + 1,
    "vgg19_44_quarter": 5 + 1,
    **dict.fromkeys(("nano", "tiny", "small", "base", "large"), 3 + 1),
}

QUICK = ("nano", "resnet18", "vgg16")  # the rest take seconds each


ADDED = ("trunk.10.weight", "trunk.10.bias")
"""The convolution of mini-Xception that stands in its head otherwise."""


def on_meta(name: str) -> ExpressionNet:
    with torch.device("meta"):
        return build(name, dropout=0.0)


def shapes(network: ExpressionNet) -> list[tuple[int, ...]]:
    """Output shapes of all layers of the trunk, in the order they run."""
    seen: list[tuple[int, ...]] = []

    def note(_: nn.Module, __: object, out: torch.Tensor) -> None:
        seen.append(tuple(out.shape))

    hooks = [m.register_forward_hook(note) for m in network.trunk.modules()]
    network(torch.zeros(2, 1, 48, 48, device="meta"))
    for hook in hooks:
        hook.remove()
    return seen


@pytest.mark.parametrize(
    "name", [n if n in QUICK else pytest.param(n, marks=pytest.mark.slow) for n in models()]
)
def test_every_pooling_layer_is_replaced_and_every_shape_kept(name: str) -> None:
    as_built = on_meta(name).train()
    expected, weights = shapes(as_built), list(as_built.state_dict())
    for kind in KINDS:
        network = copy.deepcopy(as_built)
        count = replace_pooling(network, kind)
        assert count == COUNTS[name]
        kept = shapes(network), list(network.state_dict())
        if name == "mini_xception" and kind in ("max", "min"):  # its last convolution is one again
            kept = kept[0][:-2], [name for name in kept[1] if name not in ADDED]
            assert kept == (expected[:-2], weights)
        else:
            assert kept == (expected, weights)
        kinds = [p.kind for p in network.modules() if isinstance(p, (WindowPool, GlobalPool))]
        assert set(kinds) <= {kind}


def test_every_network_is_counted() -> None:
    assert set(COUNTS) == set(models())


@pytest.mark.parametrize("kind", KINDS)
def test_build_takes_a_kind(kind: str) -> None:
    frames = torch.rand(2, 1, 48, 48) * 255
    plain = build("nano").eval()
    changed = build("nano", options=NetworkOptions(pooling=kind)).eval()
    changed.load_state_dict(plain.state_dict())
    with torch.no_grad():
        before, after = plain(frames), changed(frames)
    assert torch.equal(before.features, after.features) is (kind == "avg")
    assert (after.activation is not None) is (kind == "avg")


def test_as_built_changes_nothing() -> None:
    network = build("nano")
    before = [type(part) for part in network.modules()]
    assert replace_pooling(network, "as_built") == 0
    assert [type(part) for part in network.modules()] == before
    assert network.neck is None


def test_a_kind_that_is_there_already_stays_and_counts() -> None:
    trunk = nn.Sequential(nn.MaxPool2d(2), nn.AvgPool2d(2))
    first, second = trunk
    network = _network(trunk)
    assert replace_pooling(network, "avg") == 3
    assert not isinstance(trunk[0], nn.MaxPool2d)
    assert trunk[1] is second
    network = _network(nn.Sequential(first, nn.AvgPool2d(2)))
    assert replace_pooling(network, "max") == 3
    assert network.trunk[0] is first


def test_one_layer_in_two_places_is_replaced_in_both() -> None:
    pool = nn.MaxPool2d(2)
    network = _network(nn.Sequential(pool, nn.Identity(), pool))
    assert replace_pooling(network, "min") == 3
    assert not any(isinstance(part, nn.MaxPool2d) for part in network.modules())


def test_global_pooling_of_a_neck_is_replaced() -> None:
    neck = nn.Sequential(nn.AdaptiveMaxPool2d(1), nn.Flatten(), GlobalPool(keep=True))
    network = _network(nn.Identity(), neck)
    assert replace_pooling(network, "min") == 2
    assert [part.kind for part in (neck[0], neck[2])] == ["min", "min"]
    maps = torch.randn(2, 3, 4, 5)
    torch.testing.assert_close(neck[0](maps), maps.amin(dim=(2, 3), keepdim=True))


def _network(trunk: nn.Module, neck: nn.Module | None = None) -> ExpressionNet:
    labels = build("nano").labels
    return ExpressionNet(
        trunk, width=1, labels=labels, votes=False, input_size=48, dropout=0, neck=neck
    )


def test_what_cannot_be_replaced_is_refused() -> None:
    with pytest.raises(ConfigError, match="pooling must be one of"):
        replace_pooling(build("nano"), "median")
    with pytest.raises(ConfigError, match="to one value"):
        replace_pooling(_network(nn.AdaptiveAvgPool2d(7)), "max")
    network = build("nano", options=NetworkOptions(pooling="min"))
    with pytest.raises(ConfigError, match="already"):
        replace_pooling(network, "max")
    with pytest.raises(ConfigError, match="dilated"):
        replace_pooling(_network(nn.MaxPool2d(3, 1, 2, dilation=2)), "min")


layers = st.builds(
    lambda kernel, stride, padding, ceil, maximum: (
        nn.MaxPool2d(kernel, stride, min(padding, kernel // 2), ceil_mode=ceil)
        if maximum
        else nn.AvgPool2d(kernel, stride, min(padding, kernel // 2), ceil_mode=ceil)
    ),
    st.integers(1, 4),
    st.integers(1, 3),
    st.integers(0, 2),
    st.booleans(),
    st.booleans(),
)


def _windows(layer: nn.MaxPool2d | nn.AvgPool2d, length: int, count: int) -> list[slice]:
    starts = [i * layer.stride - layer.padding for i in range(count)]
    return [slice(max(start, 0), min(start + layer.kernel_size, length)) for start in starts]


def _cell(layer: nn.MaxPool2d | nn.AvgPool2d, index: int, length: int) -> int:
    return min(index * layer.stride, (length - 1) // layer.stride * layer.stride)


@settings(max_examples=60, deadline=None)
@given(layers, st.integers(4, 9), st.integers(4, 9), st.sampled_from(KINDS))
def test_windows_hold_what_the_kind_says_and_no_padding(layer, height, width, kind) -> None:
    # Below zero throughout, and above: padding with zeros would show in every kind.
    maps = torch.from_numpy(np.random.default_rng(height).uniform(-9, -1, (2, 2, height, width)))
    for signed in (maps, -maps):
        expected_shape = layer(signed).shape
        out = WindowPool(kind, layer)(signed)
        assert out.shape == expected_shape
        rows = _windows(layer, height, out.shape[2])
        columns = _windows(layer, width, out.shape[3])
        for y, row in enumerate(rows):
            for x, column in enumerate(columns):
                if kind == "none":
                    expected = signed[:, :, _cell(layer, y, height), _cell(layer, x, width)].numpy()
                else:
                    window = signed[:, :, row, column].numpy()
                    assume(window.size)
                    expected = BLOCKS[kind](window, axis=(2, 3))
                np.testing.assert_allclose(out[:, :, y, x].numpy(), expected)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["MaxPool2dSame", "AvgPool2dSame"])
@pytest.mark.parametrize(("height", "width"), [(7, 8), (6, 9)])
def test_same_padding_of_timm(kind: str, name: str, height: int, width: int) -> None:
    import_timm()
    from timm.layers import pool2d_same

    layer = getattr(pool2d_same, name)(3, stride=2)
    maps = -1 - torch.rand(2, 3, height, width)
    expected = layer(maps)
    out = WindowPool(kind, layer)(maps)
    assert out.shape == expected.shape == (2, 3, -(-height // 2), -(-width // 2))
    assert (out < -1).all()
    assert (out >= maps.min()).all()
    if kind == "max" and name == "MaxPool2dSame":
        torch.testing.assert_close(out, expected)
    if kind == "none":
        torch.testing.assert_close(out, maps[:, :, ::2, ::2])
    if kind == "min":
        torch.testing.assert_close(-out, pool2d_same.MaxPool2dSame(3, stride=2)(-maps))
    flat = WindowPool(kind, layer)(torch.full((1, 1, height, width), -3.0))
    torch.testing.assert_close(flat, torch.full_like(flat, -3.0))


@pytest.mark.parametrize("keep", [False, True])
def test_global_pooling(keep: bool) -> None:
    maps = torch.randn(2, 3, 4, 5)
    flat = maps.flatten(2)
    expected = {
        "none": flat[:, :, 0],
        "max": flat.amax(dim=2),
        "min": flat.amin(dim=2),
        "avg": flat.mean(dim=2),
    }
    for kind, wanted in expected.items():
        out = GlobalPool(kind, keep=keep)(maps)
        assert out.shape == ((2, 3, 1, 1) if keep else (2, 3))
        torch.testing.assert_close(out.flatten(1), wanted)


def test_an_average_that_counted_padding_still_does_as_built() -> None:
    layer = nn.AvgPool2d(3, 1, padding=1)
    network = _network(nn.Sequential(layer))
    replace_pooling(network, "avg")
    assert network.trunk[0] is layer
