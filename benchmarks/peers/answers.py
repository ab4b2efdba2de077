"""Answers of a runner: asked for over a pipe, kept line by line, continued where they ended."""

from __future__ import annotations

import json
import math
import os
import struct
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from mien.core.errors import DataError, MienError
from mien.core.labels import fer7

Image = NDArray[np.uint8]
Picture = Callable[[], Image]
"""Opens a picture: ``(H, W, 3)`` uint8 RGB."""

ONE_THREAD = dict.fromkeys(
    (
        "OMP_NUM_THREADS",
        "MKL_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "TF_NUM_INTRAOP_THREADS",
        "TF_NUM_INTEROP_THREADS",
    ),
    "1",
)
QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}


@dataclass(frozen=True)
class Answer:
    """What a runner said of one picture.

    Args:
        probabilities: One value per label of ``fer7``, summing to 1; None = no face, or an error.
        faces: Faces found.
        ms: Detection and recognition by the clock, milliseconds; None after an error.
        cpu_ms: The same by the processor, all threads together.
        error: What went wrong.
    """

    probabilities: tuple[float, ...] | None
    faces: int = 0
    ms: float | None = None
    cpu_ms: float | None = None
    error: str | None = None


def parse_answer(line: str) -> Answer:
    """One line of a runner. Values are divided by their sum: some peers give sigmoids, some round.

    Raises:
        DataError: If it is no such line.
    """
    try:
        values = json.loads(line)
        if error := values.get("error"):
            return Answer(None, error=str(error))
        times = (float(values["ms"]), float(values["cpu_ms"]))
        return Answer(_shares(values["probabilities"]), int(values["faces"]), *times)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise DataError(
            f"expected a runner's line of faces, probabilities, ms and cpu_ms, got {line[:200]!r} "
            f"({error})"
        ) from error


def _shares(values: Mapping[str, float] | None) -> tuple[float, ...] | None:
    if values is None:
        return None
    if set(values) != set(fer7.labels):
        raise ValueError(f"expected one value for each of {', '.join(fer7.labels)}")
    row = [float(values[label]) for label in fer7.labels]
    if not all(math.isfinite(value) and value >= 0 for value in row) or not sum(row):
        raise ValueError("values must be finite, not negative, and not all zero")
    return tuple(value / sum(row) for value in row)


@dataclass(frozen=True)
class Kept:
    """Answers in a file.

    Args:
        version: Of the peer, as its environment says.
        load: Largest load of the machine (1 minute) before a session of the runner.
        answers: In the order of the pictures.
    """

    version: str
    load: float
    answers: tuple[Answer, ...]


def read_answers(path: Path, pictures: int) -> Kept:
    """A file of answers, cut to the first ``pictures``.

    Raises:
        DataError: If it is missing, has a bad line, or fewer answers than there are pictures.
    """
    if not path.exists():
        raise DataError(f"expected answers in {path.name}, got none; measure this peer first")
    heads, lines = _parts(path)
    if len(lines) < pictures:
        raise DataError(
            f"{path.name}: expected {pictures} answers, got {len(lines)}; run the same command "
            f"again, it continues"
        )
    load = max(head["load"] for head in heads)
    return Kept(heads[-1]["version"], load, tuple(map(parse_answer, lines[:pictures])))


def _parts(path: Path) -> tuple[list[dict[str, object]], list[str]]:
    """Heads of the sessions, and the lines of whole answers."""
    text = path.read_text(encoding="utf-8")
    whole = text[: text.rfind("\n") + 1].splitlines()  # a kill may have cut the last line
    heads = [json.loads(line) for line in whole if line.startswith('{"key"')]
    return heads, [line for line in whole if not line.startswith('{"key"')]


def measure(
    command: Sequence[str | Path],
    folder: Path,
    pictures: Sequence[Picture],
    path: Path,
    key: str,
    more: Mapping[str, str],
) -> None:
    """Have a runner answer the pictures that ``path`` has no answer for.

    Args:
        command: The runner.
        folder: Where it is started.
        pictures: All of them, in their order.
        path: File of answers: a head for each session, then one line a picture.
        key: What the answers depend on; a file of another key is begun again.
        more: Environment variables of the runner, besides one thread.

    Raises:
        DataError: If the runner ends early or says something else than one line a picture.
    """
    done = 0
    if path.exists():
        heads, lines = _parts(path)
        if heads and heads[0]["key"] == key:
            done = len(lines)
            path.write_text("".join(f"{json.dumps(head)}\n" for head in heads) + _joined(lines))
        else:
            path.unlink()
    if done >= len(pictures):
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    load = round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else 0.0
    log = path.with_suffix(".log")
    environment = {**os.environ, **ONE_THREAD, **QUIET, **more}
    with (
        log.open("w") as words,
        path.open("a", encoding="utf-8") as out,
        _process(command, folder, environment, words) as ask,
    ):
        try:
            version = json.loads(ask(b""))["version"]
            out.write(f"{json.dumps({'key': key, 'version': version, 'load': load})}\n")
            for picture in pictures[done:]:
                out.write(_asked(ask, picture))
                out.flush()
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise DataError(
                f"the runner {Path(command[1]).name} ended before its answers did ({error}); its "
                f"last words, in {log.name}: {_last_words(log)}"
            ) from error


def _joined(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _asked(ask: Callable[[bytes], str], picture: Picture) -> str:
    try:
        image = picture()
    except MienError as error:  # nobody is asked about a damaged file
        return f"{json.dumps({'error': str(error)})}\n"
    height, width = image.shape[:2]
    line = ask(struct.pack("<II", width, height) + np.ascontiguousarray(image).tobytes())
    parse_answer(line)
    return f"{line.strip()}\n"


@contextmanager
def _process(
    command: Sequence[str | Path], folder: Path, environment: Mapping[str, str], words: IO[str]
) -> Iterator[Callable[[bytes], str]]:
    """A started runner: bytes in, the next line out."""
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdin=pipe, stdout=pipe, stderr=words
    ) as runner:
        assert runner.stdin is not None
        assert runner.stdout is not None
        stdin, stdout = runner.stdin, runner.stdout

        def ask(data: bytes) -> str:
            stdin.write(data)
            stdin.flush()
            line = stdout.readline()
            if not line:
                with suppress(subprocess.TimeoutExpired):  # its last words are still to come
                    runner.wait(timeout=10)
                raise OSError("no answer")
            return line.decode()

        try:
            yield ask
            stdin.close()
            _check_ended(stdout.read(), Path(command[1]).name)
        except BaseException:
            runner.kill()
            with suppress(OSError):  # what was not taken is lost
                stdin.close()
            raise


def _check_ended(rest: bytes, name: str) -> None:
    if rest:
        raise DataError(
            f"expected one line a picture from {name}, got {len(rest.splitlines())} more; mend it "
            f"and delete its file of answers"
        )


def _last_words(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return " | ".join(lines[-3:]) or "none"
