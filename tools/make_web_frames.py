"""Write pictures and a short video as raw RGB, and the rows that Python reads in them.

    python tools/make_web_frames.py [FOLDER]     # web/tests/frames, which git ignores

The parity tests give the same bytes to the browser's port and compare the rows (DESIGN 9).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mien.core.rows import Row
from mien.runtime import Recognizer, Stream

ROOT = Path(__file__).parents[1]
FRAMES = ROOT / "web" / "tests" / "frames"

RATE, EVERY, SMOOTHING_S = 15.0, 3, 0.3
"""The video's frames per second, and how its stream is read."""

Picture = NDArray[np.uint8]


def portrait() -> Picture:
    """``(512, 512, 3)``: the public-domain portrait."""
    return np.asarray(Image.open(ROOT / "assets" / "portrait.jpg").convert("RGB"))


def resized(image: Picture, width: int, height: int) -> Picture:
    """``image`` at another size."""
    return np.asarray(Image.fromarray(image).resize((width, height), Image.Resampling.LANCZOS))


def background(width: int, height: int) -> Picture:
    """A grey ramp without a face."""
    rows = np.linspace(60, 150, height)[:, None, None] + np.array([0, 10, 20])
    return np.repeat(rows, width, axis=1).astype(np.uint8)


def turned_mouth(image: Picture) -> Picture:
    """The portrait with its mouth upside down: no expression is likely any more."""
    changed = image.copy()
    changed[120:168, 190:262] = image[120:168, 190:262][::-1]
    return changed


def tilted(image: Picture, degrees: float) -> Picture:
    """``image`` turned about its centre."""
    turned = Image.fromarray(image).rotate(degrees, Image.Resampling.BICUBIC, fillcolor=(90,) * 3)
    return np.asarray(turned)


def with_heads(
    canvas: Picture, *places: tuple[int, int, float], person: Picture | None = None
) -> Picture:
    """Heads at (x, y) and a scale, cut where they reach beyond the picture."""
    canvas = canvas.copy()
    person = portrait() if person is None else person
    for x, y, scale in places:
        head = resized(person[20:235, 120:330], round(210 * scale), round(215 * scale))
        top, left = max(y, 0), max(x, 0)
        bottom = min(y + head.shape[0], canvas.shape[0])
        right = min(x + head.shape[1], canvas.shape[1])
        if bottom > top and right > left:
            canvas[top:bottom, left:right] = head[top - y : bottom - y, left - x : right - x]
    return canvas


def stills() -> dict[str, Picture]:
    """Pictures that stand alone: sizes, numbers of faces, and each branch of the detector."""
    image = portrait()
    return {
        "portrait": image,
        "mirrored": np.ascontiguousarray(image[:, ::-1]),
        "half": resized(image, 256, 256),
        "face of 430 pixels, halved before the crop": resized(image[40:240, 130:330], 800, 800),
        "larger than is searched": resized(image, 1500, 1500),
        "much larger, thinned first": with_heads(background(2800, 1500), (900, 300, 3.0)),
        "tight crop, second look": np.ascontiguousarray(image[70:172, 180:268]),
        "small picture, second look": resized(image, 100, 100),
        "two faces": with_heads(background(640, 480), (30, 60, 1.2), (380, 140, 0.9)),
        "four faces": with_heads(
            background(640, 480), (20, 30, 1.4), (360, 20, 1), (350, 270, 0.8), (540, 300, 0.45)
        ),
        "face at the edge": with_heads(background(480, 360), (-60, 90, 1.1)),
        "dark": (image[:, ::2] // 5).repeat(2, axis=1),
        "mouth turned": turned_mouth(image),
        "tilted by 20 degrees": tilted(image, 20),
        "blurred": resized(resized(image, 128, 128), 512, 512),
        "no face": background(640, 480),
    }


def video() -> list[Picture]:
    """One head moves and grows, a second comes and goes, and for a while both look otherwise."""
    frames: list[Picture] = []
    person, other = portrait(), turned_mouth(portrait())
    for at in range(36):
        places = [(20 + 4 * at, 60 + at, 0.8 + 0.01 * at)]
        if 12 <= at < 26:
            places.append((280 - 2 * at, 130, 0.7))
        shade = background(480, 360) + np.uint8(at)
        look = other if 8 <= at < 22 else person
        frames.append(with_heads(shade, *places, person=look))
    return frames


def rows_of(reader: Callable[[Recognizer], list[Row]]) -> dict[str, list[Row]]:
    """What ``reader`` answers with each precision."""
    return {
        precision: reader(Recognizer(precision=precision, threads=1))
        for precision in ("fp32", "int8")
    }


def write(folder: Path, name: str, pictures: list[Picture]) -> list[dict[str, Any]]:
    """Write raw RGB; returns where each is and how large."""
    files: list[dict[str, Any]] = []
    for at, picture in enumerate(pictures):
        file = f"{name}-{at:02}.rgb"
        (folder / file).write_bytes(np.ascontiguousarray(picture).tobytes())
        files.append({"file": file, "width": picture.shape[1], "height": picture.shape[0]})
    return files


def main() -> int:
    """Write pictures and ``cases.json``."""
    parser = argparse.ArgumentParser(description="Pictures and rows for parity.")
    parser.add_argument("folder", type=Path, nargs="?", default=FRAMES)
    folder: Path = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    pictures, frames = stills(), video()
    times = [round(at / RATE, 6) for at in range(len(frames))]

    def still_rows(recognizer: Recognizer) -> list[Row]:
        return [recognizer.read(picture).to_row("parity") for picture in pictures.values()]

    def video_rows(recognizer: Recognizer) -> list[Row]:
        stream = Stream(recognizer, every=EVERY, smoothing_s=SMOOTHING_S)
        readings = [stream.read(frame, t) for frame, t in zip(frames, times, strict=True)]
        return [reading.to_row("parity") for reading in readings]

    cases = {
        "stills": {
            "names": list(pictures),
            "pictures": write(folder, "still", list(pictures.values())),
            "rows": rows_of(still_rows),
        },
        "video": {
            "every": EVERY,
            "smoothing_s": SMOOTHING_S,
            "times": times,
            "pictures": write(folder, "video", frames),
            "rows": rows_of(video_rows),
        },
    }
    (folder / "cases.json").write_text(json.dumps(cases), encoding="utf-8")
    faces = [len(row["faces"]) for row in cases["stills"]["rows"]["fp32"]]
    print(f"{folder}: {len(pictures)} pictures with {faces} faces, {len(frames)} frames of a video")
    return 0


if __name__ == "__main__":
    sys.exit(main())
