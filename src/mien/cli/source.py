"""Options that say how labelled data are read, for every command that takes such data."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from inspect import Parameter
from pathlib import Path
from typing import Annotated, Any

import typer

_READER = typer.Option(
    "--reader",
    metavar="NAME",
    help="How to read a folder: a name of 'mien data readers', or 'folders'.",
    show_default="told by the layout",
)
_MAP = typer.Option(
    "--map",
    metavar="LABELS",
    help="What class folders, or labels of --labels-file, are called: 1=surprise,2=fear, or a "
    ".toml, .json or .csv file.",
)
_LABELS_FILE = typer.Option(
    "--labels-file",
    metavar="CSV",
    help="Table that names picture and label (and split, subject), in place of class folders.",
)
_SKIP = typer.Option("--skip-damaged", help="Leave damaged pictures out, and name them.")

_OPTIONS: dict[str, tuple[Any, Any]] = {
    "reader": (Annotated[str | None, _READER], None),
    "names": (Annotated[str | None, _MAP], None),
    "labels_file": (Annotated[Path | None, _LABELS_FILE], None),
    "skip_damaged": (Annotated[bool, _SKIP], False),
}


def takes_source(command: Callable[..., None]) -> Callable[..., None]:
    """``command`` with these options besides; its ``data`` or ``source`` is a ``Source`` then."""
    signature = inspect.signature(command, eval_str=True)
    data = "data" if "data" in signature.parameters else "source"

    @wraps(command)
    def described(**given: Any) -> None:
        reader, names, table, skip = (given.pop(name) for name in _OPTIONS)
        if reader or names or table or skip:
            if given[data] is None:
                raise typer.BadParameter(
                    "--reader, --map, --labels-file and --skip-damaged: only with --data"
                )
            from mien.data import Source, read_map

            labels = read_map(names) if names else {}
            given[data] = Source(given[data], reader, labels, table, skip)
        command(**given)

    more = [
        Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
        for name, (annotation, default) in _OPTIONS.items()
    ]
    described.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=[*signature.parameters.values(), *more]
    )
    described.__annotations__ = {
        each.name: each.annotation for each in (*signature.parameters.values(), *more)
    }
    return described
