"""Time, recall and false finds of the face detectors (docs/decisions/0003-detectors.md).

    python benchmarks/detectors.py [--detector mtcnn] [--fer ../shared/data/fer2013/fer2013.csv.gz]

Time is that of the clock, one thread: median and 95th percentile of the runs. Recall is measured
on faces of FER2013, which are tight 48-pixel crops: as they are, and enlarged and pasted on
640 x 480 pictures.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from face_free import FACE_FREE, face_free
from mien.data.readers.fer2013 import load_fer2013
from mien.runtime.detectors import Detector, DetectorOptions, build_detector, detectors
from portrait import group_of_four, portrait, resized

Image = NDArray[np.uint8]


def milliseconds(detector: Detector, image: Image, runs: int) -> tuple[int, float, float]:
    """Faces found, and median and 95th percentile of the duration of one call."""
    times: list[float] = []
    for _ in range(3):
        found = detector.detect(image)
    for _ in range(runs):
        start = time.perf_counter()
        found = detector.detect(image)
        times.append(1e3 * (time.perf_counter() - start))
    return len(found), float(np.median(times)), float(np.percentile(times, 95))


def timed_pictures() -> dict[str, Image]:
    """One to four faces at 640 x 480, no face, and 12 megapixels."""
    four, _ = group_of_four()
    pictures = {"640 x 480, 4 faces": four}
    for faces, hide in ((3, slice(530, 640)), (2, slice(350, 640)), (1, slice(350, 640))):
        image = four.copy()
        image[240 if faces > 1 else 0 :, hide] = 100
        pictures[f"640 x 480, {faces} face(s)"] = image
    pictures["640 x 480, no face"] = face_free("clouds")
    wide = np.pad(portrait(), ((0, 0), (85, 86), (0, 0)), mode="edge")
    pictures["4000 x 3000, 1 face"] = resized(wide, 4000, 3000)
    pictures["4000 x 3000, no face"] = resized(face_free("clouds"), 4000, 3000)
    return pictures


def false_finds(name: str, threshold: float, seeds: int) -> tuple[int, int, list[str]]:
    """Pictures in which something was found, pictures, and their names."""
    detector = build_detector(name, DetectorOptions(threshold=threshold, threads=1))
    wrong, count = [], 0
    for kind in FACE_FREE:
        for seed in range(seeds):
            whole = face_free(kind, seed)
            for part in (whole, whole[-300:, -300:], whole[-100:, -100:]):
                count += 1
                if len(detector.detect(part)):
                    wrong.append(f"{kind} {seed} {part.shape[0]}")
    return len(wrong), count, wrong


def pasted(frames: NDArray[np.uint8]) -> list[Image]:
    """Faces enlarged to 60 to 200 pixels on pictures without one."""
    rng = np.random.default_rng(9)
    grounds = [face_free(k) for k in ("clouds", "coarse blobs", "house", "bricks", "text")]
    images = []
    for i, frame in enumerate(frames):
        image = grounds[i % len(grounds)].copy()
        side = int(rng.integers(60, 200))
        x, y = int(rng.integers(0, 640 - side)), int(rng.integers(0, 480 - side))
        image[y : y + side, x : x + side] = resized(colour(frame), side, side)
        images.append(image)
    return images


def colour(frame: NDArray[np.uint8]) -> Image:
    """Grey to RGB."""
    return np.repeat(frame[..., None], 3, axis=2)


def main() -> None:
    """Print one line per measurement."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--detector", default="mtcnn", choices=sorted(set(detectors()) - {"none"}))
    parser.add_argument("--fer", type=Path, help="FER2013, for recall on 400 PublicTest faces")
    parser.add_argument("--repeats", type=int, default=40)
    parser.add_argument("--seeds", type=int, default=10)
    arguments = parser.parse_args()
    detector = build_detector(arguments.detector, DetectorOptions(threads=1))
    for name, image in timed_pictures().items():
        found, median, p95 = milliseconds(detector, image, arguments.repeats)
        print(f"{name:24} {found} found  median {median:6.1f} ms  p95 {p95:6.1f} ms")
    default = detectors()[arguments.detector].threshold
    thresholds = (0.7, 0.8, 0.85, 0.9, 0.95) if arguments.detector == "mtcnn" else (0, 0.1, default)
    tests: dict[str, list[Image]] = {}
    if arguments.fer:
        rows = load_fer2013(arguments.fer)
        frames = rows.images[rows.splits == "PublicTest"][:400]
        tests = {"48-pixel crops": [colour(f) for f in frames], "pasted": pasted(frames[:200])}
    for threshold in thresholds:
        wrong, count, names = false_finds(arguments.detector, threshold, arguments.seeds)
        judge = build_detector(arguments.detector, DetectorOptions(threshold=threshold, threads=1))
        shares = [
            f"{k} {np.mean([len(judge.detect(i)) > 0 for i in images]):.3f}"
            for k, images in tests.items()
        ]
        print(f"threshold {threshold}: false finds {wrong}/{count} {names[:4]} found: {shares}")


if __name__ == "__main__":
    main()
