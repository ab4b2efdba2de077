"""The small published networks: their numbers, and what was chosen where a text is silent."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F

from mien.models import build, count_parameters
from mien.models.options import NetworkOptions
from mien.models.published import _same
from mien.train.state import seeded
from settled import frames, settled, without_gradient

NAMES = ("tiwari_cnn", "kim_cnn", "murtaza_cnn", "mini_xception")
FLAT = NAMES[:3]


def on_meta(name: str, **options):
    """The network without numbers: shapes and counts at no cost."""
    with torch.device("meta"):
        return build(name, votes=False, options=NetworkOptions(**options)).eval()


@pytest.mark.parametrize(
    ("name", "size", "trained", "statistics"),
    [
        # Khanzada's web page, model.json: 2 x (32 + 32 + 64) statistics.
        ("kim_cnn", 48, 2_436_263, 256),
        # model.summary() of the common Keras exercise.
        ("murtaza_cnn", 48, 4_474_759, 3_968),
        # model.summary() of the authors' code.
        ("mini_xception", 64, 56_951, 1_472),
    ],
)
def test_counts_are_the_published_ones(name: str, size: int, trained: int, statistics: int) -> None:
    network = on_meta(name, input_size=size)
    assert count_parameters(network) == trained
    kept = [b.numel() for key, b in network.named_buffers() if "running" in key]
    assert sum(kept) == statistics


def test_tiwari_has_the_published_layers() -> None:
    network = on_meta("tiwari_cnn")
    convolutions = [m for m in network.modules() if isinstance(m, torch.nn.Conv2d)]
    assert [(m.out_channels, m.kernel_size) for m in convolutions] == [
        (32, (5, 5)),
        (32, (4, 4)),
        (64, (5, 5)),
    ]
    poolings = [m for m in network.modules() if isinstance(m, torch.nn.MaxPool2d)]
    assert [(m.kernel_size, m.stride) for m in poolings] == [(3, 2)] * 3
    assert network.head.in_features == 1024


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("tiwari_cnn", (64, 6, 6)),
        ("kim_cnn", (64, 6, 6)),
        ("murtaza_cnn", (512, 3, 3)),
        ("mini_xception", (9 * 128, 3, 3)),
    ],
)
def test_maps_of_the_last_layer(name: str, shape: tuple[int, ...]) -> None:
    maps = on_meta(name).maps(torch.zeros(2, 1, 48, 48, device="meta"))
    assert maps.shape == (2, *shape)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [24, 42, 44, 64, 97])
@pytest.mark.parametrize("channels", [1, 3])
def test_any_input_size_and_channels(name: str, size: int, channels: int) -> None:
    network = on_meta(name, input_size=size, channels=channels)
    assert network(torch.zeros(2, 1, 48, 48, device="meta")).logits.shape == (2, 7)


@pytest.mark.parametrize("name", NAMES)
def test_a_face_is_answered_alike_in_any_batch(name: str) -> None:
    network = settled(build(name))
    with torch.no_grad():
        three, one = network(frames(3, 9)), network(frames(3, 9)[1:2])
    assert three.logits.shape == (3, 7)
    assert three.votes.shape == (3, 8)
    assert (three.activation is None) == (name in FLAT)
    torch.testing.assert_close(three.logits[1:2], one.logits, rtol=1e-4, atol=1e-5)
    assert (three.logits[0] - three.logits[1]).abs().max() > 1e-4


@pytest.mark.parametrize("name", NAMES)
def test_gradient_reaches_every_parameter(name: str) -> None:
    assert without_gradient(build(name)) == []


@pytest.mark.parametrize(
    ("name", "published"), [("tiwari_cnn", 0.3), ("kim_cnn", 0.3), ("murtaza_cnn", 0.25)]
)
def test_published_dropout_is_the_least(name: str, published: float) -> None:
    with torch.device("meta"):
        assert build(name).dropout.p == published
        assert build(name, dropout=0.6).dropout.p == 0.6
        own = NetworkOptions(hidden=(16,))
        assert build(name, dropout=0.1, options=own).dropout.p == 0.1


@pytest.mark.parametrize("name", NAMES)
def test_hidden_layers_replace_the_dense_head(name: str) -> None:
    network = on_meta(name, hidden=(20, 12))
    dense = [m for m in network.modules() if isinstance(m, torch.nn.Linear)]
    assert [m.out_features for m in dense] == [20, 12, 7]
    out = network(torch.zeros(2, 1, 48, 48, device="meta"))
    assert out.features.shape == (2, 12)
    assert out.activation is None


@pytest.mark.parametrize("kernel", [3, 4, 5])
def test_same_padding_is_that_of_keras(kernel: int) -> None:
    """A pixel reaches as many outputs before it as the kernel has columns after its centre."""
    layers = torch.nn.Sequential(*_same(1, 1, kernel, bias=False))
    for parameter in layers.parameters():
        torch.nn.init.ones_(parameter)
    pixel = torch.zeros(1, 1, 12, 12)
    pixel[0, 0, 6, 5] = 1
    with torch.no_grad():
        rows, columns = layers(pixel)[0, 0].nonzero().T
    before = kernel // 2
    assert rows.unique().tolist() == list(range(6 - before, 6 - before + kernel))
    assert columns.unique().tolist() == list(range(5 - before, 5 - before + kernel))


def test_mini_xception_is_its_last_convolution_and_mean() -> None:
    network = settled(build("mini_xception"))
    weight = network.head.weight.reshape(7, 3, 3, 128).permute(0, 3, 1, 2)
    with torch.no_grad():
        maps = network.trunk[:-1](network.prepared(frames(2)))
        published = F.conv2d(maps, weight, network.head.bias, padding=1)
        out = network(frames(2))
    assert maps.shape == (2, 128, 3, 3)
    torch.testing.assert_close(out.activation, published, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(out.logits, published.mean(dim=(2, 3)), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("kind", "pooled"), [("max", torch.amax), ("min", torch.amin)])
def test_mini_xception_pools_what_its_last_convolution_gives(kind: str, pooled: Any) -> None:
    network = settled(build("mini_xception", votes=True, options=NetworkOptions(pooling=kind)))
    conv = network.trunk[-1]
    with torch.no_grad():
        maps = network.trunk[:-1](network.prepared(frames(2)))
        expected = pooled(conv(maps), dim=(2, 3))
        out = network(frames(2))
    assert maps.shape == (2, 128, 3, 3)
    assert out.votes is not None
    torch.testing.assert_close(out.logits, expected, rtol=1e-4, atol=1e-5)
    assert not network.head.weight.requires_grad
    assert conv.weight.requires_grad


def test_mini_xception_never_drops_a_logit() -> None:
    """Dropout stands before the last weights, wherever these are."""
    network = build("mini_xception", dropout=0.9, options=NetworkOptions(pooling="max")).train()
    logits = torch.stack([network(frames(2)).logits for _ in range(4)])
    assert (logits != 0).all()
    assert not torch.equal(logits[0], logits[1])


def test_mini_xception_starts_with_the_weights_of_its_head() -> None:
    with seeded(0):
        folded = build("mini_xception")
    with seeded(0):
        conv = build("mini_xception", options=NetworkOptions(pooling="max")).trunk[-1]
    weight = folded.head.weight.reshape(7, 3, 3, 128).permute(0, 3, 1, 2)
    torch.testing.assert_close(conv.weight, weight)
    torch.testing.assert_close(conv.bias, folded.head.bias)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_the_graph_answers_as_the_network(name: str) -> None:
    from mien.export import to_onnx
    from mien.export.bundle import check_outputs

    network = settled(build(name))
    check_outputs(network, to_onnx(network))
