"""What an analysis needs of its neighbours, and nothing more."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mien.core.faces import Faces
from mien.core.labels import LabelSpace
from mien.core.rows import Row
from mien.core.scores import Scores
from mien.core.smoothing import Smoothed


class ReadingView(Protocol):
    """What was read in one picture; both columns have one row per face."""

    @property
    def faces(self) -> Faces:
        """The faces, in pixels of the picture."""
        ...

    @property
    def scores(self) -> Scores:
        """Their calibrated probabilities."""
        ...


class FrameView(ReadingView, Protocol):
    """What was read in one frame of a video."""

    @property
    def smoothed(self) -> Smoothed | None:
        """Its scores smoothed over time; None = they are not."""
        ...


class FrameReader(Protocol):
    """Reads the frames of one video, in order."""

    def read(self, image: NDArray[np.uint8], time_s: float, /) -> FrameView:
        """``(H, W, 3)`` uint8 RGB at a time in seconds to faces and scores."""
        ...


class ImageRecognizer(Protocol):
    """Finds the faces of a picture and reads their expressions."""

    @property
    def name(self) -> str:
        """Name of the model."""
        ...

    @property
    def labels(self) -> LabelSpace:
        """Label space of the scores."""
        ...

    def read(self, image: NDArray[np.uint8], /) -> ReadingView:
        """``(H, W, 3)`` uint8 RGB to faces and scores."""
        ...


class Sink(Protocol):
    """Takes the rows of an analysis, in input order."""

    def write(self, row: Row, image: NDArray[np.uint8] | None) -> None:
        """Take one row, and the picture it is about (None where it could not be read)."""
        ...
