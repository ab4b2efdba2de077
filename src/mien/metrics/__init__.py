"""Scores of predictions: pure functions of NumPy arrays, scikit-learn is their oracle in tests."""

from mien.metrics.alignment import check_alignment, find_renaming
from mien.metrics.calibration import (
    brier,
    cross_fitted,
    ece,
    fit_temperature,
    nll,
    reliability,
    usable_temperature,
)
from mien.metrics.comparison import Comparison, compare, mcnemar, paired_interval
from mien.metrics.counts import (
    accuracy,
    balanced_accuracy,
    class_scores,
    cohen_kappa,
    confusion_matrix,
    macro_f1,
    wilson_interval,
)
from mien.metrics.mixture import fit_shares
from mien.metrics.ranking import one_vs_rest_auc, one_vs_rest_roc
from mien.metrics.selective import (
    Acceptance,
    acceptance,
    aurc,
    fit_threshold,
    risk_coverage,
)

__all__ = [
    "Acceptance",
    "Comparison",
    "acceptance",
    "accuracy",
    "aurc",
    "balanced_accuracy",
    "brier",
    "check_alignment",
    "class_scores",
    "cohen_kappa",
    "compare",
    "confusion_matrix",
    "cross_fitted",
    "ece",
    "find_renaming",
    "fit_shares",
    "fit_temperature",
    "fit_threshold",
    "macro_f1",
    "mcnemar",
    "nll",
    "one_vs_rest_auc",
    "one_vs_rest_roc",
    "paired_interval",
    "reliability",
    "risk_coverage",
    "usable_temperature",
    "wilson_interval",
]
