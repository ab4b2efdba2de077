"""mien and its peers on the same pictures, in one run.

    python benchmarks/peers/run.py --data fer2013.csv.gz [--photos FOLDER] [--limit N] [--only NAME]

Four steps, all by default, each continuing where it ended: ``install`` makes an environment for
each peer in build/peers, ``crops`` and ``photos`` have every peer answer and write figures to
results/peers.json, ``table`` puts them into docs/comparison.md. With ``--limit`` the figures go to
build/peers/limited.json and the tables to the terminal. README.md beside this file says more.
"""

from __future__ import annotations

import argparse
import datetime
import hashlib
import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1]))

from mien.core.errors import MienError
from mien.data import load, one_face_photos
from mien.data.select.subsets import in_common
from mien.store.atomic import writing
from mien.store.bundle import FILES, open_bundle
from mien.store.images import read_image
from peers.answers import Kept, Picture, measure, read_answers
from peers.figures import Figures, of_crops, of_photos, placed, tables
from peers.install import checked_run, install, installed, packages_of, python_of
from peers.known import PEERS, ROOT, RUNNERS, Peer
from peers.picture import draw

STEPS = ("install", "crops", "photos", "table")
BUILD = ROOT / "build" / "peers"
PAGE = ROOT / "docs" / "comparison.md"
SHARED = ("pipe.py", "pipe.mjs", "operators.py")
DRAWING = ROOT / "docs" / "pictures" / "peers.svg"


@dataclass(frozen=True)
class Task:
    """What is answered.

    Args:
        part: ``crops`` or ``photos``.
        about: Facts of the pictures for the results: name, number, sha256.
        pictures: Each opens one.
        score: Figures of a peer's answers.
    """

    part: str
    about: dict[str, object]
    pictures: Sequence[Picture]
    score: Callable[[Kept], Figures]


def crops_task(source: Path, split: str, limit: int | None) -> Task:
    """The crops of a split; twins are those in its Training."""
    faces = load(source)
    rows = faces.split(split)
    known = in_common(rows, faces.split("Training")) if split != "Training" else None
    twins = np.zeros(len(rows), bool) if known is None else known
    about = {"data": f"FER2013 {split}", "sha256": rows.sha256, "n": len(rows[slice(limit)])}
    rows, twins = rows[slice(limit)], twins[:limit]
    pictures = [partial(_rgb, image) for image in rows.images]
    return Task("crops", about, pictures, lambda kept: of_crops(kept, rows.labels, twins))


def photos_task(folder: Path, limit: int | None) -> Task:
    """The photos of a folder of class folders."""
    listed = one_face_photos(folder)[0][:limit]
    names = "\n".join(f"{p.path.relative_to(folder)} {p.path.stat().st_size}" for p in listed)
    sha = hashlib.sha256(names.encode()).hexdigest()
    labels = np.array([each.label for each in listed], np.int64)
    about = {"data": "photos", "sha256": sha, "n": len(listed)}
    pictures = [partial(read_image, each.path) for each in listed]
    return Task("photos", about, pictures, lambda kept: of_photos(kept, labels))


