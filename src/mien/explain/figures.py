"""Explanations as figures: the face as the model sees it, and the map over it.

Colour maps are perceptually uniform and readable by colour-blind people: inferno for maps from 0,
coolwarm (Moreland, ISVC 2009) for maps with a sign.
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mien.core.alignment import TEMPLATE
from mien.core.text import printable
from mien.explain.crops import seen_square
from mien.explain.interface import titled
from mien.explain.methods import Explanation, Method, relative
from mien.explain.rows import ClassMaps

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

FEWEST_FACES = 50
"""Faces of a class from which their mean is shown: of fewer, single people might be recognised."""

_PANEL = 2.7  # inches: a crop pixel is then about eight pixels of the PNG
_DPI = 150
_FAINTEST, _STRONGEST = 0.15, 0.75  # opacity of a map over its face, at 0 and at its largest value


def draw_explanation(found: Explanation, *, source: str = "") -> Figure:
    """One row per face: what the model sees, and the map over it.

    Args:
        found: What was found for the faces of one picture.
        source: Name of the picture, for the title.
    """
    from matplotlib.figure import Figure

    rows = len(found)
    figure = Figure(figsize=(2 * _PANEL + 1.4, rows * (_PANEL + 0.25) + 0.8), layout="constrained")
    panels: Any = figure.subplots(rows, 2, squeeze=False)
    names = found.labels.labels
    for i, (plain, over) in enumerate(panels):
        _face(plain, found.crops[i], found.input_size)
        plain.set_title("the face as the model sees it" if rows == 1 else f"face {i + 1}", size=9)
        values, limit = _scaled(found.maps[i], found.method)
        image = _overlay(over, found.crops[i], values, found.method, found.input_size, limit)
        figure.colorbar(image, ax=over, shrink=0.85).set_label(found.method.unit, size=8)
        target, top = int(found.targets[i]), int(found.probabilities[i].argmax())
        title = f"{names[target]}: {found.probabilities[i, target]:.2f}"
        if target != top:
            title += f"   (answer: {names[top]} {found.probabilities[i, top]:.2f})"
        if found.method.signed:  # the colours fill their scale however little was found
            title += f"\nvalues from {found.maps[i].min():+.3f} to {found.maps[i].max():+.3f}"
            if found.faint(i):
                title += ": next to nothing"
        elif not found.maps[i].any():
            title += "\nzero everywhere: it finds nothing that speaks for this label"
        over.set_title(_lines(title), size=9, parse_math=False)
    of = f" of {source}" if source else ""
    model = titled(found.model, calibrated=found.calibrated)
    _head(figure, f"{found.method.title}{of}\nmodel {model}", found.input_size)
    return figure


def draw_classes(found: ClassMaps) -> Figure:
    """One panel per label: the mean map, over the mean face where enough faces hide each one.

    Where they do not, a cross marks eyes and mouth of the crop instead. No panel shows a face of
    one person, so that the figure may be published.
    """
    from matplotlib.figure import Figure

    columns = min(4, len(found.classes))
    rows = -(-len(found.classes) // columns)
    size = (columns * (_PANEL - 0.5) + 1.2, rows * (_PANEL - 0.1) + 0.9)
    figure = Figure(figsize=size, layout="constrained")
    panels: Any = figure.subplots(rows, columns, squeeze=False)
    known = [one.map for one in found.classes if one.count]
    largest = max((float(abs(each).max()) for each in known), default=0.0)
    largest = max(largest, found.method.full_colour) or 1.0
    few = any(0 < one.count < FEWEST_FACES for one in found.classes)
    crosses = "; crosses: eyes and mouth of the crop" if few else ""
    image: AxesImage | None = None
    for panel in panels.flat[len(found.classes) :]:
        panel.set_axis_off()
    for panel, one in zip(panels.flat, found.classes, strict=False):
        title = f"{one.label}, {one.count} faces"
        if found.method.is_faint(one.map):
            title += "\nnext to nothing"
        panel.set_title(_lines(title), size=9, parse_math=False)
        if not one.count:
            panel.set_axis_off()
            continue
        hidden = one.count < FEWEST_FACES
        face = np.full_like(one.face, 160.0) if hidden else one.face
        image = _overlay(panel, face, one.map, found.method, found.input_size, largest)
        if hidden:
            panel.plot(*TEMPLATE.T, "+", color="black", markersize=9)
    if image is not None:
        unit = found.method.unit + ", mean over faces"
        figure.colorbar(image, ax=panels, shrink=0.6).set_label(unit, size=8)
    _head(
        figure,
        f"What {found.model} looks at, by label: {found.method.title}, mean over faces it answers "
        f"rightly\nfaces of {found.source}{crosses}",
        found.input_size,
    )
    return figure


def write_png(figure: Figure, file: IO[bytes]) -> None:
    """Write a figure of this package, the same bytes each time, without traces of the machine."""
    figure.savefig(file, format="png", dpi=_DPI, metadata={"Software": None})


def _face(panel: Axes, crop: NDArray[Any], input_size: int) -> None:
    from matplotlib.patches import Rectangle

    panel.imshow(crop, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    panel.set_xticks([])
    panel.set_yticks([])
    side, margin = seen_square(input_size)
    if margin:
        square = Rectangle(
            (margin - 0.5, margin - 0.5), side, side, fill=False, edgecolor="white", linestyle=":"
        )
        panel.add_patch(square)


def _scaled(values: NDArray[np.float32], method: Method) -> tuple[NDArray[np.float32], float]:
    """A map in the unit of its method, and the value that gets the full colour."""
    if not method.signed:
        return relative(values[None])[0], 1.0
    # A map of zeros has a scale too.
    return values, max(float(abs(values).max()), method.full_colour) or 1.0


def _overlay(
    panel: Axes,
    crop: NDArray[Any],
    values: NDArray[np.float32],
    method: Method,
    input_size: int,
    limit: float,
) -> AxesImage:
    """Draw a map over a face: opaque where it says much, so that the face stays readable."""
    faintest = 0.0 if method.signed else _FAINTEST
    share = (abs(values) / limit).clip(0, 1)
    _face(panel, crop, input_size)
    return panel.imshow(
        values,
        cmap="coolwarm" if method.signed else "inferno",
        vmin=-limit if method.signed else 0,
        vmax=limit,
        alpha=faintest + (_STRONGEST - faintest) * share,
        interpolation="nearest",
    )


def _head(figure: Figure, title: str, input_size: int) -> None:
    side, margin = seen_square(input_size)
    seen = f"\ninside the dotted line: the {side} pixels that the network sees" if margin else ""
    figure.suptitle(_lines(title + seen) + "\n", size=9, parse_math=False)


def _lines(text: str) -> str:
    """Names from outside as letters: nothing in them is obeyed, and none is a formula."""
    return "\n".join(printable(line) for line in text.split("\n"))
