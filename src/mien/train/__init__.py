"""Training: configuration, augmentation, loop, and the log of a run."""

from mien.train.config import Augmentation, TrainConfig, config_from_dict, load_config
from mien.train.loop import CHECKPOINT, EpochRow, load_run, train, training_rows

__all__ = [
    "CHECKPOINT",
    "Augmentation",
    "EpochRow",
    "TrainConfig",
    "config_from_dict",
    "load_config",
    "load_run",
    "train",
    "training_rows",
]
