"""One contract for every registered network, and what is particular to the house family."""

from __future__ import annotations

import pytest
import torch

from mien.core.errors import ConfigError, UnknownNameError
from mien.core.labels import agrawal5
from mien.models import build, count_macs, count_parameters, models, register
from mien.models.network import standardise

NAMES = sorted(models())


@pytest.mark.parametrize("name", NAMES)
def test_record_is_true(name: str) -> None:
    network, info = build(name), models()[name]
    assert count_parameters(network) == info.parameters
    assert count_macs(network) == info.macs
    assert network.input_size == info.input_size
    assert info.source
    assert info.licence


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("n", [1, 3])
def test_shapes(name: str, n: int) -> None:
    network = build(name).eval()
    with torch.no_grad():
        out = network(torch.rand(n, 1, 48, 48) * 255)
    assert out.logits.shape == (n, 7)
    assert out.votes.shape == (n, 8)
    assert out.features.shape == (n, network.head.in_features)
    assert out.activation.shape[:2] == (n, 7)


@pytest.mark.parametrize("name", NAMES)
def test_activation_maps_average_to_the_logits(name: str) -> None:
    network = build(name).eval()
    torch.nn.init.normal_(network.head.weight)
    with torch.no_grad():
        out = network(torch.rand(2, 1, 48, 48) * 255)
    torch.testing.assert_close(out.activation.mean(dim=(2, 3)), out.logits, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_every_parameter_gets_a_gradient(name: str) -> None:
    network = build(name, dropout=0.1).train()
    # The last norm of a block starts at zero and would hide what lies before it.
    for part in network.modules():
        if isinstance(part, torch.nn.BatchNorm2d):
            torch.nn.init.ones_(part.weight)
    out = network(torch.rand(3, 1, 48, 48) * 255)
    (out.logits.square().sum() + out.votes.square().sum()).backward()
    without = [n for n, p in network.named_parameters() if p.grad is None or not p.grad.any()]
    assert without == []
    assert out.activation is None


@pytest.mark.parametrize("name", NAMES)
def test_weights_survive_saving(name: str, tmp_path) -> None:
    first, second = build(name).eval(), build(name).eval()
    frames = torch.rand(2, 1, 48, 48) * 255
    torch.save(first.state_dict(), tmp_path / "weights")
    second.load_state_dict(torch.load(tmp_path / "weights", weights_only=True))
    with torch.no_grad():
        torch.testing.assert_close(first(frames).logits, second(frames).logits)


def test_other_labels_and_no_votes() -> None:
    network = build("nano", labels=agrawal5, votes=False).eval()
    with torch.no_grad():
        out = network(torch.rand(2, 1, 48, 48))
    assert out.logits.shape == (2, 5)
    assert out.votes is None


def test_unknown_name_lists_near_ones() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'nano'"):
        build("nanno")


def test_a_name_is_registered_once() -> None:
    with pytest.raises(ConfigError, match="already registered"):
        register(models()["nano"])(lambda **_: build("nano"))


def test_standardised_frames_ignore_light() -> None:
    frames = torch.rand(2, 1, 48, 48) * 120 + 20
    torch.testing.assert_close(
        standardise(frames), standardise(frames * 1.7 + 9), rtol=0, atol=2e-2
    )


def test_a_flat_frame_is_not_amplified() -> None:
    frame = torch.full((1, 1, 48, 48), 77.0)
    frame[0, 0, 3, 3] += 1
    assert standardise(frame).abs().max() < 0.3