def _rgb(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.repeat(grey[..., None], 3, axis=2)


def key_of(peer: Peer, task: Task) -> str:
    """What a peer's answers depend on: pictures, pins, runner; the checkout, for mien."""
    files = [peer.pins, *(RUNNERS / name for name in (*SHARED, peer.runner))]
    if peer.ours:
        folder = ROOT / "src" / "mien"
        files += [file for file in sorted(folder.rglob("*.*")) if file.suffix in (".py", ".onnx")]
    found = hashlib.sha256(f"{task.part} {task.about['sha256']} {peer.arguments}".encode())
    for file in files:
        found.update(file.read_bytes())
    return found.hexdigest()


def answered(peer: Peer, task: Task) -> Figures:
    """Have one peer answer what it has not yet answered, and score it."""
    home = BUILD / peer.home
    sizes = installed(peer, home)
    if sizes is None:
        raise MienError(f"{peer.name} is not installed with these pins; run the step install")
    path = BUILD / "answers" / task.part / f"{peer.name.replace(', ', '-')}.jsonl"
    program = "node" if peer.in_node else python_of(home)
    command = (program, RUNNERS / peer.runner, task.part, *peer.arguments)
    more = {"PYTHONPATH": str(ROOT / "src")} if peer.ours else {}
    measure(command, home, task.pictures, path, key_of(peer, task), more)
    if peer.ours:
        bundle = open_bundle("default")
        sizes["weights"] = (bundle.path / FILES[peer.arguments[0]]).stat().st_size
    return {**task.score(read_answers(path, len(task.pictures))), "bytes": sizes}


def tried(peers: Sequence[Peer], step: Callable[[Peer], object]) -> Iterator[tuple[Peer, Any]]:
    """Do a step for each peer; one that fails is reported and the others go on."""
    for peer in peers:
        try:
            yield peer, step(peer)
        except (MienError, OSError, StopIteration, subprocess.CalledProcessError) as error:
            print(f"{peer.name}: {error}", file=sys.stderr)


def machine() -> dict[str, object]:
    """The processor and what measured on it."""
    info = Path("/proc/cpuinfo")
    names = [line for line in _lines(info) if line.startswith("model name")]
    cpu = names[0].partition(":")[2].strip() if names else platform.processor()
    return {
        "cpu": cpu or platform.machine(),
        "cores": os.cpu_count(),
        "threads": 1,
        "python": platform.python_version(),
    }


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def keep(path: Path, task: Task, found: dict[str, Figures]) -> None:
    """Add figures to the results; those of other pictures are dropped."""
    results = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    part = results.get(task.part, {})
    before = part.get("peers", {}) if task.about.items() <= part.items() else {}
    date = datetime.datetime.now(datetime.UTC).date().isoformat()
    results["machine"] = machine()
    results[task.part] = {**task.about, "date": date, "peers": {**before, **found}}
    path.parent.mkdir(parents=True, exist_ok=True)
    with writing(path) as file:
        file.write(json.dumps(results, indent=1) + "\n")


def show(path: Path, page: Path | None) -> None:
    """Write tables and figure into the page, or print the tables."""
    results = json.loads(path.read_text(encoding="utf-8"))
    text = tables(results)
    if page is None:
        print(text)
        return
    with writing(page) as file:
        file.write(placed(page.read_text(encoding="utf-8"), text))
    if "crops" in results:
        draw(results["crops"], DRAWING)


def main() -> None:
    """Do the steps."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("steps", nargs="*", help=f"of {', '.join(STEPS)}; default: all")
    parser.add_argument("--data", type=Path, help="FER2013")
    parser.add_argument("--split", default="PublicTest")
    parser.add_argument("--photos", type=Path, help="folder of class folders")
    parser.add_argument("--limit", type=int, help="only the first pictures")
    names = [peer.name for peer in PEERS]
    parser.add_argument("--only", action="append", choices=names, metavar="NAME")
    given = parser.parse_args()
    steps = given.steps or STEPS
    if unknown := set(steps) - set(STEPS):
        parser.error(f"unknown step {', '.join(sorted(unknown))}; known: {', '.join(STEPS)}")
    peers = [peer for peer in PEERS if not given.only or peer.name in given.only]
    results = BUILD / "limited.json" if given.limit else ROOT / "results" / "peers.json"
    if "install" in steps:
        for peer, _ in tried(peers, lambda p: install(p, BUILD / p.home, checked_run)):
            print(f"{peer.name}: {packages_of(peer, BUILD / peer.home)}", file=sys.stderr)
    tasks: list[Task] = []
    if "crops" in steps and given.data:
        tasks.append(crops_task(given.data, given.split, given.limit))
    if "photos" in steps and given.photos:
        tasks.append(photos_task(given.photos, given.limit))
    for task in tasks:
        for peer, found in tried(peers, partial(answered, task=task)):
            keep(results, task, {peer.name: found})
            print(f"{peer.name}: {100 * found['accuracy']:.1f} %", file=sys.stderr)
    if "table" in steps:
        show(results, None if given.limit else PAGE)


if __name__ == "__main__":
    main()
