"""``Recognizer``: picture in, faces with calibrated probabilities out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from mien.core.alignment import CROP, face_affines, mirrored
from mien.core.errors import BundleError, InputError, unknown_name
from mien.core.faces import Faces
from mien.core.labels import LabelSpace
from mien.core.scores import Scores, averaged
from mien.runtime.detectors.registry import DetectorOptions, build_detector, check_detector
from mien.runtime.graph import Graph
from mien.runtime.packing import Image, Region
from mien.runtime.reading import Reading
from mien.store.bundle import DEFAULT, Bundle, open_bundle
from mien.store.card import FLIP, Calibration, Card
from mien.store.images import check_image

if TYPE_CHECKING:
    from mien.runtime.detectors.registry import Detector


class Recognizer:
    """Finds faces and reads their expressions.

    Args:
        model: Built-in name, folder of a bundle, or an open bundle.
        precision: ``fp32`` or ``int8``.
        views: ``one``, or ``flip``: the mean of a crop and its mirror image, for twice the time;
            the card says what it is worth.
        detector: Name of a detector (``mtcnn``, ``haar``, ``none``), or one of your own.
        options: Limits of the detector.
        device: ``cpu`` or ``cuda``.
        threads: CPU threads of one call; None = one per physical core for the network, one for
            the detector.

    Raises:
        UnknownNameError: If there is no such model or detector.
        BundleError: If the bundle is damaged or altered, or has no calibration for the views.
        DeviceError: If CUDA is asked for and cannot be used.
        MissingExtraError: If the detector needs a package that is not installed.
    """

    def __init__(
        self,
        model: str | Path | Bundle = DEFAULT,
        *,
        precision: str = "fp32",
        views: str = "one",
        detector: str | Detector = "mtcnn",
        options: DetectorOptions | None = None,
        device: str = "cpu",
        threads: int | None = None,
    ) -> None:
        self.bundle = model if isinstance(model, Bundle) else open_bundle(model)
        self.precision = precision
        self.device = device
        self.threads = threads
        if isinstance(detector, str):
            check_detector(detector)
        self._detector = detector
        check_geometry(self.card)
        self.graph = Graph(self.bundle.model(precision), threads=threads, device=device)
        check_graph(self.graph, self.card)
        self.views = views
        check_views(self.card, precision, views)
        given = options or DetectorOptions()
        self.options = replace(given, threads=given.threads or threads)

    @property
    def card(self) -> Card:
        """The model's card."""
        return self.bundle.card

    @property
    def name(self) -> str:
        """The model's name."""
        return self.card.name

    @property
    def labels(self) -> LabelSpace:
        """Names of the expressions, in the order of the probabilities."""
        return self.card.labels

    @property
    def calibration(self) -> Calibration:
        """Temperature and threshold of the chosen precision and views."""
        file = self.card.files[self.precision]
        return file.views[FLIP].calibration if self.views == FLIP else file.calibration

    @property
    def detector_name(self) -> str:
        """Registry name of the face detector, or the class of one of your own."""
        found = self._detector
        return found if isinstance(found, str) else type(found).__name__

    @cached_property
    def detector(self) -> Detector:
        """The face detector, opened at first use."""
        if isinstance(self._detector, str):
            return build_detector(self._detector, self.options)
        return self._detector

    def read(self, image: Image) -> Reading:
        """Read every face in one picture.

        Args:
            image: ``(H, W, 3)`` uint8 RGB.

        Raises:
            InputError: If it is anything else.
        """
        return self.read_all([image])[0]

    def read_all(self, images: Sequence[Image]) -> list[Reading]:
        """Read every face in several pictures; all faces share the calls of the network.

        Args:
            images: ``(H, W, 3)`` uint8 RGB each, sizes may differ.

        Raises:
            InputError: If one of them is anything else.
        """
        for picture in images:
            check_image(picture)
        return self._readings(images, [self.detector.detect(picture) for picture in images])

    def read_faces(self, images: Sequence[Image], found: Sequence[Faces]) -> list[Reading]:
        """Read given faces, for callers that have their own detector or tracker.

        Args:
            images: ``(H, W, 3)`` uint8 RGB each.
            found: The faces of each picture.

        Raises:
            InputError: If a picture is anything else, or the two differ in length.
        """
        if len(images) != len(found):
            raise InputError(f"{len(images)} pictures but {len(found)} sets of faces")
        for picture in images:
            check_image(picture)
        return self._readings(images, found)

    def _readings(self, images: Sequence[Image], found: Sequence[Faces]) -> list[Reading]:
        geometry, calibration = self.card.geometry, self.calibration
        regions: list[Region] = []
        for picture, faces in zip(images, found, strict=True):
            affines = face_affines(faces, geometry.box_scale, geometry.template)
            if self.views == FLIP:  # each face is followed by its mirror image
                affines = np.stack([affines, mirrored(affines)], axis=1).reshape(-1, 2, 3)
            regions += [self.graph.region(picture, affine) for affine in affines]
        logits = self._logits(regions)
        readings: list[Reading] = []
        start = 0
        for picture, faces in zip(images, found, strict=True):
            part = logits[start : start + len(faces)]
            start += len(faces)
            scores = Scores.from_logits(
                part, self.labels, calibration.temperature, calibration.threshold
            )
            height, width = picture.shape[:2]
            readings.append(Reading(faces, scores, width, height, self.name))
        return readings

    def _logits(self, regions: Sequence[Region]) -> NDArray[np.floating]:
        """``(N, K)`` of N faces; of flip, the logs of mean probabilities."""
        (logits,) = self.graph.run(regions)
        if self.views != FLIP:
            return logits
        temperature = self.card.files[self.precision].calibration.temperature
        return averaged((logits[::2], logits[1::2]), temperature)

    def crop_logits(
        self, crops: NDArray[np.uint8], affines: NDArray[np.float32] | None = None
    ) -> NDArray[np.float32]:
        """Logits ``(N, K)`` of ready-made face crops, before temperature, without a detector.

        Args:
            crops: ``(N, S, S)`` uint8 grey squares, as in FER2013 (S = 48).
            affines: ``(N, 2, 3)``, crop coordinates to pixels of each square; None = all of it.

        Raises:
            InputError: If shapes or dtypes differ.
        """
        return self.graph.answers(crops, affines=affines)[0]

    def __reduce__(self) -> tuple[partial[Self], tuple[()]]:
        """A copy, in another process too, opens the bundle again: sessions cannot be copied."""
        opened = partial(
            type(self),
            self.bundle,
            precision=self.precision,
            views=self.views,
            detector=self._detector,
            options=self.options,
            device=self.device,
            threads=self.threads,
        )
        return opened, ()


