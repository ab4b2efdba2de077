"""What is refused before an arm runs: a grid should not find its mistakes one arm after another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch

from mien.core.errors import ConfigError, LabelError, UnknownNameError, unknown_name
from mien.core.labels import label_space
from mien.study.arms import no_chosen_epochs, recipe_of
from mien.study.baselines import baseline_of
from mien.study.fusion import fusion_stages, fusions, joint_hidden
from mien.study.plan import Arm, DataPlan, Study
from mien.study.transfer import first_config
from mien.train import TrainConfig, check_batch
from mien.train.reading import built
from mien.train.state import new_network

Shapes = dict[str, tuple[int, ...]]
Trunk = Callable[[TrainConfig], Shapes]


def check_study(study: Study) -> None:
    """Refuse a study whose arms cannot run, whatever the data are.

    Raises:
        ConfigError: If a key of an arm's recipe or rows is unknown, or a value impossible.
        UnknownNameError: If there is no such network, baseline, fusion or label space.
    """
    trunk = _trunks()
    for arm in study.arms:
        try:
            plan: DataPlan = built(DataPlan, dict(arm.data), "data.")
            label_space(plan.labels)
            _CHECKS[study.kind](arm, plan.labels, trunk)
        except (ConfigError, LabelError, UnknownNameError) as error:
            raise type(error)(f"study {study.name}, arm {arm.name}: {error}") from error


def _trunks() -> Trunk:
    """Shapes of a network's trunk by its recipe; raises if it cannot be built.

    Nothing is computed for it, and arms of one network have it built once.
    """
    known: dict[str, Shapes] = {}

    def trunk(config: TrainConfig) -> Shapes:
        key = repr((config.model, config.labels, config.network, config.votes_weight > 0))
        if key not in known:
            with torch.device("meta"):
                state = new_network(config, pretrained=False).trunk.state_dict()
            known[key] = {name: tuple(each.shape) for name, each in state.items()}
        return known[key]

    return trunk


def _network(arm: Arm, labels: str, trunk: Trunk) -> None:
    _trains(recipe_of(arm, labels), trunk)


def _trains(config: TrainConfig, trunk: Trunk) -> Shapes:
    check_batch(config, 1)
    return trunk(config)


def _baseline(arm: Arm, labels: str, _trunk: Trunk) -> None:
    baseline_of(arm, labels)


def _fusion(arm: Arm, labels: str, trunk: Trunk) -> None:
    stages = fusion_stages(arm, labels)
    joint_hidden(arm)
    chosen, known = arm.recipe["fusion"], fusions(stages[arm.recipe["members"][0]])
    if chosen not in known:
        raise unknown_name("fusion", chosen, known)
    for config in stages.values():
        check_batch(config, 1)
    for member in arm.recipe["members"]:
        trunk(stages[member])


def _transfer(arm: Arm, labels: str, trunk: Trunk) -> None:
    first = first_config(arm)
    own = {key: value for key, value in arm.recipe.items() if key != "first"}
    second = recipe_of(replace(arm, recipe=own), labels)
    for config in (second, first):
        if config is not None:
            no_chosen_epochs(config)
    shapes = _trains(second, trunk)
    if first is not None and _trains(first, trunk) != shapes:
        raise ConfigError(
            f"first trains another trunk ({first.model}) than goes on ({second.model}); give both "
            "one model, network.input_size, network.channels and network.pooling"
        )


_CHECKS: dict[str, Callable[[Arm, str, Trunk], None]] = {
    "networks": _network,
    "classical": _baseline,
    "fusion": _fusion,
    "transfer": _transfer,
}
