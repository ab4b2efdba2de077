"""How a network is run: a few crops at a time, with so many threads."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mien.models.network import ExpressionNet, scored_at_once

T = TypeVar("T")


@torch.no_grad()
def in_batches(
    network: ExpressionNet,
    crops: NDArray[np.uint8] | Tensor,
    answer: Callable[[Tensor], T],
    most: int = 256,
) -> list[T]:
    """What ``answer`` makes of each batch; fewer crops at once where the network's input is large.

    Args:
        network: Decides how many crops fit into memory (``scored_at_once``).
        crops: ``(N, 48, 48)`` uint8 grey levels.
        answer: Is given ``(n, 1, 48, 48)`` float32 grey levels, on the device of ``crops``.
        most: Crops of a batch at most.
    """
    given = torch.as_tensor(crops)[:, None]
    many = scored_at_once(network.input_size, most)
    return [answer(given[at : at + many].float()) for at in range(0, len(given), many)]


@contextmanager
def torch_threads(count: int | None) -> Generator[None]:
    """Let torch use ``count`` threads until the block ends; None = as many as before."""
    former = torch.get_num_threads()
    if count is not None:
        torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(former)
