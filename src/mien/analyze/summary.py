"""What people read of an analysis: a line per face of a picture, and per face of a video."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mien.core.rows import Row, is_error

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

COLUMNS = ("source", "expression", "probability ", "box, or time")


class SummarySink:
    """Keeps pictures as they are, and of videos one line per face: memory does not grow."""

    def __init__(self) -> None:
        self._pictures: list[tuple[str, ...]] = []
        self._tracks: dict[tuple[str, int], _Track] = {}

    def write(self, row: Row, image: NDArray[np.uint8] | None = None) -> None:  # noqa: ARG002 - a sink takes both
        """Keep one row."""
        if row.get("time_s") is None:
            self._pictures += _cells(row)
            return
        for face in row["faces"]:
            key = (row["source"], face["track"])
            self._tracks.setdefault(key, _Track(row["time_s"])).add(face, row["time_s"])

    def lines(self) -> list[tuple[str, ...]]:
        """The cells of ``COLUMNS``, pictures first."""
        return self._pictures + [
            track.cells(source, number) for (source, number), track in self._tracks.items()
        ]


@dataclass
class _Track:
    """One face of a video."""

    first_s: float
    last_s: float = 0.0
    shown: Counter[str] = field(default_factory=Counter)
    sure: float = 0.0

    def add(self, face: Row, time_s: float) -> None:
        """Count one frame."""
        self.last_s = time_s
        self.shown["uncertain" if face["uncertain"] else face["label"]] += 1
        self.sure += (face["smoothed"] or face["probabilities"])[face["label"]]

    def cells(self, source: str, number: int) -> tuple[str, ...]:
        """What was shown most, in shares of the frames, and when."""
        frames = self.shown.total()
        shares = ", ".join(f"{label} {n / frames:.0%}" for label, n in self.shown.most_common(3))
        when = f"{self.first_s:.1f} to {self.last_s:.1f} s"
        return f"{source} face {number}", shares, f"{self.sure / frames:.2f}", when


def _cells(row: Row) -> Iterator[tuple[str, ...]]:
    source = row["source"]
    if is_error(row):
        yield source, f"error: {row['error']['message']}", "", ""
        return
    if not row["faces"]:
        yield source, "no face", "", ""
    for face in row["faces"]:
        label, sure = face["label"], face["probabilities"][face["label"]]
        box = " ".join(f"{value:.0f}" for value in face["box"])
        yield source, f"{label}?" if face["uncertain"] else label, f"{sure:.2f}", box
