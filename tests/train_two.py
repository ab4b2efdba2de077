"""One of two processes of ``torchrun``: trains together, writes its own copy of the weights."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import torch

from mien.train import train
from test_train_loop import QUICK, striped

if __name__ == "__main__":
    out = Path(sys.argv[1])
    network, _ = train(striped(), QUICK, out / "run")
    torch.save(network.state_dict(), out / f"{os.environ['RANK']}.pt")
