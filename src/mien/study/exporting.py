"""From an arm that is done to a bundle, on the samples that the arm drew."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from mien.core.errors import ConfigError, unknown_name
from mien.export import ExportReport, export_bundle
from mien.store.training import Training
from mien.study.arm import Arm
from mien.study.kinds.classical import BUNDLE
from mien.study.kinds.kind import RUN
from mien.study.plan import Study
from mien.study.result import ArmResult
from mien.study.run import check_same, read_result
from mien.study.samples import VOTES, Source, drawn
from mien.train import load_run


def export_arm(
    study: Study,
    arm: Arm,
    faces: Source,
    runs: Path,
    out: Path,
    *,
    network: str | None = None,
    name: str | None = None,
    int8: bool = True,
    replace: bool = False,
    on_stage: Callable[[str], None] = lambda _: None,
) -> ExportReport:
    """Make a bundle of an arm that is done.

    Its temperature and threshold are fitted on the arm's first test set, because the arm may have
    drawn its samples across the splits of the data, so that none of them is clean but this one.

    Args:
        study: Whose arm it is.
        arm: Which.
        faces: The data of the arm, as for ``run_study``.
        runs: The folder that the study was run in.
        out: Folder to write.
        network: Which network of a fusion; None = the one the arm stands for.
        name: Name in the card; None = that of the arm.
        int8: Whether to write the int8 file too.
        replace: Take the place of a bundle that is there.
        on_stage: Called with the name of each stage.

    Returns:
        What ``export.export_bundle`` found.

    Raises:
        ConfigError: If the arm is not done, has no such network, or was run with other settings or
            samples.
        ExportError: As ``export.export_bundle`` does.
    """
    folder = runs / arm.name
    result = read_result(folder, arm)
    if result is None or not result.done:
        raise ConfigError(
            f"{folder} has no finished arm at scale {study.scale}; give --runs the folder of that "
            f"scale, or run it with --arm {arm.name}"
        )
    finished = load_run(folder / _trained(result, network, folder))
    samples = drawn(faces, arm.plan)
    # Votes are needed to train, not to export.
    then = {name: digest for name, digest in result.data.items() if name != VOTES}
    check_same(then, samples.digests(), folder)
    return export_bundle(
        finished.network,
        samples.together(),
        out,
        name=name or arm.name,
        training=Training({**finished.training.record, **samples.note}),
        int8=int8,
        calibration_split=next(iter(samples.tests)),
        replace=replace,
        on_stage=on_stage,
    )


def _trained(result: ArmResult, asked: str | None, folder: Path) -> str:
    """Folder of the training, within that of the arm."""
    if not result.log:
        raise ConfigError(f"a classical arm is a bundle already: {folder / BUNDLE}")
    name = asked or result.fusion or RUN
    if result.fusion is None and name != RUN:
        raise ConfigError(f"only arms of a fusion have networks to choose from, got {name!r}")
    if name in result.log:
        return name
    if name in result.networks:
        raise ConfigError(
            f"{name} is a mean of the members' answers: export the members and join them with mien "
            "ensemble"
        )
    raise unknown_name("network", name, result.log)
