"""How long one face takes."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median

import numpy as np
from numpy.typing import NDArray

from mien.core.errors import InputError
from mien.runtime import Recognizer

CALLS = 50
"""Timed calls; enough for a median, too few for a percentile: ``mien benchmark`` has those."""

WARM_UP = 5
"""Calls before timing starts: the first ones allocate memory and fill caches."""


def single_face_latency(
    recognizer: Recognizer,
    crops: NDArray[np.uint8],
    calls: int = CALLS,
    clock: Callable[[], float] = time.perf_counter,
) -> float:
    """Median milliseconds of a call with one face: crop and network, no detector.

    Args:
        recognizer: The model.
        crops: ``(N, 48, 48)`` uint8, N >= 1; taken in turn.
        calls: Timed calls.
        clock: Seconds.

    Raises:
        InputError: If there is no crop or ``calls`` is below 1.
    """
    if not len(crops) or calls < 1:
        raise InputError(f"expected crops and calls of 1 or more, got {len(crops)} and {calls}")
    times: list[float] = []
    for call in range(-WARM_UP, calls):
        crop = crops[call % len(crops)][None]
        started = clock()
        recognizer.crop_logits(crop)
        seconds = clock() - started
        if call >= 0:
            times.append(seconds)
    return 1000 * median(times)
