"""Counters of the server and their Prometheus text form (exposition format 0.0.4)."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """What the server counts. Not for threads: only the event loop touches it."""

    def __init__(self) -> None:
        self.requests: Counter[tuple[str, int]] = Counter()
        self.frames: Counter[str] = Counter({"answered": 0, "dropped": 0, "failed": 0})
        self.faces = 0
        self.streams = 0
        self.in_flight = 0
        self.compute_s = Histogram()

    def text(self) -> str:
        """The page that Prometheus reads."""
        return "\n".join([*self._lines(), ""])

    def _lines(self) -> Iterator[str]:
        yield from _head("mien_requests_total", "counter", "HTTP requests by route and status.")
        for (route, status), count in sorted(self.requests.items()):
            yield f'mien_requests_total{{route="{route}",status="{status}"}} {count}'
        yield from _head("mien_frames_total", "counter", "Frames of streams by what became of them")
        for outcome, count in sorted(self.frames.items()):
            yield f'mien_frames_total{{outcome="{outcome}"}} {count}'
        yield from _head("mien_faces_total", "counter", "Faces in all answers.")
        yield f"mien_faces_total {self.faces}"
        yield from _head("mien_streams", "gauge", "Streams that are open.")
        yield f"mien_streams {self.streams}"
        yield from _head("mien_requests_in_flight", "gauge", "Uploads received or answered now.")
        yield f"mien_requests_in_flight {self.in_flight}"
        yield from _head("mien_compute_seconds", "histogram", "From bytes to row, waiting excluded")
        yield from self.compute_s.lines("mien_compute_seconds")


class Histogram:
    """Counts of durations in fixed buckets.

    >>> histogram = Histogram()
    >>> histogram.add(0.02)
    >>> list(histogram.lines("s"))[2:4]
    ['s_bucket{le="0.025"} 1', 's_bucket{le="0.05"} 1']
    """

    def __init__(self) -> None:
        self._counts = [0] * (len(BUCKETS_S) + 1)
        self._sum = 0.0

    def add(self, seconds: float) -> None:
        """Count one duration."""
        self._counts[bisect_left(BUCKETS_S, seconds)] += 1
        self._sum += seconds

    def lines(self, name: str) -> Iterator[str]:
        """The lines of the histogram; buckets are cumulative, as the format asks."""
        total = 0
        for bound, count in zip([*BUCKETS_S, "+Inf"], self._counts, strict=True):
            total += count
            yield f'{name}_bucket{{le="{bound}"}} {total}'
        yield f"{name}_sum {self._sum:.6f}"
        yield f"{name}_count {total}"


def _head(name: str, kind: str, meaning: str) -> tuple[str, str]:
    return f"# HELP {name} {meaning}", f"# TYPE {name} {kind}"
