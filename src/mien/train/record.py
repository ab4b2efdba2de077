"""A finished run, as export and cards need it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mien.core.errors import ConfigError
from mien.core.labels import label_space
from mien.models import ExpressionNet, Origin, joint_from
from mien.store.training import Training
from mien.train.config import TrainConfig
from mien.train.log import EpochRow
from mien.train.state import (
    CHECKPOINT,
    epoch_checkpoint,
    load_weights,
    new_network,
    read_checkpoint,
)


@dataclass(frozen=True)
class FinishedRun:
    """A training that reached its last epoch, or the epoch that was asked for.

    Args:
        network: The averaged network.
        config: Its configuration.
        log: One row per epoch that is behind ``network``.
        data: What identifies the rows and votes it was trained on.
        provenance: Version and commit of the code that began it.
        joint: What a joint model is made of (``JointNet.description``); None for a network of the
            registry, which the configuration names.
    """

    network: ExpressionNet
    config: TrainConfig
    log: list[EpochRow]
    data: dict[str, Any]
    provenance: dict[str, Any]
    joint: dict[str, Any] | None = None

    @property
    def origin(self) -> Origin | None:
        """How the registry built the network; None of a joint model, which describes itself."""
        config = self.config
        return None if self.joint else Origin(config.model, config.dropout, config.network)

    @property
    def training(self) -> Training:
        """What a card records of the training."""
        config = self.config.as_dict()
        # The configuration of a joint model names no network: its members are recorded beside it.
        joint = {"joint": self.joint} if self.joint else {}
        dropped = self.network.dropout.p  # a network as published may ask for more than the recipe
        dropout = {"dropout": dropped} if dropped > self.config.dropout else {}
        return Training(
            {
                "config": {**config, "model": "joint"} if self.joint else config,
                **joint,
                **dropout,
                "epochs": len(self.log),
                "seconds": round(sum(row.seconds for row in self.log)),
                "data": self.data,
                **self.provenance,
            }
        )


def load_run(out: Path, epoch: int | None = None) -> FinishedRun:
    """Open a finished run, or what was kept of one epoch of a run, finished or not.

    Args:
        out: Folder of the run.
        epoch: One of the configuration's ``score_at``; None = the end.

    Raises:
        ConfigError: If ``out`` holds no run, one that has epochs left, nothing of ``epoch``, or
            weights of another network than it records.
    """
    path = out / CHECKPOINT if epoch is None else epoch_checkpoint(out, epoch)
    if not path.is_file():
        kept = "" if epoch is None else "; epochs are kept that score_at names"
        raise ConfigError(f"{out} holds no run of mien train (no {path.name}{kept})")
    state = read_checkpoint(path, resumable=False)
    config: TrainConfig = state["config"]
    if epoch is None and len(state["log"]) < config.epochs:
        raise ConfigError(
            f"{out} has {len(state['log'])} of {config.epochs} epochs; finish it with --resume"
        )
    joint = state.get("joint")
    network = joint_from(joint, label_space(config.labels)) if joint else new_network(config)
    load_weights(network, state["average"], path)
    log = [EpochRow(**row) for row in state["log"]]
    return FinishedRun(network.eval(), config, log, state["data"], state["provenance"], joint)
