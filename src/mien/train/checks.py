"""What is refused before a training reads data or makes a folder."""

from __future__ import annotations

import torch

from mien.core.errors import ConfigError
from mien.models import ExpressionNet
from mien.train.config import TrainConfig
from mien.train.state import new_network


def check_network(config: TrainConfig) -> ExpressionNet:
    """Refuse a network that cannot be built, at no cost; weights to begin with are not read.

    Returns:
        The network on torch's meta device: shapes alone.

    Raises:
        UnknownNameError: If there is no such network.
        ConfigError: If it cannot take an option.
    """
    with torch.device("meta"):
        return new_network(config)


def check_batch(config: TrainConfig, processes: int) -> None:
    """Every process gets as many rows of a batch, and two at least, for norms over a batch.

    Args:
        config: Says how many rows a batch of all processes has.
        processes: How many there are.

    Raises:
        ConfigError: If that cannot be.
    """
    size = config.batch_size
    if size >= 2 * processes and size % processes == 0:
        return
    least = max(2, -(-size // processes)) * processes
    whom = "" if processes == 1 else f", and as many to each of {processes} processes"
    raise ConfigError(
        f"batch_size = {size} does not give a process 2 rows or more{whom}; set it to {least}"
    )
