"""Training: configuration, augmentation, loop, and the log of a run."""

from mien.train.checks import check_batch, check_network
from mien.train.config import TrainConfig, config_from_dict, load_config
from mien.train.cost import step_pair
from mien.train.log import EpochRow, plot_curves, write_log
from mien.train.loop import Callbacks, Run, train
from mien.train.options import Augmentation, Decay, Distillation
from mien.train.record import FinishedRun, load_run
from mien.train.rows import Shown, placed, training_rows
from mien.train.sources import TrainingData, read_data
from mien.train.start import start_from
from mien.train.state import CHECKPOINT
from mien.train.teachers import taught_by

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
    "TrainingData",
    "check_batch",
    "check_network",
    "config_from_dict",
    "load_config",
    "load_run",
    "placed",
    "plot_curves",
    "read_data",
    "start_from",
    "step_pair",
    "taught_by",
    "train",
    "training_rows",
    "write_log",
]
