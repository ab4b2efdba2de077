"""ResNet18 and VGG19 of Rahman and Mahato (2021): the counts of the public code, 44-pixel crops."""

from __future__ import annotations

import pytest
import torch

from mien.models import ExpressionNet, build, count_parameters
from mien.models.network import standardise
from mien.models.options import NetworkOptions
from mien.models.resnet48 import Block
from settled import frames, settled, without_gradient

NAMES = ("resnet18_44", "vgg19_44")


def on_meta(name: str, *, dropout: float = 0.0, **options) -> ExpressionNet:
    """The network without numbers: shapes and counts at no cost."""
    with torch.device("meta"):
        return build(name, votes=False, dropout=dropout, options=NetworkOptions(**options)).eval()


@pytest.mark.parametrize(
    ("name", "trained"),
    # The CIFAR versions have 11,173,962 and 20,040,522 with ten labels; seven save 3 x 513.
    [("resnet18_44", 11_173_962 - 3 * 513), ("vgg19_44", 20_040_522 - 3 * 513)],
)
def test_counts_are_those_of_the_public_code(name: str, trained: int) -> None:
    assert count_parameters(on_meta(name, channels=3)) == trained


@pytest.mark.parametrize(
    ("name", "size", "side"),
    [
        ("resnet18_44", 44, 6),
        ("resnet18_44", 48, 6),
        ("resnet18_44", 64, 8),
        ("vgg19_44", 44, 1),
        ("vgg19_44", 32, 1),
        ("vgg19_44", 64, 2),
    ],
)
def test_maps_of_the_last_layer(name: str, size: int, side: int) -> None:
    network = on_meta(name, input_size=size)
    maps = network.maps(torch.zeros(2, 1, 48, 48, device="meta"))
    assert maps.shape == (2, 512, side, side)
    assert network.head.in_features == 512


@pytest.mark.parametrize("name", NAMES)
def test_half_of_the_features_drop_at_least(name: str) -> None:
    assert on_meta(name).dropout.p == 0.5
    assert on_meta(name, dropout=0.7).dropout.p == 0.7
    assert on_meta(name, dropout=0.2, hidden=(8,)).dropout.p == 0.2


@pytest.mark.parametrize("name", NAMES)
def test_hidden_layers_come_before_the_head(name: str) -> None:
    out = on_meta(name, hidden=(20, 12))(torch.zeros(2, 1, 48, 48, device="meta"))
    assert out.features.shape == (2, 12)
    assert out.activation is None


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("rows", "columns"), [(2, 2), (-2, 2), (2, -2), (-2, -2)])
def test_a_shifted_frame_shows_a_corner_crop(name: str, rows: int, columns: int) -> None:
    """What ten-crop evaluation relies on: the outer two pixels come into view."""
    picture = frames(2)
    shifted = torch.roll(picture, (rows, columns), dims=(2, 3))
    seen = on_meta(name).prepared(shifted)
    top, left = 2 - rows, 2 - columns
    corner = standardise(picture)[:, :, top : top + 44, left : left + 44]
    torch.testing.assert_close(seen, corner)


def test_three_channels_repeat_grey() -> None:
    seen = on_meta("resnet18_44", channels=3).prepared(frames(2))
    assert seen.shape == (2, 3, 44, 44)
    assert torch.equal(seen[:, 0], seen[:, 2])


def test_a_block_keeps_what_its_convolutions_do_not_change() -> None:
    block = Block(4, 4, stride=1, mean_shortcut=False).eval()
    torch.nn.init.zeros_(block.norm2.weight)
    maps = torch.rand(1, 4, 5, 5, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        torch.testing.assert_close(block(maps), maps)
        assert Block(4, 6, stride=2, mean_shortcut=False).eval()(
            torch.zeros(1, 4, 11, 11)
        ).shape == (1, 6, 6, 6)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_face_is_answered_alike_in_any_batch(name: str) -> None:
    network = settled(build(name))
    with torch.no_grad():
        three, one = network(frames(3, 9)), network(frames(3, 9)[1:2])
    torch.testing.assert_close(three.logits[1:2], one.logits, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(
        three.activation.mean(dim=(2, 3)), three.logits, rtol=1e-4, atol=1e-5
    )
    assert (three.logits[0] - three.logits[1]).abs().max() > 1e-4


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_gradient_reaches_every_parameter(name: str) -> None:
    assert without_gradient(build(name)) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_the_graph_answers_as_the_network(name: str) -> None:
    from mien.export import to_onnx
    from mien.export.bundle import check_outputs

    network = settled(build(name))
    check_outputs(network, to_onnx(network))
