"""A bundle's graph on ready-made crops, from its bytes: no card, no detector."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mien.core.alignment import identity_affines
from mien.runtime.packing import cut, pack
from mien.runtime.recognizer import BATCH
from mien.runtime.session import open_session, run


def graph_answers(
    graph: bytes, crops: NDArray[np.uint8], outputs: Sequence[str]
) -> list[NDArray[np.float32]]:
    """The named outputs, each ``(N, ...)``, of a graph on ``(N, 48, 48)`` grey crops."""
    session = open_session(graph)
    affine = identity_affines(1)[0]
    parts: list[list[NDArray[np.float32]]] = []
    for start in range(0, len(crops), BATCH):
        colours = (np.repeat(crop[..., None], 3, axis=2) for crop in crops[start : start + BATCH])
        canvases, order = pack([cut(colour, affine) for colour in colours])
        answers = [run(session, outputs, {"image": c.image, "affine": c.affines}) for c in canvases]
        parts.append([np.concatenate(each)[order] for each in zip(*answers, strict=True)])
    return [np.concatenate(each) for each in zip(*parts, strict=True)]
