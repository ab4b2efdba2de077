"""``Stream``: what one camera or video has behind it, frame after frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mien.core.errors import InputError
from mien.core.smoothing import Smoother
from mien.core.tracking import Tracker, TrackerOptions
from mien.runtime.detectors.registry import check_image
from mien.runtime.packing import Image
from mien.runtime.recognizer import Reading, Recognizer

if TYPE_CHECKING:
    from mien.core.faces import Faces

EVERY = 3
"""Frames from one detection to the next where the source is live."""

SMOOTHING_S = 0.3
"""Time constant of the shown probabilities, in seconds."""


class Stream:
    """Reads the frames of one source: detects, tracks, recognises, smooths.

    Every frame is recognised; the detector looks at the first and then at every ``every``-th
    one, and the tracks carry the faces between. A stream belongs to one source and one thread; the
    recognizer behind it may serve many.

    Args:
        recognizer: Finds and reads the faces.
        every: Frames from one detection to the next, 1 or more.
        smoothing_s: Time constant in seconds; 0 = nothing is smoothed.
        tracking: When tracks go on and end.

    Raises:
        InputError: If ``every`` is below 1 or the time constant is negative or not finite.
    """

    def __init__(
        self,
        recognizer: Recognizer,
        *,
        every: int = EVERY,
        smoothing_s: float = SMOOTHING_S,
        tracking: TrackerOptions | None = None,
    ) -> None:
        if every < 1:
            raise InputError(f"every must be 1 or more, got {every}")
        self.recognizer = recognizer
        self.every = every
        self._tracker = Tracker(tracking)
        self._smoother = Smoother(smoothing_s)
        self._frames = 0

    def read(self, image: Image, time_s: float) -> Reading:
        """Read the next frame.

        Args:
            image: ``(H, W, 3)`` uint8 RGB.
            time_s: Its time in seconds, not before the last one.

        Returns:
            Faces with their tracks, raw scores, and smoothed ones unless that is switched off.

        Raises:
            InputError: If the image is anything else, or time goes back.
        """
        check_image(image)
        faces = self._faces(image, time_s)
        (reading,) = self.recognizer.read_faces([image], [faces])
        self._frames += 1
        if not self._smoother.constant_s:
            return reading
        smoothed = self._smoother.update(reading.scores, faces.tracks, time_s)
        self._smoother.keep(self._tracker.alive)
        return Reading(faces, reading.scores, reading.width, reading.height, smoothed)

    def _faces(self, image: Image, time_s: float) -> Faces:
        if self._frames % self.every == 0:
            return self._tracker.update(self.recognizer.detector.detect(image), time_s)
        height, width = image.shape[:2]
        return self._tracker.carry(time_s, width, height)
