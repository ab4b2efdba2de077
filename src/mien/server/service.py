"""What all routes share: the recogniser, the limits, the counters and the worker threads."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

import anyio
import anyio.to_thread

from mien.core.errors import ConfigError
from mien.runtime.recognizer import Recognizer
from mien.server.metrics import Metrics
from mien.server.settings import Settings

T = TypeVar("T")


@dataclass
class Service:
    """A recogniser behind limits.

    Args:
        recognizer: Finds and reads the faces.
        settings: The limits.
        metrics: The counters.

    Raises:
        ConfigError: If the recogniser may find more faces than the settings allow.
    """

    recognizer: Recognizer
    settings: Settings
    metrics: Metrics = field(default_factory=Metrics)
    _turns: anyio.CapacityLimiter = field(init=False)
    _threads: anyio.CapacityLimiter = field(init=False)

    def __post_init__(self) -> None:
        most, allowed = self.recognizer.options.max_faces, self.settings.max_faces
        if most > allowed:
            raise ConfigError(
                f"the recogniser finds up to {most} faces, the settings allow {allowed}; "
                f"open it with DetectorOptions(max_faces={allowed})"
            )
        self._turns = anyio.CapacityLimiter(self.settings.workers)
        self._threads = anyio.CapacityLimiter(self.settings.workers)

    @asynccontextmanager
    async def turn(self) -> AsyncGenerator[None]:
        """The right to compute; who waits longest is next."""
        async with self._turns:
            yield

    async def compute(self, call: Callable[[], T]) -> T:
        """Run ``call`` in a worker thread; the caller has its turn."""

        def timed() -> tuple[T, float]:
            started = time.perf_counter()
            return call(), time.perf_counter() - started

        answer, seconds = await anyio.to_thread.run_sync(timed, limiter=self._threads)
        self.metrics.compute_s.add(seconds)
        return answer

    @contextmanager
    def request_place(self) -> Generator[bool]:
        """A place among the uploads; False if there is none."""
        free = self.metrics.in_flight < self.settings.max_requests
        self.metrics.in_flight += free
        try:
            yield free
        finally:
            self.metrics.in_flight -= free

    @contextmanager
    def stream_place(self) -> Generator[bool]:
        """A place among the streams; False if there is none."""
        free = self.metrics.streams < self.settings.max_streams
        self.metrics.streams += free
        try:
            yield free
        finally:
            self.metrics.streams -= free