def check_views(card: Card, precision: str, views: str) -> None:
    """Refuse views that are unknown, or that a bundle was not calibrated for.

    Raises:
        UnknownNameError: If it is neither ``one`` nor ``flip``.
        BundleError: If the card has no temperature and threshold for them.
    """
    if views not in ("one", FLIP):
        raise unknown_name("views", views, ("one", FLIP))
    if views == FLIP and FLIP not in card.files[precision].views:
        raise BundleError(
            f"{card.name} has no temperature and threshold for views = flip ({precision}); make "
            f"them: mien quantise {card.name} --data SRC --out NEW"
        )


def check_geometry(card: Card) -> None:
    """Refuse a card whose crop this version cannot cut.

    Raises:
        BundleError: If the crop is not 48 pixels wide.
    """
    if card.geometry.frame != CROP:
        raise BundleError(
            f"{card.name} has a crop of {card.geometry.frame} pixels, this version of mien cuts "
            f"{CROP}; update mien, or export the bundle again"
        )


def check_graph(graph: Graph, card: Card) -> None:
    """Refuse a graph whose inputs and outputs are not what its card says.

    Raises:
        BundleError: If names, types or the number of labels differ.
    """
    inputs = {node.name: node.type for node in graph.session.get_inputs()}
    outputs = {node.name: node.shape for node in graph.session.get_outputs()}
    wanted = {"image": "tensor(uint8)", "affine": "tensor(float)"}
    if inputs != wanted or tuple(outputs) != card.outputs:
        raise BundleError(
            f"the graph of {card.name} has inputs {inputs} and outputs {tuple(outputs)}, expected "
            f"{wanted} and {card.outputs}; export the bundle again"
        )
    if outputs["logits"][-1] != len(card.labels):
        raise BundleError(
            f"the graph of {card.name} has {outputs['logits'][-1]} logits, its card "
            f"{len(card.labels)} labels; export the bundle again"
        )
