"""A finished run, as export and cards need it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mien.core.errors import ConfigError
from mien.models import ExpressionNet
from mien.train.config import TrainConfig
from mien.train.log import EpochRow
from mien.train.state import CHECKPOINT, epoch_checkpoint, new_network, read_checkpoint


@dataclass(frozen=True)
class FinishedRun:
    """A training that reached its last epoch, or the epoch that was asked for.

    Args:
        network: The averaged network.
        config: Its configuration.
        log: One row per epoch that is behind ``network``.
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


def load_run(out: Path, epoch: int | None = None) -> FinishedRun:
    """Open a finished run, or what was kept of one epoch of a run, finished or not.

    Args:
        out: Folder of the run.
        epoch: One of the configuration's ``score_at``; None = the end.

    Raises:
        ConfigError: If ``out`` holds no run, one that has epochs left, or nothing of ``epoch``.
    """
    path = out / CHECKPOINT if epoch is None else epoch_checkpoint(out, epoch)
    if not path.is_file():
        kept = "" if epoch is None else "; epochs are kept that score_at names"
        raise ConfigError(f"{out} holds no run of mien train (no {path.name}{kept})")
    state = read_checkpoint(path, resumable=epoch is None)
    config: TrainConfig = state["config"]
    if epoch is None and len(state["log"]) < config.epochs:
        raise ConfigError(
            f"{out} has {len(state['log'])} of {config.epochs} epochs; finish it with --resume"
        )
    network = new_network(config, pretrained=False)
    network.load_state_dict(state["average"])
    log = [EpochRow(**row) for row in state["log"]]
    return FinishedRun(network.eval(), config, log, state["data"], state["provenance"])
