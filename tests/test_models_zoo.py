"""Networks through timm and torchvision: the published ones, with and without their weights."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from mien.core.errors import ConfigError, UnknownNameError
from mien.models import NetworkOptions, build, models, pretrained
from mien.models.torchvision_import import import_timm, import_torchvision

NAMES = (
    "vgg16", "vgg19", "resnet18", "resnet34", "resnet50", "resnet101", "resnet152",
    "resnetv2_50", "resnetv2_152", "seresnet50", "densenet121", "densenet161", "densenet169",
    "densenet201", "mobilenetv2_100", "mobilenetv3_small_100", "inception_v3",
    "inception_resnet_v2", "xception", "googlenet",
)  # fmt: skip
SMALL = "mobilenetv3_small_100"  # 1.5 million weights, a neck of its own, batch norms
UNPADDED = ("inception_v3", "inception_resnet_v2")
FRAMES = torch.linspace(0, 255, 2 * 48 * 48).reshape(2, 1, 48, 48).sin() * 120 + 127


def settled(network: torch.nn.Module) -> torch.nn.Module:
    """Norms with statistics of their own, so that a lost one would show."""
    generator = torch.Generator().manual_seed(1)
    for part in network.modules():
        if isinstance(part, torch.nn.BatchNorm2d):
            part.running_mean.normal_(std=0.1, generator=generator)
            part.running_var.uniform_(0.5, 1.5, generator=generator)
    return network.eval()


def published(name: str, channels: int = 3) -> torch.nn.Module:
    """The network as timm or torchvision builds it, with its 1000-label classifier."""
    if name == "googlenet":
        network = import_torchvision().models.googlenet(
            weights=None, aux_logits=True, init_weights=True, transform_input=False
        )
    else:
        name = {"xception": "legacy_xception"}.get(name, name)
        network = import_timm().create_model(name, in_chans=channels)
    return settled(network)


def features(network: torch.nn.Module, pictures: torch.Tensor) -> torch.Tensor:
    """What the classifier of timm's network is given."""
    return network.forward_head(network.forward_features(pictures), pre_logits=True)


def saved(network: torch.nn.Module, path: Path) -> str:
    save_file({k: v.contiguous() for k, v in network.state_dict().items()}, path)
    return str(path)


def test_every_backbone_of_the_published_systems_is_there() -> None:
    assert set(NAMES) <= set(models())


def test_all_but_the_unpadded_ones_take_a_picture_of_one_stride() -> None:
    assert {name for name in NAMES if models()[name].smallest_input != 32} == set(UNPADDED)


@pytest.mark.slow
@pytest.mark.parametrize("name", UNPADDED)
def test_one_size_below_the_smallest_leaves_a_layer_nothing(name: str) -> None:
    with torch.device("meta"):
        network = build(name)
    network.input_size = models()[name].smallest_input - 1
    with pytest.raises(RuntimeError, match=r"too small|Kernel size"):
        network(torch.zeros(2, 1, 48, 48, device="meta"))


@pytest.mark.parametrize(
    "name", [SMALL, *(pytest.param(n, marks=pytest.mark.slow) for n in NAMES if n != SMALL)]
)
def test_published_weights_give_the_published_features(name: str, tmp_path: Path) -> None:
    theirs = published(name)
    options = NetworkOptions(channels=3, pretrained=saved(theirs, tmp_path / "w.safetensors"))
    ours = build(name, options=options).eval()
    seen = ours.prepared(FRAMES)
    with torch.no_grad():
        answers = ours(FRAMES).features
        if name == "googlenet":
            theirs.dropout = theirs.fc = torch.nn.Identity()
            expected = theirs(seen)
        else:
            expected = features(theirs, seen)
    assert answers.std() > 1e-4
    scale = float(expected.abs().max())
    torch.testing.assert_close(answers, expected, rtol=0, atol=1e-4 * scale)


def test_colour_weights_on_grey_answer_as_on_repeated_grey(tmp_path: Path) -> None:
    path = saved(published(SMALL), tmp_path / "w.safetensors")
    grey = build(SMALL, options=NetworkOptions(channels=1, pretrained=path)).eval()
    colour = build(SMALL, options=NetworkOptions(channels=3, pretrained=path)).eval()
    with torch.no_grad():
        torch.testing.assert_close(grey(FRAMES).features, colour(FRAMES).features)


def test_grey_weights_load_as_they_are(tmp_path: Path) -> None:
    theirs = published(SMALL, channels=1)
    path = saved(theirs, tmp_path / "w.safetensors")
    network = build(SMALL, options=NetworkOptions(pretrained=path))
    assert torch.equal(network.trunk.conv_stem.weight, theirs.conv_stem.weight)


