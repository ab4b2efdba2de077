"""Damaged stretches of a video: from when to when, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from mien.store.video.ledger import Decoded
    from mien.store.video.timeline import Placed


@dataclass(frozen=True)
class Damage:
    """A stretch of a video that cannot be trusted.

    Args:
        start_s: Time of its first frame, in seconds after the first frame of the video.
        end_s: Time of the next clean frame; infinite where there is none.
        lost: Frames that cannot be decoded, as far as times and packets tell.
        doubtful: Frames that can, and may be smeared.
        reason: What is wrong.
    """

    start_s: float
    end_s: float
    lost: int
    doubtful: int
    reason: str

    def __str__(self) -> str:
        to = "its end" if self.end_s == np.inf else f"{self.end_s:.3f} s"
        counts = [(self.lost, "lost"), (self.doubtful, "doubtful")]
        frames = ", ".join(f"{count} {what}" for count, what in counts if count)
        return (
            f"the video is damaged or cut off from {self.start_s:.3f} s to {to} ({self.reason})"
            f"{f'; frames: {frames}' if frames else ''}; copy or export it again"
        )

    def overlaps(self, start_s: float, end_s: float) -> bool:
        """Whether any of it lies in a part of the video."""
        return self.start_s < end_s and self.end_s > start_s


class Stretches:
    """Joins damaged frames that follow one another into one stretch."""

    def __init__(self) -> None:
        self._start_s: float | None = None
        self._lost = self._doubtful = 0
        self._reason = ""

    @property
    def is_open(self) -> bool:
        """Whether the last frame was damaged."""
        return self._start_s is not None

    def step(self, each: Decoded, placed: Placed) -> Damage | None:
        """Take the next frame; the stretch that it ends, if it does."""
        damage = None
        if each.is_hurt or placed.lost:
            begins = placed.lost_s if placed.lost or not each.doubtful else placed.time_s
            self.begin(begins, each.harm)
        self._lost += placed.lost if self.is_open else 0
        if each.doubtful:
            self._doubtful += 1
        elif self.is_open:
            damage = self.end(placed.time_s)
        return damage

    def begin(self, start_s: float, reason: str, lost: int = 0) -> None:
        """A stretch begins, if none has."""
        if self._start_s is None:
            self._start_s = start_s
        self._reason = self._reason or reason
        self._lost += lost

    def end(self, end_s: float = np.inf) -> Damage | None:
        """The stretch that ends here, if one is open."""
        if self._start_s is None:
            return None
        reason = self._reason or "it cannot be decoded"
        damage = Damage(self._start_s, end_s, self._lost, self._doubtful, reason)
        self._start_s, self._lost, self._doubtful, self._reason = None, 0, 0, ""
        return damage
