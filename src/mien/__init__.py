"""Facial-expression recognition that measures itself honestly.

    from mien import Recognizer, read_image

    for face in Recognizer().read(read_image("portrait.jpg")):
        print(face.label, face.probability, face.box)

The names below load on first use, so that ``import mien`` costs next to nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mien.analyze import read_rows, table
    from mien.core.errors import MienError
    from mien.core.faces import Faces
    from mien.core.labels import LabelSpace
    from mien.core.scores import Scores
    from mien.runtime import Detector, DetectorOptions, Face, Reading, Recognizer, Stream, video
    from mien.store.bundle import load_bundle
    from mien.store.images import read_image

__version__ = "0.1.0"

__all__ = [
    "Detector",
    "DetectorOptions",
    "Face",
    "Faces",
    "LabelSpace",
    "MienError",
    "Reading",
    "Recognizer",
    "Scores",
    "Stream",
    "load_bundle",
    "read_image",
    "read_rows",
    "table",
    "video",
]

_HOMES = {
    "Detector": "mien.runtime",
    "DetectorOptions": "mien.runtime",
    "Face": "mien.runtime",
    "Faces": "mien.core.faces",
    "LabelSpace": "mien.core.labels",
    "MienError": "mien.core.errors",
    "Reading": "mien.runtime",
    "Recognizer": "mien.runtime",
    "Scores": "mien.core.scores",
    "Stream": "mien.runtime",
    "load_bundle": "mien.store.bundle",
    "read_image": "mien.store.images",
    "read_rows": "mien.analyze",
    "table": "mien.analyze",
    "video": "mien.runtime",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'mien' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
