"""A process that trains: one of two under ``torchrun``, or one that is killed."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import torch

from mien.train import train
from test_train_loop import TWICE, striped

if __name__ == "__main__":
    out = Path(sys.argv[1])
    network, _ = train(striped(), TWICE, out / "run")
    torch.save(network.state_dict(), out / f"{os.environ.get('RANK', '0')}.pt")
