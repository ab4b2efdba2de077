"""Measure the zoo and write ``src/mien/models/zoo.json``: ``python tools/make_zoo_records.py``.

Networks are built on torch's ``meta`` device, which knows shapes and computes nothing.
"""

from __future__ import annotations

import bisect
import json

import torch

from mien.core.labels import fer7
from mien.models import ExpressionNet, count_macs, count_parameters, zoo
from mien.models.registry import builder_of
from mien.models.spec import NetworkSpec

LEAST = 32
"""Smallest side tried: all of them divide the picture by 32."""

MOST = 224
PREFERRED = 48


def made(name: str, size: int) -> ExpressionNet:
    """The network ``name`` for pictures of ``size`` pixels."""
    with torch.device("meta"):
        return builder_of(name)(
            NetworkSpec(
                labels=fer7, votes=True, dropout=0.0, input_size=size, channels=1, hidden=()
            )
        )


def runs(network: ExpressionNet, size: int) -> bool:
    """Whether a picture of ``size`` pixels leaves every layer at least one position."""
    network.input_size = size
    try:
        network(torch.zeros(2, 1, 48, 48, device="meta"))
    except RuntimeError as error:
        if "too small" in str(error) or "Kernel size" in str(error):
            return False
        raise
    return True


def record(name: str) -> dict[str, int]:
    """What the registry tells of ``name``."""
    network = made(name, LEAST)
    smallest = LEAST
    if not runs(network, LEAST):
        sizes = range(LEAST, MOST + 1)  # what runs at one size runs at every larger one
        smallest = sizes[bisect.bisect_left(sizes, 1, key=lambda size: int(runs(network, size)))]
    size = max(PREFERRED, smallest)
    network = made(name, size)
    return {
        "parameters": count_parameters(network),
        "macs": count_macs(network),
        "input_size": size,
        "smallest_input": smallest,
    }


def main() -> None:
    """Measure all entries."""
    records = {}
    for name in zoo.NAMES:
        records[name] = record(name)
        print(name, records[name], flush=True)
    zoo.RECORDS.write_text(json.dumps(records, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
