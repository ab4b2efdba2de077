"""The classical baselines: feature, reduction, machine; settings from held-out rows, no epochs."""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.kernel_approximation import Nystroem
from sklearn.svm import LinearSVC
from torch import nn

from mien.core.errors import ConfigError, DataError, unknown_name
from mien.core.labels import label_space
from mien.core.splits import TRAINING
from mien.data.faceset import FaceSet
from mien.data.select.subsets import held_out, without_conflicts
from mien.models import ExpressionNet
from mien.models.classical import (
    ClassicalNet,
    NearestOfClass,
    Scaling,
    build_feature,
    feature_names,
    linear,
    machine,
    principal,
)
from mien.store.training import Training

CLASSIFIERS = ("nearest", "linear_svm", "rbf_svm")

# LIBLINEAR's dual coordinate descent (Hsieh et al., ICML 2008): its own default tolerance is 0.1.
_TOLERANCE = 0.02
_PASSES = 300
_BATCH = 256


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


@dataclass(frozen=True)
class Trial:
    """One setting, fitted without the held-out rows.

    Args:
        gamma: Of the kernel; None without one.
        c: Of the SVM; None for nearest neighbours.
        accuracy: On the held-out rows, of the float32 modules that would be exported.
        converged: Whether the solver reached its tolerance within its passes, for every class.
        seconds: Fitting time.
    """

    gamma: float | None
    c: float | None
    accuracy: float
    converged: bool
    seconds: float


@dataclass(frozen=True)
class FittedBaseline:
    """A fitted baseline and how it came about.

    Args:
        network: Feature and machine, in evaluation mode.
        config: Its configuration.
        trials: One per tried setting.
        chosen: The first of the best of them.
        converged: Whether the last fit, on all rows, reached its tolerance.
        data: What identifies the rows.
        seconds: Time of everything, features included.
    """

    network: ExpressionNet
    config: ClassicalConfig
    trials: tuple[Trial, ...]
    chosen: Trial
    converged: bool
    data: dict[str, Any]
    seconds: float

    @property
    def training(self) -> Training:
        """What a card records of the fitting."""
        return Training(
            {
                "config": {"classical": asdict(self.config)},
                "trials": [asdict(trial) for trial in self.trials],
                "gamma": self.chosen.gamma,
                "c": self.chosen.c,
                "converged": self.converged,
                "data": self.data,
                "seconds": round(self.seconds),
            }
        )


def fit_classical(
    faces: FaceSet,
    config: ClassicalConfig,
    *,
    on_stage: Callable[[str], None] = lambda _: None,
) -> FittedBaseline:
    """Fit a baseline on Training: settings by held-out rows, then once more on all rows.

    Args:
        faces: Rows with their splits; only Training is looked at.
        config: Everything that decides the result.
        on_stage: Called with the name of each stage.

    Raises:
        DataError: If there is no Training, or a label has no row to fit on.
    """
    started = time.perf_counter()
    train = fitting_rows(faces, config)
    out = held_out(train, config.held_out, config.held_out_seed)
    if not out.any() or out.all():
        raise DataError(f"{len(train)} rows are too few to hold {config.held_out:g} of them out")
    feature = build_feature(config.feature)
    on_stage(f"{config.feature} of {len(train)} rows")
    described = _applied(nn.Sequential(feature, nn.Flatten()), train.images[:, None])
    machines = _Machines(described[~out], train.labels[~out], config)
    trials = []
    for gamma, c in _settings(config):
        on_stage(f"held-out rows{_setting(gamma, c)}")
        begun = time.perf_counter()
        neck, head, converged = machines.fitted(gamma, c)
        right = _answers(neck, head, described[out]) == train.labels[out]
        seconds = round(time.perf_counter() - begun, 1)
        trials.append(Trial(gamma, c, float(right.mean()), converged, seconds))
    best = max(trials, key=lambda trial: trial.accuracy)
    on_stage(f"all rows{_setting(best.gamma, best.c)}")
    machines = _Machines(described, train.labels, config)
    neck, head, converged = machines.fitted(best.gamma, best.c)
    network = ClassicalNet(feature, neck, head, label_space(config.labels)).eval()
    seconds = time.perf_counter() - started
    data = _record(faces, train, config)
    return FittedBaseline(network, config, tuple(trials), best, converged, data, seconds)


def _settings(config: ClassicalConfig) -> list[tuple[float | None, float | None]]:
    """Pairs of gamma and C to try, None where the classifier has none."""
    gammas = config.gamma if config.classifier == "rbf_svm" else (None,)
    values = config.c if config.classifier != "nearest" else (None,)
    return [(gamma, c) for gamma in gammas for c in values]


def _setting(gamma: float | None, c: float | None) -> str:
    pairs = (("gamma", gamma), ("C", c))
    return "".join(f", {name} = {value:g}" for name, value in pairs if value is not None)


