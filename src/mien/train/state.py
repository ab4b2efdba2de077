"""What a run consists of besides its data: seeds, rate, weight average, checkpoint."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from mien.core.errors import ConfigError, DataError
from mien.models import ExpressionNet
from mien.store.atomic import writing
from mien.train.config import TrainConfig

CHECKPOINT = "last.ckpt"
"""Name of the checkpoint in the folder of a run."""


def derived_seed(*parts: int) -> int:
    """One 63-bit seed from several numbers (run seed, epoch, rank)."""
    return int(np.random.SeedSequence(parts).generate_state(1, np.uint64)[0] >> 1)


@contextmanager
def seeded(*parts: int) -> Iterator[None]:
    """Scope torch's own generators (initial weights, dropout) to a seed; they are restored."""
    with torch.random.fork_rng():
        torch.random.manual_seed(derived_seed(*parts))
        yield


def learning_rate(step: int, steps: int, config: TrainConfig) -> float:
    """Rate of step ``step`` of ``steps``: the schedule's, or warm-up, then linear to zero."""
    if config.schedule:
        epochs, shares = zip(*config.schedule, strict=True)
        return config.lr * float(np.interp(step * config.epochs / steps, epochs, shares))
    rise = max(1, round(config.warmup * steps))
    if step < rise:
        return config.lr * (step + 1) / rise
    return config.lr * (steps - step) / max(1, steps - rise)


class WeightAverage:
    """Exponential moving average of parameters and float buffers (Polyak and Juditsky, 1992)."""

    def __init__(self, network: ExpressionNet, horizon_steps: float) -> None:
        self.network = copy.deepcopy(network).eval().requires_grad_(False)  # noqa: FBT003 - torch's own signature
        self.decay = 1 - 1 / max(1.0, horizon_steps)
        self.steps = 0

    def update(self, network: nn.Module) -> None:
        """Move towards ``network``; early steps move faster, so the first state is forgotten."""
        self.steps += 1
        decay = min(self.decay, self.steps / (self.steps + 9))
        ours, theirs = self.network.state_dict(), network.state_dict()
        floats = [name for name, value in ours.items() if value.is_floating_point()]
        with torch.no_grad():
            torch._foreach_lerp_(  # pyright: ignore[reportPrivateImportUsage]
                [ours[name] for name in floats], [theirs[name] for name in floats], 1 - decay
            )
            for name, value in ours.items():
                if not value.is_floating_point():
                    value.copy_(theirs[name])


def optimiser(network: nn.Module, config: TrainConfig) -> torch.optim.SGD:
    """SGD with Nesterov momentum; norms and biases are not decayed."""
    parameters = [p for p in network.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": config.weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.SGD(groups, lr=config.lr, momentum=config.momentum, nesterov=True)


def save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write ``state`` so that a kill at any moment leaves the old or the new file, whole."""
    with writing(path, "wb") as file:
        torch.save(state, file)


_HELD = {
    "config", "network", "optimiser", "average", "average_steps", "log", "data", "provenance",
}  # fmt: skip


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint; raises ``ConfigError`` if the file is none or is damaged."""
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        missing = _HELD - set(state)
    except Exception as error:  # torch.load's errors share no base class
        reason = (str(error).splitlines() or [repr(error)])[0]
        raise ConfigError(f"{path}: not a checkpoint of mien train ({reason})") from error
    if missing:
        raise ConfigError(
            f"{path}: not a checkpoint of this version of mien train "
            f"(it lacks {', '.join(sorted(missing))})"
        )
    return state


def load_checkpoint(path: Path, config: TrainConfig, data: dict[str, Any]) -> dict[str, Any]:
    """Read a checkpoint of the same configuration and the same rows.

    Raises:
        ConfigError: If the file is damaged, or was written under another configuration.
        DataError: If it was trained on other rows or votes.
    """
    state = read_checkpoint(path)
    ours, theirs = config.as_dict(), state["config"]
    differing = sorted(k for k in ours if ours[k] != theirs.get(k))
    if differing:
        raise ConfigError(
            f"{path} was trained with another {', '.join(differing)}; "
            "resume with the same configuration, or choose another --out"
        )
    if state["data"] != data:
        raise DataError(
            f"{path} was trained on other rows or votes ({state['data']}, now {data}); "
            "resume with the same data, or choose another --out"
        )
    return state
