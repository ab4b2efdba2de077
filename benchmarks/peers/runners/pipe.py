"""The pipe between run.py and a runner in a peer's environment.

A picture comes on standard input: width and height as little-endian uint32, then its RGB bytes.
One JSON line goes back for each, after one with the peer's version. Libraries that print would
spoil the lines, so standard output becomes standard error for everybody else. Only the standard
library and NumPy are used here: every environment has them.
"""

from __future__ import annotations

import json
import os
import struct
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.metadata import version

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Found = tuple[Mapping[str, float], Sequence[float] | None]
"""What a peer says of one face: a value per expression, and x1 y1 x2 y2 or None."""

HEAD = struct.Struct("<II")


def pictures() -> Iterator[Image]:
    """Pictures ``(H, W, 3)`` uint8 RGB until the input ends."""
    stream = sys.stdin.buffer
    while len(head := stream.read(HEAD.size)) == HEAD.size:
        width, height = HEAD.unpack(head)
        raw = stream.read(width * height * 3)
        yield np.frombuffer(raw, np.uint8).reshape(height, width, 3).copy()


def _area(found: Found) -> float:
    box = found[1]
    return 0.0 if box is None else (box[2] - box[0]) * (box[3] - box[1])


def line_of(found: Sequence[Found]) -> dict[str, object]:
    """The largest face, and how many there were."""
    if not found:
        return {"faces": 0, "probabilities": None}
    probabilities, _ = max(found, key=_area)
    return {
        "faces": len(found),
        "probabilities": {name: float(value) for name, value in probabilities.items()},
    }


def serve(package: str, make: Callable[[], Callable[[Image], Sequence[Found]]]) -> None:
    """Answer every picture; the first one twice, its first time being thrown away.

    Args:
        package: Whose version is reported.
        make: Opens the peer (not timed) and returns what answers a picture. Times are those of
            the clock and of the processor, for detection and recognition together.
    """
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as out:
        os.dup2(2, 1)
        answer = make()
        print(json.dumps({"package": package, "version": version(package)}), file=out, flush=True)
        warm = False
        for image in pictures():
            line: dict[str, object]
            try:
                if not warm:
                    answer(image)
                    warm = True
                start, used = time.perf_counter(), time.process_time()
                found = answer(image)
                spent, used = time.perf_counter() - start, time.process_time() - used
                line = {**line_of(found), "ms": 1e3 * spent, "cpu_ms": 1e3 * used}
            except Exception as error:  # noqa: BLE001 - one picture is a line, not the end
                line = {"error": f"{type(error).__name__}: {error}"}
            print(json.dumps(line), file=out, flush=True)


def crops_wanted() -> bool:
    """Whether the pictures are faces already (``crops``) or have to be searched (``photos``)."""
    return sys.argv[1] == "crops"
