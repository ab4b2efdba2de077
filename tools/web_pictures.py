"""Golden answers of detection and packing, for ``make_web_goldens.py``."""

from __future__ import annotations

from dataclasses import asdict
from hashlib import sha256
from typing import Any
from unittest.mock import patch

import numpy as np

from mien.runtime.detectors import cascade, mtcnn
from mien.runtime.detectors.networks import Maps
from mien.runtime.detectors.registry import DetectorOptions
from mien.runtime.detectors.thinning import thinned
from mien.runtime.packing import cut, pack, window

Json = Any
Array = np.ndarray[Any, Any]


class MadeNetworks:
    """Stands for MTCNN's graphs with answers that any language computes alike.

    ``web/tests/unit/vision/made-graphs.ts`` has the same formulas.

    Args:
        blind: Whether P-Net sees nothing until a picture has been resized.
    """

    def __init__(self, *, blind: bool) -> None:
        self.blind = blind
        self.calls: list[Json] = []

    def resize(self, image: Array, size: cascade.Size, border: cascade.Size = (0, 0)) -> Array:
        """A black picture of that size."""
        self.calls.append(["resize", image.shape[:2], size, border])
        self.blind = False
        return np.zeros((size[0] + 2 * border[0], size[1] + 2 * border[1], 3), np.uint8)

    def propose(self, image: Array, size: cascade.Size) -> Maps:
        """Scores and offsets by row and column."""
        self.calls.append(["pnet", image.shape[:2], size])
        row, column = np.indices(((size[0] - 12) // 2 + 1, (size[1] - 12) // 2 + 1))
        scores = _share(row * 37 + column * 101 + size[0] * 7) * (not self.blind)
        offsets = _offsets(row * 5 + column * 3)
        return Maps(np.zeros((*size, 3), np.uint8), scores.astype(np.float32), offsets)

    def refine(self, image: Array, boxes: Array) -> tuple[Array, Array]:
        """Scores and offsets by where the boxes are."""
        self.calls.append(["rnet", image.shape[:2], len(boxes)])
        x, y, right, _ = np.floor(boxes).T
        return _share(3 * x + 5 * y + 7 * right), _offsets(x)

    def confirm(self, image: Array, boxes: Array) -> tuple[Array, Array, Array]:
        """The same by other formulas, and points."""
        self.calls.append(["onet", image.shape[:2], len(boxes)])
        x, y, _, bottom = np.floor(boxes).T
        points = ((x + y)[:, None] + 13 * np.arange(10)) % 100 / 100
        scores = _share(2 * x + 3 * y + 11 * bottom)
        return scores, _offsets(y), points.reshape(-1, 5, 2).astype(np.float32)


def _share(number: Array) -> Array:
    return (0.5 + number.astype(float) % 97 / 194).astype(np.float32)


def _offsets(number: Array) -> Array:
    steps = number.astype(float)[..., None] + 11 * np.arange(4)
    return ((steps % 21 - 10) / 100).astype(np.float32)


def detection() -> Json:
    """The cascade between made-up networks: every box of the way must be the same."""
    cases = []
    for height, width, blind, settings in (
        (120, 160, False, DetectorOptions()),
        (480, 640, False, DetectorOptions(max_faces=5)),
        (480, 640, True, DetectorOptions()),
        (200, 90, True, DetectorOptions(min_face=20.0, threshold=0.8)),
        (1000, 3001, False, DetectorOptions(min_face=90.0)),
        (10, 14, False, DetectorOptions()),
    ):
        networks = MadeNetworks(blind=blind)
        with patch.object(mtcnn, "Networks", lambda _, made=networks: made):
            faces = mtcnn.Mtcnn(settings).detect(np.zeros((height, width, 3), np.uint8))
        found = {
            "boxes": faces.boxes.ravel(),
            "scores": faces.scores,
            "landmarks": faces.landmarks.ravel(),
        }
        chosen = {**asdict(settings), "threshold": settings.threshold or mtcnn.INFO.threshold}
        case = {"height": height, "width": width, "blind": blind, "options": chosen}
        cases.append({**case, "calls": networks.calls, "found": found})
    return cases


def made_picture(width: int, height: int) -> Array:
    """``(height, width, 3)``: a pattern of period 251 that any language makes alike."""
    y, x, channel = np.indices((height, width, 3))
    return ((7 * x + 13 * y + 29 * channel + x * y) % 251).astype(np.uint8)


def packing() -> Json:
    """Cut-outs, also beyond the edges, canvases and thinned pictures, by their digests."""
    picture = made_picture(90, 70)
    cuts, regions = [], []
    for affine in (
        [[10, 0, 40], [0, 10, 30]],
        [[12, 3, 4.25], [-3, 12, 60.5]],
        [[20, 0, 95], [0, 20, -6]],
        [[60, 0, 45], [0, 60, 35]],
        [[5, 0, 200], [0, 5, 200]],
    ):
        matrix = np.array(affine, dtype=float)
        regions.append(cut(picture, matrix))
        part, moved = window(picture, matrix)
        cuts.append(
            {
                "affine": matrix.ravel(),
                "cut": {**_digest(regions[-1].pixels), "affine": regions[-1].affine.ravel()},
                "window": {**_digest(part), "affine": moved.ravel()},
            }
        )
    many = regions * 4 + [cut(picture, np.array([[700.0, 0, 45], [0, 700, 35]]))] * 3
    canvases, order = pack(many)
    return {
        "cuts": cuts,
        "repeats": {"times": 4, "large": [700, 0, 45, 0, 700, 35], "large_times": 3},
        "canvases": [{**_digest(c.image), "affines": c.affines.ravel()} for c in canvases],
        "order": order,
        "thinned": [{"block": n, **_digest(thinned(picture, n))} for n in (1, 2, 3, 16)],
    }


def _digest(picture: Array) -> dict[str, Json]:
    pixels = sha256(np.ascontiguousarray(picture).tobytes()).hexdigest()
    return {"width": picture.shape[1], "height": picture.shape[0], "sha256": pixels}
