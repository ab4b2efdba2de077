"""The joint model: one head on the answers of several networks (Rahman and Mahato, 2021).

Train it in two steps, as the thesis does: ``freeze`` and train the head, then ``thaw`` and train
everything end to end at a smaller rate.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import asdict, replace
from itertools import zip_longest
from typing import Any, Literal

import torch
from torch import Tensor, nn

from mien.core.errors import ConfigError, MienError
from mien.core.labels import LabelSpace
from mien.models.factory import Origin, build
from mien.models.network import ExpressionNet
from mien.models.options import NetworkOptions

On = Literal["outputs", "features"]

Description = dict[str, Any]
"""What a joint model is made of, as plain values: enough to build it again.

``on``, ``hidden``, ``dropout`` and ``members``, each of which is such a table itself or an
``Origin``."""


class _Answer(nn.Module):
    """One member's answer, and of the member only what that answer needs."""

    def __init__(self, member: ExpressionNet, on: On) -> None:
        super().__init__()
        self.network = copy.deepcopy(member)
        self.network.vote_head = None
        self.network.frozen = ()
        self.network.requires_grad_(requires_grad=True)
        self.on = on
        if on == "features":
            del self.network.head

    def forward(self, frames: Tensor) -> Tensor:
        """``(N, K)`` logits or ``(N, D)`` features of ``(N, 1, 48, 48)`` grey levels."""
        network = self.network
        features = network.pooled(network.maps(frames))
        return features if self.on == "features" else network.head(network.dropout(features))


class _Answers(nn.Module):
    """All members' answers, side by side."""

    def __init__(self, members: Sequence[ExpressionNet], on: On) -> None:
        super().__init__()
        self.members = nn.ModuleList(_Answer(member, on) for member in members)

    def forward(self, frames: Tensor) -> Tensor:
        """``(N, C, 1, 1)`` of ``(N, 1, 48, 48)`` grey levels."""
        return torch.cat([member(frames) for member in self.members], dim=1)[:, :, None, None]


class JointNet(ExpressionNet):
    """Several networks of one label space under one head.

    The members are copied, without the heads that the joint answer does not need and with nothing
    frozen; each goes on preparing its own view of the frame. Without a hidden layer the joint
    answer starts as the mean of the members' logits. There is no vote head, and there are no
    activation maps.

    Args:
        members: Networks, trained or not.
        on: The head reads the members' ``outputs`` (logits) or their ``features``.
        hidden: Width of a dense layer with ReLU before the head; 0 = none.
        dropout: Probability of dropping an input of the head in training.
        origins: How the registry built each member, for ``description``; None of one that is a
            joint model itself.

    Raises:
        ConfigError: If there are no members, their label spaces differ, or an option is unknown.
    """

    def __init__(
        self,
        members: Sequence[ExpressionNet],
        *,
        on: On = "outputs",
        hidden: int = 0,
        dropout: float = 0.0,
        origins: Sequence[Origin | None] = (),
    ) -> None:
        _check(members, on, hidden)
        widths = [len(m.labels) if on == "outputs" else m.head.in_features for m in members]
        neck = nn.Sequential(nn.Flatten())
        if hidden:
            neck.extend([nn.Linear(sum(widths), hidden), nn.ReLU()])
        super().__init__(
            _Answers(members, on),
            width=hidden or sum(widths),
            labels=members[0].labels,
            votes=False,
            input_size=max(member.input_size for member in members),
            dropout=dropout,
            neck=neck,
        )
        self.on, self.hidden = on, hidden
        self._described = [
            member.description if isinstance(member, JointNet) else origin and asdict(origin)
            for member, origin in zip_longest(members, origins)
        ]
        if not hidden:
            self._start_as_the_mean(members, on)

    @torch.no_grad()
    def _start_as_the_mean(self, members: Sequence[ExpressionNet], on: On) -> None:
        n, device = len(members), self.head.weight.device
        if on == "outputs":
            self.head.weight.copy_(torch.eye(len(self.labels)).repeat(1, n) / n)
            self.head.bias.zero_()
            return
        heads = [member.head for member in members]
        self.head.weight.copy_(torch.cat([h.weight.to(device) for h in heads], dim=1) / n)
        self.head.bias.copy_(torch.stack([h.bias.to(device) for h in heads]).mean(dim=0))

    @property
    def description(self) -> Description | None:
        """What it is made of; None where the origin of a member is not known."""
        if None in self._described:
            return None
        return {
            "on": self.on,
            "hidden": self.hidden,
            "dropout": self.dropout.p,
            "members": self._described,
        }

    def prepared(self, frames: Tensor) -> Tensor:
        """The frames as they are: each member prepares its own view."""
        return frames

    def freeze(self) -> None:
        """Train the head only; the members' norms and dropout stay as in evaluation."""
        self.trunk.requires_grad_(requires_grad=False)
        self.frozen = (self.trunk,)
        self.train(self.training)

    def thaw(self) -> None:
        """Train all weights of all members too."""
        self.trunk.requires_grad_(requires_grad=True)
        self.frozen = ()
        self.train(self.training)


def _check(members: Sequence[ExpressionNet], on: str, hidden: int) -> None:
    if not members:
        raise ConfigError("a joint model needs one member or more, got none")
    spaces = {member.labels for member in members}
    if len(spaces) > 1:
        names = ", ".join(sorted(space.name for space in spaces))
        raise ConfigError(f"members must share one label space, got {names}; train them alike")
    if on not in ("outputs", "features"):
        raise ConfigError(f"a joint model reads outputs or features, got {on!r}")
    if hidden < 0:
        raise ConfigError(f"the hidden layer's width must be 0 or more, got {hidden}")


def joint_from(description: Description, labels: LabelSpace) -> JointNet:
    """The joint model of a description, with fresh weights.

    Args:
        description: ``JointNet.description``.
        labels: Label space of all its members.

    Raises:
        ConfigError: If the description is none of this version.
    """
    try:
        origins = [None if "members" in each else _origin(each) for each in description["members"]]
        members = [
            joint_from(each, labels) if origin is None else _fresh(origin, labels)
            for each, origin in zip(description["members"], origins, strict=True)
        ]
        on, hidden, dropout = (description[key] for key in ("on", "hidden", "dropout"))
        return JointNet(members, on=on, hidden=hidden, dropout=dropout, origins=origins)
    except (KeyError, TypeError, AttributeError, MienError) as error:
        raise ConfigError(
            f"the description of a joint model is not of this version of mien ({error!r}); "
            "train it again"
        ) from error


def _origin(member: Description) -> Origin:
    return Origin(member["model"], member["dropout"], NetworkOptions(**member["network"]))


def _fresh(origin: Origin, labels: LabelSpace) -> ExpressionNet:
    # Its weights replace published ones, and a joint model freezes what it freezes itself.
    options = replace(origin.network, pretrained="", freeze_to="")
    return build(origin.model, labels=labels, votes=False, dropout=origin.dropout, options=options)
