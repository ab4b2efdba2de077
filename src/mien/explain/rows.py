"""What a model does on labelled faces: averaged maps, confident mistakes, contradictory twins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mien.core.errors import InputError
from mien.data.faceset import FaceSet
from mien.data.select.subsets import twins
from mien.explain.interface import Explainable, probabilities
from mien.explain.methods import Method, explain, known_method, relative

BATCH = 256
"""Faces per call of the model."""


@dataclass(frozen=True, eq=False)
class ClassMap:
    """What the model looks at in the faces of one label.

    Args:
        label: The label.
        count: Faces averaged; 0 = the model answers none of them rightly.
        face: ``(48, 48)`` float32, their mean grey levels; NaN without faces.
        map: ``(48, 48)`` float32, the mean of their maps; NaN without faces.
    """

    label: str
    count: int
    face: NDArray[np.float32]
    map: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class ClassMaps:
    """One ``ClassMap`` per label.

    Args:
        model: Name of the model.
        source: What the faces are from.
        method: How the maps were made.
        input_size: Side of what the trunk is given.
        classes: In the order of the labels.
    """

    model: str
    source: str
    method: Method
    input_size: int
    classes: tuple[ClassMap, ...]


@dataclass(frozen=True)
class Mistake:
    """A face whose label the model contradicts.

    Args:
        row: Its index.
        truth: Its label.
        answer: The model's.
        probability: Of ``answer``.
    """

    row: int
    truth: str
    answer: str
    probability: float


@dataclass(frozen=True)
class Contradiction:
    """Byte-identical faces that carry different labels.

    Args:
        rows: Their indices.
        labels: Their labels, row by row.
        splits: Their splits, row by row.
        answer: What the model says of the one face.
        probability: Of ``answer``.
    """

    rows: tuple[int, ...]
    labels: tuple[str, ...]
    splits: tuple[str, ...]
    answer: str
    probability: float


def named(faces: FaceSet) -> str:
    """Source and splits of rows: what is a test and what a model was trained on look alike."""
    return f"{faces.source} ({', '.join(faces.split_names)})" if faces.split_names else faces.source


def average_maps(
    model: Explainable, faces: FaceSet, method: str, *, per_class: int = 100
) -> ClassMaps:
    """The mean map of the faces of each label that the model answers rightly.

    Maps without a unit are made ``relative`` first, so that each face counts alike.

    Args:
        model: A bundle or a network.
        faces: Labelled 48-pixel crops, mapped into the model's label space if need be.
        method: One of ``METHODS``.
        per_class: Most faces of a label; more are thinned evenly.

    Raises:
        UnknownNameError: If there is no such method.
        InputError: If ``per_class`` is below 1, or the model cannot be explained in this way.
        LabelError: If there is no mapping from the faces' labels to the model's.
    """
    if per_class < 1:
        raise InputError(f"per_class must be 1 or more, got {per_class}")
    found = known_method(method)
    known = faces.mapped(model.labels)
    right = _answers(model, known.images).argmax(axis=1) == known.labels
    classes: list[ClassMap] = []
    for index, label in enumerate(model.labels.labels):
        rows = np.flatnonzero(right & (known.labels == index))
        rows = rows[np.linspace(0, len(rows) - 1, min(per_class, len(rows))).round().astype(int)]
        face = map_ = np.full(known.images.shape[1:], np.nan, dtype=np.float32)
        if len(rows):
            explained = explain(model, known.images[rows], method, targets=known.labels[rows])
            face = known.images[rows].mean(axis=0, dtype=np.float32)
            map_ = (explained.maps if found.signed else relative(explained.maps)).mean(axis=0)
        classes.append(ClassMap(label, len(rows), face, map_))
    size = model.geometry.input_size
    return ClassMaps(model.name, named(faces), found, size, tuple(classes))


def confident_mistakes(model: Explainable, faces: FaceSet, *, count: int = 24) -> list[Mistake]:
    """The faces that the model answers wrongly with the highest probability, surest first.

    Args:
        model: A bundle or a network.
        faces: Labelled 48-pixel crops in the model's label space.
        count: Most of them.

    Raises:
        InputError: If ``count`` is below 1, or the labels are of another space.
    """
    _check(model, faces, count)
    answers = _answers(model, faces.images)
    given, sure = answers.argmax(axis=1), answers.max(axis=1)
    wrong = np.flatnonzero(given != faces.labels)
    order = wrong[np.argsort(-sure[wrong], kind="stable")][:count]
    names = model.labels.labels
    return [
        Mistake(int(row), names[faces.labels[row]], names[given[row]], float(sure[row]))
        for row in order
    ]


def contradictory_twins(
    model: Explainable, faces: FaceSet, *, count: int = 24
) -> list[Contradiction]:
    """Byte-identical faces with the most different labels, then with the most rows, first.

    Args:
        model: A bundle or a network, whose answer stands beside the labels.
        faces: Labelled 48-pixel crops in the model's label space.
        count: Most of them.

    Raises:
        InputError: If ``count`` is below 1, or the labels are of another space.
    """
    _check(model, faces, count)
    found = twins(faces)
    groups = [found.groups[i] for i in found.conflicting]
    groups.sort(key=lambda rows: (-len({*faces.labels[list(rows)]}), -len(rows), rows))
    groups = groups[:count]
    answers = _answers(model, faces.images[[rows[0] for rows in groups]])
    names = model.labels.labels
    return [
        Contradiction(
            rows=rows,
            labels=tuple(names[label] for label in faces.labels[list(rows)]),
            splits=tuple(faces.splits[list(rows)].tolist()),
            answer=names[int(p.argmax())],
            probability=float(p.max()),
        )
        for rows, p in zip(groups, answers, strict=True)
    ]


def _answers(model: Explainable, crops: NDArray[np.uint8]) -> NDArray[np.float64]:
    none = np.zeros((0, len(model.labels)))
    starts = range(0, len(crops), BATCH)
    return np.concatenate([none, *(probabilities(model, crops[s : s + BATCH]) for s in starts)])


def _check(model: Explainable, faces: FaceSet, count: int) -> None:
    if count < 1:
        raise InputError(f"count must be 1 or more, got {count}")
    if faces.space.labels != model.labels.labels:
        raise InputError(
            f"expected faces labelled in {model.labels.name} as {model.name} answers, "
            f"got {faces.space.name}; load or map them into it"
        )
