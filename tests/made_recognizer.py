"""A recogniser without a model: faces where a picture is red, for tests of what lies around it."""

import numpy as np

from mien.core.errors import InputError
from mien.core.faces import Faces
from mien.core.labels import LabelSpace, fer7
from mien.core.rows import Row
from mien.core.scores import Scores
from mien.runtime.reading import Reading


class MadeRecognizer:
    """Finds one happy face in every picture whose first pixel is red, none in others."""

    name = "made"

    def __init__(self, labels: LabelSpace = fer7) -> None:
        self.labels = labels
        self.shapes: list[tuple[int, ...]] = []

    def read(self, image: np.ndarray) -> Reading:
        if image.dtype != np.uint8 or image.ndim != 3:
            raise InputError("expected a picture")
        self.shapes.append(image.shape)
        n = int(image[0, 0, 0] > 128 and image[0, 0, 2] < 128)
        height, width = image.shape[:2]
        box = [[width / 4, height / 4, width / 2, height / 2]]
        p = np.full((n, len(self.labels)), 0.1 / (len(self.labels) - 1), np.float32)
        p[:, min(3, len(self.labels) - 1)] = 0.9
        faces = Faces(boxes=box[:n], scores=[0.99][:n])
        return Reading(faces, Scores(p, self.labels), width, height, self.name)


def made_row(
    boxes: list[list[float]],
    answers: list[tuple[str, float]],
    size: tuple[int, int] = (320, 240),
    source: str = "a.jpg",
    threshold: float = 0.5,
) -> Row:
    """A row of faces with the given labels and top probabilities; ``size`` is (width, height)."""
    p = np.array([[(1 - top) / 6] * 7 for _, top in answers], np.float32).reshape(-1, 7)
    for row, (label, top) in zip(p, answers, strict=True):
        row[fer7.index(label)] = top
    faces = Faces(boxes=np.array(boxes, np.float32).reshape(-1, 4), scores=np.ones(len(boxes)))
    return Reading(faces, Scores(p, fer7, threshold), *size, "made").to_row(source)
