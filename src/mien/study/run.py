"""Running a study: every arm once, whatever happens in between."""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mien.core.errors import BusyError, ConfigError, MienError, OtherRunError
from mien.data.faceset import FaceSet
from mien.store.atomic import locked_folder, writing
from mien.study.arms import run_network, uses_votes
from mien.study.baselines import run_baseline
from mien.study.checks import check_study
from mien.study.drawing import VOTES, Rows, drawn
from mien.study.fusion import run_fusion
from mien.study.plan import Arm, Study
from mien.study.transfer import run_transfer

RESULT = "result.json"
BEGUN = "begun.json"
"""What an arm was begun with, for the case that it is killed before it has a result."""

ELSEWHERE = "running elsewhere"
"""State that is told of an arm that another process runs, or whose first training it runs."""

_JOBS = {
    "networks": run_network,
    "classical": run_baseline,
    "fusion": run_fusion,
    "transfer": run_transfer,
}

_LOOK = 1.0  # seconds between two looks at what other processes hold

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
    provenance: dict[str, Any] | None = None,
    on_arm: Callable[[int, int, Arm, dict[str, Any] | None], None] = lambda *_: None,
    on_epoch: Callable[[Arm, Any], None] = lambda *_: None,
) -> list[dict[str, Any]]:
    """Run the arms that have no result yet.

    A kill loses at most one epoch: the arm is resumed by the next call. An arm that fails, or whose
    training diverges, becomes a row with its error, and the others go on.

    A result is taken again only for the rows it was made with; results of versions that did not
    store these are taken as they are.

    Several processes may share ``out``, where it is on a file system with locks: each takes arms
    that no other one runs, and when it has done the rest waits for those that others run.

    Args:
        study: What to run.
        faces: The data in any label space that maps into the study's, or a function that loads
            them for the name of a label space.
        out: Folder of the runs.
        only: Names of arms to run; () = all. Of the others the stored results are taken.
        retry: Run failed arms again.
        device: ``cpu`` or ``cuda``.
        provenance: Version and commit, stored with every result.
        on_arm: Called with (index, arms, arm, result), with None before an arm runs, and once with
            a row of the state ``ELSEWHERE`` of an arm that another process runs.
        on_epoch: Called with (arm, log row) after each epoch.

    Returns:
        One result per arm, in the study's order; ``state`` is done, failed or, of arms left out by
        ``only``, not run.

    Raises:
        UnknownNameError: If ``only`` names no arm, or an arm no known network or label space.
        ConfigError: If an arm cannot run (``checks.check_study``); if ``out`` holds results, or
            runs begun, of other settings or rows of an arm. Nothing is stored for that arm.
        DataError: If there are no rows to compare those of a result with.
    """
    for name in only:
        study.arm(name)
    check_study(study)
    out.mkdir(parents=True, exist_ok=True)
    list(results_of(study, out))  # damaged and foreign ones are told before an arm runs
    work = _Work(study, _Draw(faces), out, device, provenance or {}, on_arm, on_epoch)
    todo = [index for index, arm in enumerate(study.arms) if not only or arm.name in only]
    if retry:
        work.failed = {index: _when(out / study.arms[index].name) for index in todo}
    while todo:
        left = [index for index in todo if not work.turn(index)]
        if left == todo:  # other processes have all that is left
            _wait_for_one([work.busy[index] for index in left])
        todo = left
    return list(results_of(study, out))


def _when(folder: Path) -> int | None:
    """When the result of an arm was written, in nanoseconds; None = it has none."""
    path = folder / RESULT
    return path.stat().st_mtime_ns if path.exists() else None


def _wait_for_one(folders: Collection[Path]) -> None:
    """Wait until other processes have let go of one of these folders, or somebody removed it."""
    while True:
        for folder in folders:
            if not folder.exists():
                return
            try:
                with locked_folder(folder):
                    return
            except BusyError:
                continue
        time.sleep(_LOOK)


