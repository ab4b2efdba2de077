"""The run over pictures and videos: read, recognise, hand on; one bad item ends only itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from threading import Event

import numpy as np
from numpy.typing import NDArray

from mien.analyze.sinks import Sink
from mien.analyze.sources import Item
from mien.core.errors import InputError, VideoDecodeError
from mien.core.rows import Row, error_row, is_error
from mien.runtime import Recognizer, Stream
from mien.runtime.stream import SMOOTHING_S
from mien.store.images import MAX_PIXELS
from mien.store.video import Damage

OnRow = Callable[[Row, Exception | None], None]

_Answer = tuple[Row, NDArray[np.uint8] | None, Exception | None]


@dataclass(frozen=True)
class Summary:
    """What became of the items.

    Args:
        done: Items that were answered and taken by every sink.
        failed: Items that could not be read or recognised, or that a sink refused.
        faces: Faces in all answered pictures and frames.
        frames: Frames of videos that were answered, also of videos that failed later.
    """

    done: int = 0
    failed: int = 0
    faces: int = 0
    frames: int = 0


@dataclass(frozen=True)
class Part:
    """The part of every video that is read.

    Args:
        start_s: Where it begins, in seconds after the first frame.
        end_s: Where it ends, exclusive.
    """

    start_s: float = 0.0
    end_s: float = np.inf


def analyze(
    items: Iterable[Item],
    recognizer: Recognizer,
    sinks: Sequence[Sink],
    *,
    every: int = 1,
    smoothing_s: float = SMOOTHING_S,
    part: Part | None = None,
    max_pixels: int = MAX_PIXELS,
    on_row: OnRow | None = None,
    stop: Event | None = None,
) -> Summary:
    """Answer every item in order and hand each row to every sink.

    A picture gives one row, a video one per frame. An item that cannot be read or recognised gives
    an error row with the reason. A damaged stretch of a video gives one that says from when to
    when, and the frames after it are answered. Where the clock of a video is odd, the row has a
    ``warning``. A sink that raises
    ends only that item, for that sink. A sink whose reader has gone is left out from then on, and
    when it was the only one, the run ends. One picture is in memory at a time.

    Args:
        items: Pictures and videos, from ``find_items``.
        recognizer: Finds and reads the faces of pictures.
        sinks: Take the rows, in this order.
        every: Videos: frames from one detection to the next.
        smoothing_s: Videos: time constant of the shown probabilities; 0 = nothing is smoothed.
        part: The part of every video that is read; None = all.
        max_pixels: Limit on width x height of one picture.
        on_row: Called after each row with the error of the item or of a sink, None if all went
            well.
        stop: Ends a camera at once, and the run after the item, when set; what was answered counts.
    """
    done = failed = faces = frames = 0
    hands = _Hands(sinks)
    for item in items:
        if is_video := item.is_video:
            stream = Stream(recognizer, every=every, smoothing_s=smoothing_s)
            answers = _watched(item, stream, part or Part(), max_pixels, stop)
        else:
            answers = _answered(item, recognizer, max_pixels)
        bad = False
        hands.refusing.clear()
        for row, image, error in answers:
            error = hands.write(row, image) or error
            faces += len(row.get("faces", ()))
            frames += is_video and not is_error(row)
            bad |= error is not None
            if on_row is not None:
                on_row(row, error)
            del row, image, error  # an error holds the picture too, through its traceback
            if hands.empty:
                break
        failed += bad
        done += not bad
        if hands.empty or (stop is not None and stop.is_set()):
            break
    return Summary(done, failed, faces, frames)


class _Hands:
    """The sinks that still take rows."""

    def __init__(self, sinks: Sequence[Sink]) -> None:
        self._open = list(sinks)
        self._any = bool(sinks)
        self.refusing: list[Sink] = []  # until the next item

    @property
    def empty(self) -> bool:
        """Whether there were sinks, and all their readers have gone."""
        return self._any and not self._open

    def write(self, row: Row, image: NDArray[np.uint8] | None) -> Exception | None:
        """Hand one row to all; the last error if some raised."""
        error = found = None
        try:
            for sink in [each for each in self._open if each not in self.refusing]:
                error = _taken(sink, row, image)
                if isinstance(error, BrokenPipeError):
                    self._open.remove(sink)
                elif error is not None:
                    self.refusing.append(sink)
                    found = error
            return found
        finally:
            # The error's traceback leads back to this frame: a circle, which would keep the
            # picture in memory until the garbage collector comes by.
            del error, found


def _taken(sink: Sink, row: Row, image: NDArray[np.uint8] | None) -> Exception | None:
    try:
        sink.write(row, image)
    except Exception as error:  # noqa: BLE001 - the other sinks and items go on
        return error
    return None


def _answered(item: Item, recognizer: Recognizer, max_pixels: int) -> Iterator[_Answer]:
    """The row of a picture."""
    try:
        image = item.image(max_pixels)
        row = recognizer.read(image).to_row(item.name)
    except Exception as error:  # noqa: BLE001 - whatever one picture raises, the others are answered
        yield error_row(item.name, error), None, error
        return
    yield row, image, None


def _watched(
    item: Item, stream: Stream, part: Part, max_pixels: int, stop: Event | None
) -> Iterator[_Answer]:
    """The rows of a video, and among them one for each damaged stretch, or why there are none."""
    damage: list[Damage] = []
    empty, note = True, ""
    try:
        for frame in item.frames(part.start_s, part.end_s, max_pixels, stop, damage.append):
            yield from _damaged(item, damage)
            empty, note = False, note or frame.note
            if frame.restarted:
                stream.cut()
            if frame.doubtful:
                continue
            row = stream.read(frame.image, frame.time_s, frame.index).to_row(item.name)
            if note:
                row["warning"], note = note, ""
            yield row, frame.image, None
        if empty and not damage:
            _refuse_empty(part)
    except Exception as error:  # noqa: BLE001 - whatever one video raises, the others are answered
        yield from _damaged(item, damage)
        yield error_row(item.name, error), None, error
    yield from _damaged(item, damage)


def _refuse_empty(part: Part) -> None:
    """A part without frames lies behind the end: a video that has none was refused before."""
    raise InputError(
        f"the video is shorter than {part.start_s:g} s, where reading should begin; begin earlier"
    )


def _damaged(item: Item, damage: list[Damage]) -> Iterator[_Answer]:
    """The rows of damaged stretches, which are taken off the list."""
    while damage:
        error = VideoDecodeError(str(damage.pop(0)))
        yield error_row(item.name, error), None, error
