"""Contact sheets: many small pictures, one glance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mien.core.alignment import CROP
from mien.core.errors import InputError
from mien.core.text import printable
from mien.data.faceset import FaceSet
from mien.explain.rows import Contradiction, Mistake, named

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from mien.explain.gradients import ConvMaps

NOTICE = (
    "FOR LOCAL USE ONLY - do not publish: images of a data set, and FER2013's may not be "
    "redistributed"
)
"""Stands on every sheet with faces of a data set."""

CHANNELS = 8
"""Maps shown of each convolution."""

_COLUMNS = 6
_WRAP = 26  # characters of a caption over a face
_LAYERS_PER_COLUMN = 32
_GAP = 3  # pixels between tiles


def draw_mistakes(faces: FaceSet, mistakes: Sequence[Mistake], *, model: str) -> Figure:
    """Faces with their label and the model's answer; the title names source and splits.

    Raises:
        InputError: If there is no mistake to show.
    """
    captions = [f"label {m.truth}\n{m.answer} {m.probability:.2f}" for m in mistakes]
    title = f"The surest mistakes of {model} on {named(faces)}: label, answer, probability"
    return _sheet(faces.images[[m.row for m in mistakes]], captions, title)


def draw_twins(faces: FaceSet, found: Sequence[Contradiction], *, model: str) -> Figure:
    """Faces that carry different labels, each once, and the model's answer.

    Raises:
        InputError: If there is no contradiction to show.
    """
    captions = [
        ", ".join(f"{n} x {label}" for label, n in Counter(one.labels).most_common())
        + f"\nanswer {one.answer} {one.probability:.2f}"
        for one in found
    ]
    title = f"Identical images of {named(faces)} with different labels, and what {model} answers"
    return _sheet(faces.images[[one.rows[0] for one in found]], captions, title)


def _sheet(images: NDArray[np.uint8], captions: Sequence[str], title: str) -> Figure:
    from matplotlib.figure import Figure

    if not captions:
        raise InputError("expected rows to show, got none: nothing of this kind is in the data")
    columns = min(_COLUMNS, len(captions))
    rows = -(-len(captions) // columns)
    figure = Figure(figsize=(max(6.5, 1.8 * columns), 2.1 * rows + 0.8), layout="constrained")
    panels: Any = figure.subplots(rows, columns, squeeze=False)
    for panel in panels.flat:
        panel.set_axis_off()
    for panel, image, caption in zip(panels.flat, images, captions, strict=False):
        panel.imshow(image, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        lines = [part for line in caption.split("\n") for part in wrap(printable(line), _WRAP)]
        panel.set_title("\n".join(lines), size=8, parse_math=False)
    figure.suptitle(printable(title), size=9, parse_math=False)
    figure.supxlabel(NOTICE, size=8, color="#B22222", weight="bold")
    return figure


def draw_layers(
    layers: Sequence[ConvMaps], crop: NDArray[np.uint8], *, model: str, answer: str
) -> Figure:
    """One line per convolution: the mean size of its maps, then those that vary most.

    Args:
        layers: In the order in which they run.
        crop: ``(48, 48)`` uint8, the face.
        model: Name of the model.
        answer: What the model says of the face, for the title.
    """
    from matplotlib.figure import Figure

    blocks = -(-len(layers) // _LAYERS_PER_COLUMN)
    lines = -(-len(layers) // blocks)
    side = CROP + _GAP
    # 100 pixels to the inch, so that a tile of 48 pixels keeps them; the names need 1.5 inches.
    widths = [1.0, *[(CHANNELS + 1) * side / 100 + 1.5] * blocks]
    size = (sum(widths) + 0.4, max(1.0, lines * side / 100) + 1.1)
    figure = Figure(figsize=size, layout="constrained")
    panels: Any = figure.subplots(1, blocks + 1, squeeze=False, width_ratios=widths)
    face, *columns = panels.flat
    face.imshow(crop, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    face.set_anchor("N")
    face.set_axis_off()
    face.set_title("the face", size=8)
    for block, panel in enumerate(columns):
        chosen = layers[block * lines : (block + 1) * lines]
        panel.imshow(_mosaic(chosen), cmap="viridis", vmin=0, vmax=1, interpolation="nearest")
        panel.set_anchor("NW")
        panel.set_yticks([side * (i + 0.5) for i in range(len(chosen))])
        panel.set_yticklabels([_described(one) for one in chosen], size=6, parse_math=False)
        panel.set_xticks([side * 0.5, side * (1 + CHANNELS / 2)])
        panel.set_xticklabels(["mean |a|", f"the {CHANNELS} maps that vary most"], size=6)
        panel.xaxis.tick_top()
        panel.tick_params(length=0)
        panel.spines[:].set_visible(False)
    title = f"Maps of the {len(layers)} convolutions of {model}, answer {answer}"
    figure.suptitle(
        printable(title)
        + "\noutput of each convolution; each tile has its own scale, dark = least",
        size=9,
        parse_math=False,
    )
    return figure


def _described(layer: ConvMaps) -> str:
    channels, height, width = layer.maps.shape
    return f"{printable(layer.name)}\n{channels} of {height} x {width}"


def _mosaic(layers: Sequence[ConvMaps]) -> NDArray[np.float32]:
    """``(lines * 51, 9 * 51)`` values from 0 to 1; NaN between tiles."""
    side = CROP + _GAP
    out = np.full((len(layers) * side, (CHANNELS + 1) * side), np.nan, dtype=np.float32)
    for line, layer in enumerate(layers):
        spread = layer.maps.std(axis=(1, 2))
        best = np.argsort(-spread, kind="stable")[:CHANNELS]
        tiles = [abs(layer.maps).mean(axis=0), *layer.maps[best]]
        for column, tile in enumerate(tiles):
            top, left = line * side, column * side
            out[top : top + CROP, left : left + CROP] = _tile(tile)
    return out


def _tile(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """One map as 48 x 48 pixels, its least value 0 and its largest 1."""
    rows, columns = (np.arange(CROP) * n // CROP for n in values.shape)
    low, high = float(values.min()), float(values.max())
    return ((values - low) / ((high - low) or 1.0))[rows[:, None], columns]
