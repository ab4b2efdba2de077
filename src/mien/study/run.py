"""Running a study: every arm once, whatever happens in between."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache, partial
from pathlib import Path

from mien.core.errors import BusyError, ConfigError, MienError, OtherRunError
from mien.store.atomic import locked_folder, writing
from mien.study.arm import Arm
from mien.study.kinds import KINDS, Job
from mien.study.plan import Study, check_study
from mien.study.render.page import write_report, write_tables
from mien.study.result import ArmResult
from mien.study.samples import Source, drawn
from mien.train.log import EpochRow

RESULT = "result.json"
BEGUN = "begun.json"
"""What an arm was begun with, for the case that it is killed before it has a result."""

ELSEWHERE = "running elsewhere"
"""State of an arm that another process runs, or whose first training it runs."""

OnArm = Callable[[int, int, Arm, ArmResult | None], None]
OnEpoch = Callable[[Arm, EpochRow], None]

_LOOK = 1.0  # seconds between two looks at what other processes hold

FAILURES = (MienError, RuntimeError, ValueError, MemoryError, OSError)
"""What may end an arm without ending the study; torch raises most as RuntimeError."""


def run_study(
    study: Study,
    faces: Source,
    out: Path,
    *,
    only: Collection[str] = (),
    retry: bool = False,
    tables: bool = False,
    device: str = "cpu",
    provenance: Mapping[str, str] | None = None,
    on_arm: OnArm = lambda *_: None,
    on_epoch: OnEpoch = lambda *_: None,
) -> list[ArmResult]:
    """Run the arms that have no result yet.

    A kill loses at most one epoch: the arm is resumed by the next call. An arm that fails, or whose
    training diverges, becomes a result with its error, and the others continue. A result is taken
    again only for the samples it was made with.

    Several processes may share ``out``, where it is on a file system with locks: each takes arms
    that no other one runs, and when it has done the rest waits for those that others run.

    Args:
        study: What to run.
        faces: The data.
        out: Folder of the runs.
        only: Names of arms to run; () = all. Of the others the stored results are taken.
        retry: Run failed arms again.
        tables: Write the study's tables into ``out`` after every arm.
        device: ``cpu`` or ``cuda``.
        provenance: Version and commit, stored with every result.
        on_arm: Called with (index, arms, arm, result), with None before an arm runs, and once with
            a result of the state ``ELSEWHERE`` of an arm that another process runs.
        on_epoch: Called with (arm, log row) after each epoch.

    Returns:
        One result per arm, in the study's order; ``state`` is done, failed or, of arms left out by
        ``only``, not run.

    Raises:
        UnknownNameError: If ``only`` names no arm, or an arm no known network or label space.
        ConfigError: If an arm cannot run (``check_study``); if ``out`` holds results, or runs
            begun, of other settings or samples of an arm. Nothing is stored for that arm.
        DataError: If there are no samples to compare those of a result with.
    """
    for name in only:
        study.arm(name)
    check_study(study)
    out.mkdir(parents=True, exist_ok=True)
    list(results_of(study, out))  # damaged and foreign ones are refused before an arm runs
    work = _Work(study, faces, out, device, provenance or {}, on_arm, on_epoch, tables=tables)
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
    faces: Source
    out: Path
    device: str
    provenance: Mapping[str, str]
    on_arm: OnArm
    on_epoch: OnEpoch
    failed: dict[int, int | None] = field(default_factory=dict)
    busy: dict[int, Path] = field(default_factory=dict)
    tables: bool = False

    def __post_init__(self) -> None:
        # The last samples are kept, and the digests of all: arms often share samples.
        self.samples = lru_cache(maxsize=1)(partial(drawn, self.faces))
        self.digests = cache(lambda plan, votes: self.samples(plan).digests(votes=votes))

    def turn(self, index: int) -> bool:
        """Run an arm if it has no result; False = another process has it, or what it needs."""
        arm = self.study.arms[index]
        folder = self.out / arm.name
        found, ran = self.stored(index), False
        if found is None:
            folder.mkdir(exist_ok=True)
            try:
                with locked_folder(folder):
                    found = self.stored(index)  # another process may have ended it just now
                    if found is None:
                        self.report(index, None)
                        found, ran = _one(self, arm, folder), True
            except BusyError as error:
                if index not in self.busy:
                    self.report(index, _unrun(arm, ELSEWHERE))
                self.busy[index] = error.path or folder
                return False
        if found.data:
            check_same(found.data, self.digests(arm.plan, arm.uses_votes), folder)
        self.report(index, found)
        if ran and self.tables:
            with locked_folder(self.out, wait=True):  # of several processes one writes at a time
                write_tables(self.study, list(results_of(self.study, self.out)), self.out)
        return True

    def stored(self, index: int) -> ArmResult | None:
        """The arm's result, if that is not a failure from before, which is tried again."""
        arm = self.study.arms[index]
        folder = self.out / arm.name
        written = _when(folder)
        found = read_result(folder, arm)
        old = index in self.failed and self.failed[index] == written
        return None if found and old and found.state == "failed" else found

    def report(self, index: int, result: ArmResult | None) -> None:
        self.on_arm(index, len(self.study.arms), self.study.arms[index], result)


