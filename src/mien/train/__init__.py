"""Training: configuration, augmentation, loop, and the log of a run."""

from mien.train.checks import check_batch, check_network
from mien.train.config import TrainConfig, config_from_dict, load_config
from mien.train.cost import step_pair
from mien.train.log import EpochRow, plot_curves, write_log
from mien.train.loop import Callbacks, Run, train
from mien.train.options import Augmentation, Decay, Distillation
from mien.train.record import FinishedRun, load_run
from mien.train.rows import Shown, placed, training_rows
from mien.train.start import network_of, record_of
from mien.train.state import CHECKPOINT

__all__ = [
    "CHECKPOINT",
    "Augmentation",
    "Callbacks",
    "Decay",
    "Distillation",
    "EpochRow",
    "FinishedRun",
    "Run",
    "Shown",
    "TrainConfig",
    "check_batch",
    "check_network",
    "config_from_dict",
    "load_config",
    "load_run",
    "network_of",
    "placed",
    "plot_curves",
    "record_of",
    "step_pair",
    "train",
    "training_rows",
    "write_log",
]
