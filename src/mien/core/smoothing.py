"""Smoothing: probabilities over time, one state per track, and labels that do not flicker."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mien.core.errors import InputError
from mien.core.labels import LabelSpace
from mien.core.scores import Scores

LEAD = 0.1
"""By how much another label must lead before a track changes its own."""


@dataclass(frozen=True)
class Smoothed:
    """Smoothed scores and the label each face is shown with.

    Args:
        scores: Smoothed probabilities; ``uncertain`` is judged on them.
        labels: The label of each face: the most probable one, or the one before it while the lead
            is small.

    Raises:
        InputError: If there is not one label of the label space for each face.
    """

    scores: Scores
    labels: tuple[str, ...]

    def __post_init__(self) -> None:
        if len(self.labels) != len(self.scores):
            raise InputError(f"{len(self.scores)} faces but {len(self.labels)} labels")
        if strange := sorted(set(self.labels) - set(self.scores.labels.labels)):
            raise InputError(f"{self.scores.labels.name} has no label {', '.join(strange)}")

    def __len__(self) -> int:
        return len(self.scores)


class Smoother:
    """Exponential smoothing of probabilities with a time constant, track by track.

    After t seconds an answer counts exp(-t / constant) of what it did, whatever the frame rate. A
    mean of calibrated probabilities stays in [0, 1] and sums to 1; nothing else is done to it.

    Args:
        constant_s: Time constant in seconds; 0 = every frame stands alone.

    Raises:
        InputError: If the time constant is negative or not finite.
    """

    def __init__(self, constant_s: float) -> None:
        if not 0 <= constant_s < np.inf:
            raise InputError(f"the time constant must be 0 s or more and finite, got {constant_s}")
        self.constant_s = float(constant_s)
        self._time_s: dict[int, float] = {}
        self._mean: dict[int, NDArray[np.float64]] = {}
        self._label: dict[int, int] = {}
        self._labels: LabelSpace | None = None

    def update(self, scores: Scores, tracks: NDArray[np.int64], time_s: float) -> Smoothed:
        """Take the scores of one frame.

        Args:
            scores: N faces, raw in time.
            tracks: ``(N,)`` their tracks; -1 = not tracked, and not smoothed.
            time_s: Time of the frame in seconds, not before the last one of any of the tracks.

        Raises:
            InputError: If lengths or label spaces differ, a track is there twice, or time goes
                back.
        """
        numbers = np.asarray(tracks).tolist()
        if len(numbers) != len(scores):
            raise InputError(f"{len(scores)} faces but {len(numbers)} tracks")
        followed = [number for number in numbers if number >= 0]
        if len(set(followed)) < len(followed):
            raise InputError(f"every face has its own track, got {numbers}")
        if self._labels not in (None, scores.labels):
            raise InputError("one smoother takes one label space; begin a new one")
        late = [n for n in followed if not self._time_s.get(n, -np.inf) <= time_s < np.inf]
        if late:
            raise InputError(f"time goes back to {time_s} s for track {late[0]}; begin a new one")
        self._labels = scores.labels
        means = np.array(scores.probabilities, dtype=np.float64)
        shown: list[int] = means.argmax(axis=1).tolist() if len(means) else []
        for row, number in enumerate(numbers):
            if number >= 0:
                means[row], shown[row] = self._step(number, means[row], float(time_s))
        smooth = Scores(means.astype(np.float32), scores.labels, scores.threshold)
        return Smoothed(smooth, tuple(scores.labels.labels[at] for at in shown))

    def keep(self, alive: tuple[int, ...]) -> None:
        """Forget every track but these; numbers are not used twice."""
        for number in set(self._mean) - set(alive):
            del self._mean[number], self._time_s[number], self._label[number]

    def _step(
        self, number: int, answer: NDArray[np.float64], time_s: float
    ) -> tuple[NDArray[np.float64], int]:
        mean = self._mean.get(number)
        if mean is not None and self.constant_s:
            kept = np.exp((self._time_s[number] - time_s) / self.constant_s)
            answer = answer + kept * (mean - answer)
        top = int(answer.argmax())
        held = self._label.get(number, top) if self.constant_s else top
        if answer[top] - answer[held] < LEAD:
            top = held
        self._mean[number], self._time_s[number], self._label[number] = answer, time_s, top
        return answer, top
