"""One network trained by one recipe."""

from __future__ import annotations

from dataclasses import replace

from mien.study.arm import Arm
from mien.study.kinds.kind import KINDS, RUN, Job, KindInfo, train_config, trained_trunk
from mien.study.result import ArmResult
from mien.study.scoring import scored
from mien.train import TrainConfig, load_run, training_rows


@KINDS.register(KindInfo("networks"))
class Networks:
    """Arms of one training each; it may keep chosen epochs, which are scored too."""

    def check(self, arm: Arm) -> None:
        """Refuse a recipe that cannot be."""
        trained_trunk(_config(arm))

    def run(self, job: Job) -> ArmResult:
        """Train, and score the end and the chosen epochs."""
        config, run = _config(job.arm), job.folder / RUN
        finished = job.train(job.samples.train, config, run)
        result = job.trained(finished.network, config, {RUN: finished.log})
        trained_on = training_rows(job.samples.train, config)[0]
        found = dict(result.scores)
        for epoch in config.score_at:
            kept = scored(load_run(run, epoch).network, job.samples, trained_on, job.device)
            found |= {f"{name} at {epoch}": each for name, each in kept.items()}
        return replace(result, scores=found)


def _config(arm: Arm) -> TrainConfig:
    return train_config(arm.recipe, arm.plan.labels)
