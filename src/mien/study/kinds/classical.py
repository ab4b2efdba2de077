"""Classical baselines: fit, score, and write a bundle."""

from __future__ import annotations

from dataclasses import asdict, replace

from mien.classical import BASELINES, ClassicalConfig, fit_classical, fitting_rows
from mien.core.errors import ConfigError, unknown_name
from mien.export import export_bundle
from mien.store.training import Training
from mien.study.arm import Arm
from mien.study.kinds.kind import KINDS, Job, KindInfo, cost
from mien.study.result import ArmResult
from mien.study.scoring import scored
from mien.train.toml import built

BUNDLE = "bundle"
"""Folder, within an arm's, of its bundle."""


@KINDS.register(KindInfo("classical"))
class Classical:
    """Arms of one baseline each, which have no epochs."""

    def check(self, arm: Arm) -> None:
        """Refuse a recipe that cannot be."""
        baseline_of(arm)

    def run(self, job: Job) -> ArmResult:
        """Fit and score; the bundle goes to ``BUNDLE`` in the arm's folder."""
        job.folder.mkdir(parents=True, exist_ok=True)
        config, samples = baseline_of(job.arm), job.samples
        fitted = fit_classical(samples.train, config)
        exported = export_bundle(
            fitted.network,
            samples.together(),
            job.folder / BUNDLE,
            name=job.arm.name,
            training=Training({**fitted.training.record, **job.provenance, **samples.note}),
            int8=False,
            calibration_split=next(iter(samples.tests)),
            replace=True,
        )
        size = (exported.bundle.path / "model.onnx").stat().st_size / 1e6
        trained_on = fitting_rows(samples.train, config)
        return ArmResult(
            arm=job.arm.name,
            values=job.arm.values,
            state="done",
            **{**cost(fitted.network), "megabytes": size},
            seconds=round(fitted.seconds),
            train_rows=fitted.data["rows"],
            chosen=asdict(fitted.chosen),
            converged=fitted.converged,
            scores=scored(fitted.network, samples, trained_on, job.device),
        )


def baseline_of(arm: Arm) -> ClassicalConfig:
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
    own = {key: given[key] for key in changes}
    return replace(BASELINES[name], **own, labels=arm.plan.labels)