@pytest.mark.parametrize("name", ["nano", "tiwari_cnn", "kim_cnn", "murtaza_cnn", "mini_xception"])
@pytest.mark.parametrize("hidden", [(), (8,)])
def test_other_networks_take_the_weights_of_their_trunk(
    name: str, hidden: tuple[int, ...], tmp_path: Path
) -> None:
    theirs = build(name)
    path = saved(theirs.trunk, tmp_path / "w.safetensors")
    ours = build(name, options=NetworkOptions(pretrained=path, hidden=hidden))
    for key, value in ours.trunk.state_dict().items():
        assert torch.equal(value, theirs.trunk.state_dict()[key])
    assert ours.head.weight.shape != theirs.head.weight.shape or not torch.equal(
        ours.head.weight, theirs.head.weight
    )


def test_every_network_that_is_said_to_has_published_weights() -> None:
    known = {info.name: info.weights for info in models().values() if info.weights}
    assert known.pop("googlenet") == "torchvision"
    assert "googlenet" in import_torchvision().models.list_models()
    for name, weights in known.items():
        library, _, there = weights.partition("/")
        found = import_timm().models.get_pretrained_cfg(there or name)
        assert library == "timm"
        assert found is not None, name
        assert found.has_weights, name
    assert {*known, "googlenet"} == {*NAMES} - {"resnetv2_152"}


def test_new_dense_layers_stay_fresh_and_the_old_ones_are_left_out(tmp_path: Path) -> None:
    theirs = published(SMALL)
    path = saved(theirs, tmp_path / "w.safetensors")
    options = NetworkOptions(channels=3, pretrained=path, hidden=(16,))
    network = build(SMALL, options=options)
    assert torch.equal(network.trunk.conv_stem.weight, theirs.conv_stem.weight)
    assert network.head.in_features == 16
    assert "conv_head.weight" not in network.neck.state_dict()


@pytest.mark.slow
def test_vgg_features_at_its_published_size(tmp_path: Path) -> None:
    theirs = published("vgg16", channels=1)
    path = saved(theirs, tmp_path / "w.safetensors")
    # 160 pixels leave 5x5 maps, 224 the published 7x7, 256 one position more to slide to.
    for size in (160, 224, 256):
        ours = build("vgg16", options=NetworkOptions(input_size=size, pretrained=path)).eval()
        with torch.no_grad():
            seen = ours.prepared(FRAMES)
            expected, answers = features(theirs, seen), ours(FRAMES).features
        scale = float(expected.abs().max())
        torch.testing.assert_close(answers, expected, rtol=0, atol=1e-4 * scale)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda w: w.pop("bn1.weight"), r"1 missing \(bn1.weight\)"),
        (lambda w: w.pop("conv_head.bias"), r"1 missing \(conv_head.bias\)"),
        (lambda w: w.update(extra=torch.ones(1)), r"1 unexpected \(extra\)"),
        (lambda w: w.update({"bn1.weight": torch.ones(3)}), r"1 of another shape \(bn1.weight\)"),
    ],
)
def test_weights_that_do_not_fit_are_refused(change, message: str, tmp_path: Path) -> None:
    weights = published(SMALL).state_dict()
    change(weights)
    save_file(weights, tmp_path / "w.safetensors")
    options = NetworkOptions(pretrained=str(tmp_path / "w.safetensors"))
    with pytest.raises(ConfigError, match=message):
        build(SMALL, options=options)


def test_old_files_without_batch_counts_load(tmp_path: Path) -> None:
    weights = published(SMALL).state_dict()
    weights = {k: v for k, v in weights.items() if not k.endswith("num_batches_tracked")}
    save_file(weights, tmp_path / "w.safetensors")
    build(SMALL, options=NetworkOptions(pretrained=str(tmp_path / "w.safetensors")))


@pytest.mark.parametrize("content", [None, b"not weights"])
def test_what_is_no_weight_file_is_refused(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"'timm' or a safetensors file.*w\.safetensors"):
        build("nano", options=NetworkOptions(pretrained=str(path)))


def test_published_weights_are_fetched_by_timm(monkeypatch: pytest.MonkeyPatch) -> None:
    theirs, asked = published(SMALL), []

    def create_model(name: str, *, pretrained: bool) -> torch.nn.Module:
        asked.append((name, pretrained))
        return theirs

    network = build(SMALL)
    monkeypatch.setattr(import_timm(), "create_model", create_model)
    pretrained.load_pretrained(network, SMALL, "timm")
    assert asked == [(SMALL, True)]
    assert torch.equal(network.trunk.bn1.weight, theirs.bn1.weight)


