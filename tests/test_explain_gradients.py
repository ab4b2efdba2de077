"""Sanity of the gradient methods: known reasons are found, weights matter, captum agrees."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from made_bundle import made_network
from made_explainable import bright_square, inside, window_network
from mien.core.errors import InputError
from mien.core.labels import fer7
from mien.explain import explain
from mien.explain.crops import onto_crop
from mien.explain.gradients import conv_maps, gradcam, saliency, smoothgrad
from mien.explain.network import network_model
from mien.models import ExpressionNet
from mien.models.classical import ClassicalNet, build_feature, linear
from mien.models.joint import JointNet
from mien.train.state import seeded

METHODS = {"gradcam": gradcam, "saliency": saliency, "smoothgrad": smoothgrad}
FRAMES = np.random.default_rng(0).integers(0, 256, (3, 48, 48)).astype(np.uint8)
TARGETS = np.array([3, 0, 6])


def float_frames() -> torch.Tensor:
    return torch.from_numpy(FRAMES[:, None]).float()


def agreement(one: np.ndarray, other: np.ndarray) -> float:
    """Mean Spearman correlation where the network sees, as Adebayo et al. measure it."""
    from scipy.stats import rankdata

    ranks = (rankdata(m[:, 2:46, 2:46].reshape(len(m), -1), axis=1) for m in (one, other))
    return float(np.mean([np.corrcoef(a, b)[0, 1] for a, b in zip(*ranks, strict=True)]))


@pytest.mark.parametrize("size", [44, 48])
@pytest.mark.parametrize("method", METHODS)
def test_finds_the_square_that_is_looked_at(method: str, size: int):
    maps = METHODS[method](window_network(size), bright_square(), np.zeros(1, np.int64))
    assert maps.min() >= 0
    assert inside(maps) == pytest.approx(1)


@pytest.mark.parametrize("method", METHODS)
def test_maps_change_when_weights_are_randomised(method: str):
    """Adebayo et al., NeurIPS 2018, section 3: a map that stays explains the picture alone."""
    network = made_network()
    before = METHODS[method](network, FRAMES, TARGETS)
    assert agreement(before, METHODS[method](network, FRAMES, TARGETS)) == pytest.approx(1)
    with seeded(11), torch.no_grad():
        for part in network.modules():
            if isinstance(part, nn.Conv2d | nn.Linear):
                part.weight.normal_(0, float(part.weight.std()))
    assert abs(agreement(before, METHODS[method](network, FRAMES, TARGETS))) < 0.5


@pytest.mark.parametrize("method", METHODS)
def test_maps_belong_to_their_label(method: str):
    network = made_network()
    one, other = (METHODS[method](network, FRAMES, t) for t in (TARGETS, (TARGETS + 1) % 7))
    assert not np.allclose(one, other)


def test_gradcam_of_mean_pool_and_linear_is_the_class_activation_map():
    """Selvaraju et al., ICCV 2017, section 3.1: CAM is a special case."""
    network = made_network()
    with torch.no_grad():
        maps = network(float_frames()).activation
        assert maps is not None
        chosen = torch.stack([maps[i, t] - network.head.bias[t] for i, t in enumerate(TARGETS)])
    expected = onto_crop(torch.relu(chosen).detach().numpy(), 44)
    np.testing.assert_allclose(gradcam(network, FRAMES, TARGETS), expected, rtol=1e-3, atol=1e-5)


def test_gradcam_agrees_with_captum():
    from captum.attr import LayerGradCam

    network = made_network()
    oracle = LayerGradCam(lambda frames: network(frames).logits, network.trunk)
    found = oracle.attribute(
        float_frames(), target=torch.from_numpy(TARGETS), relu_attributions=True
    )
    expected = onto_crop(36 * found[:, 0].detach().numpy(), 44)  # its mean is over 36 cells
    np.testing.assert_allclose(gradcam(network, FRAMES, TARGETS), expected, rtol=1e-3, atol=1e-5)


def test_saliency_agrees_with_captum():
    from captum.attr import Saliency

    network = made_network()
    rest = nn.Sequential(network.trunk, nn.AdaptiveAvgPool2d(1), nn.Flatten(), network.head)
    seen = network.prepared(float_frames()).detach().requires_grad_()
    found = Saliency(rest).attribute(seen, target=torch.from_numpy(TARGETS))
    expected = onto_crop(found[:, 0].numpy(), 44)
    np.testing.assert_allclose(saliency(network, FRAMES, TARGETS), expected, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("method", [saliency, smoothgrad])
def test_nothing_is_salient_where_the_network_cannot_see(method):
    maps = method(made_network(), FRAMES, TARGETS)
    seen = np.zeros((48, 48), bool)
    seen[2:46, 2:46] = True
    assert (maps[:, ~seen] == 0).all()
    assert (maps[:, seen] > 0).mean() > 0.5


def test_smoothgrad_without_noise_is_saliency_and_keeps_to_its_seed():
    network = made_network()
    plain = smoothgrad(network, FRAMES, TARGETS, draws=2, noise=0.0)
    np.testing.assert_allclose(plain, saliency(network, FRAMES, TARGETS), rtol=1e-5)
    state = torch.random.get_rng_state()
    one, again, other = (
        smoothgrad(network, FRAMES, TARGETS, draws=3, seed=seed) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, again)
    assert not np.allclose(one, other)
    assert torch.equal(state, torch.random.get_rng_state())


def test_smoothgrad_is_the_mean_gradient_of_noisy_inputs():
    """Smilkov et al., 2017, section 3: signed gradients are averaged; noise of 15 %."""
    network = made_network()
    rest = nn.Sequential(network.trunk, nn.AdaptiveAvgPool2d(1), nn.Flatten(), network.head)
    with torch.no_grad():
        seen = network.prepared(float_frames())
    generator = torch.Generator().manual_seed(7)
    total = torch.zeros_like(seen)
    for _ in range(4):
        noise = torch.randn(1, 1, 44, 44, generator=generator)
        spread = seen.amax((1, 2, 3), keepdim=True) - seen.amin((1, 2, 3), keepdim=True)
        noisy = (seen + 0.15 * spread * noise).requires_grad_()
        score = rest(noisy).gather(1, torch.from_numpy(TARGETS)[:, None]).sum()
        total += torch.autograd.grad(score, noisy)[0]
    expected = onto_crop((total / 4).abs()[:, 0].numpy(), 44)
    found = smoothgrad(network, FRAMES, TARGETS, draws=4, seed=7)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-6)


def test_a_face_is_explained_the_same_whoever_is_beside_it():
    network = made_network()
    together = smoothgrad(network, FRAMES, TARGETS, draws=2)
    for i in range(len(FRAMES)):
        alone = smoothgrad(network, FRAMES[i : i + 1], TARGETS[i : i + 1], draws=2)
        np.testing.assert_allclose(alone[0], together[i], rtol=1e-3, atol=1e-6)


def test_large_inputs_are_explained_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch):
    """A backward pass keeps every layer's maps: 200 MB a face for the largest networks."""
    trunk = nn.Sequential(nn.Conv2d(1, 4, 5, 4), nn.ReLU())
    network = ExpressionNet(
        trunk, width=4, labels=fer7, votes=False, input_size=96, dropout=0.0
    ).eval()
    sizes: list[int] = []
    trunk.register_forward_pre_hook(lambda _, given: sizes.append(len(given[0])))
    frames = np.concatenate([FRAMES] * 3)
    whole = saliency(network, frames, np.tile(TARGETS, 3))
    assert sizes == [4, 4, 1]
    np.testing.assert_allclose(whole[:3], saliency(network, FRAMES, TARGETS), rtol=1e-4)


