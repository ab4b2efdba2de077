"""Tracking: which face of this frame is which face of the frames before.

Every track predicts where its face is by constant velocity; predictions and detections are paired
at the least total cost (IoU and distance). Between detections the tracks carry boxes and landmarks.
Times are seconds, so that the frame rate changes nothing.

Everything here is short arithmetic, written again in TypeScript for the browser; golden files hold
the two together.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from mien.core.assignment import assign
from mien.core.boxes import iou
from mien.core.errors import InputError
from mien.core.faces import Faces

NEAR = 0.8
"""Cost up to which pairs are made first, so that a face far off never takes a near one's place."""


@dataclass(frozen=True)
class TrackerOptions:
    """When a detection continues a track, and when a track ends.

    Args:
        patience_s: Seconds after which a track ends that the last detection has missed, counted
            from where it was seen last.
        first_patience_s: The same for a track that was detected only once.
        reach: Largest distance between prediction and detection, in mean sides of the two.
        growth: Largest ratio of their sides.
        velocity_s: Time constant of the estimated velocity, and how long a prediction runs on.

    Raises:
        InputError: If a number is not positive and finite, or ``growth`` is not above 1.
    """

    patience_s: float = 1.5
    first_patience_s: float = 0.5
    reach: float = 1.0
    growth: float = 2.0
    velocity_s: float = 0.25

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not 0 < value < np.inf:
                raise InputError(f"TrackerOptions.{name} must be above 0 and finite, got {value}")
        if self.growth <= 1:
            raise InputError(f"TrackerOptions.growth must be above 1, got {self.growth}")


@dataclass
class _Track:
    """One face, where it was seen last and how it moved then."""

    number: int
    box: NDArray[np.float64]
    landmarks: NDArray[np.float64]
    score: float
    seen_s: float
    velocity: NDArray[np.float64] = field(default_factory=lambda: np.zeros(2))
    moved_s: float = 0.0  # seconds over which the velocity was measured
    sightings: int = 1
    present: bool = True  # whether the last detection found it

    def shift(self, time_s: float, options: TrackerOptions) -> NDArray[np.float64]:
        """How far the face has come since it was seen: the velocity, fading."""
        tau = 2 * options.velocity_s
        return self.velocity * tau * -np.expm1(-(time_s - self.seen_s) / tau)

    def see(self, faces: Faces, row: int, time_s: float, options: TrackerOptions) -> None:
        box = faces.boxes[row].astype(np.float64)
        elapsed = time_s - self.seen_s
        if elapsed > 0:
            speed = (_centres(box[None])[0] - _centres(self.box[None])[0]) / elapsed
            # The first measurements count in full: the mean of all while there are few.
            self.moved_s += elapsed
            share = max(-np.expm1(-elapsed / options.velocity_s), elapsed / self.moved_s)
            self.velocity = self.velocity + share * (speed - self.velocity)
        self.box, self.landmarks = box, faces.landmarks[row].astype(np.float64)
        self.score, self.seen_s = float(faces.scores[row]), time_s
        self.sightings, self.present = self.sightings + 1, True


