"""Test rows of a random 80/20 split that are in training too: ``python benchmarks/twins.py SRC``.

As a publication may split: by row, copies and all, of all rows and of rows undersampled beforehand.
One JSON line for each, the means of 20 draws, in percent.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable

import numpy as np

from mien.data import FaceSet, load
from mien.data.select.sampling import random_split
from mien.data.select.subsets import balanced

DRAWS = 20


def shares(faces: FaceSet, draw: Callable[[FaceSet, int], FaceSet]) -> dict[str, float]:
    """Share of test rows with a byte-identical twin in training, of all and of each label."""
    found: list[list[float]] = []
    for seed in range(DRAWS):
        whole = random_split(draw(faces, seed), 0.8, seed, by_identity=False)
        test = whole.split("test")
        known = np.isin(test.pixel_hashes, whole.split("Training").pixel_hashes)
        labels = [known[test.labels == label].mean() for label in range(len(faces.space))]
        found.append([float(known.mean()), *map(float, labels)])
    means = np.mean(found, axis=0)
    names = ("all", *faces.space.labels)
    return {name: round(100 * each, 1) for name, each in zip(names, means, strict=True)}


def main() -> None:
    """Print the shares."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("source", help="FER2013, its Training and PublicTest")
    faces = load(parser.parse_args().source)
    faces = faces[np.isin(faces.splits, ["Training", "PublicTest"])]
    for name, draw in (
        ("as drawn", lambda rows, _seed: rows),
        ("undersampled first", lambda rows, seed: balanced(rows, None, seed)),
    ):
        print(json.dumps({"rows": name, "test rows in training, %": shares(faces, draw)}))


if __name__ == "__main__":
    main()