def test_batches_do_not_mix():
    network = window_network()
    frames = np.concatenate([bright_square(seed=seed) for seed in range(70)])
    targets = np.arange(70) % 2
    whole = saliency(network, frames, targets)
    np.testing.assert_allclose(saliency(network, frames[66:], targets[66:]), whole[66:], rtol=1e-5)


def test_in_place_layers_and_three_channels_are_explained():
    trunk = nn.Sequential(nn.ReLU(inplace=True), nn.Conv2d(3, 4, 5, 2), nn.ReLU(inplace=True))
    neck = nn.Sequential(nn.ReLU(inplace=True), nn.AdaptiveMaxPool2d(1), nn.Flatten())
    with seeded(2):
        network = ExpressionNet(
            trunk, width=4, labels=fer7, votes=False, input_size=96, dropout=0.5, neck=neck,
            channels=3,
        ).eval()  # fmt: skip
    for method in METHODS.values():
        maps = method(network, FRAMES, TARGETS)
        assert np.isfinite(maps).all()
    assert saliency(network, FRAMES, TARGETS).max() > 0


@pytest.mark.parametrize("method", ["gradcam", "saliency"])
def test_a_joint_network_looks_with_its_members(method: str):
    """Its answer starts as the mean of the members' logits; they see 44 and 48 pixels."""
    members = [window_network(44), window_network(48)]
    frames, targets = bright_square(), np.zeros(1, np.int64)
    joint = METHODS[method](JointNet(members).eval(), frames, targets)
    each = [METHODS[method](member, frames, targets) for member in members]
    np.testing.assert_allclose(joint, sum(each) / 2, rtol=1e-4, atol=1e-6)
    nested = METHODS[method](JointNet([JointNet(members), members[0]]).eval(), frames, targets)
    assert np.isfinite(nested).all()
    assert inside(nested) == pytest.approx(1)


