"""PyPI facex: Haar cascade and a TFLite network of 200 pixels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from pipe import Found, Image, crops_wanted, serve

LABELS = {
    "anger": "angry",
    "disgust": "disgust",
    "fear": "fear",
    "happy": "happy",
    "sadness": "sad",
    "surprised": "surprise",
    "neutral": "neutral",
}


def _named(values: Mapping[str, float]) -> dict[str, float]:
    return {ours: values[theirs] for theirs, ours in LABELS.items()}


def make() -> Callable[[Image], list[Found]]:
    """Photos go through ``predict``, crops through ``detect_emotion`` in grey, as it has them."""
    import cv2
    import facex
    from facex.core import EmotionClassifier

    cv2.setNumThreads(1)
    weights = Path(facex.__file__).parent / "assets" / "model_optimized.tflite"
    model = EmotionClassifier(str(weights))

    def crop(image: Image) -> list[Found]:
        return [(_named(model.detect_emotion(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY))), None)]

    def photo(image: Image) -> list[Found]:
        found: list[Found] = []
        for face in model.predict(np.ascontiguousarray(image[..., ::-1])):
            x, y, width, height = face["bbox"]
            found.append((_named(face["emot"]), (x, y, x + width, y + height)))
        return found

    return crop if crops_wanted() else photo


if __name__ == "__main__":
    serve("facex", make)
