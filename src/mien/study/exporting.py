"""From an arm that is done to a bundle, on the rows that the arm drew."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from mien.core.errors import ConfigError, unknown_name
from mien.data.faceset import FaceSet
from mien.export import ExportReport, export_bundle
from mien.store.training import Training
from mien.study.arms import RUN
from mien.study.drawing import VOTES, Rows, drawn
from mien.study.fusion import HEAD, fusion_stages
from mien.study.plan import Arm, Study
from mien.study.run import check_same, read_result
from mien.study.transfer import first_config, first_note
from mien.train import load_run


def export_arm(
    study: Study,
    arm: Arm,
    faces: FaceSet | Callable[[str], FaceSet],
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
    drawn its rows across the splits of the data, so that none of them is clean but this one.

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
            rows.
        ExportError: As ``export.export_bundle`` does.
    """
    folder = runs / arm.name
    result = read_result(folder, arm)
    if result is None or result["state"] != "done":
        raise ConfigError(
            f"{folder} has no finished arm at scale {study.scale}; give --runs the folder of that "
            f"scale, or run it with --arm {arm.name}"
        )
    if study.kind == "classical":
        raise ConfigError(f"a classical arm is a bundle already: {folder / 'bundle'}")
    trained = _network(study, result, network)
    finished = load_run(folder / trained)
    rows = drawn(faces, arm.data)
    if "data" in result:  # votes are needed to train, not to export
        then = {name: digest for name, digest in result["data"].items() if name != VOTES}
        check_same(then, rows.digests(), folder, "rows")
    return export_bundle(
        finished.network,
        rows.together(),
        out,
        name=name or arm.name,
        training=Training(
            {**_before(study, arm, rows, trained), **finished.training.record, **rows.note}
        ),
        int8=int8,
        calibration_split=next(iter(rows.tests)),
        replace=replace,
        on_stage=on_stage,
    )


def _before(study: Study, arm: Arm, rows: Rows, trained: str) -> dict[str, Any]:
    """The trainings that came before, which checkpoints of earlier versions do not tell."""
    if study.kind == "transfer" and (first := first_config(arm)):
        return first_note(first)
    if study.kind != "fusion" or trained in arm.recipe["members"]:
        return {}
    stages = fusion_stages(arm, rows.plan.labels)
    names = [*arm.recipe["members"], *([HEAD] if trained.endswith("_tuned") else [])]
    return {"before": {name: stages[name].as_dict() for name in names}}


def _network(study: Study, result: Mapping[str, Any], asked: str | None) -> str:
    """Folder of the training, within that of the arm."""
    if study.kind != "fusion":
        if asked not in (None, RUN):
            raise ConfigError(f"only arms of a fusion have networks to choose from, got {asked!r}")
        return RUN
    name, trained = asked or result["fusion"], result["log"]
    if name in trained:
        return name
    if name in result["networks"]:
        raise ConfigError(
            f"{name} is a mean of the members' answers: export the members and join them with mien "
            "ensemble"
        )
    raise unknown_name("network", name, trained)
