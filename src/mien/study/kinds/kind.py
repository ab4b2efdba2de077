"""What a kind of study is, and what the trainings of all kinds have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from mien.core.errors import ConfigError
from mien.core.registry import Registry
from mien.data.faceset import FaceSet
from mien.models import ExpressionNet, count_macs, count_parameters
from mien.study.arm import Arm, Table
from mien.study.result import ArmResult
from mien.study.samples import Samples
from mien.study.scoring import scored
from mien.train import (
    Callbacks,
    FinishedRun,
    Shown,
    TrainConfig,
    check_batch,
    check_network,
    config_from_dict,
    train,
    training_rows,
)
from mien.train.log import EpochRow

RUN = "run"
"""Folder, within an arm's, of the training of an arm that has one network, and name of its log."""

CURVE_POINTS = 12
"""How often, at most, the shown test samples are scored in a training."""

Log = Sequence[EpochRow]


@dataclass(frozen=True)
class Job:
    """An arm to run: on which samples, where and how."""

    arm: Arm
    samples: Samples
    folder: Path
    device: str
    provenance: Mapping[str, str]
    on_epoch: Callable[[EpochRow], None]

    def train(
        self,
        faces: FaceSet,
        config: TrainConfig,
        out: Path,
        network: ExpressionNet | None = None,
        before: Table | None = None,
        *,
        shown: bool = True,
    ) -> FinishedRun:
        """Train, continue, or read what an earlier call finished."""
        return train(
            faces,
            config,
            out,
            resume=True,
            provenance={**self.provenance, **(before or {})},
            shown=Shown(self.samples.shown, -(-config.epochs // CURVE_POINTS)) if shown else None,
            callbacks=Callbacks(on_epoch=self.on_epoch),
            accelerator=self.device,
            network=network,
        )

    def trained(
        self, network: ExpressionNet, config: TrainConfig, logs: Mapping[str, Log]
    ) -> ArmResult:
        """The result of an arm that ends with one network."""
        trained_on = training_rows(self.samples.train, config)[0]
        return ArmResult(
            arm=self.arm.name,
            values=self.arm.values,
            state="done",
            **cost(network),
            epochs=config.epochs,
            seconds=round(sum(epoch.seconds for log in logs.values() for epoch in log)),
            train_rows=len(trained_on),
            scores=scored(network, self.samples, trained_on, self.device),
            log={name: tuple(log) for name, log in logs.items()},
        )


class Kind(Protocol):
    """What the arms of a study are."""

    def check(self, arm: Arm) -> None:
        """Raises ``MienError`` if the arm cannot run, whatever the data are."""
        ...

    def run(self, job: Job) -> ArmResult:
        """Train, continuing where an earlier call stopped, and score.

        Raises:
            MienError: As ``train.train`` does.
        """
        ...


@dataclass(frozen=True)
class KindInfo:
    """A kind by its name; ``axes`` are those of published figures that no grid names."""

    name: str
    axes: tuple[str, ...] = ()


KINDS: Registry[KindInfo, Callable[[], Kind]] = Registry("kind of study")


def train_config(recipe: Table, labels: str) -> TrainConfig:
    """A recipe; nothing is watched unless it says so, and votes are not used."""
    return config_from_dict({"watch": "", "votes_weight": 0.0, **recipe, "labels": labels})


def trained_trunk(config: TrainConfig) -> Mapping[str, Sequence[int]]:
    """Shapes of the trunk that a recipe trains; raises ``MienError`` if it cannot be."""
    check_batch(config, 1)
    kept = ("model", "labels", "network", "votes_weight")
    return _shapes(TrainConfig(**{key: getattr(config, key) for key in kept}))


@cache
def _shapes(bare: TrainConfig) -> Mapping[str, Sequence[int]]:
    """Of a recipe with nothing but its network: arms of one network have it built once."""
    state = check_network(bare).trunk.state_dict()
    return {name: tuple(each.shape) for name, each in state.items()}


def check_one_scoring(config: TrainConfig) -> None:
    """Raises ``ConfigError`` if a recipe wants epochs scored, in an arm of several trainings."""
    if config.score_at:
        raise ConfigError(
            "score_at is for arms with one training; make the epochs an axis of the grid instead"
        )


def cost(network: ExpressionNet) -> dict[str, Any]:
    """Parameters, multiply-accumulates and the size of the weights in fp32."""
    return {
        "parameters": count_parameters(network),
        "macs": count_macs(network),
        "megabytes": 4 * sum(p.numel() for p in network.parameters()) / 1e6,
    }
