"""From a picture or labelled faces to a figure and what it shows, as ``mien explain`` has it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from mien.core.alignment import face_affines
from mien.core.errors import InputError, unknown_name
from mien.explain.crops import face_crops
from mien.explain.figures import draw_classes, draw_explanation
from mien.explain.interface import Explainable, probabilities, titled
from mien.explain.methods import explain, needs_a_run
from mien.explain.rows import average_maps, confident_mistakes, contradictory_twins
from mien.explain.sheets import NOTICE, draw_layers, draw_mistakes, draw_twins

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from mien.core.faces import Faces
    from mien.data.faceset import FaceSet
    from mien.runtime import Detector

Sheet = Literal["mistakes", "twins", "classes"]

SHOWN, PER_CLASS = 24, 100
"""Most faces on a sheet, and of a label behind its mean map."""


@dataclass(frozen=True, eq=False)
class Explained:
    """A figure, and what it shows.

    Args:
        figure: For ``write_png``.
        record: Plain values for JSON.
        note: What must be said beside it; "" = nothing.
    """

    figure: Figure
    record: dict[str, Any]
    note: str = ""


def explain_picture(
    model: Explainable,
    image: NDArray[np.uint8],
    detector: Detector,
    *,
    method: str = "occlusion",
    label: str | None = None,
    source: str = "the picture",
) -> Explained:
    """One row per face of a picture: the face as the model sees it, and the map over it.

    Args:
        model: A bundle or a network.
        image: ``(H, W, 3)`` uint8 RGB.
        detector: Finds the faces.
        method: One of ``METHODS``.
        label: The label to explain; None = the answer for each face.
        source: Name of the picture, for the title and for errors.

    Raises:
        UnknownNameError: If there is no such method or label.
        InputError: If there is no face, or the model cannot be explained in this way.
    """
    names = model.labels.labels
    if label is not None and label not in names:
        raise unknown_name("label", label, names)
    faces, crops = _faces(model, image, detector, source)
    targets = None if label is None else np.full(len(crops), names.index(label), dtype=np.int64)
    found = explain(model, crops, method, targets=targets)
    listed = [
        _face(box, names[target], p[target])
        for box, target, p in zip(faces.boxes, found.targets, found.probabilities, strict=True)
    ]
    answered = (found.targets == found.probabilities.argmax(axis=1)).all()
    faint = method == "occlusion" and answered and all(map(found.faint, range(len(found))))
    note = (
        "no place that was hidden changes the answer much: it rests on several; where the "
        "model averages its maps, --method activation shows what adds up"
    )
    figure = draw_explanation(found, source=source)
    return Explained(figure, {"method": method, "faces": listed}, note if faint else "")


def explain_layers(
    model: Explainable,
    image: NDArray[np.uint8],
    detector: Detector,
    *,
    source: str = "the picture",
) -> Explained:
    """What every convolution of a network answers for the surest face of a picture.

    Args:
        model: A network.
        image: ``(H, W, 3)`` uint8 RGB.
        detector: Finds the face.
        source: Name of the picture, for errors.

    Raises:
        InputError: If the model is a bundle, or there is no face.
    """
    if model.network is None:
        raise InputError(needs_a_run("layers", model.name))
    from mien.explain.gradients import conv_maps

    faces, crops = _faces(model, image, detector, source)
    layers, p = conv_maps(model.network, crops[0]), probabilities(model, crops[:1])[0]
    answer = model.labels.labels[int(p.argmax())]
    title = titled(model.name, calibrated=model.temperature is not None)
    figure = draw_layers(layers, crops[0], model=title, answer=f"{answer} {p.max():.2f}")
    shapes = {layer.name: list(layer.maps.shape) for layer in layers}
    face = _face(faces.boxes[0], answer, p.max())
    return Explained(figure, {"method": "layers", "faces": [face], "layers": shapes})


def explain_rows(
    model: Explainable,
    rows: FaceSet,
    sheet: Sheet,
    *,
    method: str = "occlusion",
    count: int | None = None,
) -> Explained:
    """A sheet about labelled faces; one that shows them is for local use only.

    Args:
        model: A bundle or a network.
        rows: Labelled 48-pixel crops in the model's label space.
        sheet: The surest ``mistakes``, ``twins`` with different labels, or the mean map of each
            label (``classes``).
        method: One of ``METHODS``, for ``classes``.
        count: Most faces shown, or of a label; None = ``SHOWN``, or ``PER_CLASS``.

    Raises:
        UnknownNameError: If there is no such method.
        InputError: If there is nothing to show, or the model cannot be explained in this way.
    """
    if sheet == "classes":
        maps = average_maps(model, rows, method, per_class=count or PER_CLASS)
        counts = {one.label: one.count for one in maps.classes}
        return Explained(draw_classes(maps), {"method": method, "counts": counts})
    title = titled(model.name, calibrated=model.temperature is not None)
    if sheet == "mistakes":
        mistakes = confident_mistakes(model, rows, count=count or SHOWN)
        figure, shown = draw_mistakes(rows, mistakes, model=title), len(mistakes)
    else:
        twins = contradictory_twins(model, rows, count=count or SHOWN)
        figure, shown = draw_twins(rows, twins, model=title), len(twins)
    return Explained(figure, {"shown": shown}, NOTICE)


def _faces(
    model: Explainable, image: NDArray[np.uint8], detector: Detector, source: str
) -> tuple[Faces, NDArray[np.uint8]]:
    """The faces of a picture and their ``(N, 48, 48)`` crops."""
    faces = detector.detect(image)
    if not len(faces):
        raise InputError(
            f"no face found in {source}; if the picture is the face, say --detector none, "
            "and if faces are small, --min-face PX"
        )
    geometry = model.geometry
    affines = face_affines(faces, geometry.box_scale, geometry.template)
    return faces, face_crops(image, affines, geometry.samples)


def _face(box: NDArray[np.float32], label: str, probability: float) -> dict[str, Any]:
    return {
        "box": [round(float(value), 2) for value in box],
        "label": label,
        "probability": round(float(probability), 6),
    }
