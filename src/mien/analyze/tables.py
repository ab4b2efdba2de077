"""Rows as a table in pandas, for whoever has it."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mien.core.errors import MissingExtraError
from mien.core.rows import Row, decode_row
from mien.core.table import columns, records

if TYPE_CHECKING:
    from mien.core.labels import LabelSpace


def read_rows(path: str | Path) -> Iterator[Row]:
    """The rows of a JSON-lines file that ``mien analyze`` wrote, checked one by one.

    Raises:
        InputError: If a line is no row.
        OSError: If the file cannot be read.
    """
    with Path(path).open(encoding="utf-8") as file:
        yield from map(decode_row, file)


def table(rows: Iterable[Row], labels: LabelSpace | None = None) -> Any:
    """Rows as a pandas ``DataFrame``: one line per face, with the columns of the CSV output.

    Args:
        rows: From ``Reading.to_row`` or ``read_rows``.
        labels: Labels that have columns even if there is no face; None = those of the faces.

    Raises:
        MissingExtraError: If pandas is not installed.
    """
    try:
        import pandas  # type: ignore[import-not-found] - what is installed is the user's choice
    except ImportError as error:
        raise MissingExtraError(
            "this needs pandas, which is not installed. Do: "
            f"{shlex.quote(sys.executable or 'python')} -m pip install pandas"
        ) from error
    kept = list(rows)
    names = list(labels.labels if labels else ())
    for row in kept:
        names += [name for face in row.get("faces", ()) for name in face["probabilities"]]
    flat = [record for row in kept for record in records(row)]
    return pandas.DataFrame(flat, columns=list(columns(tuple(dict.fromkeys(names)))))
