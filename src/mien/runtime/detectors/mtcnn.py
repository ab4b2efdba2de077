"""``mtcnn``: the default detector, three small networks in a cascade."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mien.core.boxes import area, clipped, iou, nms, squared
from mien.core.faces import Faces
from mien.runtime.detectors import cascade
from mien.runtime.detectors.cascade import Candidates, Found, Size
from mien.runtime.detectors.networks import Networks
from mien.runtime.detectors.registry import DetectorInfo, DetectorOptions, register
from mien.runtime.detectors.thinning import LARGEST, thinned
from mien.store.images import check_image

Image = NDArray[np.uint8]
Array = NDArray[np.float32]

FINEST = 24.0
"""Smallest face in pixels of the picture that is searched: the side that R-Net looks at."""

SECOND_LOOK, BORDER = 320, 0.25
"""Long side in pixels of the second look, border included, and the border's share of each side."""

SECOND_MIN_FACE, TIGHT = 40.0, 1 / 3
"""Smallest face of the second look in pixels, and its least share of a picture's short side."""

INFO = DetectorInfo(
    name="mtcnn",
    summary="three cascaded networks, five landmarks; faces turned, dark or small",
    source="Zhang et al., IEEE SPL 23(10), 2016",
    # 0.7 in public implementations. Measured in docs/decisions/0003-detectors.md: on 600 pictures
    # without a face 0.85 finds three, 0.9 none, and costs one face in a hundred.
    threshold=0.9,
    landmarks=True,
    extra=None,
    licence="MIT",
)


class Look(NamedTuple):
    """What one search through a picture asks for.

    Args:
        min_face: Smallest side of a face in pixels of that picture.
        propose: Least probability after P-Net.
        refine: Least probability after R-Net.
    """

    min_face: float
    propose: float = 0.6
    refine: float = 0.7


