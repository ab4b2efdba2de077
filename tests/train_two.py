"""A process that trains: one of two under ``torchrun``, or one that is killed."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import torch

from made_runs import BALANCED, TWICE, striped
from mien.train import train

if __name__ == "__main__":
    out = Path(sys.argv[1])
    config = BALANCED if sys.argv[2:] == ["BALANCED"] else TWICE
    network = train(striped(), config, out / "run").network
    torch.save(network.state_dict(), out / f"{os.environ.get('RANK', '0')}.pt")
