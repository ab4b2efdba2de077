"""The clock of a video: one rising time, and the number of each frame."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from av.video.stream import VideoStream

    from mien.store.video.ledger import Decoded

_CALM = 3  # frames in good order after which a clock that jumped is taken as it is
_REGULAR = 8  # steps of one length that make a constant rate
_JITTER_S = 2.1e-3  # of a constant rate, in files that count milliseconds
_RESTART_S = 0.2  # a clock that goes back by more belongs to another recording


@dataclass(frozen=True)
class Placed:
    """Where a frame lies.

    Args:
        number: Of the frame in the video, from 0.
        time_s: Seconds after the first frame.
        lost: Frames that are missing before it.
        lost_s: When the first of them is shown.
        note: What is odd about its time.
        restarted: Whether the clock of the file has begun again.
    """

    number: int
    time_s: float
    lost: int
    lost_s: float
    note: str = ""
    restarted: bool = False


class Timeline:
    """Turns the ticks of a file into one rising time.

    A time that does not rise is put one frame after the last, and those after it keep their
    distance from it. Where the old clock comes back (one frame had a wrong time), it is taken up
    again.

    Args:
        stream: Whose ticks they are.
    """

    def __init__(self, stream: VideoStream) -> None:
        self._tick = stream.time_base or Fraction(1, 1000)
        rate = stream.guessed_rate or stream.average_rate or Fraction(25)
        self._usual = max(1, round(1 / (rate * self._tick)))
        self._steps: deque[int] = deque(maxlen=32)
        self._origin: int | None = None
        self._offset = self._settled = 0  # ticks that are added to the file's
        self._calm = 0
        self._last: int | None = None
        self._number = -1
        self._odd = False

    @property
    def next_s(self) -> float:
        """When a frame would be shown that follows the last one."""
        return 0.0 if self._last is None else self._seconds(self._last + self._step)

    def place(self, each: Decoded, *, in_damage: bool) -> Placed:
        """The next frame.

        Args:
            each: The frame, with the packets that were lost before it.
            in_damage: Whether frames may be missing before it.
        """
        known = [sent.pts for sent in each.lost if sent.pts is not None]
        if self._origin is None:
            given = [*known, *([] if each.pts is None else [each.pts])]
            self._origin = min(given, default=0)
        before_s, last, shift = self.next_s, self._last, self._offset
        now, note, back = self._risen(each.pts)
        lost = self._missing(now, len(each.lost)) if in_damage else 0
        starts = [self._seconds(pts - self._origin + shift) for pts in known]
        lost_s = min((at for at in starts if at >= before_s), default=before_s)
        if last is not None and not lost and not note:
            self._steps.append(now - last)
        self._last = now
        self._number += 1 + lost
        return Placed(
            self._number, self._seconds(now), lost, min(lost_s, self._seconds(now)), note, back
        )

    @property
    def _step(self) -> int:
        return sorted(self._steps)[len(self._steps) // 2] if self._steps else self._usual

    def _risen(self, pts: int | None) -> tuple[int, str, bool]:
        """Ticks after the first frame, what is odd about them, and whether the clock restarted."""
        last = self._last
        if pts is None:
            return (0 if last is None else last + self._step), "", False
        own = pts - (self._origin or 0)
        if last is None or own + self._offset > last:
            if last is not None and own + self._settled > last:
                self._offset = self._settled
            self._calm += 1
            if self._calm >= _CALM:
                self._settled = self._offset
            self._odd = False
            return own + self._offset, "", False
        went = self._seconds(last - own - self._offset)
        back = went > _RESTART_S
        self._offset, self._calm = last + self._step - own, 0
        note = ""
        if back or not self._odd:
            what = f"goes back by {went:.3f} s" if went > 0 else "stands still"
            note = f"the file's clock {what} here; times go on from {self.next_s:.3f} s"
        self._odd = True
        return last + self._step, note, back

    def _missing(self, now: int, packets: int) -> int:
        """Frames that are missing before ``now``: by a constant rate, or as many as packets."""
        steps = [*self._steps] if len(self._steps) >= _REGULAR else [*self._steps, self._usual]
        if self._last is None or self._seconds(max(steps) - min(steps)) > _JITTER_S:
            return packets
        return max(0, round((now - self._last) * len(steps) / sum(steps)) - 1)

    def _seconds(self, ticks: int) -> float:
        return float(ticks * self._tick)
