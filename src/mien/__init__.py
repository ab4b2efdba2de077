"""Facial-expression recognition that measures itself honestly.

The names below load on first use, so that ``import mien`` costs next to nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mien.core.errors import MienError
    from mien.core.faces import Faces
    from mien.core.labels import LabelSpace
    from mien.core.scores import Scores
    from mien.runtime import Reading, Recognizer, Stream

__version__ = "0.1.0"

__all__ = [
    "Faces",
    "LabelSpace",
    "MienError",
    "Reading",
    "Recognizer",
    "Scores",
    "Stream",
    "__version__",
]

_HOMES = {
    "Faces": "mien.core.faces",
    "LabelSpace": "mien.core.labels",
    "MienError": "mien.core.errors",
    "Reading": "mien.runtime",
    "Recognizer": "mien.runtime",
    "Scores": "mien.core.scores",
    "Stream": "mien.runtime",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'mien' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
