"""What is refused before an arm runs: a grid should not find its mistakes one arm after another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from mien.core.errors import ConfigError, LabelError, UnknownNameError, unknown_name
from mien.core.labels import label_space
from mien.study.arms import no_chosen_epochs, recipe_of
from mien.study.baselines import baseline_of
from mien.study.fusion import fusion_stages, fusions, joint_hidden
from mien.study.plan import Arm, DataPlan, Study
from mien.study.transfer import first_config
from mien.train import TrainConfig, check_batch, check_network
from mien.train.reading import built


def check_study(study: Study) -> None:
    """Refuse a study whose arms cannot run, whatever the data are.

    Raises:
        ConfigError: If a key of an arm's recipe or rows is unknown, or a value impossible.
        UnknownNameError: If there is no such network, baseline, fusion or label space.
    """
    seen: set[str] = set()
    for arm in study.arms:
        try:
            plan: DataPlan = built(DataPlan, dict(arm.data), "data.")
            label_space(plan.labels)
            for config in _CONFIGS[study.kind](arm, plan.labels):
                check_batch(config, 1)
                network = repr((config.model, config.labels, config.network))
                if network not in seen:
                    check_network(config)
                seen.add(network)
        except (ConfigError, LabelError, UnknownNameError) as error:
            raise type(error)(f"study {study.name}, arm {arm.name}: {error}") from error


def _network(arm: Arm, labels: str) -> Iterator[TrainConfig]:
    yield recipe_of(arm, labels)


def _baseline(arm: Arm, labels: str) -> Iterator[TrainConfig]:
    baseline_of(arm, labels)
    yield from ()


def _fusion(arm: Arm, labels: str) -> Iterator[TrainConfig]:
    stages = fusion_stages(arm, labels)
    joint_hidden(arm)
    members = [stages[name] for name in arm.recipe["members"]]
    chosen, known = arm.recipe["fusion"], fusions(members[0])
    if chosen not in known:
        raise unknown_name("fusion", chosen, known)
    yield from members


def _transfer(arm: Arm, labels: str) -> Iterator[TrainConfig]:
    own = {key: value for key, value in arm.recipe.items() if key != "first"}
    for config in (first_config(arm), recipe_of(replace(arm, recipe=own), labels)):
        if config is not None:
            no_chosen_epochs(config)
            yield config


_CONFIGS: dict[str, Callable[[Arm, str], Iterator[TrainConfig]]] = {
    "networks": _network,
    "classical": _baseline,
    "fusion": _fusion,
    "transfer": _transfer,
}
