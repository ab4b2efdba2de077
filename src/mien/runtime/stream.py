"""``Stream``: what one camera or video has behind it, frame after frame."""

from __future__ import annotations

import warnings
from collections.abc import Generator
from contextlib import closing
from dataclasses import replace
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING

from mien.core.errors import InputError, MienWarning
from mien.core.smoothing import Smoother
from mien.core.tracking import Tracker, TrackerOptions
from mien.runtime.packing import Image
from mien.runtime.reading import Reading
from mien.runtime.recognizer import Recognizer
from mien.store.images import check_image
from mien.store.video import OnDamage, read_frames

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
        self._frames = 0  # since the last cut
        self._read = 0

    def read(self, image: Image, time_s: float, frame: int | None = None) -> Reading:
        """Read the next frame.

        Args:
            image: ``(H, W, 3)`` uint8 RGB.
            time_s: Its time in seconds, not before the last one.
            frame: Its index in the source; None = how many frames were read before it.

        Returns:
            Faces with their tracks, raw scores, and smoothed ones unless that is switched off.

        Raises:
            InputError: If the image is anything else, or time goes back.
        """
        check_image(image)
        faces = self._faces(image, time_s)
        (reading,) = self.recognizer.read_faces([image], [faces])
        smoothed = None
        if self._smoother.constant_s:
            smoothed = self._smoother.update(reading.scores, faces.tracks, time_s)
            self._smoother.keep(self._tracker.alive)
        index = self._read if frame is None else frame
        self._frames += 1
        self._read += 1
        return replace(reading, smoothed=smoothed, frame=index, time_s=time_s)

    def cut(self) -> None:
        """End all tracks, and look for faces in the next frame: it shows something else."""
        self._tracker.cut()
        self._smoother.keep(())
        self._frames = 0

    def _faces(self, image: Image, time_s: float) -> Faces:
        if self._frames % self.every == 0:
            return self._tracker.update(self.recognizer.detector.detect(image), time_s)
        height, width = image.shape[:2]
        return self._tracker.carry(time_s, width, height)


def video(
    source: str | Path,
    recognizer: Recognizer | None = None,
    *,
    every: int = 1,
    smooth: float = SMOOTHING_S,
    start_s: float = 0.0,
    end_s: float = inf,
    on_damage: OnDamage | None = None,
) -> Generator[Reading]:
    """Read a video frame by frame; its file is closed when the iterator ends or is closed.

    Frames that damage has reached are left out, those after them are read. Where the clock of the
    file is odd, a ``MienWarning`` says so.

    Args:
        source: The file.
        recognizer: Finds and reads the faces; None = the default one.
        every: Frames from one detection to the next; the tracks carry the faces between.
        smooth: Time constant of the shown probabilities in seconds; 0 = nothing is smoothed.
        start_s: Where to begin, in seconds after the first frame.
        end_s: Where to end, exclusive.
        on_damage: Called with each damaged stretch, before the reading after it; None = they are
            raised together after the last reading.

    Yields:
        The reading of each frame, with its ``frame`` and ``time_s``.

    Raises:
        InputError: If ``every`` is below 1 or the time constant is negative or not finite.
        VideoDecodeError: If the video cannot be read, or was damaged and nobody took that.
        MissingExtraError: If ``mien[video]`` is not installed.
    """
    stream = Stream(recognizer or Recognizer(), every=every, smoothing_s=smooth)
    read = read_frames(source, start_s=start_s, end_s=end_s, on_damage=on_damage)
    with closing(read) as frames:
        for frame in frames:
            if frame.note:
                warnings.warn(f"{source}: {frame.note}", MienWarning, stacklevel=2)
            if frame.restarted:
                stream.cut()
            if not frame.doubtful:
                yield stream.read(frame.image, frame.time_s, frame.index)