class _Machines:
    """Rows reduced once, so that several settings can be fitted on them."""

    def __init__(
        self, rows: NDArray[np.float32], labels: NDArray[np.int64], config: ClassicalConfig
    ) -> None:
        self.labels, self.config = labels, config
        self.classes = len(label_space(config.labels))
        missing = np.flatnonzero(np.bincount(labels, minlength=self.classes) == 0)
        if len(missing):
            names = [label_space(config.labels).labels[i] for i in missing]
            raise DataError(
                f"no rows of {', '.join(names)} to fit on; give more rows or another label space"
            )
        self.reduction = _reduction(rows, config)
        self.reduced = _applied(self.reduction, rows).astype(np.float64)
        self.gamma: float | None = None
        self.nystroem: Nystroem | None = None
        self.mapped = self.reduced

    def fitted(self, gamma: float | None, c: float | None) -> tuple[nn.Module, nn.Linear, bool]:
        """Neck, head, and whether the solver converged."""
        if c is None:
            return *self._nearest(), True
        if gamma != self.gamma:
            self._map(gamma)
        svm = LinearSVC(
            C=c, loss="hinge", tol=_TOLERANCE, max_iter=_PASSES, random_state=self.config.seed
        )
        with warnings.catch_warnings():
            # Said in the result instead (``converged``).
            warnings.simplefilter("ignore", ConvergenceWarning)
            svm.fit(self.mapped, self.labels)
        before, head = machine(svm, self.nystroem)
        return nn.Sequential(self.reduction, before), head, int(svm.n_iter_) < _PASSES

    def _map(self, gamma: float | None) -> None:
        """Take the rows through the kernel's map (Williams and Seeger, NIPS 2000)."""
        count = min(self.config.landmarks, len(self.reduced))
        seed = self.config.seed
        self.nystroem = Nystroem(kernel="rbf", gamma=gamma, n_components=count, random_state=seed)
        self.mapped = self.nystroem.fit_transform(self.reduced)
        self.gamma = gamma

    def _nearest(self) -> tuple[nn.Module, nn.Linear]:
        """Distances, and a head that brings them to the size of other logits (their mean to 1)."""
        nearest = NearestOfClass(self.reduced, self.labels, self.classes)
        mean = -float(_applied(nearest, self.reduced[: 4 * _BATCH]).mean())
        head = linear(np.eye(self.classes) / max(mean, 1e-6), np.zeros(self.classes))
        return nn.Sequential(self.reduction, nearest), head


def _reduction(rows: NDArray[np.float32], config: ClassicalConfig) -> nn.Module:
    """Centre, scale and project so that the mean squared length is 1."""
    mean = rows.mean(axis=0, dtype=np.float64)
    spread = rows.std(axis=0, dtype=np.float64) if config.own_scale else np.ones_like(mean)
    factor = 1 / np.where(spread > 1e-6, spread, 1)
    if not config.components:
        length = float((((rows - mean) * factor) ** 2).sum(axis=1).mean())
        return Scaling(mean, factor / np.sqrt(length))
    scaled = _applied(Scaling(mean, factor), rows)
    count = min(config.components, *rows.shape)
    pca = PCA(count, random_state=config.seed).fit(scaled)
    length = float(pca.explained_variance_.sum())
    return nn.Sequential(Scaling(mean, factor), principal(pca, length**-0.5))


@torch.no_grad()
def _applied(module: nn.Module, rows: NDArray[Any]) -> NDArray[np.float32]:
    """``(N, D)`` answers of a module to rows, a batch at a time."""
    parts = [
        module(torch.from_numpy(rows[start : start + _BATCH]).float())
        for start in range(0, len(rows), _BATCH)
    ]
    return torch.cat(parts).numpy()


def _answers(neck: nn.Module, head: nn.Linear, rows: NDArray[np.float32]) -> NDArray[np.int64]:
    return _applied(nn.Sequential(neck, head), rows).argmax(axis=1)


def fitting_rows(faces: FaceSet, config: ClassicalConfig) -> FaceSet:
    """Training, in the label space, without contradicting twins, limited to ``rows``."""
    train = faces.mapped(label_space(config.labels)).split(TRAINING)
    if config.drop_conflicts:
        train = without_conflicts(train)
    if not config.rows or config.rows >= len(train):
        return train
    drawn = np.random.default_rng(config.seed).permutation(len(train))[: config.rows]
    return train[np.sort(drawn)]


def _record(faces: FaceSet, used: FaceSet, config: ClassicalConfig) -> dict[str, Any]:
    """What identifies the data of a fit: exporting compares it."""
    training = faces.mapped(label_space(config.labels)).split(TRAINING)
    return {
        "source": faces.source,
        "training_sha256": training.sha256,
        "rows": len(used),
        "rows_sha256": used.sha256,
    }
