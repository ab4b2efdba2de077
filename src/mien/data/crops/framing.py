"""Whether pictures of a folder look like photos: they are measured, not decoded."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import median

from mien.core.errors import ImageDecodeError
from mien.data.readers.fer2013 import SIDE
from mien.store.images import image_size

SAMPLE = 50
"""Pictures that are measured, spread over the folder."""

_SQUARE = 1.1  # longer over shorter side up to which a picture is called square


def unlike_crops(folder: Path, paths: Sequence[Path]) -> str | None:
    """What to say of a folder whose pictures are no squares of up to twice 48 pixels.

    Their size is the median of a sample. None = they are, or none can be measured.
    """
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
        "--end-to-end, or cut the faces out with mien data convert SRC --out OUT --crop"
    )
