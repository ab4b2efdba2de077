"""mien of this checkout: ``read_mien.py crops|photos PRECISION VIEWS``."""

from __future__ import annotations

import sys
from collections.abc import Callable

from pipe import Found, Image, crops_wanted, serve


def make() -> Callable[[Image], list[Found]]:
    """The recogniser, one thread."""
    from mien import Recognizer

    precision, views = sys.argv[2:4]
    detector = "none" if crops_wanted() else "mtcnn"
    model = Recognizer(precision=precision, views=views, detector=detector, threads=1)
    return lambda image: [(face.probabilities, face.box) for face in model.read(image)]


if __name__ == "__main__":
    serve("mien", make)
