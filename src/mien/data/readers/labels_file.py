"""A table that names picture and label, beside pictures in any order of folders."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from mien.core.errors import DataError
from mien.core.labels import LabelSpace
from mien.core.splits import WHOLE
from mien.data.readers.folders import split_of_folder
from mien.data.readers.listing import Photo, is_picture, subfolders, visible
from mien.data.readers.naming import class_index, unknown_labels
from mien.data.readers.tables import header_columns, open_table, table_rows
from mien.data.readers.wild import plain_name

_COLUMNS = {
    "picture": ("picture", "image", "file", "filename", "file_name", "path", "image name", "name"),
    "label": ("label", "emotion", "expression", "class"),
    "split": ("split", "usage", "set"),
    "subject": ("subject", "person"),
}


class Row(NamedTuple):
    """One row: its place in words, then its fields, "" where there is no such column."""

    where: str
    picture: str
    label: str
    split: str
    subject: str


def rows_of(table: Path) -> list[Row]:
    """The rows of a table with a header; picture and label may be called as people call them.

    Raises:
        DataError: With file, row and reason, if a column is missing or a row is cut off.
    """
    with open_table(table) as lines:
        header, rows = table_rows(lines, str(table))
        at = header_columns(header)
        places = [
            next((at[name] for name in names if name in at), None) for names in _COLUMNS.values()
        ]
        if places[0] is None or places[1] is None:
            raise DataError(
                f"{table}, row 1: expected a header with picture and label (and split, subject, "
                f"where they are known), got {','.join(header)[:80]!r}; write such a header"
            )
        found = [
            Row(where, *("" if at is None else row[at].strip() for at in places))
            for where, row in rows
        ]
    if not found:
        raise DataError(f"{table}: no rows below the header")
    return found


def listed_rows(
    folder: Path, rows: Iterable[Row], space: LabelSpace, names: Mapping[str, str]
) -> list[Photo]:
    """The pictures that rows name, in their order; no picture is opened.

    A picture is named by its path below ``folder``, or by its file name if only one below it is
    called so. Where no split is given, a folder above it that is called like one gives it.

    Raises:
        DataError: If labels are unknown, all of which are named, a picture is missing, called
            like another, or has two rows.
    """
    rows = list(rows)
    labels = {row.label: class_index(row.label, space, names) for row in rows}
    if unknown := [name for name, label in labels.items() if label is None]:
        where = next(row.where for row in rows if row.label == unknown[0])
        raise DataError(f"{where}: label {unknown[0]!r}{unknown_labels(unknown, space, names)}")
    called: dict[str, list[Path]] = {}
    found: dict[Path, Photo] = {}
    for row in rows:
        path = folder / plain_name(row.picture, row.where)
        if not is_picture(path):
            called = called or _by_name(folder)
            places = called.get(row.picture, [])
            if len(places) != 1:
                raise DataError(
                    f"{row.where}: expected one picture {row.picture!r} below {str(folder)!r}, "
                    f"found {len(places)}; name it by its path below that folder"
                )
            path = places[0]
        if path in found:
            raise DataError(f"{row.where}: {row.picture} has a row already")
        above = path.relative_to(folder).parts[:-1]
        split = row.split or next(filter(split_of_folder, above), WHOLE)
        label = labels[row.label]
        assert label is not None  # noqa: S101 - refused above
        found[path] = Photo(path, label, split_of_folder(split) or split, row.subject)
    return list(found.values())


def _by_name(folder: Path) -> dict[str, list[Path]]:
    """All pictures below ``folder``, links to folders left out, by file name."""
    found: dict[str, list[Path]] = {}
    waiting = [folder]
    while waiting:
        inside = waiting.pop()
        for path in filter(is_picture, visible(inside)):
            found.setdefault(path.name, []).append(path)
        waiting += [path for path in subfolders(inside) if not path.is_symlink()]
    return found
