"""How many threads torch uses."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

import torch


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
