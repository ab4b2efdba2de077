"""Running a study: every arm once, whatever happens in between."""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from mien.core.errors import BusyError, ConfigError, MienError, OtherRunError
from mien.data.faceset import FaceSet
from mien.store.atomic import locked_folder, writing
from mien.study.arms import run_network
from mien.study.baselines import run_baseline
from mien.study.drawing import Rows, drawn
from mien.study.fusion import run_fusion
from mien.study.plan import Arm, Study
from mien.study.transfer import run_transfer

RESULT = "result.json"
BEGUN = "begun.json"
"""What an arm was begun with, for the case that it is killed before it has a result."""

ELSEWHERE = "running elsewhere"
"""State of an arm that another process runs."""

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
    only: Collection[str] = (),
    retry: bool = False,
    device: str = "cpu",
    provenance: dict[str, str] | None = None,
    on_arm: Callable[[int, int, Arm, dict[str, Any] | None], None] = lambda *_: None,
    on_epoch: Callable[[Arm, Any], None] = lambda *_: None,
) -> list[dict[str, Any]]:
    """Run the arms that have no result yet.

    A kill loses at most one epoch: the arm is resumed by the next call. An arm that fails, or whose
    training diverges, becomes a row with its error, and the others go on.

    A result is taken again only for the rows it was made with; results of versions that did not
    store these are taken as they are.

    Several processes may share ``out``: each takes arms that no other one runs, and when it has
    done the rest looks again at those that others ran.

    Args:
        study: What to run.
        faces: The data in any label space that maps into the study's, or a function that loads
            them for the name of a label space.
        out: Folder of the runs.
        only: Names of arms to run; () = all. Of the others the stored results are taken.
        retry: Run failed arms again.
        device: ``cpu`` or ``cuda``.
        provenance: Version and commit, stored with every result.
        on_arm: Called with (index, arms, arm, result), with None before an arm runs.
        on_epoch: Called with (arm, log row) after each epoch.

    Returns:
        One result per arm, in the study's order; ``state`` is done, failed, running elsewhere (by
        another process) or, of arms left out by ``only``, not run.

    Raises:
        UnknownNameError: If ``only`` names no arm.
        ConfigError: If ``out`` holds results, or runs begun, of other settings or rows of an arm;
            nothing is stored for that arm.
        DataError: If there are no rows to compare those of a result with.
    """
    for name in only:
        study.arm(name)
    out.mkdir(parents=True, exist_ok=True)
    stored = list(results_of(study, out))  # damaged and foreign ones are told before an arm runs
    draw = _Draw(faces)
    results: dict[int, dict[str, Any]] = {}

    def turn(index: int, arm: Arm) -> dict[str, Any]:
        folder = out / arm.name
        again = retry and index not in results
        found = read_result(folder, arm)
        if found is None or (again and found["state"] == "failed"):
            folder.mkdir(exist_ok=True)
            try:
                with locked_folder(folder):
                    found = read_result(folder, arm)  # another process may have ended it just now
                    if found is None or (again and found["state"] == "failed"):
                        on_arm(index, len(study.arms), arm, None)
                        found = _one(study, arm, draw, folder, device, provenance or {}, on_epoch)
            except BusyError:
                found = _row(arm, ELSEWHERE)
        if "data" in found:
            check_same(found["data"], draw.digests(arm), folder, "rows")
        on_arm(index, len(study.arms), arm, found)
        return found

    todo = [index for index, arm in enumerate(study.arms) if not only or arm.name in only]
    held = 0
    while len(todo) != held:  # until nothing is left, or other processes have all that is
        results |= {index: turn(index, study.arms[index]) for index in todo}
        held, todo = len(todo), [i for i in todo if results[i]["state"] == ELSEWHERE]
    return [results.get(index, row) for index, row in enumerate(stored)]


