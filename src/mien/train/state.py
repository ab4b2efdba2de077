"""What a run consists of besides its data: seeds, weight average, checkpoints."""

from __future__ import annotations

import copy
import dataclasses
import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from mien.core.errors import ConfigError, OtherRunError
from mien.core.labels import label_space
from mien.models import ExpressionNet, build
from mien.models.pretrained import load_pretrained
from mien.store.atomic import writing
from mien.train.config import TrainConfig, config_from_dict

CHECKPOINT = "last.ckpt"
"""Name of the checkpoint in the folder of a run."""


def epoch_checkpoint(out: Path, epoch: int) -> Path:
    """The checkpoint that is kept of ``epoch`` (from 1), if the configuration asks for it."""
    return out / f"epoch-{epoch}.ckpt"


def derived_seed(*parts: int) -> int:
    """One 63-bit seed from several numbers (run seed, epoch, rank)."""
    return int(np.random.SeedSequence(parts).generate_state(1, np.uint64)[0] >> 1)


@contextmanager
def seeded(*parts: int) -> Iterator[None]:
    """Scope torch's own generators (initial weights, dropout) to a seed; they are restored."""
    used = [torch.cuda.current_device()] if torch.cuda.is_initialized() else []
    with torch.random.fork_rng(devices=used):
        torch.random.manual_seed(derived_seed(*parts))
        yield


def new_network(config: TrainConfig) -> ExpressionNet:
    """The configuration's network with fresh weights, by torch's own generator."""
    return build(
        config.model,
        labels=label_space(config.labels),
        votes=config.votes_weight > 0,
        dropout=config.dropout,
        options=dataclasses.replace(config.network, pretrained=""),
    )


def begin(config: TrainConfig) -> tuple[ExpressionNet, dict[str, str]]:
    """The network that a training begins with, and what must be recorded of its weights.

    Raises:
        ConfigError: If the weights that ``network.pretrained`` names are not there, or do not fit.
    """
    network, source = new_network(config), config.network.pretrained
    if not source:
        return network, {}
    return network, {"pretrained_sha256": load_pretrained(network, config.model, source)}


class WeightAverage:
    """Exponential moving average of parameters and float buffers (Polyak and Juditsky, 1992).

    Args:
        network: Where it starts.
        horizon_steps: Steps that it looks back over; up to 1, it is the network's own last state.
    """

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


def save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write ``state`` so that a kill at any moment leaves the old or the new file, whole.

    Raises:
        OSError: If the disk is full; torch alone would call that an error of its own.
    """
    held = io.BytesIO()
    torch.save(state, held)
    with writing(path, "wb") as file:
        file.write(held.getbuffer())


_KEPT = {"config", "network", "average", "log", "data", "provenance"}
_HELD = _KEPT | {"optimiser", "average_steps", "plateau"}


def read_checkpoint(path: Path, *, resumable: bool = True) -> dict[str, Any]:
    """Read a checkpoint, with ``config`` as a ``TrainConfig``; unwritten keys are the defaults.

    Args:
        path: The file.
        resumable: Whether a run must be able to continue from it; those of single epochs hold less.

    Raises:
        ConfigError: If the file is no checkpoint, is damaged, or of another version.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        missing = (_HELD if resumable else _KEPT) - set(state)
    except Exception as error:  # torch.load's errors share no base class
        reason = (str(error).splitlines() or [repr(error)])[0]
        raise ConfigError(f"{path}: not a checkpoint of mien train ({reason})") from error
    if missing:
        raise ConfigError(
            f"{path}: not a checkpoint of this version of mien train "
            f"(it lacks {', '.join(sorted(missing))})"
        )
    try:
        state["config"] = config_from_dict(state["config"])
    except ConfigError as error:
        raise ConfigError(
            f"{path}: its configuration is not of this version of mien train ({error})"
        ) from error
    return state


def load_checkpoint(
    path: Path, config: TrainConfig, data: dict[str, Any], *, resumable: bool = True
) -> dict[str, Any]:
    """Read a checkpoint of the same configuration and the same rows.

    Raises:
        ConfigError: If the file is damaged.
        OtherRunError: If it was written under another configuration, or trained on other rows or
            votes.
    """
    state = read_checkpoint(path, resumable=resumable)
    names = [field.name for field in dataclasses.fields(TrainConfig)]
    differing = sorted(n for n in names if getattr(config, n) != getattr(state["config"], n))
    if differing:
        raise OtherRunError(
            f"{path} was trained with another {', '.join(differing)}; "
            "resume with the same configuration, or choose another --out",
            path.parent,
        )
    # The same rows may have come from a file of another name.
    if {**state["data"], "source": ""} != {**data, "source": ""}:
        raise OtherRunError(
            f"{path} was trained on other rows or votes ({state['data']}, now {data}); "
            "resume with the same data, or choose another --out",
            path.parent,
        )
    return state


def load_weights(network: nn.Module, weights: Mapping[str, Tensor], path: Path) -> None:
    """Put a checkpoint's weights into the network that its configuration says.

    Raises:
        ConfigError: If they are of another network.
    """
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:300]
        raise ConfigError(
            f"{path}: its weights are not those of the network its configuration names ({reason}). "
            "A network that was given to the training and is not of the registry is not recorded "
            f"there: remove {path.parent} and train it again"
        ) from error
