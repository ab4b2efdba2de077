"""``Reading``: what was read in one picture, face by face or as a row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mien.core.faces import Faces
from mien.core.rows import Row, frame_row
from mien.core.scores import Scores
from mien.core.smoothing import Smoothed

Point = tuple[float, float]


@dataclass(frozen=True)
class Face:
    """One face of a reading, in plain values; they are named as in its row.

    Args:
        box: x1 y1 x2 y2 in pixels of the picture.
        score: The detector's confidence, 0 to 1.
        landmarks: Eyes, nose and corners of the mouth (``core.faces.LANDMARKS``), in pixels; None
            where the detector has none.
        track: Number of the face in its video; None in stills.
        detected: Whether it was found in this frame, and not carried here by its track.
        probabilities: Calibrated probability of each label, in this picture alone.
        smoothed: The same, smoothed over time; None in stills.
        label: The expression.
        uncertain: Whether the most probable label is below the model's threshold.
    """

    box: tuple[float, float, float, float]
    score: float
    landmarks: tuple[Point, ...] | None
    track: int | None
    detected: bool
    probabilities: dict[str, float]
    smoothed: dict[str, float] | None
    label: str
    uncertain: bool

    @property
    def probability(self) -> float:
        """Probability of ``label``: smoothed, where that is what decides."""
        return (self.smoothed or self.probabilities)[self.label]


@dataclass(frozen=True)
class Reading:
    """What was read in one picture: a sequence of its faces, best first.

    Args:
        faces: The faces as arrays, best first.
        scores: Their calibrated probabilities, row by row.
        width: Width of the picture, pixels.
        height: Height of the picture, pixels.
        model: Name of the model.
        smoothed: Scores smoothed over time and the labels to show; None for stills.
        frame: Index of the frame in its video; None for stills.
        time_s: Time of the frame in its video, seconds; None for stills.
    """

    faces: Faces
    scores: Scores
    width: int
    height: int
    model: str
    smoothed: Smoothed | None = None
    frame: int | None = None
    time_s: float | None = None

    def __len__(self) -> int:
        return len(self.faces)

    def __iter__(self) -> Iterator[Face]:
        return (self[at] for at in range(len(self)))

    def __getitem__(self, index: int) -> Face:
        at = range(len(self))[index]
        faces, shown = self.faces, self.scores if self.smoothed is None else self.smoothed.scores
        x1, y1, x2, y2 = faces.boxes[at].tolist()
        points = tuple((x, y) for x, y in faces.landmarks[at].tolist())
        return Face(
            box=(x1, y1, x2, y2),
            score=float(faces.scores[at]),
            landmarks=points if faces.has_landmarks[at] else None,
            track=int(faces.tracks[at]) if faces.tracks[at] >= 0 else None,
            detected=bool(faces.detected[at]),
            probabilities=_by_label(self.scores, at),
            smoothed=None if self.smoothed is None else _by_label(shown, at),
            label=(shown.top if self.smoothed is None else self.smoothed.labels)[at],
            uncertain=bool(shown.uncertain[at]),
        )

    def to_row(self, source: str) -> Row:
        """The reading as a row ``mien.row/1``, a dictionary of JSON values.

        Args:
            source: Name of the file, stream or camera.

        Raises:
            InputError: If a coordinate or the time is impossibly large.
        """
        return frame_row(
            self.faces,
            self.scores,
            source=source,
            model=self.model,
            width=self.width,
            height=self.height,
            frame=self.frame or 0,
            time_s=self.time_s,
            smoothed=self.smoothed,
        )


def _by_label(scores: Scores, at: int) -> dict[str, float]:
    return dict(zip(scores.labels.labels, scores.probabilities[at].tolist(), strict=True))