def check_same(then: Mapping[str, str], now: Mapping[str, str], folder: Path) -> None:
    """Raises ``ConfigError`` if an arm was run with other samples than it has now."""
    if then != now:
        raise ConfigError(
            f"{folder} was run with other rows than the study has now; remove that folder to run "
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


def _one(work: _Work, arm: Arm, folder: Path) -> ArmResult:
    """Run an arm and store its result."""
    started = time.perf_counter()
    digests: dict[str, str] = {}
    try:
        samples = work.samples(arm.plan)
        digests = work.digests(arm.plan, arm.uses_votes)
        _begin(arm, digests, folder)
        on_epoch = partial(work.on_epoch, arm)
        found = KINDS.builder(work.study.kind)().run(
            Job(arm, samples, folder, work.device, work.provenance, on_epoch)
        )
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
        found = replace(_unrun(arm, "failed"), error=f"{type(error).__name__}: {error}")
    result = replace(
        found,
        settings=settings_digest(arm),
        wall_seconds=round(time.perf_counter() - started, 1),
        data=digests,
        provenance=work.provenance,
    )
    folder.mkdir(parents=True, exist_ok=True)
    with writing(folder / RESULT, "w") as file:
        json.dump(result.to_json(), file, indent=1, allow_nan=False)
    return result


def settings_digest(arm: Arm) -> str:
    """What a result belongs to: recipe and data of its arm."""
    text = json.dumps([arm.recipe, arm.data], sort_keys=True, default=list)
    return hashlib.sha256(text.encode()).hexdigest()


def read_result(folder: Path, arm: Arm) -> ArmResult | None:
    """The stored result of an arm; None if it has none, or failed with other settings.

    Raises:
        ConfigError: If it is of other settings, or damaged.
    """
    path = folder / RESULT
    if not path.exists():
        return None
    try:
        found = ArmResult.from_json(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(f"{path} is damaged ({error}); remove it to run the arm again") from error
    if found.settings == settings_digest(arm):
        return found
    if found.state == "failed":  # says nothing of what it would be now
        return None
    raise ConfigError(
        f"{path} is of other settings than the study has now; remove {folder} to run the arm "
        "again, or choose another --out"
    )


def results_of(study: Study, out: Path) -> Iterator[ArmResult]:
    """Stored results, and for arms without one a result that says so."""
    for arm in study.arms:
        yield read_result(out / arm.name, arm) or _unrun(arm, "not run")


def report_study(study: Study, out: Path) -> tuple[list[ArmResult], list[Path]]:
    """Write the tables and figures of what is stored, while no other process does.

    Returns:
        One result per arm, and the files written.
    """
    with locked_folder(out, wait=True):
        results = list(results_of(study, out))  # another process may have ended arms since
        return results, write_report(study, results, out)


def _unrun(arm: Arm, state: str) -> ArmResult:
    return ArmResult(arm=arm.name, values=arm.values, state=state)
