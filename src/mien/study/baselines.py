"""Classical baselines as arms of a study: fit, score, and write a bundle."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from mien.classical import BASELINES, ClassicalConfig, fit_classical, fitting_rows
from mien.core.errors import ConfigError, unknown_name
from mien.export import export_bundle
from mien.store.training import Training
from mien.study.arms import cost, scored
from mien.study.drawing import Rows
from mien.study.plan import Arm
from mien.train.log import EpochRow
from mien.train.toml import built


def baseline_of(arm: Arm, labels: str) -> ClassicalConfig:
    """The settings of an arm: those of its ``baseline`` with the changes of its recipe.

    Raises:
        ConfigError: If it names no baseline, or a setting is unknown.
        UnknownNameError: If there is no such baseline.
    """
    changes = dict(arm.recipe)
    name = changes.pop("baseline", None)
    if name is None:
        raise ConfigError(f"arm {arm.name} needs a baseline; known: {', '.join(BASELINES)}")
    if not isinstance(name, str) or name not in BASELINES:
        raise unknown_name("baseline", name, BASELINES)
    given = vars(built(ClassicalConfig, changes))
    return replace(BASELINES[name], **{key: given[key] for key in changes}, labels=labels)


def run_baseline(
    arm: Arm,
    rows: Rows,
    folder: Path,
    *,
    device: str,
    provenance: dict[str, Any],
    on_epoch: Callable[[EpochRow], None],  # noqa: ARG001 - a baseline has no epochs
) -> dict[str, Any]:
    """Fit and score the baseline of an arm; its bundle goes to ``bundle`` in its folder.

    Raises:
        MienError: As ``train.fit_classical`` and ``export.export_bundle`` do.
    """
    folder.mkdir(parents=True, exist_ok=True)
    config = baseline_of(arm, rows.plan.labels)
    fitted = fit_classical(rows.train, config)
    exported = export_bundle(
        fitted.network,
        rows.together(),
        folder / "bundle",
        name=arm.name,
        training=Training({**fitted.training.record, **provenance, **rows.note}),
        int8=False,
        calibration_split=next(iter(rows.tests)),
        replace=True,
    )
    return {
        **cost(fitted.network),
        "megabytes": (exported.bundle.path / "model.onnx").stat().st_size / 1e6,
        "seconds": round(fitted.seconds),
        "train_rows": fitted.data["rows"],
        "chosen": asdict(fitted.chosen),
        "converged": fitted.converged,
        "scores": scored(fitted.network, rows, fitting_rows(rows.train, config), device),
    }
