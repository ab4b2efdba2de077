"""Reading cameras: the newest frame, with the time it came at."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from threading import Condition, Event, Thread
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mien.core.errors import InputError, VideoDecodeError, missing_extra
from mien.store.video import Frame

if TYPE_CHECKING:
    import cv2

PREFIX = "camera:"
"""What names a camera among inputs: ``camera:0``, or ``camera:DEVICE``."""

_SILENT_S = 5.0  # a camera that gives nothing for so long is gone


@dataclass(frozen=True)
class Camera:
    """A camera of this machine.

    Args:
        device: Its number, from 0, or the path of its device.
    """

    device: int | str

    def frames(
        self,
        *,
        start_s: float = 0.0,
        end_s: float = np.inf,
        stop: Event | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> Iterator[Frame]:
        """Frames as they come; who is slow gets the newest, the others are counted and dropped.

        Args:
            start_s: Frames before this time after the first one are left out.
            end_s: The first frame at or after this time ends it.
            stop: Ends it when set.
            clock: Seconds.

        Raises:
            VideoDecodeError: If there is no such camera, it is in use, or it stops.
            InputError: If the times are impossible.
            MissingExtraError: If OpenCV is not installed.
        """
        if not 0 <= start_s < end_s:
            raise InputError(f"expected 0 <= start_s < end_s, got {start_s} and {end_s}")
        return self._frames(start_s, end_s, stop or Event(), clock)

    def _frames(
        self, start_s: float, end_s: float, stop: Event, clock: Callable[[], float]
    ) -> Iterator[Frame]:
        with _Newest(_opened(self.device), clock) as newest:
            began = None
            while (taken := newest.take(stop)) is not None:
                picture, index, at = taken
                began = at if began is None else began
                if at - began >= end_s:
                    return
                if at - began >= start_s:
                    yield Frame(picture, index, at - began)


def camera_named(name: str) -> Camera | None:
    """The camera that an input names; None if it names none.

    >>> camera_named("camera:1"), camera_named("photo.jpg")
    (Camera(device=1), None)
    """
    if not name.startswith(PREFIX) or name == PREFIX:
        return None
    device = name.removeprefix(PREFIX)
    return Camera(int(device) if device.isdecimal() else device)


class _Newest:
    """A thread that reads a camera and keeps its newest frame."""

    def __init__(self, capture: cv2.VideoCapture, clock: Callable[[], float]) -> None:
        self._capture = capture
        self._clock = clock
        self._changed = Condition()
        self._frame: tuple[NDArray[np.uint8], int, float] | None = None
        self._ended = False
        self._thread = Thread(target=self._read, name="camera", daemon=True)

    def __enter__(self) -> _Newest:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended = True
        self._thread.join(_SILENT_S)

    def take(self, stop: Event) -> tuple[NDArray[np.uint8], int, float] | None:
        """The newest frame that was not taken yet, its index and time; None once stopped.

        Raises:
            VideoDecodeError: If none comes any more.
        """
        until = time.monotonic() + _SILENT_S
        with self._changed:
            while not stop.is_set():
                if self._frame is not None:
                    frame, self._frame = self._frame, None
                    return frame
                if self._ended or time.monotonic() > until:
                    raise VideoDecodeError("the camera gives no more pictures; is it plugged in?")
                self._changed.wait(0.1)
        return None

    def _read(self) -> None:
        import cv2

        index = 0
        while not self._ended:
            came, picture = self._capture.read()
            at = self._clock()
            with self._changed:
                if came:
                    image = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), dtype=np.uint8)
                    self._frame = (image, index, at)
                    index += 1
                else:
                    self._ended = True
                self._changed.notify()
        self._capture.release()


def _opened(device: int | str) -> cv2.VideoCapture:
    try:
        import cv2
    except ImportError as error:
        raise missing_extra("camera", "cv2") from error
    logging = cv2.utils.logging
    level = logging.getLogLevel()
    logging.setLogLevel(logging.LOG_LEVEL_SILENT)  # it writes to stderr what is said below
    try:
        capture = cv2.VideoCapture(device)
    finally:
        logging.setLogLevel(level)
    if not capture.isOpened():
        raise VideoDecodeError(
            f"camera {device} cannot be opened; is it plugged in, and not used by another program?"
        )
    return capture
