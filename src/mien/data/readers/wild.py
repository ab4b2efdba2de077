"""Pictures from the web with a table of labels: RAF-DB, ExpW, FER+ in folders."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from mien.core.errors import DataError
from mien.core.labels import fer7, ferplus8
from mien.core.splits import PRIVATE_TEST, PUBLIC_TEST, TEST, TRAINING, WHOLE
from mien.data.readers.ferplus import VOTE_COLUMNS, vote_of
from mien.data.readers.listing import Photo, pictures
from mien.data.readers.naming import RAFDB_CODES
from mien.data.readers.registry import ReaderInfo, register
from mien.data.readers.tables import numbered_rows, open_table

_FERPLUS_SPLITS = {
    "FER2013Train": TRAINING, "FER2013Valid": PUBLIC_TEST, "FER2013Test": PRIVATE_TEST,
}  # fmt: skip
_RAF_SPLITS = {"train": TRAINING, "test": TEST}


def rows_of(table: Path, fields: int) -> Iterator[tuple[str, list[str]]]:
    """Place and fields of each row of a table whose fields are separated by blanks.

    Raises:
        DataError: If the table is missing or damaged, a row has another number of fields, or
            there is no row.
    """
    empty = True
    with open_table(table) as lines:
        for number, line in enumerate(lines, start=1):
            row = line.split()
            if not row:
                continue
            empty = False
            where = f"{table}, row {number}"
            if len(row) != fields:
                raise DataError(
                    f"{where}: expected {fields} fields separated by blanks, got {len(row)}; is "
                    "the file cut off?"
                )
            yield where, row
    if empty:
        raise DataError(f"{table}: no rows")


def code_of(text: str, known: Mapping[str, int], where: str) -> int:
    """The label of a code; raises ``DataError`` with the known codes."""
    label = known.get(text)
    if label is None:
        raise DataError(f"{where}: the label must be one of {', '.join(known)}, got {text[:20]!r}")
    return label


def there(path: Path, where: str) -> Path:
    """``path``, which a row at ``where`` names; raises ``DataError`` if it is no file."""
    if not path.is_file():
        raise DataError(f"{where}: there is no picture {str(path)!r}; is the folder complete?")
    return path


def plain_name(text: str, where: str) -> str:
    """The name of a picture that stays below the folder it is looked for in."""
    path = PurePosixPath(text)
    if path.is_absolute() or ".." in path.parts or "\\" in text:
        raise DataError(f"{where}: a picture must lie below the data set's folder, got {text!r}")
    return text


@register(
    ReaderInfo(
        name="rafdb",
        title="Real-world Affective Faces (RAF-DB), basic expressions, aligned crops",
        source="Li, Deng and Du, CVPR 2017",
        terms="non-commercial research, on request from the authors at Beijing University of Posts "
        "and Telecommunications; not to be passed on",
        space=fer7,
        layout="Image/aligned/train_00001_aligned.jpg, EmoLabel/list_patition_label.txt "
        "(in the folder or in basic/)",
        subjects=False,
        frames="crops",
    )
)
class RafDb:
    """One line per picture: ``train_00001.jpg 5``."""

    def evidence(self, folder: Path) -> str:
        """The folder of labels, or that of the aligned pictures."""
        for inside in ("EmoLabel", "basic/EmoLabel", "Image/aligned", "basic/Image/aligned"):
            if (folder / inside).is_dir():
                return f"{inside}/"
        return ""

    def photos(self, folder: Path) -> list[Photo]:
        """The aligned pictures in the order of the table; a picture without a row is refused."""
        home = folder / "basic" if (folder / "basic").is_dir() else folder
        table, aligned = home / "EmoLabel" / "list_patition_label.txt", home / "Image" / "aligned"
        if not table.is_file() or not aligned.is_dir():
            missing = aligned if table.is_file() else table
            raise DataError(f"{str(folder)!r}: expected RAF-DB's {missing.relative_to(folder)}")
        codes = {str(code): fer7.index(name) for code, name in enumerate(RAFDB_CODES, start=1)}
        unlabelled = {path.name for path in pictures(aligned)}
        found: list[Photo] = []
        for where, (name, code) in rows_of(table, 2):
            split = _RAF_SPLITS.get(name.partition("_")[0])
            stem, dot, suffix = plain_name(name, where).rpartition(".")
            if split is None or not dot:
                raise DataError(f"{where}: expected train_00001.jpg or test_0001.jpg, got {name!r}")
            path = there(aligned / f"{stem}_aligned.{suffix}", where)
            if path.name not in unlabelled:
                raise DataError(f"{where}: {name} has a row already")
            unlabelled.remove(path.name)
            found.append(Photo(path, code_of(code, codes, where), split))
        if unlabelled:
            raise DataError(
                f"{table}: {len(unlabelled)} pictures have no row, {min(unlabelled)} for one; is "
                "the file cut off?"
            )
        return found


@register(
    ReaderInfo(
        name="expw",
        title="Expression in the Wild (ExpW)",
        source="Zhang et al., From Facial Expression Recognition to Interpersonal Relation "
        "Prediction, IJCV 2018",
        terms="non-commercial research, from the authors at the Chinese University of Hong Kong; "
        "the pictures belong to their makers",
        space=fer7,
        layout="label/label.lst (name, face, top, left, right, bottom, confidence, label), "
        "image/origin/*.jpg or image/*.jpg",
        subjects=False,
        frames="boxes",
    )
)
class ExpW:
    """One line per face; several faces may share a picture. Codes are those of FER2013."""

    def evidence(self, folder: Path) -> str:
        """The table."""
        return next(
            (name for name in ("label/label.lst", "label.lst") if (folder / name).is_file()), ""
        )

    def photos(self, folder: Path) -> list[Photo]:
        """The faces in the order of the table."""
        name = self.evidence(folder)
        places = (folder / "image" / "origin", folder / "image", folder / "origin")
        home = next((place for place in places if place.is_dir()), None)
        if not name or home is None:
            missing = "image/" if name else "label/label.lst"
            raise DataError(f"{str(folder)!r}: expected ExpW's {missing}")
        codes = {str(code): code for code in range(len(fer7))}
        return [
            Photo(
                path=there(home / plain_name(row[0], where), where),
                label=code_of(row[7], codes, where),
                split=WHOLE,
                box=box_of((row[3], row[2], row[4], row[5]), where),
                face=row[1],
            )
            for where, row in rows_of(folder / name, 8)
        ]


@register(
    ReaderInfo(
        name="ferplus",
        title="FER+, FER2013's pictures in folders with the votes of ten raters",
        source="Barsoum et al., ICMI 2016",
        terms="the labels are Microsoft's, under the MIT licence; the pictures are FER2013's: "
        "research only",
        space=ferplus8,
        layout="FER2013Train/fer0000000.png, FER2013Train/label.csv; also FER2013Valid, "
        "FER2013Test",
        subjects=False,
        frames="crops",
    )
)
class FerPlusFolders:
    """As FER+'s own script writes it; a row is picture, box and ten votes, without a header."""

    def evidence(self, folder: Path) -> str:
        """A table of votes."""
        tables = (f"{inside}/label.csv" for inside in _FERPLUS_SPLITS)
        return next((name for name in tables if (folder / name).is_file()), "")

    def photos(self, folder: Path) -> list[Photo]:
        """The pictures that more than half of the votes agree on (Barsoum's majority).

        Single votes are outliers and dropped before; pictures without a majority, or whose
        majority is unknown or no face, are passed over.
        """
        found: list[Photo] = []
        for inside, split in _FERPLUS_SPLITS.items():
            table = folder / inside / "label.csv"
            if not table.is_file():
                continue
            with open_table(table) as lines:
                for number, row in numbered_rows(lines, str(table)):
                    where = f"{table}, row {number}"
                    if len(row) != 2 + len(VOTE_COLUMNS):
                        raise DataError(
                            f"{where}: expected picture, box and {len(VOTE_COLUMNS)} votes, got "
                            f"{len(row)} columns; is the file cut off?"
                        )
                    votes = [vote_of(text, where) for text in row[2:]]
                    votes = [vote if vote > 1 else 0 for vote in votes]
                    label = votes.index(max(votes))
                    if 2 * votes[label] > sum(votes) and label < len(ferplus8):
                        path = there(folder / inside / plain_name(row[0], where), where)
                        found.append(Photo(path, label, split))
        if not found:
            raise DataError(f"{str(folder)!r}: expected FER2013Train/label.csv with votes")
        return found


def box_of(
    texts: tuple[str, str, str, str], where: str, *, sized: bool = False
) -> tuple[float, float, float, float]:
    """x1 y1 x2 y2 from text, ``sized`` from x y width height.

    Raises:
        DataError: Unless it is a box with an area.
    """
    try:
        left, top, right, bottom = (float(text) for text in texts)
    except ValueError as error:
        raise DataError(f"{where}: a box must be four numbers, got {' '.join(texts)!r}") from error
    if sized:
        right, bottom = left + right, top + bottom
    if not (-1e6 < left < right < 1e6 and -1e6 < top < bottom < 1e6):
        raise DataError(
            f"{where}: a box must have left < right and top < bottom, got left {left:g}, "
            f"top {top:g}, right {right:g}, bottom {bottom:g}"
        )
    return left, top, right, bottom
