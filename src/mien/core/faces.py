"""``Faces``: what a detector found in one picture, as a struct of arrays.

Coordinates are continuous: the picture spans [0, width] x [0, height] and pixel i covers
[i, i + 1], so that the box of a whole picture is (0, 0, width, height). Boxes and landmarks share
them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mien.core.errors import InputError

LANDMARKS = ("left_eye", "right_eye", "nose", "mouth_left", "mouth_right")
"""Order of the five points, left and right as seen in the picture."""


# A column that was not given; ``Faces`` fills it in, so no reader ever sees it.
_UNKNOWN: Any = None


def _array(name: str, value: ArrayLike, dtype: Any, shape: tuple[int, ...]) -> NDArray[Any]:
    try:
        array = np.asarray(value, dtype=dtype)
    except (TypeError, ValueError) as error:
        raise InputError(f"Faces.{name} must be numbers of shape {shape}: {error}") from error
    if array.size == 0 and shape[0] == 0:
        array = array.reshape(shape)
    if array.shape != shape:
        raise InputError(f"Faces.{name} must have shape {shape}, got {array.shape}")
    array = array.copy()
    array.flags.writeable = False
    return array


def _rows(boxes: ArrayLike) -> int:
    try:
        return len(np.asarray(boxes))
    except (TypeError, ValueError) as error:
        raise InputError(f"Faces.boxes must have shape (N, 4): {error}") from error


def _column(value: ArrayLike | None, default: NDArray[Any]) -> ArrayLike:
    return default if value is None else value


@dataclass(frozen=True, eq=False)
class Faces:
    """N faces of one picture; indexing keeps all columns together.

    Args:
        boxes: ``(N, 4)`` float32, x1 y1 x2 y2 in pixels, x2 >= x1 and y2 >= y1, finite.
        scores: ``(N,)`` float32, the detector's confidence in [0, 1].
        landmarks: ``(N, 5, 2)`` float32 in pixels, NaN where the detector has none.
        tracks: ``(N,)`` int64, -1 = not tracked.
        detected: ``(N,)`` bool, False = carried by the tracker.

    Raises:
        InputError: If a column has the wrong shape or an impossible value.

    >>> faces = Faces(boxes=[[0, 0, 10, 10], [5, 5, 20, 30]], scores=[0.9, 0.4])
    >>> len(faces), len(faces[faces.scores > 0.6])
    (2, 1)
    """

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    landmarks: NDArray[np.float32] = field(default=_UNKNOWN)
    tracks: NDArray[np.int64] = field(default=_UNKNOWN)
    detected: NDArray[np.bool_] = field(default=_UNKNOWN)

    def __post_init__(self) -> None:
        n = _rows(self.boxes)
        landmarks = _column(self.landmarks, np.full((n, 5, 2), np.nan))
        given: dict[str, tuple[ArrayLike, Any, tuple[int, ...]]] = {
            "boxes": (self.boxes, np.float32, (n, 4)),
            "scores": (self.scores, np.float32, (n,)),
            "landmarks": (landmarks, np.float32, (n, 5, 2)),
            "tracks": (_column(self.tracks, np.full(n, -1)), np.int64, (n,)),
            "detected": (_column(self.detected, np.ones(n)), np.bool_, (n,)),
        }
        for name, (value, dtype, shape) in given.items():
            object.__setattr__(self, name, _array(name, value, dtype, shape))
        if not np.isfinite(self.boxes).all() or not (self.boxes[:, 2:] >= self.boxes[:, :2]).all():
            raise InputError("Faces.boxes must be finite x1 y1 x2 y2 with x2 >= x1 and y2 >= y1")
        if not ((self.scores >= 0) & (self.scores <= 1)).all():
            raise InputError("Faces.scores must lie in [0, 1]")
        if np.isinf(self.landmarks).any():
            raise InputError("Faces.landmarks must be finite, or NaN where there is none")

    @classmethod
    def empty(cls) -> Faces:
        """No face."""
        return cls(boxes=np.zeros((0, 4), np.float32), scores=np.zeros(0, np.float32))

    def __len__(self) -> int:
        return len(self.boxes)

    def __getitem__(self, index: slice | NDArray[Any] | list[int] | int) -> Faces:
        rows = [int(index)] if isinstance(index, (int, np.integer)) else index
        return Faces(
            boxes=self.boxes[rows],
            scores=self.scores[rows],
            landmarks=self.landmarks[rows],
            tracks=self.tracks[rows],
            detected=self.detected[rows],
        )

    @property
    def has_landmarks(self) -> NDArray[np.bool_]:
        """``(N,)`` bool: all five points are known."""
        return np.asarray(np.isfinite(self.landmarks).all(axis=(1, 2)), dtype=np.bool_)

    def scaled(self, factor: float, offset: tuple[float, float] = (0.0, 0.0)) -> Faces:
        """The same faces in a picture scaled by ``factor``, then moved by ``offset`` pixels."""
        x, y = offset
        return Faces(
            boxes=self.boxes * factor + np.array([x, y, x, y], np.float32),
            scores=self.scores,
            landmarks=self.landmarks * factor + np.array([x, y], np.float32),
            tracks=self.tracks,
            detected=self.detected,
        )
