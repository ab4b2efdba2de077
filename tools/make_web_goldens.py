"""Write what the browser's port of the using half must answer, computed by the Python one.

    python tools/make_web_goldens.py            # web/tests/golden/*.json, kept in the repository
    python tools/make_web_goldens.py --check    # fails where one differs

Inputs are in the files too, so that both sides read the same numbers. Whole pictures and their rows
come from ``make_web_frames.py``.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

import web_pictures
from mien.core import boxes as box_arithmetic
from mien.core.alignment import BOX_SCALE, TEMPLATE, face_affines, pixels_per_crop_pixel
from mien.core.assignment import assign
from mien.core.faces import Faces
from mien.core.labels import LabelSpace
from mien.core.rows import frame_row
from mien.core.scores import Scores
from mien.core.smoothing import Smoothed, Smoother
from mien.core.tracking import Tracker

ROOT = Path(__file__).parents[1]
GOLDEN = ROOT / "web" / "tests" / "golden"
LABELS = LabelSpace("golden", ("angry", "happy", "sad", "neutral"))

Json = Any
Array = np.ndarray[Any, Any]


def plain(value: Json) -> Json:
    """JSON values; numbers with ten digits, so that no last bit of a machine is kept; NaN null."""
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return float(f"{value:.10g}") if math.isfinite(value) else None
    return value


def random_boxes(rng: np.random.Generator, n: int, largest: int = 400) -> Array:
    """``(n, 4)`` boxes on quarters of a pixel, exact in float32; a tenth of them without area."""
    corner = rng.integers(0, 4 * largest, (n, 2)) / 4
    sides = rng.integers(0, largest, (n, 2)) / 4 * (rng.random((n, 1)) > 0.1)
    return np.concatenate([corner, corner + sides], axis=1).astype(np.float32)


def scores_of(rng: np.random.Generator, n: int) -> Array:
    """``(n,)`` scores in 64ths: exact, and some of them equal."""
    return (rng.integers(0, 65, n) / 64).astype(np.float32)


def boxes() -> Json:
    """Overlaps, suppression, clipping and squares."""
    rng = np.random.default_rng(1)
    a, b = random_boxes(rng, 12), random_boxes(rng, 9)
    suppression = []
    for n, threshold in ((0, 0.5), (1, 0.0), (40, 0.1), (150, 0.5), (150, 0.7)):
        these, scores = random_boxes(rng, n, 120), scores_of(rng, n)
        kept = {
            over: box_arithmetic.nms(these, scores, threshold, over=over)
            for over in ("union", "smaller")
        }
        given = {"boxes": these.ravel(), "scores": scores, "threshold": threshold}
        suppression.append({**given, **kept})
    return {
        "a": a.ravel(),
        "b": b.ravel(),
        "area": box_arithmetic.area(a),
        "iou": box_arithmetic.iou(a, b).ravel(),
        "nms": suppression,
        "clipped": box_arithmetic.clipped(a - 50, 300, 200).ravel(),
        "squared": box_arithmetic.squared(a).ravel(),
    }


def assignment() -> Json:
    """Cost matrices, null = never, and their pairs."""
    rng = np.random.default_rng(2)
    cases = []
    for n, m, impossible in ((1, 1, 0.0), (3, 3, 0.0), (2, 6, 0.2), (7, 4, 0.4), (5, 5, 0.9)):
        for _ in range(4):
            costs = np.where(rng.random((n, m)) < impossible, np.inf, rng.random((n, m)).round(3))
            cases.append({"costs": costs, "pairs": assign(costs)})
    return cases


def tracking() -> Json:
    """Scenes, frame by frame: what was detected or carried, and the numbers of the tracks."""
    paths: dict[str, Callable[[float], list[tuple[float, float, float]]]] = {
        "births and deaths": lambda t: [
            (100 + 40 * t, 120, 60),
            *([(400, 300, 80)] if 0.4 < t < 1.1 else []),
            *([(250, 60, 50)] if t > 1.3 else []),
        ],
        "a second hidden": lambda t: [
            *([] if 1 < t < 2 else [(200 + 30 * t, 200, 70)]),
            (500, 90 + 20 * t, 64),
        ],
        "hidden too long": lambda t: [] if 0.5 < t < 2.6 else [(300, 200, 90)],
        "crossing": lambda t: [(80 + 200 * t, 200, 60), (560 - 200 * t, 214, 60)],
        "leaving the frame": lambda t: [(560 + 160 * t, 240, 80), (300, 240, 80)],
        "seen once": lambda t: [(320, 240, 60)] if t == 0 or t > 0.7 else [],
        "growing": lambda t: [(320, 240, 50 * 1.5**t), (120, 240, 200 / 1.8**t)],
    }
    # 9: searched so seldom that a track waits longer than one that was seen once may.
    seldom = {"growing": 9}
    return [
        _scene(name, path, every)
        for name, path in paths.items()
        for every in (1, seldom.get(name, 3))
    ]


def _scene(
    name: str, path: Callable[[float], list[tuple[float, float, float]]], every: int
) -> Json:
    rng = np.random.default_rng(len(name) + every)
    tracker, frames = Tracker(), []
    for at in range(40):
        time_s = round(at / 14 + (0.01 if at % 4 == 1 else 0), 6)
        if at % every:
            given, found = None, tracker.carry(time_s, 640, 480)
        else:
            places = np.array(path(time_s)).reshape(-1, 3)
            rng.shuffle(places)
            places = ((places + rng.normal(0, 1.5, places.shape)) * 8).round() / 8
            given = _faces_at(places)
            found = tracker.update(given, time_s)
        frame: dict[str, Json] = {"time": time_s, "tracks": found.tracks, "alive": tracker.alive}
        kept = found if given is None else given
        frame["detected"] = given is not None
        frame["boxes"] = kept.boxes.ravel()
        if name == "crossing":
            frame["landmarks"] = kept.landmarks.ravel()
        frames.append(frame)
    return {"name": f"{name}, every {every}", "frames": frames}


def _faces_at(places: Array) -> Faces:
    middle, half = places[:, :2], places[:, 2:] / 2
    corners = np.array([[-0.25, -0.25], [0.25, -0.25], [0, 0], [-0.25, 0.25], [0.25, 0.25]])
    points = middle[:, None] + corners * places[:, None, 2:]
    if len(points) > 1:
        points[0, 2] = np.nan
    found = np.concatenate([middle - half, middle + half], axis=1)
    return Faces(
        found.astype(np.float32), np.full(len(places), 0.875, np.float32), points.astype(np.float32)
    )


def smoothing() -> Json:
    """Probabilities of tracks over time, smoothed, and the labels they are shown with."""
    rng = np.random.default_rng(4)
    cases = []
    for constant_s in (0.0, 0.3, 1.0):
        smoother, frames = Smoother(constant_s), []
        for at in range(25):
            time_s = round(at / 12, 6)
            tracks = np.array([t for t in (0, 1, -1, 2) if rng.random() < 0.8])
            logits = rng.normal(0, 1.5, (len(tracks), 4)) + (np.arange(4) == at // 8)
            scores = Scores.from_logits(logits, LABELS, 1.0, 0.5)
            smoothed = smoother.update(scores, tracks, time_s)
            if at == 15:
                smoother.keep((1, 2))
            frames.append(
                {
                    "time": time_s,
                    "tracks": tracks,
                    "probabilities": scores.probabilities.astype(float).ravel(),
                    "smoothed": smoothed.scores.probabilities.ravel(),
                    "labels": smoothed.labels,
                    "uncertain": smoothed.scores.uncertain,
                }
            )
        cases.append({"constant": constant_s, "forget_after": 15, "frames": frames})
    return {"labels": LABELS.labels, "threshold": 0.5, "keep": [1, 2], "cases": cases}


def rows() -> Json:
    """Rows of frames, with coordinates that lie halfway between two decimals."""
    rng = np.random.default_rng(5)
    cases = []
    for n, time_s in ((0, None), (1, None), (3, 1.0000005), (2, 0.1234565)):
        found = random_boxes(rng, n) + rng.choice([0, 0.125, 0.005, 1 / 3], (n, 4))
        landmarks = rng.normal(100, 50, (n, 5, 2)).astype(np.float32)
        landmarks[1:2, 3] = np.nan
        logits = rng.normal(0, 2, (n, 4)).astype(np.float32)
        logits[:1] = 0
        scores = Scores.from_logits(logits, LABELS, 0.9, 0.5)
        tracks = np.arange(n) - 1
        faces = Faces(np.sort(found.reshape(-1, 2, 2), axis=1).reshape(-1, 4), scores_of(rng, n))
        faces = Faces(faces.boxes, faces.scores, landmarks, tracks, tracks != 1)
        smoothed = Smoothed(scores, scores.top) if time_s else None
        size = {"width": 640, "height": 480}
        row = frame_row(
            faces, scores, source="a.jpg", model="m", **size, frame=n, time_s=time_s,
            smoothed=smoothed,
        )  # fmt: skip
        given = {
            "boxes": faces.boxes.astype(float).ravel(),
            "scores": faces.scores,
            "landmarks": landmarks.astype(float).ravel(),
            "tracks": tracks,
            "detected": faces.detected,
            "logits": logits.astype(float).ravel(),
        }
        cases.append({"time": time_s, "given": given, "row": row})
    facts = {"temperature": 0.9, "threshold": 0.5, "labels": LABELS.labels}
    return {**facts, "cases": cases, "rounded": list(_rounded(rng))}


def _rounded(rng: np.random.Generator) -> Iterator[Json]:
    for digits in (2, 4, 6):
        halves = (2 * rng.integers(-500, 50_000, 40) + 1) / 2 ** (digits + 1)
        for value in (*halves, *rng.normal(0, 300, 40), -0.001):
            given = plain(value)
            yield {"value": given, "digits": digits, "rounded": round(given, digits)}


def alignment() -> Json:
    """Affines of faces with good, failed and missing landmarks, and of a box without area."""
    rng = np.random.default_rng(6)
    n = 12
    corner, side = rng.integers(0, 300, (n, 2)), rng.integers(40, 200, (n, 1))
    found = np.concatenate([corner, corner + side], axis=1).astype(np.float32)
    upright = np.array([[0.3, 0.35], [0.7, 0.35], [0.5, 0.6], [0.35, 0.8], [0.65, 0.8]])
    points = corner[:, None] + side[:, None] * (upright + rng.normal(0, 0.05, (n, 5, 2)))
    points[3], points[4, 2], points[5] = np.nan, np.nan, points[5] * 0.1
    found[6, 2:] = found[6, :2]
    faces = Faces(found, np.ones(n, np.float32), points.astype(np.float32))
    affines = face_affines(faces, BOX_SCALE)
    return {
        "template": TEMPLATE,
        "box_scale": BOX_SCALE,
        "boxes": faces.boxes.ravel(),
        "landmarks": faces.landmarks.ravel(),
        "affines": affines.ravel(),
        "pixels_per_crop_pixel": pixels_per_crop_pixel(affines),
    }


GOLDENS: dict[str, Callable[[], Json]] = {
    "alignment": alignment,
    "assignment": assignment,
    "boxes": boxes,
    "detection": web_pictures.detection,
    "packing": web_pictures.packing,
    "rows": rows,
    "smoothing": smoothing,
    "tracking": tracking,
}


def text_of(name: str) -> str:
    """The content of one golden file; one line per entry of a list, so that changes can be seen."""
    value = plain(GOLDENS[name]())
    if isinstance(value, list):
        return "[\n" + ",\n".join(json.dumps(each) for each in value) + "\n]\n"
    lines = (f"{json.dumps(key)}: {json.dumps(each)}" for key, each in value.items())
    return "{\n" + ",\n".join(lines) + "\n}\n"


def main() -> int:
    """Write the files, or compare them."""
    parser = argparse.ArgumentParser(description="Goldens of the browser's port.")
    parser.add_argument("--check", action="store_true", help="write nothing, fail on a difference")
    check = parser.parse_args().check
    stale: list[str] = []
    for name in GOLDENS:
        target, text = GOLDEN / f"{name}.json", text_of(name)
        if target.is_file() and target.read_text(encoding="utf-8") == text:
            continue
        stale.append(name)
        if not check:
            GOLDEN.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
    if check and stale:
        print(f"differ from what Python answers: {', '.join(stale)}", file=sys.stderr)
        print("do: python tools/make_web_goldens.py, and look at the difference", file=sys.stderr)
        return 1
    print(f"{'differ' if check else 'written'}: {', '.join(stale) or 'none'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