class Tracker:
    """Numbers the faces of one source, frame by frame.

    A face that no track is near begins a new one, with a number that was never used before. A
    track whose face is not found is silent and waits ``patience_s`` for it to come back; it is
    never reported while it waits, so nothing is said of a face that is not seen.

    Args:
        options: When tracks go on and end.
    """

    def __init__(self, options: TrackerOptions | None = None) -> None:
        self.options = options or TrackerOptions()
        self._tracks: list[_Track] = []
        self._next = 0
        self._time_s = -np.inf

    @property
    def alive(self) -> tuple[int, ...]:
        """Numbers of the tracks that have not ended, waiting ones included."""
        return tuple(track.number for track in self._tracks)

    def cut(self) -> None:
        """End all tracks: what comes next shows something else."""
        self._tracks = []

    def update(self, faces: Faces, time_s: float) -> Faces:
        """Number detected faces.

        Args:
            faces: What the detector found; its ``tracks`` are ignored.
            time_s: Time of the frame, in seconds, not before the last one.

        Returns:
            The same faces in the same order, with ``tracks``.

        Raises:
            InputError: If time goes back or is not finite.
        """
        self._advance(time_s)
        numbers = np.empty(len(faces), dtype=np.int64)
        for track in self._tracks:
            track.present = False
        paired = _paired(self._costs(faces, time_s))
        for at, row in paired:
            self._tracks[at].see(faces, row, time_s, self.options)
            numbers[row] = self._tracks[at].number
        fresh = sorted(set(range(len(faces))) - {row for _, row in paired}, key=_order(faces))
        for row in fresh:
            numbers[row] = self._next
            self._tracks.append(
                _Track(
                    self._next,
                    faces.boxes[row].astype(np.float64),
                    faces.landmarks[row].astype(np.float64),
                    float(faces.scores[row]),
                    time_s,
                )
            )
            self._next += 1
        self._end()
        return replace(faces, tracks=numbers)

    def carry(self, time_s: float, width: float, height: float) -> Faces:
        """Where the faces of the last detection are now, without looking.

        Args:
            time_s: Time of the frame, in seconds, not before the last one.
            width: Of the frame, in pixels; a face whose centre has left it is left out.
            height: Of the frame, in pixels.

        Returns:
            Faces with ``detected`` False, by rising track number.

        Raises:
            InputError: If time goes back or is not finite.
        """
        self._advance(time_s)
        present = sorted((t for t in self._tracks if t.present), key=lambda t: t.number)
        shifts = [track.shift(time_s, self.options) for track in present]
        boxes = [t.box + np.tile(s, 2) for t, s in zip(present, shifts, strict=True)]
        inside = [
            0 <= x <= width and 0 <= y <= height
            for x, y in _centres(np.array(boxes).reshape(-1, 4)).tolist()
        ]
        if not any(inside):
            return Faces.empty()
        kept = [at for at, here in enumerate(inside) if here]
        return Faces(
            boxes=np.array([boxes[at] for at in kept], np.float32),
            scores=np.array([present[at].score for at in kept]),
            landmarks=np.array([present[at].landmarks + shifts[at] for at in kept], np.float32),
            tracks=np.array([present[at].number for at in kept]),
            detected=np.zeros(len(kept), dtype=bool),
        )

    def _advance(self, time_s: float) -> None:
        if not np.isfinite(time_s) or time_s < self._time_s:
            raise InputError(
                f"frames must come in order of time, got {time_s} s after {self._time_s} s; "
                "begin a new tracker for a new source"
            )
        self._time_s = float(time_s)
        self._end()

    def _end(self) -> None:
        """End the tracks that have waited long enough."""
        now = self._time_s
        # What the last detection found has not been missed yet, however slow the source is.
        self._tracks = [t for t in self._tracks if t.present or now - t.seen_s <= self._patience(t)]

    def _patience(self, track: _Track) -> float:
        first = track.sightings == 1
        return self.options.first_patience_s if first else self.options.patience_s

    def _costs(self, faces: Faces, time_s: float) -> NDArray[np.float64]:
        """``(tracks, faces)`` distance in mean sides, less for overlap; infinite if too far."""
        found = faces.boxes.astype(np.float64)
        where = np.array(
            [t.box + np.tile(t.shift(time_s, self.options), 2) for t in self._tracks]
        ).reshape(-1, 4)
        away = _centres(where)[:, None] - _centres(found)[None]
        sides, others = _sides(where)[:, None], _sides(found)[None]
        distance = np.hypot(away[..., 0], away[..., 1]) / ((sides + others) / 2)
        growth = np.maximum(sides, others) / np.minimum(sides, others)
        cost = distance + np.log(growth) + 1 - iou(where, found)
        reachable = (distance <= self.options.reach) & (growth <= self.options.growth)
        return np.where(reachable, cost, np.inf)


def _paired(costs: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Near pairs first, then the others among what is left."""
    near = assign(np.where(costs <= NEAR, costs, np.inf))
    left = costs.copy()
    for at, row in near:
        left[at, :] = left[:, row] = np.inf
    return near + assign(left)


def _centres(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    return (boxes[:, :2] + boxes[:, 2:]) / 2


def _sides(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean of width and height; a thousandth of a pixel at least, so that ratios exist."""
    return np.maximum((boxes[:, 2:] - boxes[:, :2]).sum(axis=1) / 2, 1e-3)


def _order(faces: Faces) -> Callable[[int], tuple[float, ...]]:
    """New numbers go from left to right, so that the order of the detector does not matter."""
    return lambda row: tuple(faces.boxes[row].tolist())
