"""The settings of a classical baseline, and the six that the surveyed systems name."""

from __future__ import annotations

import math
from dataclasses import dataclass

from mien.core.errors import ConfigError, unknown_name
from mien.core.labels import label_space
from mien.models.classical import feature_names

CLASSIFIERS = ("nearest", "linear_svm", "rbf_svm")


@dataclass(frozen=True)
class ClassicalConfig:
    """Everything that decides a classical baseline, besides the data file.

    The reduced feature is scaled to a mean squared length of 1, so that C and gamma mean the same
    for every feature.

    Args:
        feature: ``pixels``, ``lbp``, ``hog``, ``gabor`` or ``contours``.
        own_scale: Divide each dimension by its own spread before anything else.
        components: Principal components kept of the feature; 0 = no PCA.
        classifier: ``nearest`` (1-NN), ``linear_svm``, or ``rbf_svm`` through Nystroem's map.
        landmarks: Training rows that span the kernel map.
        gamma: Kernels ``exp(-gamma * squared distance)`` that are tried; 1 is what scikit-learn
            calls ``scale``.
        c: Values of C that are tried with each; nearest neighbours have none.
        held_out: Fraction of Training on which gamma and C are chosen; then all of it is fitted.
        held_out_seed: Which rows those are.
        drop_conflicts: Drop groups of identical images with contradicting labels.
        rows: Use this many Training rows, drawn by the seed; 0 = all.
        labels: Label space; the data are mapped into it.
        seed: Decides landmarks, the order of the SVM's passes and the drawn rows.

    Raises:
        ConfigError: If a value is out of range.
        UnknownNameError: If feature, classifier or labels are not known.
    """

    feature: str = "hog"
    own_scale: bool = False
    components: int = 0
    classifier: str = "rbf_svm"
    landmarks: int = 3000
    gamma: tuple[float, ...] = (1.0, 3.0)
    c: tuple[float, ...] = (1.0, 4.0)
    held_out: float = 0.1
    held_out_seed: int = 0
    drop_conflicts: bool = True
    rows: int = 0
    labels: str = "fer7"
    seed: int = 0

    def __post_init__(self) -> None:
        if self.feature not in feature_names():
            raise unknown_name("classical feature", self.feature, feature_names())
        if self.classifier not in CLASSIFIERS:
            raise unknown_name("classical classifier", self.classifier, CLASSIFIERS)
        label_space(self.labels)
        for name in ("components", "rows", "seed", "held_out_seed"):
            if getattr(self, name) < 0:
                raise ConfigError(f"classical.{name} must be 0 or more, got {getattr(self, name)}")
        if self.landmarks < 1:
            raise ConfigError(f"classical.landmarks must be 1 or more, got {self.landmarks}")
        for name in ("gamma", "c"):
            values = getattr(self, name)
            if not values or not all(0 < value < math.inf for value in values):
                raise ConfigError(f"classical.{name} must be values above 0, got {list(values)}")
        if not 0 < self.held_out < 1:
            raise ConfigError(f"classical.held_out must lie in (0, 1), got {self.held_out}")


BASELINES = {
    "eigenfaces-nearest": ClassicalConfig(feature="pixels", components=100, classifier="nearest"),
    "pca-svm": ClassicalConfig(feature="pixels", components=150, landmarks=2000),
    "lbp-svm": ClassicalConfig(feature="lbp", components=300, landmarks=2000),
    "hog-svm": ClassicalConfig(feature="hog", components=400, landmarks=3000),
    "gabor-svm": ClassicalConfig(feature="gabor", own_scale=True, components=300, landmarks=2000),
    "contours-svm": ClassicalConfig(
        feature="contours", own_scale=True, components=200, landmarks=2000
    ),
}
"""The six baselines that the surveyed systems name, with settings sized for two CPU cores."""
