"""A finished run, as export and cards need it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mien.core.errors import ConfigError
from mien.core.labels import label_space
from mien.models import ExpressionNet, build
from mien.train.config import TrainConfig, config_from_dict
from mien.train.log import EpochRow
from mien.train.state import CHECKPOINT, read_checkpoint


@dataclass(frozen=True)
class FinishedRun:
    """A training that reached its last epoch.

    Args:
        network: The averaged network.
        config: Its configuration.
        log: One row per epoch.
        data: What identifies the rows and votes it was trained on.
        provenance: Version and commit of the code that began it.
    """

    network: ExpressionNet
    config: TrainConfig
    log: list[EpochRow]
    data: dict[str, Any]
    provenance: dict[str, str]

    def as_dict(self) -> dict[str, Any]:
        """What a card tells of the training."""
        return {
            "config": self.config.as_dict(),
            "epochs": len(self.log),
            "seconds": round(sum(row.seconds for row in self.log)),
            "data": self.data,
            **self.provenance,
        }


def load_run(out: Path) -> FinishedRun:
    """Open a finished run.

    Raises:
        ConfigError: If ``out`` holds no run, or one that has epochs left.
    """
    path = out / CHECKPOINT
    if not path.is_file():
        raise ConfigError(f"{out} holds no run of mien train (no {CHECKPOINT})")
    state = read_checkpoint(path)
    config = config_from_dict(state["config"])
    if len(state["log"]) < config.epochs:
        raise ConfigError(
            f"{out} has {len(state['log'])} of {config.epochs} epochs; finish it with --resume"
        )
    network = build(config.model, labels=label_space(config.labels), votes=config.votes_weight > 0)
    network.load_state_dict(state["average"])
    log = [EpochRow(**row) for row in state["log"]]
    return FinishedRun(network.eval(), config, log, state["data"], state["provenance"])