class _Draw:
    """Rows of arms. The last ones are kept, and of all their digests: arms often share rows."""

    def __init__(self, faces: FaceSet | Callable[[str], FaceSet]) -> None:
        self._faces = faces
        self._last: tuple[str, Rows] | None = None
        self._digests: dict[str, dict[str, str]] = {}

    def rows(self, arm: Arm) -> Rows:
        """Raises as ``drawing.drawn`` does."""
        key = json.dumps(arm.data, sort_keys=True, default=list)
        if self._last is None or self._last[0] != key:
            self._last = key, drawn(self._faces, arm.data)
        return self._last[1]

    def digests(self, arm: Arm) -> dict[str, str]:
        """What identifies the rows of an arm."""
        key = json.dumps(arm.data, sort_keys=True, default=list)
        if key not in self._digests:
            self._digests[key] = self.rows(arm).digests
        return self._digests[key]


def check_same(then: Any, now: Any, folder: Path, what: str) -> None:
    """Raises ``ConfigError`` if an arm was run with something else than it has now."""
    if then != now:
        raise ConfigError(
            f"{folder} was run with other {what} than the study has now; remove that folder to run "
            "the arm again, or choose another --out"
        )


def _begin(arm: Arm, digests: Mapping[str, str], folder: Path) -> None:
    """Note what an arm is begun with, or see that it is what it was begun with.

    Its trainings compare their own settings, but a head that is trained on members that another
    recipe trained would not notice.
    """
    path = folder / BEGUN
    now = {"settings": settings_digest(arm), "data": dict(digests)}
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with writing(path, "w") as file:
            json.dump(now, file, indent=1)
        return
    try:
        then = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise OtherRunError(f"{path} is damaged ({error})", folder) from error
    if then != now:
        what = [key for key in now if then.get(key) != now[key]]
        raise OtherRunError(f"begun with other {' and '.join(what)}", folder)


def _one(
    study: Study,
    arm: Arm,
    draw: _Draw,
    folder: Path,
    device: str,
    provenance: dict[str, str],
    on_epoch: Callable[[Arm, Any], None],
) -> dict[str, Any]:
    started = time.perf_counter()
    told: dict[str, Any] = {}
    digests: dict[str, Any] = {}
    try:
        rows = draw.rows(arm)
        digests = {"data": draw.digests(arm)}
        _begin(arm, digests["data"], folder)
        told = _JOBS[study.kind](
            arm,
            rows,
            folder,
            device=device,
            provenance=provenance,
            on_epoch=lambda row: on_epoch(arm, row),
        )
        told = {"state": "done", **told}
    except OtherRunError as error:
        elsewhere = error.folder and folder not in (error.folder, *error.folder.parents)
        raise ConfigError(
            f"{folder} holds what arm {arm.name} was begun with, and its settings or rows are "
            f"others now ({error}). Remove {folder}{f' and {error.folder}' if elsewhere else ''} "
            "to run the arm again, or choose another --out"
        ) from error
    except BusyError:  # another process trains what this arm begins with
        raise
    except FAILURES as error:
        told = {"state": "failed", "error": f"{type(error).__name__}: {error}"}
    result = _finite({
        "arm": arm.name,
        "values": dict(arm.values),
        "settings": settings_digest(arm),
        "wall_seconds": round(time.perf_counter() - started, 1),
        **digests,
        **told,
        "provenance": provenance,
    })  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    with writing(folder / RESULT, "w") as file:
        json.dump(result, file, indent=1, allow_nan=False)
    return result


def _finite(value: Any) -> Any:
    """The same plain values with None for numbers that JSON does not know."""
    if isinstance(value, Mapping):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


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
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        settings = found["settings"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{path} is damaged ({error}); remove it to run the arm again") from error
    if settings != settings_digest(arm):
        raise ConfigError(
            f"{path} is of other settings than the study's now; remove the folder to run the arm "
            "again, or choose another --out"
        )
    return found


def results_of(study: Study, out: Path) -> Iterator[dict[str, Any]]:
    """Stored results, and for arms without one a row that says so."""
    for arm in study.arms:
        yield read_result(out / arm.name, arm) or _row(arm, "not run")


def _row(arm: Arm, state: str) -> dict[str, Any]:
    """The row of an arm without a result."""
    return {"arm": arm.name, "values": dict(arm.values), "state": state}