def test_hooks_are_gone_and_weights_have_no_gradient():
    network = made_network()
    before = network(float_frames()).logits.detach()
    for method in METHODS.values():
        method(network, FRAMES, TARGETS)
    conv_maps(network, FRAMES[0])
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in network.modules())
    assert all(p.grad is None for p in network.parameters())
    assert torch.equal(network(float_frames()).logits.detach(), before)


def test_every_convolution_is_shown_in_order():
    network = made_network()
    found = conv_maps(network, FRAMES[0])
    convolutions = [n for n, part in network.named_modules() if isinstance(part, nn.Conv2d)]
    assert {one.name for one in found} == set(convolutions)
    assert len(found) == len(convolutions)
    assert found[0].name == "trunk.0"
    assert found[0].maps.shape == (16, 44, 44)
    assert found[-1].maps.shape[1:] == (6, 6)
    with torch.no_grad():
        first = network.trunk[0](network.prepared(float_frames()[:1]))[0]
    np.testing.assert_allclose(found[0].maps, first.numpy(), atol=1e-5)


def test_a_convolution_that_runs_twice_is_shown_twice():
    conv = nn.Conv2d(1, 1, 3, padding=1)
    trunk = nn.Sequential(conv, nn.ReLU(), conv)
    network = ExpressionNet(
        trunk, width=1, labels=fer7, votes=False, input_size=48, dropout=0.0
    ).eval()
    assert [one.name for one in conv_maps(network, FRAMES[0])] == ["trunk.0", "trunk.0 #2"]


def test_refuses_what_it_cannot_explain():
    with pytest.raises(InputError, match="no convolution"):
        conv_maps(window_network(), FRAMES[0])
    with pytest.raises(InputError, match="3 crops but targets"):
        gradcam(window_network(), FRAMES, TARGETS[:2])
    with pytest.raises(InputError, match="got none"):
        saliency(window_network(), FRAMES[:0], TARGETS[:0])
    with pytest.raises(InputError, match="draws from 1"):
        smoothgrad(window_network(), FRAMES, TARGETS, draws=0)
    flat = ExpressionNet(
        nn.Flatten(), width=2304, labels=fer7, votes=False, input_size=48, dropout=0.0,
        neck=nn.Identity(),
    ).eval()  # fmt: skip
    with pytest.raises(InputError, match="expected maps"):
        gradcam(flat, FRAMES, TARGETS)


@pytest.mark.parametrize(
    ("method", "baseline"),
    [("gradcam", "lbp"), ("saliency", "lbp"), ("saliency", "hog"), ("smoothgrad", "hog")],
)
def test_what_has_no_gradient_is_said(method: str, baseline: str):
    """HOG's square root has none where a frame is flat, LBP compares."""
    described = build_feature(baseline)(torch.zeros(1, 1, 48, 48)).flatten(1).shape[1]
    head = linear(np.random.default_rng(0).normal(size=(7, described)), np.zeros(7))
    network = ClassicalNet(build_feature(baseline), nn.Identity(), head, fer7).eval()
    flat = np.full((1, 48, 48), 90, np.uint8)
    with pytest.raises(InputError, match=r"use occlusion|Use saliency"):
        METHODS[method](network, flat, TARGETS[:1])


def test_maps_of_one_cell_are_said_instead_of_drawn():
    trunk = nn.Sequential(nn.Conv2d(1, 4, 3), nn.AdaptiveAvgPool2d(1))
    network = ExpressionNet(trunk, width=4, labels=fer7, votes=False, input_size=48, dropout=0.0)
    model = network_model(network, "one")
    for method in ("gradcam", "activation"):
        with pytest.raises(InputError, match=r"are 1x1.*Use saliency"):
            explain(model, FRAMES, method)
    for method in ("saliency", "occlusion"):
        assert explain(model, FRAMES, method).maps.shape == FRAMES.shape
