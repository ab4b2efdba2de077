"""Right answers before and after fitting the head: ``benchmarks/teach.py --data SRC``.

FER2013 names nobody, so sessions are drawn at random from PublicTest and every kind of person is
a change made to all of them. Right answers are counted on the other rows of PublicTest, changed in
the same way. One JSON line per kind and number of samples; means over seeds.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mien.data import FaceSet, load
from mien.runtime.graph import Graph
from mien.store.bundle import open_bundle
from mien.teach.fit import (
    ONE_SESSION_STRENGTH,
    STRENGTHS,
    chosen_strength,
)
from mien.teach.head import fit_head, read_head

COUNTED = 1000


def unchanged(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The rows as they are."""
    return images


def coarse(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A bad camera: blocks of 3 x 3 pixels."""
    return np.repeat(np.repeat(images[:, 1::3, 1::3], 3, axis=1), 3, axis=2)


def turned(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A camera that stands on its head."""
    return np.ascontiguousarray(images[:, ::-1, ::-1])


KINDS: dict[str, tuple[Callable[[NDArray[np.uint8]], NDArray[np.uint8]], tuple[int, ...]]] = {
    "as trained": (unchanged, tuple(range(7))),
    "two labels": (unchanged, (3, 6)),
    "bad camera": (coarse, tuple(range(7))),
    "upside down": (turned, tuple(range(7))),
}


def drawn(rows: FaceSet, kind: str, sessions: int, each: int, seed: int) -> tuple[FaceSet, FaceSet]:
    """Samples with their sessions, and the rows that right answers are counted on."""
    change, labels = KINDS[kind]
    pool = np.flatnonzero(np.isin(rows.labels, labels))
    order = np.random.default_rng(seed).permutation(pool)
    n = sessions * each
    parts = rows[order[:n]], rows[order[n : n + COUNTED]]
    samples, counted = (replace(part, images=change(part.images)) for part in parts)
    return replace(samples, subjects=np.repeat(np.arange(sessions), each).astype(str)), counted


def main() -> None:
    """Print one line per kind and number of samples."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True, help="FER2013 table")
    parser.add_argument("--model", default="default")
    parser.add_argument("--seeds", type=int, default=5)
    given = parser.parse_args()
    bundle = open_bundle(given.model)
    graph, start = bundle.model(), read_head(bundle.model())
    temperature = bundle.card.files["fp32"].calibration.temperature
    rows = load(given.data, labels=bundle.card.labels).split("PublicTest")
    for kind in KINDS:
        for sessions, each in ((1, 40), (4, 10), (4, 40)):
            found: dict[str, list[float]] = {"before": [], "chosen": [], "one session": []}
            strengths: list[float] = []
            for seed in range(given.seeds):
                samples, counted = drawn(rows, kind, sessions, each, seed)
                (features,) = Graph(graph).answers(samples.images, ("features",))
                (theirs,) = Graph(graph).answers(counted.images, ("features",))
                strengths.append(chosen_strength(features, samples, start, temperature))
                heads = {"before": start}
                for name, strength in (
                    ("chosen", strengths[-1]),
                    ("one session", ONE_SESSION_STRENGTH),
                ):
                    heads[name] = fit_head(
                        features, samples.labels, start, temperature=temperature, strength=strength
                    )
                for name, head in heads.items():
                    right = head.logits(theirs).argmax(axis=1) == counted.labels
                    found[name].append(float(right.mean()))
            line = {
                "kind": kind, "sessions": sessions, "samples": sessions * each,
                **{name: round(float(np.mean(each)), 3) for name, each in found.items()},
                "strengths": {f"{s:g}": strengths.count(s) for s in STRENGTHS if s in strengths},
            }  # fmt: skip
            sys.stdout.write(json.dumps(line) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
