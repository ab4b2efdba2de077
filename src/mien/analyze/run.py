"""The run over still pictures: read, recognise, hand on; one bad item ends only itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mien.analyze.interface import ImageRecognizer, Sink
from mien.analyze.sources import Item
from mien.core.rows import Row, error_row, frame_row
from mien.store.images import MAX_PIXELS

OnItem = Callable[[Row, Exception | None], None]


@dataclass(frozen=True)
class Summary:
    """What became of the items.

    Args:
        done: Items that were answered and taken by every sink.
        failed: Items that could not be read or recognised, or that a sink refused.
        faces: Faces in all answered items.
    """

    done: int = 0
    failed: int = 0
    faces: int = 0


def analyze(
    items: Iterable[Item],
    recognizer: ImageRecognizer,
    sinks: Sequence[Sink],
    *,
    max_pixels: int = MAX_PIXELS,
    on_item: OnItem | None = None,
) -> Summary:
    """Answer every item in order and hand each row to every sink.

    An item that cannot be read or recognised gives an error row with the reason; a sink that
    raises ends only that item, for that sink. One picture is in memory at a time.

    Args:
        items: Pictures, from ``find_items``.
        recognizer: Finds and reads the faces.
        sinks: Take the rows, in this order.
        max_pixels: Limit on width x height of one picture.
        on_item: Called after each item with its row and the error of the item or of a sink, None
            if all went well.

    Raises:
        BrokenPipeError: If the reader of a sink has gone; nobody waits for the rest.
    """
    done = failed = faces = 0
    for item in items:
        row, image, error = _answered(item, recognizer, max_pixels)
        for sink in sinks:
            error = _taken(sink, row, image) or error
        faces += len(row.get("faces", ()))
        failed += error is not None
        done += error is None
        if on_item is not None:
            on_item(row, error)
        del image, error  # an error holds the picture too, through its traceback
    return Summary(done, failed, faces)


def _answered(
    item: Item, recognizer: ImageRecognizer, max_pixels: int
) -> tuple[Row, NDArray[np.uint8] | None, Exception | None]:
    try:
        image = item.image(max_pixels)
        reading = recognizer.image(image)
        row = frame_row(
            reading.faces,
            reading.scores,
            source=item.name,
            model=recognizer.name,
            width=image.shape[1],
            height=image.shape[0],
        )
    except Exception as error:  # noqa: BLE001 - whatever one picture raises, the others are answered
        return error_row(item.name, error), None, error
    return row, image, None


def _taken(sink: Sink, row: Row, image: NDArray[np.uint8] | None) -> Exception | None:
    try:
        sink.write(row, image)
    except BrokenPipeError:
        raise
    except Exception as error:  # noqa: BLE001 - the other sinks and items go on
        return error
    return None
