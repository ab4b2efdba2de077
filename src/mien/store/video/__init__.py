"""Reading videos: frames as uint8 RGB with their times, one at a time, or why there are none."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mien.core.errors import InputError, VideoDecodeError
from mien.store.images import MAX_PIXELS
from mien.store.video.damage import Damage, Stretches
from mien.store.video.decoding import decoded
from mien.store.video.opening import SUFFIXES, is_video, missing_bytes, opened
from mien.store.video.showing import Display, check_size
from mien.store.video.timeline import Timeline

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream

__all__ = ["SUFFIXES", "Damage", "Frame", "OnDamage", "is_video", "read_frames"]

OnDamage = Callable[[Damage], None]


@dataclass(frozen=True)
class Frame:
    """One picture of a video.

    Args:
        image: ``(H, W, 3)`` uint8 RGB, as players show it: upright, with square pixels.
        index: Number of the frame in the video, from 0; frames lost to damage are counted.
        time_s: When it is shown, in seconds after the first frame.
        doubtful: Whether it may be smeared: it was damaged, or built on a damaged frame.
        note: What is odd about its time, empty where nothing is.
        restarted: Whether the clock of the file begins again here, as where recordings are joined.
    """

    image: NDArray[np.uint8]
    index: int
    time_s: float
    doubtful: bool = False
    note: str = ""
    restarted: bool = False


def read_frames(
    path: str | Path,
    *,
    start_s: float = 0.0,
    end_s: float = np.inf,
    max_pixels: int = MAX_PIXELS,
    on_damage: OnDamage | None = None,
) -> Generator[Frame]:
    """The frames of a video in order of time; one is decoded at a time.

    Of several picture tracks the main one is read. Times are those at which the file shows its
    frames, less that of the first; where its clock restarts, goes back or stands still, they go on
    as one rising time, and the frame has a note. Damage does not end the reading: frames that can
    still be decoded are handed out as ``doubtful`` until the next clean one. A file that names
    other files or addresses (a play list) is refused. Frames before ``start_s`` are decoded and
    counted, but not handed out, so that an index means the same wherever one begins.

    Args:
        path: The file.
        start_s: Frames before this time are left out.
        end_s: The first frame at or after this time ends it.
        max_pixels: Limit on width x height.
        on_damage: Called once per damaged stretch, before the clean frame that ends it; None = the
            stretches are raised together after the last frame.

    Raises:
        VideoDecodeError: If the file is no video, has no pictures or none that can be decoded, or
            was damaged and nobody took the stretches.
        InputError: If the limits are impossible.
        OSError: If the file cannot be opened.
        MissingExtraError: If PyAV is not installed.
    """
    if max_pixels < 1:
        raise InputError(f"max_pixels must be 1 or more, got {max_pixels}")
    if not 0 <= start_s < end_s:
        raise InputError(f"expected 0 <= start_s < end_s, got {start_s} and {end_s}")
    return _reported(Path(path), start_s, end_s, max_pixels, on_damage)


def _reported(
    path: Path, start_s: float, end_s: float, max_pixels: int, on_damage: OnDamage | None
) -> Generator[Frame]:
    """The frames, and after them the damage that nobody took."""
    kept: list[Damage] = []
    with opened(path) as (container, stream):
        check_size(stream.width, stream.height, max_pixels)
        take = kept.append if on_damage is None else on_damage
        for frame in _numbered(path, container, stream, max_pixels, take, start_s, end_s):
            if frame.time_s >= start_s:
                yield frame
    if kept:
        raise VideoDecodeError("; ".join(map(str, kept)))


def _numbered(
    path: Path,
    container: InputContainer,
    stream: VideoStream,
    max_pixels: int,
    take: OnDamage,
    start_s: float,
    end_s: float,
) -> Iterator[Frame]:
    timeline, stretches, display = Timeline(stream), Stretches(), Display(stream)
    shown = 0

    def ended(damage: Damage | None) -> None:
        if damage is not None and damage.overlaps(start_s, end_s):
            take(damage)

    for each in decoded(container, stream):
        if each.picture is None:
            if each.lost or each.harm:
                stretches.begin(timeline.next_s, each.harm, len(each.lost))
            break
        placed = timeline.place(each, in_damage=each.alarm or each.is_hurt)
        ended(stretches.step(each, placed))
        if placed.time_s >= end_s:
            ended(stretches.end(placed.time_s))
            return
        shown += 1
        if placed.time_s >= start_s:
            image = display.image(each.picture, max_pixels)
            note, restarted = placed.note, placed.restarted
            yield Frame(image, placed.number, placed.time_s, each.doubtful, note, restarted)
    if short := missing_bytes(path, container, stream):
        stretches.begin(timeline.next_s, short)
    damage = stretches.end()
    if not shown:
        why = f" ({damage.reason})" if damage else ""
        raise VideoDecodeError(
            f"the video is empty or damaged: no frame can be decoded{why}; copy or export it again"
        )
    ended(damage)
