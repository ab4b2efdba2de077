"""Optimisers: which parameters are decayed, and how."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from torch import nn

from mien.train import TrainConfig
from mien.train.schedule import optimiser

SGD = TrainConfig(lr=0.1, weight_decay=0.5, momentum=0.0)
ADAM = dataclasses.replace(SGD, optimiser="adam", momentum=0.9)


def network() -> nn.Sequential:
    made = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.fill_(1.0)
    return made


@pytest.mark.parametrize("config", [SGD, ADAM], ids=["sgd", "adam"])
def test_only_weights_are_decayed(config: TrainConfig) -> None:
    made = network()
    steps = optimiser(made, config)
    for parameter in made.parameters():
        parameter.grad = torch.zeros_like(parameter)
    steps.step()
    assert torch.allclose(made[0].weight, torch.tensor(1 - 0.1 * 0.5))
    for kept in (made[0].bias, made[1].weight, made[1].bias):
        assert torch.equal(kept, torch.ones_like(kept))


def test_adam_decays_apart_from_the_gradient() -> None:
    moved = []
    for scale in (1e-3, 1e3):
        made = network()
        steps = optimiser(made, ADAM)
        made[0].weight.grad = torch.full_like(made[0].weight, scale)
        steps.step()
        moved.append(made[0].weight.detach())
    assert torch.allclose(moved[0], moved[1], atol=1e-4)  # the scale of gradients is no matter
    assert torch.allclose(moved[0], torch.tensor(1 - 0.1 * 0.5 - 0.1), atol=1e-4)


def test_momentum_is_the_first_beta_of_adam() -> None:
    assert optimiser(network(), ADAM).param_groups[0]["betas"] == (0.9, 0.999)


@pytest.mark.parametrize(
    ("momentum", "asked", "given"), [(0.9, True, True), (0.9, False, False), (0.0, True, False)]
)
def test_sgd_looks_ahead_when_asked_and_there_is_momentum(
    momentum: float, asked: bool, given: bool
) -> None:
    config = dataclasses.replace(SGD, momentum=momentum, nesterov=asked)
    assert optimiser(network(), config).param_groups[0]["nesterov"] is given


def test_frozen_parameters_are_left_out() -> None:
    made = network()
    made[0].weight.requires_grad_(False)
    groups = optimiser(made, SGD).param_groups
    assert [len(group["params"]) for group in groups] == [0, 3]
