"""What an evaluation needs of a recogniser, and nothing more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from mien.core.faces import Faces
from mien.core.labels import LabelSpace
from mien.core.scores import Scores
from mien.store.training import Training


class CalibrationView(Protocol):
    """How the logits of the loaded file become an answer."""

    @property
    def temperature(self) -> float:
        """Logits are divided by it."""
        ...

    @property
    def threshold(self) -> float:
        """Top probability below which an answer is uncertain."""
        ...


class FileView(Protocol):
    """What the card says of one of its files."""

    @property
    def metrics(self) -> Sequence[Mapping[str, Any]]:
        """Figures of the export; the first are of the rows that temperature was fitted on."""
        ...


class CardView(Protocol):
    """What the bundle says of itself."""

    @property
    def labels(self) -> LabelSpace:
        """Label space of the logits."""
        ...

    @property
    def files(self) -> Mapping[str, FileView]:
        """Per precision, its file."""
        ...

    @property
    def training(self) -> Training:
        """What is recorded of the training; may be empty."""
        ...


class Described(Protocol):
    """A loaded bundle."""

    @property
    def name(self) -> str:
        """Name of the bundle."""
        ...

    @property
    def precision(self) -> str:
        """``fp32`` or ``int8``."""
        ...

    @property
    def card(self) -> CardView:
        """The bundle's card."""
        ...

    @property
    def calibration(self) -> CalibrationView:
        """Temperature and threshold of the loaded precision."""
        ...


class FrameRecognizer(Described, Protocol):
    """Recognises crops that are already the model's 48-pixel frame."""

    def crop_logits(
        self, frames: NDArray[np.uint8], affines: NDArray[np.float32] | None = None
    ) -> NDArray[np.float32]:
        """``(N, 48, 48)`` grey frames, and ``(N, 2, 3)`` affines into them, to ``(N, K)``."""
        ...


class ReadingView(Protocol):
    """What was read in one picture; both columns have one row per face."""

    @property
    def faces(self) -> Faces:
        """The detected faces."""
        ...

    @property
    def scores(self) -> Scores:
        """Their calibrated probabilities."""
        ...


class PhotoRecognizer(Described, Protocol):
    """Finds the faces of a picture and recognises them."""

    def read(self, image: NDArray[np.uint8], /) -> ReadingView:
        """``(H, W, 3)`` RGB to faces and scores."""
        ...
