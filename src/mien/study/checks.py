"""What is refused before an arm runs: a grid should not find its mistakes one arm after another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

from mien.core.errors import ConfigError, LabelError, UnknownNameError
from mien.core.labels import label_space
from mien.study.arms import no_chosen_epochs, recipe_of
from mien.study.baselines import baseline_of
from mien.study.fusion import fusion_stages, joint_hidden
from mien.study.plan import Arm, DataPlan, Study
from mien.study.transfer import first_config
from mien.train import TrainConfig, check_batch, check_network
from mien.train.toml import built


def check_study(study: Study) -> None:
    """Refuse a study whose arms cannot run, whatever the data are.

    Raises:
        ConfigError: If a key of an arm's recipe or rows is unknown, or a value impossible.
        UnknownNameError: If there is no such network, baseline, fusion or label space.
    """
    for arm in study.arms:
        try:
            plan: DataPlan = built(DataPlan, dict(arm.data), "data.")
            label_space(plan.labels)
            _CHECKS[study.kind](arm, plan.labels)
        except (ConfigError, LabelError, UnknownNameError) as error:
            raise type(error)(f"study {study.name}, arm {arm.name}: {error}") from error


def _trunk(config: TrainConfig) -> dict[str, tuple[int, ...]]:
    """Shapes of the trunk that a recipe trains; raises if it cannot be built."""
    return _shapes(
        TrainConfig(
            model=config.model,
            labels=config.labels,
            network=config.network,
            votes_weight=config.votes_weight,
        )
    )


@cache
def _shapes(bare: TrainConfig) -> dict[str, tuple[int, ...]]:
    """Of a recipe with nothing but its network: arms of one network have it built once."""
    state = check_network(bare).trunk.state_dict()
    return {name: tuple(each.shape) for name, each in state.items()}


def _network(arm: Arm, labels: str) -> None:
    _trains(recipe_of(arm, labels))


def _trains(config: TrainConfig) -> dict[str, tuple[int, ...]]:
    check_batch(config, 1)
    return _trunk(config)


def _baseline(arm: Arm, labels: str) -> None:
    baseline_of(arm, labels)


def _fusion(arm: Arm, labels: str) -> None:
    stages = fusion_stages(arm, labels)
    joint_hidden(arm)
    for config in stages.values():
        check_batch(config, 1)
    for member in arm.recipe["members"]:
        _trunk(stages[member])


def _transfer(arm: Arm, labels: str) -> None:
    first = first_config(arm)
    own = {key: value for key, value in arm.recipe.items() if key != "first"}
    second = recipe_of(replace(arm, recipe=own), labels)
    for config in (second, first):
        if config is not None:
            no_chosen_epochs(config)
    shapes = _trains(second)
    if first is not None and _trains(first) != shapes:
        raise ConfigError(
            f"first trains another trunk ({first.model}) than goes on ({second.model}); give both "
            "one model, network.input_size, network.channels and network.pooling"
        )


_CHECKS: dict[str, Callable[[Arm, str], None]] = {
    "networks": _network,
    "classical": _baseline,
    "fusion": _fusion,
    "transfer": _transfer,
}
