"""Figures that need a process or a file of their own: ``python benchmarks/whole_way.py``.

- a 12-megapixel JPEG from file to probabilities, default options;
- what ``import mien`` costs over ``import numpy``;
- ``mien analyze`` over a folder of good, broken and hostile files: answers, exit code, peak memory.

Prints one JSON line each. Durations are wall clock.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from mien.benchmark import interleaved, machine
from mien.runtime import Recognizer
from mien.store.images import read_image

ROOT = Path(__file__).parents[1]
PORTRAIT = ROOT / "assets" / "portrait.jpg"


def large_photo(path: Path) -> Path:
    """The portrait enlarged into a 4000x3000 picture, as JPEG."""
    portrait = Image.open(PORTRAIT).convert("RGB").resize((3000, 3000), Image.Resampling.BICUBIC)
    canvas = Image.new("RGB", (4000, 3000), (90, 110, 120))
    canvas.paste(portrait, (500, 0))
    canvas.save(path, quality=90)
    return path


def photo(folder: Path) -> dict[str, object]:
    """Time a 12-megapixel photo."""
    path = large_photo(folder / "large.jpg")
    recognizer = Recognizer()
    faces = len(recognizer.read(read_image(path)))
    (timing,) = interleaved(
        {"12-megapixel JPEG, file to probabilities": lambda: recognizer.read(read_image(path))},
        runs=20,
        warm_up=3,
        note=f"{faces} face(s), {path.stat().st_size} bytes, default options",
    )
    return timing.as_dict()


def imports(runs: int = 21) -> dict[str, object]:
    """Median seconds of a fresh interpreter, by turns."""
    lines = {"python": "pass", "numpy": "import numpy", "mien": "import numpy, mien"}
    spent: dict[str, list[float]] = {name: [] for name in lines}
    for _ in range(runs):
        for name, line in lines.items():
            started = time.perf_counter()
            subprocess.run([sys.executable, "-c", line], check=True)
            spent[name].append(time.perf_counter() - started)
    median = {name: float(np.median(each)) for name, each in spent.items()}
    return {
        "name": "import",
        "runs": runs,
        "median_s": median,
        "mien_over_numpy_s": median["mien"] - median["numpy"],
    }


def hostile(folder: Path) -> dict[str, object]:
    """Analyse files that want to break the run."""
    sys.path.insert(0, str(ROOT / "tests"))
    from made_pictures import bomb_png, jpeg_header, png_header

    portrait = PORTRAIT.read_bytes()
    files = {
        "good.jpg": portrait,
        "a name with spaces.jpg": portrait,
        "line\nbreak.jpg": portrait,
        "\x1b[31mred.jpg": portrait,
        "=cmd|calc.jpg": portrait,
        "empty.jpg": b"",
        "truncated.jpg": portrait[: len(portrait) // 2],
        "text.jpg": b"this is no picture",
        "bomb.png": bomb_png(),
        "header.png": png_header(30_000, 30_000),
        "header.jpg": jpeg_header(30_000, 30_000),
    }
    for name, data in files.items():
        (folder / name).write_bytes(data)
    (folder / "dangling.jpg").symlink_to("nowhere.jpg")
    (folder / "large.jpg").unlink(missing_ok=True)
    large_photo(folder / "twelve megapixels.jpg")
    os.mkfifo(folder / "pipe.jpg")
    out = folder.parent / "rows.csv"
    command = [sys.executable, "-m", "mien", "analyze", str(folder), "--out", str(out)]
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    text = out.read_text(encoding="utf-8")
    return {
        "name": "hostile folder",
        "exit": done.returncode,
        "said": done.stderr.strip().splitlines()[-1],
        "rows": text.count("\n") - 1,
        "error_rows": text.count("ImageDecodeError"),
        "escape_codes_in_output": "\x1b" in text + done.stderr,
        "peak_mb": round(peak / 1024) if peak > before else f"at most {before // 1024}",
    }


def main() -> None:
    """Print every figure."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "pictures"
        folder.mkdir()
        for figure in (hostile(folder), photo(Path(name)), imports(), machine()):
            print(json.dumps(figure))


if __name__ == "__main__":
    main()