@register(INFO)
class Mtcnn:
    """MTCNN on ONNX Runtime, with a second look at pictures in which it finds nothing.

    Args:
        options: Options of all detectors.
    """

    def __init__(self, options: DetectorOptions) -> None:
        self._options = options
        self._threshold = INFO.threshold if options.threshold is None else options.threshold
        self._networks = Networks(options.threads or 1)

    def detect(self, image: Image) -> Faces:
        """Faces of ``image``, see ``Detector``."""
        check_image(image)
        height, width = image.shape[:2]
        factor = min(1.0, self._options.long_side / max(height, width, 1))
        size = _scaled((height, width), factor)
        if min(size) < 1:
            return Faces.empty()
        block = min(int(1 / factor), LARGEST, height, width)
        covered = width // block * block, height // block * block
        image = np.ascontiguousarray(image)  # once, not in every call of a network
        if factor < 1:
            image = self._networks.resize(thinned(image, block), size)
        found = self._first_look(image, factor)
        if not len(found.boxes):
            found = self._second_look(image, factor)
        stretch = np.array([covered[0] / size[1], covered[1] / size[0]], np.float32)
        boxes = clipped(found.boxes * np.tile(stretch, 2), width, height)
        real = np.flatnonzero(area(boxes) > 0)[: self._options.max_faces]
        return Faces(boxes[real], found.scores[real], found.landmarks[real] * stretch)

    def _first_look(self, image: Image, factor: float) -> Found:
        """The whole picture; the networks shrink boxes, so what became too small is left out."""
        least = self._options.min_face * factor
        return self._search(image, Look(max(least, FINEST))).wide(least)

    def _second_look(self, image: Image, factor: float) -> Found:
        """Tight crops get room around them, small pictures are enlarged.

        Where the picture is enlarged, ``min_face`` counts enlarged pixels; elsewhere only a face
        that fills a good part of the picture is looked for, the first look saw the others.
        """
        size = image.shape[:2]
        zoom = SECOND_LOOK / (1 + 2 * BORDER) / max(size)
        inner = _scaled(size, zoom)
        if min(inner) < 1:
            return Found.none()
        border = _scaled(inner, BORDER)
        canvas = self._networks.resize(image, inner, border)
        least = min(inner) * TIGHT if zoom < 1 else 0.0
        min_face = max(self._options.min_face * factor * min(zoom, 1), least, SECOND_MIN_FACE)
        look = Look(min_face, propose=0.4, refine=0.5)
        found = self._search(canvas, look)
        inset = np.array([border[1], border[0]], np.float32)
        stretch = np.array([size[1] / inner[1], size[0] / inner[0]], np.float32)
        boxes = (found.boxes - np.tile(inset, 2)) * np.tile(stretch, 2)
        return Found(boxes, found.scores, (found.landmarks - inset) * stretch)

    def _search(self, image: Image, look: Look) -> Found:
        """The whole cascade on one picture."""
        levels, candidates = self._proposed(image, look)
        kept = nms(candidates.boxes, candidates.scores, cascade.ACROSS_LEVELS)
        boxes = _corrected(candidates, kept[: self._most(cascade.PER_PICTURE)])
        if not len(boxes):
            return Found.none()
        scores, offsets = _sampled(self._networks.refine, cascade.REFINE_SIDE, levels, boxes)
        sure = scores >= look.refine
        candidates = Candidates(boxes[sure], scores[sure], offsets[sure])
        kept = nms(candidates.boxes, candidates.scores, cascade.REFINED)
        return self._confirmed(levels, _corrected(candidates, kept), candidates.scores[kept])

    def _proposed(self, image: Image, look: Look) -> tuple[list[Image], Candidates]:
        """P-Net's pyramid, the picture itself first, and what P-Net proposes in it."""
        height, width = image.shape[:2]
        levels, columns = [image], [Candidates.none()]
        for size in cascade.pyramid((height, width), look.min_face):
            level, probability, offsets = self._networks.propose(levels[-1], size)
            levels.append(level)
            scale = np.array([size[1] / width, size[0] / height], np.float32)
            columns.append(cascade.proposals(probability, offsets, scale, look.propose))
        return levels, Candidates(*(np.concatenate(c) for c in zip(*columns, strict=True)))

    def _confirmed(self, levels: list[Image], boxes: Array, scores: Array) -> Found:
        """O-Net on the best box of each place, then on the others where it saw no face.

        The same faces as from all boxes at once, for a fifth of the work.
        """
        best = nms(boxes, scores, cascade.APART)
        found = self._faces_in(levels, boxes[best])
        rest = np.delete(boxes, best, axis=0)
        if len(found.boxes):
            rest = rest[iou(rest, found.boxes).max(axis=1) < cascade.APART]
        found = found.and_also(self._faces_in(levels, rest)).distinct()
        return self._agreed(levels, found)

    def _agreed(self, levels: list[Image], found: Found) -> Found:
        """What O-Net still calls a face from closer up; chance patterns seldom look like one twice.

        Scores and landmarks are the means of both opinions.
        """
        if not len(found.boxes):
            return found
        boxes = cascade.closer(found.boxes)
        network = self._networks.confirm
        scores, _, points = _sampled(network, cascade.CONFIRM_SIDE, levels, boxes)
        scores = np.asarray((found.scores + scores) / 2, dtype=np.float32)
        again = cascade.landmarks_in(boxes, points)
        landmarks = np.asarray((found.landmarks + again) / 2, dtype=np.float32)
        return Found(found.boxes, scores, landmarks).above(self._threshold).distinct()

    def _faces_in(self, levels: list[Image], boxes: Array) -> Found:
        """What O-Net may call a face, each box moved as it asks."""
        boxes = boxes[: self._most(cascade.PER_CONFIRMATION)]
        if not len(boxes):
            return Found.none()
        network = self._networks.confirm
        scores, offsets, points = _sampled(network, cascade.CONFIRM_SIDE, levels, boxes)
        landmarks = cascade.landmarks_in(boxes, points)
        least = min(cascade.PLAUSIBLE, self._threshold)
        return Found(cascade.moved(boxes, offsets), scores, landmarks).above(least)

    def _most(self, limit: int) -> int:
        return max(limit, 2 * self._options.max_faces)


def _corrected(candidates: Candidates, kept: NDArray[np.int64]) -> Array:
    """The ``kept`` boxes as squares, moved as their network asked."""
    return squared(cascade.moved(candidates.boxes[kept], candidates.offsets[kept]))


def _sampled(
    network: Callable[[Image, Array], tuple[Array, ...]],
    side: int,
    levels: list[Image],
    boxes: Array,
) -> tuple[Array, ...]:
    """Run ``network`` on each box in the level of the pyramid that suits its size."""
    height, width = levels[0].shape[:2]
    scales = np.array([(x.shape[1] / width, x.shape[0] / height) for x in levels], np.float32)
    source = cascade.sources(boxes, scales[:, 0], side)
    answers = [
        network(levels[i], boxes[source == i] * np.tile(scales[i], 2)) for i in np.unique(source)
    ]
    back = np.argsort(np.argsort(source, kind="stable"))
    return tuple(np.concatenate(column)[back] for column in zip(*answers, strict=True))


def _scaled(size: Size, factor: float) -> Size:
    return round(size[0] * factor), round(size[1] * factor)
