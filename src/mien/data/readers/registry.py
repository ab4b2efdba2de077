"""The registry of readers: one per published folder layout."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from mien.core.labels import LabelSpace
from mien.core.registry import Registry
from mien.data.readers.listing import Photo


class DatasetReader(Protocol):
    """Knows the folders of one data set."""

    def evidence(self, folder: Path) -> str:
        """What in ``folder`` speaks for this layout, in words; "" = nothing."""
        ...

    def photos(self, folder: Path) -> list[Photo]:
        """All labelled faces in a fixed order; no picture is opened.

        Raises:
            DataError: With file, row and reason, if the layout is broken.
        """
        ...


@dataclass(frozen=True)
class ReaderInfo:
    """What is known of a registered reader.

    Args:
        name: Registry name.
        title: Name of the data set.
        source: Paper it is from.
        terms: On what terms one gets it, in words; the holders' own text counts.
        space: Label space of its labels.
        layout: How the folder looks.
        subjects: Whether the set names its people.
        frames: What a picture is: ``crops`` of faces, pictures with face ``boxes``, or ``photos``
            in which a face has to be found first.
    """

    name: str
    title: str
    source: str
    terms: str
    space: LabelSpace
    layout: str
    subjects: bool
    frames: Literal["crops", "boxes", "photos"]


Builder = Callable[[], DatasetReader]

_READERS: Registry[ReaderInfo, Builder] = Registry("reader")
register = _READERS.register
readers = _READERS.infos


def build_reader(name: str) -> DatasetReader:
    """Build a registered reader.

    Raises:
        UnknownNameError: If the name is not registered; the nearest are listed.
    """
    return _READERS.builder(name)()


def recognised(folder: Path) -> dict[str, str]:
    """Evidence by name of each reader whose layout ``folder`` looks like."""
    found = {name: build_reader(name).evidence(folder) for name in readers()}
    return {name: words for name, words in found.items() if words}
