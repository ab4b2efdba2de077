"""The joint model: starts as the members' mean, trains its head first, then everything."""

from __future__ import annotations

import copy
from itertools import pairwise

import pytest
import torch
from torch import nn

from mien.core.errors import ConfigError
from mien.core.labels import LabelSpace, agrawal5, fer7
from mien.models import ExpressionNet, build, count_macs, count_parameters
from mien.models.joint import JointNet
from settled import frames, settled, without_gradient


def member(
    width: int = 4,
    *,
    input_size: int = 44,
    labels: LabelSpace = fer7,
    flat: bool = False,
    dropout: float = 0.0,
) -> ExpressionNet:
    """A network of one convolution, with a vote head; ``flat`` = with a dense neck."""
    side = (input_size - 1) // 4 + 1
    neck = nn.Sequential(nn.Flatten(), nn.Linear(width * side**2, 6)) if flat else None
    network = ExpressionNet(
        nn.Sequential(
            nn.Conv2d(1, width, 3, 4, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()
        ),
        width=6 if flat else width,
        labels=labels,
        votes=True,
        input_size=input_size,
        dropout=dropout,
        neck=neck,
    )
    return settled(network, batches=2)


def three_members() -> list[ExpressionNet]:
    """Different widths, input sizes and necks."""
    return [member(4), member(5, input_size=60), member(3, input_size=48, flat=True)]


def state(module: nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in module.state_dict().items()}


def changed(before: dict[str, torch.Tensor], module: nn.Module) -> set[str]:
    return {n for n, v in module.state_dict().items() if not torch.equal(v, before[n])}


def one_step(network: ExpressionNet) -> None:
    trained = [p for p in network.parameters() if p.requires_grad]
    sgd = torch.optim.SGD(trained, lr=0.1)
    network.train()(frames(4)).logits.square().sum().backward()
    sgd.step()


@pytest.mark.parametrize("on", ["outputs", "features"])
@pytest.mark.parametrize("n", [1, 3])
def test_starts_as_the_mean_of_the_members_logits(on: str, n: int) -> None:
    members = three_members()
    joint = JointNet(members, on=on).eval()
    with torch.no_grad():
        out = joint(frames(n, 5))
        mean = torch.stack([m(frames(n, 5)).logits for m in members]).mean(dim=0)
    torch.testing.assert_close(out.logits, mean, rtol=1e-4, atol=1e-5)
    assert out.features.shape == (n, 21 if on == "outputs" else 4 + 5 + 6)
    assert out.activation is None
    assert out.votes is None


def test_features_are_the_members_answers_side_by_side() -> None:
    members = three_members()
    with torch.no_grad():
        answers = [m(frames(2)) for m in members]
        logits = JointNet(members, on="outputs").eval()(frames(2)).features
        features = JointNet(members, on="features").eval()(frames(2)).features
    torch.testing.assert_close(logits, torch.cat([a.logits for a in answers], dim=1))
    torch.testing.assert_close(features, torch.cat([a.features for a in answers], dim=1))


@pytest.mark.parametrize("on", ["outputs", "features"])
def test_a_hidden_layer_comes_before_the_head(on: str) -> None:
    joint = JointNet(three_members(), on=on, hidden=9).eval()
    with torch.no_grad():
        out = joint(frames(2))
    assert out.features.shape == (2, 9)
    assert out.features.min() >= 0
    assert out.logits.shape == (2, 7)


@pytest.mark.parametrize("on", ["outputs", "features"])
@pytest.mark.parametrize("hidden", [0, 9])
def test_counts_hold_what_is_run_and_nothing_else(on: str, hidden: int) -> None:
    members = three_members()
    joint = JointNet(members, on=on, hidden=hidden)
    width = 21 if on == "outputs" else 15
    top = [width, hidden, 7] if hidden else [width, 7]
    layers = list(pairwise(top))
    trunks = sum(count_parameters(m) - count_parameters(m.vote_head) for m in members)
    macs = sum(count_macs(m) - m.vote_head.in_features * 8 for m in members)
    if on == "features":
        trunks -= sum(count_parameters(m.head) for m in members)
        macs -= sum(m.head.in_features * 7 for m in members)
    assert count_parameters(joint) == trunks + sum((a + 1) * b for a, b in layers)
    assert count_macs(joint) == macs + sum(a * b for a, b in layers)


@pytest.mark.parametrize("on", ["outputs", "features"])
def test_frozen_members_stay_as_they_are(on: str) -> None:
    joint = JointNet([member(4, dropout=0.5), member(5, flat=True)], on=on, hidden=8)
    joint.freeze()
    before = state(joint)
    one_step(joint)
    assert changed(before, joint) == {
        "neck.1.weight",
        "neck.1.bias",
        "head.weight",
        "head.bias",
    }
    with torch.no_grad():  # in training mode too: no dropout, norms by their statistics
        assert torch.equal(joint(frames(3)).features, joint(frames(3)).features)


@pytest.mark.parametrize("on", ["outputs", "features"])
@pytest.mark.parametrize("hidden", [0, 8])
def test_thawed_members_are_trained_whole(on: str, hidden: int) -> None:
    joint = JointNet(three_members(), on=on, hidden=hidden)
    joint.freeze()
    joint.thaw()
    assert all(p.requires_grad for p in joint.parameters())
    assert without_gradient(joint) == []
    before = state(joint)
    one_step(joint)
    assert {n for n in before if "running" in n} <= changed(before, joint)


def test_members_given_stay_as_they_are() -> None:
    members = three_members()
    members[0].trunk.requires_grad_(requires_grad=False)
    members[0].frozen = (members[0].trunk,)
    before = [state(m) for m in members]
    joint = JointNet(members, on="features")
    assert all(p.requires_grad for p in joint.parameters())
    one_step(joint)
    assert [changed(b, m) for b, m in zip(before, members, strict=True)] == [set()] * 3
    assert all(m(frames(1)).votes is not None for m in members)


def test_a_copy_freezes_its_own_members() -> None:
    joint = JointNet(three_members())
    joint.freeze()
    twin = copy.deepcopy(joint).train()
    assert not any(part.training for part in twin.trunk.modules())
    twin.thaw()
    assert all(part.training for part in twin.trunk.modules())
    assert not joint.train().trunk.training


def test_dropout_drops_inputs_of_the_head() -> None:
    joint = JointNet(three_members(), dropout=0.9)
    joint.freeze()
    joint.train()
    with torch.no_grad():
        answers = torch.stack([joint(frames(4)).logits for _ in range(5)])
    assert answers.std(dim=0).max() > 0


def test_tuned_members_keep_their_own_dropout() -> None:
    joint = JointNet([build("nano", dropout=0.5)], on="outputs").train()
    assert joint.dropout.p == 0
    with torch.no_grad():
        logits = torch.stack([joint.trunk(frames(4)) for _ in range(4)])
        joint.freeze()
        still = torch.stack([joint.trunk(frames(4)) for _ in range(4)])
    assert logits.std(dim=0).max() > 0
    assert still.std(dim=0).max() == 0


def test_a_joint_model_can_be_a_member() -> None:
    inner, other = JointNet(three_members(), on="features"), member(4)
    with torch.no_grad():
        outer = JointNet([inner.eval(), other], on="outputs").eval()(frames(2)).logits
        mean = (inner(frames(2)).logits + other(frames(2)).logits) / 2
    torch.testing.assert_close(outer, mean, rtol=1e-4, atol=1e-5)


def test_what_it_tells_of_itself() -> None:
    joint = JointNet(three_members())
    assert joint.labels == fer7
    assert joint.input_size == 60
    assert joint.vote_head is None
    assert joint.neck is not None


@pytest.mark.parametrize(
    ("members", "options", "message"),
    [
        (0, {}, "one member or more"),
        (1, {"on": "logits"}, "outputs or features, got 'logits'"),
        (1, {"hidden": -1}, "0 or more, got -1"),
    ],
)
def test_what_cannot_be_joined_is_refused(members: int, options: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        JointNet([member() for _ in range(members)], **options)


def test_members_of_two_label_spaces_are_refused() -> None:
    with pytest.raises(ConfigError, match="one label space, got agrawal5, fer7"):
        JointNet([member(), member(labels=agrawal5)])


@pytest.mark.slow
@pytest.mark.parametrize("on", ["outputs", "features"])
def test_the_graph_answers_as_the_network(on: str) -> None:
    from mien.export import to_onnx
    from mien.export.bundle import check_outputs
    from mien.export.graph import output_names

    joint = JointNet(three_members(), on=on, hidden=8)
    joint.freeze()
    assert output_names(joint) == ("logits", "features")
    check_outputs(joint, to_onnx(joint))