@dataclass
class _Work:
    """What ``run_study`` was asked for, and which arms were found with other processes.

    Args:
        failed: By arm, when the result was written that is not to be taken if it is a failure.
        busy: By arm, the folder that another process holds.
    """

    study: Study
    draw: _Draw
    out: Path
    device: str
    provenance: dict[str, Any]
    on_arm: Callable[[int, int, Arm, dict[str, Any] | None], None]
    on_epoch: Callable[[Arm, Any], None]
    failed: dict[int, int | None] = field(default_factory=dict)
    busy: dict[int, Path] = field(default_factory=dict)

    def turn(self, index: int) -> bool:
        """Run an arm if it has no result; False = another process has it, or what it needs."""
        arm = self.study.arms[index]
        folder = self.out / arm.name
        found = self.stored(index)
        if found is None:
            folder.mkdir(exist_ok=True)
            try:
                with locked_folder(folder):
                    found = self.stored(index)  # another process may have ended it just now
                    if found is None:
                        self.tell(index, None)
                        found = _one(self, arm, folder)
            except BusyError as error:
                if index not in self.busy:
                    self.tell(index, _row(arm, ELSEWHERE))
                self.busy[index] = error.path or folder
                return False
        if "data" in found:
            digests = _as_told(self.draw.digests(arm), found["data"])
            check_same(found["data"], digests, folder, "rows")
        self.tell(index, found)
        return True

    def stored(self, index: int) -> dict[str, Any] | None:
        """The arm's result, if that is not a failure from before, which is tried again."""
        arm = self.study.arms[index]
        folder = self.out / arm.name
        written = _when(folder)
        found = read_result(folder, arm)
        old = index in self.failed and self.failed[index] == written
        return None if found and old and found["state"] == "failed" else found

    def tell(self, index: int, result: dict[str, Any] | None) -> None:
        self.on_arm(index, len(self.study.arms), self.study.arms[index], result)


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
        voted = uses_votes(arm)
        key = json.dumps([arm.data, voted], sort_keys=True, default=list)
        if key not in self._digests:
            self._digests[key] = self.rows(arm).digests(votes=voted)
        return self._digests[key]


def check_same(then: Any, now: Any, folder: Path, what: str) -> None:
    """Raises ``ConfigError`` if an arm was run with something else than it has now."""
    if then != now:
        raise ConfigError(
            f"{folder} was run with other {what} than the study has now; remove that folder to run "
            "the arm again, or choose another --out"
        )


def _as_told(digests: Mapping[str, str], then: Mapping[str, str]) -> dict[str, str]:
    """Digests without that of votes where an earlier version did not store it."""
    return {name: each for name, each in digests.items() if name != VOTES or VOTES in then}


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
    now["data"] = _as_told(digests, then.get("data", {}))
    if then != now:
        what = [key for key in now if then.get(key) != now[key]]
        raise OtherRunError(f"begun with other {' and '.join(what)}", folder)


def _one(work: _Work, arm: Arm, folder: Path) -> dict[str, Any]:
    """Run an arm and store its result."""
    started = time.perf_counter()
    told: dict[str, Any] = {}
    digests: dict[str, Any] = {}
    try:
        rows = work.draw.rows(arm)
        digests = {"data": work.draw.digests(arm)}
        _begin(arm, digests["data"], folder)
        told = _JOBS[work.study.kind](
            arm,
            rows,
            folder,
            device=work.device,
            provenance=work.provenance,
            on_epoch=lambda row: work.on_epoch(arm, row),
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
        "provenance": work.provenance,
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
    """The stored result of an arm; None if it has none, or failed with other settings.

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
    if settings == settings_digest(arm):
        return found
    if found.get("state") == "failed":  # says nothing of what it would be now
        return None
    raise ConfigError(
        f"{path} is of other settings than the study has now; remove {folder} to run the arm "
        "again, or choose another --out"
    )


def results_of(study: Study, out: Path) -> Iterator[dict[str, Any]]:
    """Stored results, and for arms without one a row that says so."""
    for arm in study.arms:
        yield read_result(out / arm.name, arm) or _row(arm, "not run")


def _row(arm: Arm, state: str) -> dict[str, Any]:
    """The row of an arm without a result."""
    return {"arm": arm.name, "values": dict(arm.values), "state": state}
