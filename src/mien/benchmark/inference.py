"""How long an answer takes: the graph alone, many faces at once, and the whole way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.benchmark.timing import Timing, interleaved
from mien.core.faces import Faces
from mien.runtime.recognizer import Recognizer
from mien.store.bundle import Bundle
from mien.store.card import FILES

REGION = 200
"""Side in pixels of the region around one face in a webcam picture."""


def benchmark_model(
    model: str, precision: str, *, threads: int = 1, runs: int = 300, warm_up: int = 50
) -> list[Timing]:
    """Time one face on a 200x200 region, crop included, and 64 faces in one call.

    Raises:
        UnknownNameError: If there is no such model.
        BundleError: If it is damaged or lacks the precision.
    """
    recognizer = Recognizer(model, precision=precision, detector="none", threads=threads)
    rng = np.random.default_rng(0)
    region = rng.integers(0, 256, (REGION, REGION, 3), np.uint8)
    # The graph is given 3 pixels beyond the crop, so this box makes a region of 200x200.
    box = np.array([[1.5, 1.5, REGION - 1.5, REGION - 1.5]], np.float32)
    one = Faces(box, np.ones(1, np.float32))
    regions = [rng.integers(0, 256, (REGION, REGION, 3), np.uint8) for _ in range(64)]
    note = f"{recognizer.name} {precision}, {threads} thread(s), crop included"
    single = interleaved(
        {"one face, 200x200 region": lambda: recognizer.read_faces([region], [one])},
        runs=runs,
        warm_up=warm_up,
        note=note,
    )
    many = interleaved(
        {"64 faces, one call": lambda: recognizer.read_faces(regions, [one] * 64)},
        runs=max(1, runs // 10),
        warm_up=max(1, warm_up // 10),
        note=note,
    )
    return single + many


def benchmark_picture(
    image: NDArray[np.uint8],
    *,
    model: str,
    precision: str = "fp32",
    detector: str = "mtcnn",
    threads: int = 1,
    runs: int = 50,
    warm_up: int = 5,
) -> list[Timing]:
    """Time detection alone and the whole way from pixels to probabilities on one picture.

    Raises:
        UnknownNameError: If there is no such model or detector.
        InputError: If ``image`` is not ``(H, W, 3)`` uint8.
    """
    recognizer = Recognizer(model, precision=precision, detector=detector, threads=threads)
    found = recognizer.detector.detect(image)
    note = (
        f"{image.shape[1]}x{image.shape[0]}, {len(found)} face(s), {detector}, "
        f"{recognizer.name} {precision}, {threads} thread(s)"
    )
    calls: dict[str, Callable[[], object]] = {
        "detect": lambda: recognizer.detector.detect(image),
        "detect and recognise": lambda: recognizer.read(image),
    }
    return interleaved(calls, runs=runs, warm_up=warm_up, note=note)


def bundle_cost(bundle: Bundle, *, runs: int = 50) -> dict[str, Any]:
    """What a bundle costs: its parameters, MACs, and size and time of its fp32 file.

    Args:
        bundle: The bundle.
        runs: Timed runs of one face on one thread, crop included.

    Returns:
        ``name``, ``parameters``, ``macs``, ``megabytes`` and ``median_ms``.
    """
    one = benchmark_model(str(bundle.path), "fp32", runs=runs, warm_up=5)[0]
    return {
        "name": bundle.card.name,
        "parameters": bundle.card.parameters,
        "macs": bundle.card.macs,
        "megabytes": (bundle.path / FILES["fp32"]).stat().st_size / 1e6,
        "median_ms": one.median_ms,
    }