def test_published_googlenet_is_fetched_by_torchvision(monkeypatch: pytest.MonkeyPatch) -> None:
    theirs, asked = published("googlenet"), []
    kind = import_torchvision().models.GoogLeNet_Weights

    def get_state_dict(_: object, **__: object) -> dict[str, torch.Tensor]:
        asked.append("googlenet")
        return theirs.state_dict()

    monkeypatch.setattr(kind, "get_state_dict", get_state_dict)
    network = build("googlenet", options=NetworkOptions(channels=3, pretrained="timm"))
    assert asked == ["googlenet"]
    assert torch.equal(network.trunk.conv2.conv.weight, theirs.conv2.conv.weight)


def test_offline_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import_timm()
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))  # nothing was fetched before
    with pytest.raises(ConfigError, match=rf"weights of {SMALL}.*safetensors file and give its"):
        build(SMALL, options=NetworkOptions(pretrained="timm"))


def test_whatever_stands_between_is_told_as_that(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that refuses raises what is neither an OSError nor a ValueError."""

    class ProxyError(Exception):
        pass

    def create_model(*_: object, **__: object) -> torch.nn.Module:
        raise ProxyError("403 Forbidden")

    network = build(SMALL)
    monkeypatch.setattr(import_timm(), "create_model", create_model)
    with pytest.raises(ConfigError, match=r"could not be fetched \(ProxyError: 403 Forbidden\)"):
        pretrained.load_pretrained(network, SMALL, "timm")


def test_a_network_without_published_weights_says_which_have_some() -> None:
    with pytest.raises(ConfigError, match=r"nano has no published weights.*resnet50"):
        build("nano", options=NetworkOptions(pretrained="timm"))


def frozen_names(network: torch.nn.Module) -> list[str]:
    return [n for n, p in network.named_parameters() if not p.requires_grad]


def test_dropout_stands_between_all_dense_layers() -> None:
    with torch.device("meta"):
        dense = build("nano", dropout=0.4, options=NetworkOptions(hidden=(8, 4)))
        vgg = build("vgg16", dropout=0.4, options=NetworkOptions(input_size=32))
    for network in (dense, vgg):
        neck = [part.p for part in network.neck.modules() if isinstance(part, torch.nn.Dropout)]
        assert neck == [0.4]
        assert network.dropout.p == 0.4


def test_freezing_ends_with_the_named_module() -> None:
    network = build(SMALL, options=NetworkOptions(freeze_to="blocks.1"))
    frozen = frozen_names(network)
    assert {"trunk.conv_stem.weight", "trunk.bn1.bias", "trunk.blocks.0.0.conv_dw.weight"} <= {
        *frozen
    }
    assert any(name.startswith("trunk.blocks.1.1.") for name in frozen)
    assert not any(name.startswith(("trunk.blocks.2", "neck", "head")) for name in frozen)
    inside = build(SMALL, options=NetworkOptions(freeze_to="blocks.1.0"))
    assert set(frozen_names(inside)) == {n for n in frozen if not n.startswith("trunk.blocks.1.1.")}


def test_the_last_module_freezes_the_whole_trunk() -> None:
    network = build("vgg16", options=NetworkOptions(freeze_to="features", hidden=(8,)))
    assert len(frozen_names(network)) == len(list(network.trunk.parameters()))
    assert all(p.requires_grad for p in network.neck.parameters())


def test_frozen_norms_keep_their_statistics_in_training() -> None:
    network = build(SMALL, options=NetworkOptions(freeze_to="blocks.1"))
    before = {n: b.clone() for n, b in network.named_buffers() if b.is_floating_point()}
    frozen = frozen_names(network)
    network.eval().train()
    assert network.training
    sgd = torch.optim.SGD([p for p in network.parameters() if p.requires_grad], lr=0.1)
    weights = {n: p.detach().clone() for n, p in network.named_parameters()}
    for _ in range(2):
        network(FRAMES).logits.square().sum().backward()
        sgd.step()
    same = {n for n, b in network.named_buffers() if n in before and torch.equal(b, before[n])}
    stem = {n for n in before if n.startswith(("trunk.bn1", "trunk.blocks.0", "trunk.blocks.1"))}
    assert same == stem
    unchanged = {n for n, p in network.named_parameters() if torch.equal(p, weights[n])}
    assert set(frozen) <= unchanged
    assert "trunk.blocks.2.0.conv_pw.weight" not in unchanged


def test_an_unknown_module_lists_near_ones() -> None:
    with pytest.raises(UnknownNameError, match=r"no module 'block.1'; did you mean 'blocks.1'"):
        build(SMALL, options=NetworkOptions(freeze_to="block.1"))
