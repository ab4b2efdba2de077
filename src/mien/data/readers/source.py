"""A data set as a person gives it: where it is, and what its files do not say themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Source:
    """A table or folder, and how to read it; it stands for its path where one is wanted.

    Args:
        path: The table or folder.
        reader: Name of a reader, ``folders`` for class folders; None = told by the layout.
        names: Label by folded name of a class folder or of a label in ``labels_file``
            (``naming.read_map``); what is not in it must be a label itself.
        labels_file: Table that names picture and label, in place of class folders.
        skip_damaged: Leave damaged pictures out and name them, instead of refusing the data.
    """

    path: Path
    reader: str | None = None
    names: Mapping[str, str] = field(default_factory=dict[str, str])
    labels_file: Path | None = None
    skip_damaged: bool = False

    @classmethod
    def of(cls, source: str | Path | Source) -> Source:
        """``source`` itself if it is one already."""
        return source if isinstance(source, Source) else cls(Path(source))

    def __fspath__(self) -> str:
        return str(self.path)

    def __str__(self) -> str:
        return str(self.path)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "path":
            raise AttributeError(name)
        return getattr(self.path, name)
