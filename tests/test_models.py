"""One contract for every registered network, and what the registry itself promises."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
import torch

from made_bundle import made_splits
from mien.cli import run as run_mien
from mien.core.alignment import identity_affines
from mien.core.errors import ConfigError, UnknownNameError
from mien.core.labels import agrawal5, fer7
from mien.export import export_bundle, to_onnx
from mien.export.graph import output_names
from mien.models import (
    ExpressionNet,
    FaceCrop,
    NetworkOptions,
    build,
    count_macs,
    count_parameters,
    models,
)
from mien.models.network import standardise
from mien.models.registry import RECORDS, network
from mien.runtime.session import open_session, run
from mien.train import TrainConfig, train
from mien.train.state import new_network, seeded
from portrait import PATH as PORTRAIT
from tool_made import tool_module

LARGE = 2_000_000  # parameters; larger networks take seconds each and are left to the slow suite
ON_META = ("resnet18", "vgg16")  # larger, but quick where nothing is computed


def entries(*also: str) -> list[object]:
    """Every registered network; the large ones, but for ``also``, in the slow suite."""
    return [
        pytest.param(name, marks=pytest.mark.slow)
        if info.parameters > LARGE and name not in also
        else name
        for name, info in models().items()
    ]


def smallest(name: str) -> NetworkOptions:
    return NetworkOptions(input_size=models()[name].smallest_input)


def made(name: str, options: NetworkOptions | None = None) -> ExpressionNet:
    """A network, for the smallest pictures it takes, with norms that have seen some faces.

    Untrained statistics let what a deep network answers fade away, and every picture look alike.
    """
    network = build(name, options=options or smallest(name)).train()
    for part in network.modules():
        if isinstance(part, torch.nn.modules.batchnorm._BatchNorm):
            part.momentum = 1.0
    with torch.no_grad():
        network(torch.rand(5, 1, 48, 48) * 255)
    torch.nn.init.normal_(network.head.weight, std=0.3)
    return network.eval()


@pytest.mark.parametrize("name", entries(*ON_META))
def test_record_is_true(name: str) -> None:
    info = models()[name]
    with torch.device("meta"):
        network = build(name)
    assert count_parameters(network) == info.parameters
    assert count_macs(network) == info.macs
    assert network.input_size == info.input_size >= info.smallest_input
    assert network.channels == info.channels
    assert info.summary
    assert info.source
    assert info.licence


def test_records_are_of_the_registered_networks_and_no_others() -> None:
    assert list(json.loads(RECORDS.read_text(encoding="utf-8"))) == list(models())


@pytest.mark.slow
def test_the_file_of_records_is_what_its_tool_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["make_network_records.py", "--check"])
    tool_module("make_network_records").main()


def test_a_record_that_is_not_true_fails_the_check(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tool = tool_module("make_network_records")
    monkeypatch.setattr(sys, "argv", ["make_network_records.py", "--check"])
    monkeypatch.setattr(tool, "models", lambda: ["nano"])
    monkeypatch.setattr(tool, "RECORDS", tmp_path / "records.json")
    true = {"parameters": models()["nano"].parameters, "macs": models()["nano"].macs}
    tool.RECORDS.write_text(tool.text({"nano": true}), encoding="utf-8")
    tool.main()
    tool.RECORDS.write_text(tool.text({"nano": {**true, "macs": 1}}), encoding="utf-8")
    with pytest.raises(SystemExit, match="not what was measured"):
        tool.main()


@pytest.mark.parametrize("name", entries(*ON_META))
def test_size_channels_labels_and_hidden_layers_go_together(name: str) -> None:
    least = models()[name].smallest_input
    for channels, size in ((1, least), (3, least + 7)):
        options = NetworkOptions(input_size=size, channels=channels, hidden=(24, 16))
        with torch.device("meta"):
            network = build(name, labels=agrawal5, votes=False, dropout=0.1, options=options)
            out = network(torch.zeros(3, 1, 48, 48))
        assert network.prepared(torch.zeros(1, 1, 48, 48)).shape[1] == channels
        assert out.logits.shape == (3, 5)
        assert out.features.shape == (3, 16)
        assert out.votes is None
        assert out.activation is None


@pytest.mark.parametrize("name", models())
def test_smaller_input_is_refused(name: str) -> None:
    least = models()[name].smallest_input
    with pytest.raises(ConfigError, match=f"{name} .*{least}"):
        build(name, options=NetworkOptions(input_size=least - 1))


@pytest.mark.parametrize("name", entries())
def test_shapes(name: str) -> None:
    network = made(name)
    for n in (1, 3):
        with torch.no_grad():
            out = network(torch.rand(n, 1, 48, 48) * 255)
        assert out.logits.shape == (n, 7)
        assert out.votes.shape == (n, 8)
        assert out.features.shape == (n, network.head.in_features)
        if network.neck is None:
            assert out.activation.shape[:2] == (n, 7)
            means = out.activation.mean(dim=(2, 3))
            torch.testing.assert_close(means, out.logits, rtol=1e-3, atol=1e-3)
        else:
            assert out.activation is None


@pytest.mark.parametrize("name", entries())
def test_rows_of_a_batch_do_not_mix(name: str) -> None:
    network, frames = made(name), torch.rand(3, 1, 48, 48) * 255
    with torch.no_grad():
        together = network(frames).logits
        alone = torch.cat([network(frames[i : i + 1]).logits for i in range(3)])
    scale = float(together.abs().max())
    torch.testing.assert_close(together, alone, rtol=0, atol=1e-3 * scale)
    assert (together[0] - together[1]).abs().max() > 0.01 * scale


@pytest.mark.parametrize("name", entries())
def test_every_parameter_gets_a_gradient(name: str) -> None:
    # A few units of a gate may all be dead for one draw of weights; a part that is not wired in
    # gets nothing from any draw.
    without: set[str] = set()
    for seed in range(4):
        torch.random.manual_seed(seed)
        network = build(name, dropout=0.1, options=smallest(name)).train()
        # The last norm of a block may start at zero and would hide what lies before it.
        for part in network.modules():
            if isinstance(part, torch.nn.BatchNorm2d):
                torch.nn.init.ones_(part.weight)
        out = network(torch.rand(3, 1, 48, 48) * 255)
        assert out.activation is None
        (out.logits.square().sum() + out.votes.square().sum()).backward()
        none = {n for n, p in network.named_parameters() if p.grad is None or not p.grad.any()}
        without = none if seed == 0 else without & none
        if not without:
            break
    assert without == set()


@pytest.mark.parametrize("name", entries(*ON_META))
def test_no_network_has_the_convolution_whose_gradient_corrupts_memory(name: str) -> None:
    """oneDNN, issue 6035: 1x1, strided, fewer channels than a block of 16, channels last."""
    with torch.device("meta"):
        network = build(name, options=smallest(name))
    convolutions = [m for m in network.modules() if isinstance(m, torch.nn.Conv2d)]
    assert convolutions
    assert not any(
        m.kernel_size == (1, 1) and max(m.stride) > 1 and m.in_channels < 16 for m in convolutions
    )


@pytest.mark.parametrize("name", entries())
def test_an_epoch_as_mien_train_runs_it_moves_every_part(name: str, tmp_path: Path) -> None:
    """Half precision, augmentation, optimiser and checkpoint included."""
    config = TrainConfig(
        model=name, epochs=1, batch_size=7, warmup=0.0, lr=0.01, weight_decay=0.0, ema_epochs=0,
        dropout=0.0, watch="", votes_weight=0.0, network=smallest(name),
    )  # fmt: skip
    with seeded(config.seed):
        before = dict(new_network(config).named_parameters())
    run = train(made_splits(14, 7), config, tmp_path)
    network, (row,) = run.network, run.log
    assert 0 < row.loss < 20
    after = dict(network.named_parameters())
    assert all(bool(weights.isfinite().all()) for weights in after.values())
    still = [n for n, w in after.items() if torch.equal(w, before[n]) and "head" in n]
    assert still == []
    moved = sum(not torch.equal(w, before[n]) for n, w in after.items())
    assert moved > 0.8 * len(after)  # what lies behind a norm that starts at zero waits


@pytest.mark.parametrize("name", entries())
def test_weights_survive_saving(name: str, tmp_path) -> None:
    first, second = made(name), made(name)
    frames = torch.rand(2, 1, 48, 48) * 255
    torch.save(first.state_dict(), tmp_path / "weights")
    second.load_state_dict(torch.load(tmp_path / "weights", weights_only=True))
    with torch.no_grad():
        torch.testing.assert_close(first(frames).logits, second(frames).logits)


def check_graph(network: ExpressionNet, graph: bytes) -> None:
    """The exported graph answers as the network does, for one face and for several."""
    session = open_session(graph)
    names = output_names(network)
    image = torch.randint(0, 256, (70, 61, 3), dtype=torch.uint8)
    for n in (1, 3):
        affines = torch.from_numpy(identity_affines(n))
        affines[:, 0, 2] += torch.arange(n)
        with torch.no_grad():
            expected = network(FaceCrop()(image, affines))
        inputs = {"image": image.numpy(), "affine": affines.numpy()}
        for output, answer in zip(names, run(session, names, inputs), strict=True):
            wanted = getattr(expected, output)
            scale = max(1.0, float(wanted.abs().max()))
            torch.testing.assert_close(
                torch.from_numpy(answer), wanted, rtol=0, atol=1e-3 * scale, msg=output
            )


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", models())
def test_every_entry_becomes_a_bundle_that_analyses_a_picture(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One export serves both: it takes most of the time."""
    # Norms that saw a few frames, and answers far apart, make rounding errors of untrained networks
    # larger than an export allows. Their features stay as they are, and are compared too.
    with seeded(1), torch.no_grad():
        network, out = made(name), tmp_path / name
        network.train()(torch.rand(64, 1, 48, 48) * 255)
        spread = network.eval()(torch.rand(8, 1, 48, 48) * 255).logits.std()
        network.head.weight /= 16 * spread
        network.head.bias /= 16 * spread
    bundle = export_bundle(network, made_splits(14, 7), out, name=name, int8=False).bundle
    check_graph(network, bundle.model("fp32"))
    assert run_mien(["analyze", str(PORTRAIT), "--model", str(out), "--json"]) == 0
    (row,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert row["model"] == name
    (face,) = row["faces"]
    assert list(face["probabilities"]) == list(fer7.labels)
    assert sum(face["probabilities"].values()) == pytest.approx(1, abs=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [
        NetworkOptions(pooling="none"),
        NetworkOptions(pooling="min", channels=3),
        NetworkOptions(pooling="avg", input_size=96),
        NetworkOptions(pooling="max", hidden=(16, 8), freeze_to="layer2"),
    ],
)
def test_the_exported_graph_has_every_option(options: NetworkOptions) -> None:
    network = made("resnet18", options)
    check_graph(network, to_onnx(network))


def test_unknown_name_lists_near_ones() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'nano'"):
        build("nanno")


def test_a_name_is_registered_once() -> None:
    with pytest.raises(ConfigError, match="already registered"):
        network("nano", "again", "a test")(lambda _: build("nano"))


def test_frozen_parameters_count_too() -> None:
    network = build("nano", options=NetworkOptions(freeze_to="3"))
    assert not all(p.requires_grad for p in network.parameters())
    assert count_parameters(network) == models()["nano"].parameters


def test_standardised_frames_ignore_light() -> None:
    frames = torch.rand(2, 1, 48, 48) * 120 + 20
    torch.testing.assert_close(
        standardise(frames), standardise(frames * 1.7 + 9), rtol=0, atol=2e-2
    )


def test_a_flat_frame_is_not_amplified() -> None:
    frame = torch.full((1, 1, 48, 48), 77.0)
    frame[0, 0, 3, 3] += 1
    assert standardise(frame).abs().max() < 0.3


def test_large_inputs_show_the_whole_frame_and_small_ones_its_middle() -> None:
    frame = torch.zeros(1, 1, 48, 48)
    frame[..., 0, 0] = 255
    for size, seen in ((16, False), (44, False), (48, True), (96, True)):
        options = NetworkOptions(input_size=size)
        view = build("nano", options=options).prepared(frame)
        assert view.shape[2:] == (size, size)
        assert bool(view.amax() > 1) is seen
