"""``Recognizer``: picture in, faces with calibrated probabilities out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mien.core.alignment import CROP, face_affines, identity_affines, pixels_per_crop_pixel
from mien.core.errors import BundleError, InputError
from mien.core.faces import Faces
from mien.core.labels import LabelSpace
from mien.core.scores import Scores
from mien.core.smoothing import Smoothed
from mien.runtime.detectors.registry import (
    DetectorOptions,
    build_detector,
    check_detector,
    check_image,
)
from mien.runtime.packing import Image, Region, cut, pack, window
from mien.runtime.session import open_session, run
from mien.store.bundle import DEFAULT, Bundle, open_bundle
from mien.store.card import Calibration, Card

if TYPE_CHECKING:
    import onnxruntime

    from mien.runtime.detectors.registry import Detector

# Picture pixels per frame pixel above which a region is halved first: where the two samples of the
# crop lie two pixels apart (mien.models.crop, decision 0002).
LARGEST_STEP = 5.0
# Pixels from the picture's corner beyond which a face is a mistake, not a face at the border.
FARTHEST = 1e6
# Faces per call of the graph: enough to amortise the call, small enough to stay in the cache.
BATCH = 64


@dataclass(frozen=True)
class Reading:
    """What was read in one picture.

    Args:
        faces: The faces, best first.
        scores: Their calibrated probabilities, row by row.
        width: Width of the picture, pixels.
        height: Height of the picture, pixels.
        smoothed: Scores smoothed over time and the labels to show; None for stills.
    """

    faces: Faces
    scores: Scores
    width: int
    height: int
    smoothed: Smoothed | None = None

    def __len__(self) -> int:
        return len(self.faces)


class Recognizer:
    """Finds faces and reads their expressions.

    Args:
        model: Built-in name, folder of a bundle, or an open bundle.
        precision: ``fp32`` or ``int8``.
        detector: Name of a detector (``mtcnn``, ``haar``, ``none``), or one of your own.
        options: Limits of the detector.
        device: ``cpu`` or ``cuda``.
        threads: CPU threads of one call; None = one per physical core for the network, one for
            the detector.

    Raises:
        UnknownNameError: If there is no such model or detector.
        BundleError: If the bundle is damaged or altered.
        DeviceError: If CUDA is asked for and cannot be used.
        MissingExtraError: If the detector needs a package that is not installed.
    """

    def __init__(
        self,
        model: str | Path | Bundle = DEFAULT,
        *,
        precision: str = "fp32",
        detector: str | Detector = "mtcnn",
        options: DetectorOptions | None = None,
        device: str = "cpu",
        threads: int | None = None,
    ) -> None:
        self.bundle = model if isinstance(model, Bundle) else open_bundle(model)
        self.precision = precision
        self.threads = threads
        if isinstance(detector, str):
            check_detector(detector)
        self._detector = detector
        check_frame(self.card)
        self._session = open_session(self.bundle.model(precision), threads=threads, device=device)
        check_graph(self._session, self.card)
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
        """Temperature and threshold of the chosen precision."""
        return self.card.files[self.precision].calibration

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

    @cached_property
    def _halve(self) -> Any:
        graph = Path(__file__).with_name("graphs") / "halve.onnx"
        return open_session(graph.read_bytes(), threads=self.threads)

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
        found = [self.detector.detect(picture) for picture in images]
        return self.read_faces(images, found)

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
        if not len(images):
            return []
        geometry = self.card.geometry
        regions: list[Region] = []
        for picture, faces in zip(images, found, strict=True):
            check_image(picture)
            affines = face_affines(faces, geometry.box_scale, geometry.template)
            regions += [self._region(picture, affine) for affine in affines]
        logits = self._logits(regions)
        readings: list[Reading] = []
        start = 0
        for picture, faces in zip(images, found, strict=True):
            part = logits[start : start + len(faces)]
            start += len(faces)
            readings.append(Reading(faces, self._scores(part), picture.shape[1], picture.shape[0]))
        return readings

    def crop_logits(
        self, frames: NDArray[np.uint8], affines: NDArray[np.float32] | None = None
    ) -> NDArray[np.float32]:
        """Logits of ready-made face crops, without a detector.

        Args:
            frames: ``(N, S, S)`` uint8 grey squares, as in FER2013 (S = 48).
            affines: ``(N, 2, 3)``, crop coordinates to pixels of each frame; None = all of it.

        Returns:
            ``(N, K)`` float32, before temperature.

        Raises:
            InputError: If shapes or dtypes differ.
        """
        if frames.ndim != 3 or frames.dtype != np.uint8 or frames.shape[1] != frames.shape[2]:
            raise InputError(
                f"frames must be uint8 (N, S, S) grey squares, got {frames.dtype} {frames.shape}"
            )
        if affines is None:
            affines = identity_affines(len(frames), frames.shape[1])
        if not frames.shape[1]:
            raise InputError(f"frames must be 1 pixel wide or more, got {frames.shape}")
        if affines.shape != (len(frames), 2, 3):
            raise InputError(f"affines must be ({len(frames)}, 2, 3), got {affines.shape}")
        return np.concatenate(
            [
                self._logits(
                    [
                        self._region(np.repeat(frame[..., None], 3, axis=2), affine)
                        for frame, affine in zip(
                            frames[start : start + BATCH],
                            affines[start : start + BATCH],
                            strict=True,
                        )
                    ]
                )
                for start in range(0, max(1, len(frames)), BATCH)
            ]
        )

    def _region(self, picture: Image, affine: NDArray[np.floating]) -> Region:
        """Cut one face out, halving the picture around it as often as its size asks for.

        Raises:
            InputError: If the face lies nowhere, or the picture has no pixels.
        """
        matrix = np.asarray(affine, dtype=np.float64)
        if not (picture.size and np.abs(matrix).max() < FARTHEST):  # NaN is not below either
            raise InputError(
                f"a face must lie within {FARTHEST:.0g} pixels of a picture with pixels, got "
                f"affine {matrix.tolist()} in a picture of {picture.shape[1]}x{picture.shape[0]}"
            )
        while pixels_per_crop_pixel(matrix[None])[0] > LARGEST_STEP:
            picture, matrix = window(picture, matrix)
            (picture,) = run(self._halve, ["half"], {"image": picture})
            matrix = matrix / 2
            matrix[:, 2] -= 0.25  # pixel centres: 2 x + 0.5 of the picture is x of the half
        return cut(picture, matrix)

    def _logits(self, regions: list[Region]) -> NDArray[np.float32]:
        parts = [np.zeros((0, len(self.labels)), dtype=np.float32)]
        for start in range(0, len(regions), BATCH):
            canvases, order = pack(regions[start : start + BATCH])
            answers = [
                run(self._session, ["logits"], {"image": c.image, "affine": c.affines})[0]
                for c in canvases
            ]
            parts.append(np.concatenate(answers)[order])
        return np.concatenate(parts)

    def _scores(self, logits: NDArray[np.float32]) -> Scores:
        calibration = self.calibration
        return Scores.from_logits(
            logits, self.labels, calibration.temperature, calibration.threshold
        )


def check_frame(card: Card) -> None:
    """Refuse a card whose frame this version cannot cut.

    Raises:
        BundleError: If the frame is not 48 pixels wide.
    """
    if card.geometry.frame != CROP:
        raise BundleError(
            f"{card.name} has a frame of {card.geometry.frame} pixels, this version of mien cuts "
            f"{CROP}; update mien, or export the bundle again"
        )


def check_graph(session: onnxruntime.InferenceSession, card: Card) -> None:
    """Refuse a graph whose inputs and outputs are not what its card says.

    Raises:
        BundleError: If names, types or the number of labels differ.
    """
    inputs = {node.name: node.type for node in session.get_inputs()}
    outputs = {node.name: node.shape for node in session.get_outputs()}
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
