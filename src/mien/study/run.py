"""Running a study: every arm once, whatever happens in between."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from mien.core.errors import ConfigError, MienError
from mien.data.faceset import FaceSet
from mien.store.atomic import writing
from mien.study.arms import run_network
from mien.study.baselines import run_baseline
from mien.study.drawing import drawn
from mien.study.fusion import run_fusion
from mien.study.plan import Arm, Study
from mien.study.transfer import run_transfer

RESULT = "result.json"

_JOBS = {
    "networks": run_network,
    "classical": run_baseline,
    "fusion": run_fusion,
    "transfer": run_transfer,
}

FAILURES = (MienError, RuntimeError, ValueError, MemoryError, OSError)
"""What may end an arm without ending the study; torch tells most mistakes as RuntimeError."""


def run_study(
    study: Study,
    faces: FaceSet | Callable[[str], FaceSet],
    out: Path,
    *,
    retry: bool = False,
    device: str = "cpu",
    provenance: dict[str, str] | None = None,
    on_arm: Callable[[int, int, Arm, dict[str, Any] | None], None] = lambda *_: None,
    on_epoch: Callable[[Arm, Any], None] = lambda *_: None,
) -> list[dict[str, Any]]:
    """Run the arms that have no result yet.

    A kill loses at most one epoch: the arm is resumed by the next call. An arm that fails becomes
    a row with its error, and the others go on.

    Args:
        study: What to run.
        faces: The data in any label space that maps into the study's, or a function that loads
            them for the name of a label space.
        out: Folder of the runs.
        retry: Run failed arms again.
        device: ``cpu`` or ``cuda``.
        provenance: Version and commit, stored with every result.
        on_arm: Called with (index, arms, arm, result), with None before an arm runs.
        on_epoch: Called with (arm, log row) after each epoch.

    Returns:
        One result per arm, in the study's order.

    Raises:
        ConfigError: If ``out`` holds results of other settings of an arm.
    """
    out.mkdir(parents=True, exist_ok=True)
    results: list[dict[str, Any]] = []
    for index, arm in enumerate(study.arms):
        folder = out / arm.name
        found = read_result(folder, arm)
        if found is None or (retry and found["state"] == "failed"):
            on_arm(index, len(study.arms), arm, None)
            found = _one(study, arm, faces, folder, device, provenance or {}, on_epoch)
        on_arm(index, len(study.arms), arm, found)
        results.append(found)
    return results


def _one(
    study: Study,
    arm: Arm,
    faces: FaceSet | Callable[[str], FaceSet],
    folder: Path,
    device: str,
    provenance: dict[str, str],
    on_epoch: Callable[[Arm, Any], None],
) -> dict[str, Any]:
    started = time.perf_counter()
    told: dict[str, Any]
    try:
        rows = drawn(faces, arm.data)
        told = _JOBS[study.kind](
            arm,
            rows,
            folder,
            device=device,
            provenance=provenance,
            on_epoch=lambda row: on_epoch(arm, row),
        )
        told = {"state": "done", **told}
    except FAILURES as error:
        told = {"state": "failed", "error": f"{type(error).__name__}: {error}"}
    result = {
        "arm": arm.name,
        "values": dict(arm.values),
        "settings": settings_digest(arm),
        "wall_seconds": round(time.perf_counter() - started, 1),
        **told,
        "provenance": provenance,
    }
    folder.mkdir(parents=True, exist_ok=True)
    with writing(folder / RESULT, "w") as file:
        json.dump(result, file, indent=1, allow_nan=False)
    return result


def settings_digest(arm: Arm) -> str:
    """What a result belongs to: recipe and rows of its arm."""
    text = json.dumps([arm.recipe, arm.data], sort_keys=True, default=list)
    return hashlib.sha256(text.encode()).hexdigest()


def read_result(folder: Path, arm: Arm) -> dict[str, Any] | None:
    """The stored result of an arm; None if it has none.

    Raises:
        ConfigError: If it is of other settings, or damaged.
    """
    path = folder / RESULT
    if not path.exists():
        return None
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        settings = found["settings"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{path} is damaged ({error}); remove it to run the arm again") from error
    if settings != settings_digest(arm):
        raise ConfigError(
            f"{path} is of other settings than the study's now; remove the folder to run the arm "
            "again, or choose another --out"
        )
    return found


def results_of(study: Study, out: Path) -> Iterator[Mapping[str, Any]]:
    """Stored results, and for arms without one a row that says so."""
    for arm in study.arms:
        found = read_result(out / arm.name, arm)
        yield found or {"arm": arm.name, "values": dict(arm.values), "state": "not run"}
