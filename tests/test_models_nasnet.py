"""NASNetMobile: the published counts to the last parameter, and the cells' particulars."""

from __future__ import annotations

from functools import cache

import pytest
import torch

from mien.models import build, count_macs, count_parameters
from mien.models.nasnet import PENULTIMATE, Halve, NormalCell, ReductionCell, Trunk
from mien.models.options import NetworkOptions
from settled import frames, settled, without_gradient


def on_meta(**options):
    """The network without numbers: shapes and counts at no cost."""
    with torch.device("meta"):
        return build("nasnet_mobile", votes=False, options=NetworkOptions(**options)).eval()


@cache
def trunk_on_meta(channels: int) -> Trunk:
    with torch.device("meta"):
        return Trunk(channels).eval()


def test_counts_are_those_of_keras() -> None:
    trunk = trunk_on_meta(3)
    statistics = sum(b.numel() for name, b in trunk.named_buffers() if "running" in name)
    assert count_parameters(trunk) == 4_232_978
    assert count_parameters(trunk) + statistics == 4_269_716
    with_classifier = count_parameters(trunk) + statistics + (PENULTIMATE + 1) * 1000
    assert with_classifier == 5_326_716  # the published 5.3 million


def test_macs_are_the_published_564_million() -> None:
    ours = count_macs(on_meta(channels=3, input_size=224))
    assert round((ours + PENULTIMATE * (1000 - 7)) / 1e6) == 564


@pytest.mark.parametrize(("size", "side"), [(32, 1), (44, 2), (48, 2), (97, 3), (224, 7)])
def test_maps_of_the_last_cell(size: int, side: int) -> None:
    maps = trunk_on_meta(1)(torch.zeros(2, 1, size, size, device="meta"))
    assert maps.shape == (2, PENULTIMATE, side, side)


def test_cells_are_two_and_two_reductions_and_three_times_four() -> None:
    kinds = [type(cell) for cell in trunk_on_meta(1).cells]
    four = [NormalCell] * 4
    reduction = [ReductionCell]
    assert kinds == reduction * 2 + four + reduction + four + reduction + four


@pytest.mark.parametrize("size", [6, 7])
def test_halving_sees_every_second_diagonal_pixel_twice_as_often(size: int) -> None:
    """The shifted path sees the pixels right below those of the other; a stride alone would not."""
    halve = Halve(3, 5).eval()
    pictures = torch.rand(1, 3, size, size, generator=torch.Generator().manual_seed(0))
    pictures.requires_grad_()
    out = halve(pictures)
    assert out.shape == (1, 5, (size + 1) // 2, (size + 1) // 2)
    out.sum().backward()
    assert pictures.grad is not None
    seen = pictures.grad.abs().sum(dim=(0, 1)) > 0
    odd = torch.arange(size) % 2 == 1
    assert torch.equal(seen, odd[:, None] == odd[None, :])


def test_hidden_layers_come_before_the_head() -> None:
    out = on_meta(hidden=(20, 12))(torch.zeros(2, 1, 48, 48, device="meta"))
    assert out.features.shape == (2, 12)
    assert out.activation is None


def test_a_face_is_answered_alike_in_any_batch() -> None:
    network = settled(build("nasnet_mobile"))
    with torch.no_grad():
        three, one = network(frames(3, 9)), network(frames(3, 9)[1:2])
    torch.testing.assert_close(three.logits[1:2], one.logits, rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(
        three.activation.mean(dim=(2, 3)), three.logits, rtol=1e-3, atol=1e-4
    )
    assert (three.logits[0] - three.logits[1]).abs().max() > 1e-4


def test_fresh_answers_neither_vanish_nor_overflow() -> None:
    """16 cells without settled norms: the initial weights alone keep the size of the maps."""
    network = build("nasnet_mobile", options=NetworkOptions(input_size=32)).eval()
    with torch.no_grad():
        features = network(frames(2)).features
    assert 1e-3 < features.std() < 1e3
    assert (features[0] - features[1]).abs().max() > 1e-3


@pytest.mark.slow
def test_gradient_reaches_every_parameter() -> None:
    assert without_gradient(build("nasnet_mobile")) == []


@pytest.mark.slow
def test_the_graph_answers_as_the_network() -> None:
    from mien.export import to_onnx
    from mien.export.bundle import check_outputs

    network = settled(build("nasnet_mobile"))
    check_outputs(network, to_onnx(network))
