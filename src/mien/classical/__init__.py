"""Classical baselines: a feature, a reduction and a machine, fitted without epochs."""

from mien.classical.config import BASELINES, ClassicalConfig
from mien.classical.fit import FittedBaseline, Trial, fit_classical, fitting_rows

__all__ = [
    "BASELINES",
    "ClassicalConfig",
    "FittedBaseline",
    "Trial",
    "fit_classical",
    "fitting_rows",
]
