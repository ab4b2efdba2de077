"""AffectNet (Mollahosseini et al., IEEE TAC 10(1), 2019) as shared: crops with arrays, or tables.

Valence and arousal are not read: a face set has one label per row.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mien.core.errors import DataError
from mien.core.labels import affectnet8
from mien.core.splits import TRAINING
from mien.data.readers.listing import Photo, pictures
from mien.data.readers.registry import ReaderInfo, register
from mien.data.readers.tables import header_columns, open_table, table_rows
from mien.data.readers.wild import box_of, code_of, plain_name, there

_TERMS = (
    "non-commercial research, on request from the University of Denver and under an agreement; "
    "not to be passed on"
)
_SOURCE = "Mollahosseini et al., IEEE TAC 10(1), 2019"
_SPLITS = {"train_set": TRAINING, "val_set": "validation"}
_TABLES = {"training.csv": TRAINING, "validation.csv": "validation"}
_PICTURES = "Manually_Annotated_Images"
_LISTS = "Manually_Annotated_file_lists"
_COLUMNS = ("subdirectory_filepath", "face_x", "face_y", "face_width", "face_height", "expression")

NO_EXPRESSION = ("8", "9", "10")
"""None, uncertain, no face: rows that carry no expression and are passed over."""

_CODES = {str(code): code for code in range(len(affectnet8))}


@register(
    ReaderInfo(
        name="affectnet",
        title="AffectNet, cropped faces with one array per annotation",
        source=_SOURCE,
        terms=_TERMS,
        space=affectnet8,
        layout="train_set/images/0.jpg, train_set/annotations/0_exp.npy; the same in val_set/",
        subjects=False,
        frames="crops",
    )
)
class Arrays:
    """``<number>_exp.npy`` holds the code of ``<number>.jpg`` as text or number."""

    def evidence(self, folder: Path) -> str:
        """A split with its pictures."""
        return next((f"{s}/images/" for s in _SPLITS if (folder / s / "images").is_dir()), "")

    def photos(self, folder: Path) -> list[Photo]:
        """The pictures by number; those without an expression are passed over."""
        found: list[Photo] = []
        for inside, split in _SPLITS.items():
            if not (folder / inside / "images").is_dir():
                continue
            listed = pictures(folder / inside / "images")
            _none_missing(folder / inside, {path.stem for path in listed})
            for path in listed:
                file = folder / inside / "annotations" / f"{path.stem}_exp.npy"
                code = _stored(file)
                if code not in NO_EXPRESSION:
                    found.append(Photo(path, code_of(code, _CODES, str(file)), split))
        if not found:
            raise DataError(f"{str(folder)!r}: expected train_set/images/ or val_set/images/")
        return found


def _none_missing(split: Path, stems: set[str]) -> None:
    """Raises ``DataError`` if an annotation has no picture: half an archive is no smaller set."""
    ending = "_exp.npy"
    annotated = {
        path.name.removesuffix(ending) for path in (split / "annotations").glob(f"*{ending}")
    }
    if missing := sorted(annotated - stems):
        raise DataError(
            f"{split}: {len(missing)} annotations have no picture ({missing[0]}{ending}, for one); "
            "is the folder complete?"
        )


def _stored(file: Path) -> str:
    """The one value of an array file as the text of a whole number."""
    try:
        # Opened here: np.load leaves a damaged file open when it opens it itself.
        with file.open("rb") as raw:
            value = np.load(raw, allow_pickle=False)
    except FileNotFoundError as error:
        raise DataError(f"{file}: the annotation is missing; is the folder complete?") from error
    except (OSError, ValueError, EOFError) as error:
        raise DataError(f"{file}: no array of NumPy ({error}); fetch it again") from error
    if value.size != 1:
        raise DataError(f"{file}: expected one code, got an array of {value.size}")
    text = str(value.reshape(-1)[0]).strip()
    return text.removesuffix(".0")


@register(
    ReaderInfo(
        name="affectnet-csv",
        title="AffectNet, pictures with tables of annotations",
        source=_SOURCE,
        terms=_TERMS,
        space=affectnet8,
        layout=f"training.csv, validation.csv (in the folder or in {_LISTS}/) with "
        f"subDirectory_filePath, face_x, face_y, face_width, face_height, expression; {_PICTURES}/",
        subjects=False,
        frames="boxes",
    )
)
class Tables:
    """One row per picture, with the box of its face."""

    def evidence(self, folder: Path) -> str:
        """The folder of the pictures."""
        return f"{_PICTURES}/" if (folder / _PICTURES).is_dir() else ""

    def photos(self, folder: Path) -> list[Photo]:
        """The faces in the order of the tables; rows without an expression are passed over."""
        home = folder / _LISTS if (folder / _LISTS).is_dir() else folder
        tables = [home / name for name in _TABLES if (home / name).is_file()]
        if not tables:
            raise DataError(f"{str(folder)!r}: expected training.csv or validation.csv in {home}")
        found = [photo for table in tables for photo in _rows(table, folder / _PICTURES)]
        if not found:
            raise DataError(f"{str(folder)!r}: the tables hold no row with an expression")
        return found


def _rows(table: Path, home: Path) -> list[Photo]:
    found: list[Photo] = []
    with open_table(table) as lines:
        header, rows = table_rows(lines, str(table), _COLUMNS)
        at = header_columns(header)
        for where, row in rows:
            name, x, y, width, height, code = (row[at[column]].strip() for column in _COLUMNS)
            if code in NO_EXPRESSION:
                continue
            label = code_of(code, _CODES, where)
            path = there(home / plain_name(name, where), where)
            box = box_of((x, y, width, height), where, sized=True)
            found.append(Photo(path, label, _TABLES[table.name], box=box))
    return found
