"""Whether pictures of a folder look like photos: they are measured, not decoded."""

from __future__ import annotations

from pathlib import Path
from statistics import median

from mien.core.errors import ImageDecodeError
from mien.data.fer2013 import SIDE
from mien.data.folders import folder_pictures
from mien.data.sources import reader_of
from mien.store.images import image_size

SAMPLE = 50
"""Pictures that are measured, spread over the folder."""

_SQUARE = 1.1  # longer over shorter side up to which a picture is called square


def framing_warning(source: Path, reader: str | None = None) -> str | None:
    """What to say of class folders that are taken for face crops and may be photos.

    Args:
        source: Class folders of pictures. Tables and the data sets of ``readers`` have a framing
            of their own.
        reader: As for ``load``.

    Returns:
        None if the pictures are squares of up to twice 48 pixels, by the median of a sample.

    Raises:
        DataError: If the folder has another layout.
    """
    folder = Path(source)
    if not folder.is_dir() or reader_of(folder, reader) is not None:
        return None
    paths = folder_pictures(folder)
    sizes: list[tuple[int, int]] = []
    for path in paths[:: max(1, len(paths) // SAMPLE)]:
        try:
            sizes.append(image_size(path))
        except ImageDecodeError:
            continue  # reading tells
    if not sizes:
        return None
    width, height = (median(values) for values in zip(*sizes, strict=True))
    if max(width, height) <= 2 * SIDE and max(width, height) <= _SQUARE * min(width, height):
        return None
    return (
        f"the pictures of {folder.name} are about {width:.0f} x {height:.0f} pixels and are taken "
        f"for face crops, squeezed to {SIDE} x {SIDE}. If they are photos: evaluate with "
        "--end-to-end, or cut the faces out with mien data convert SRC OUT --crop"
    )
