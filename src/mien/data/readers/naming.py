"""From what a data set calls an expression to a label: spellings, codes, a person's own map."""

from __future__ import annotations

import difflib
import json
import re
import shlex
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from mien.core.errors import DataError
from mien.core.labels import LabelSpace
from mien.data.readers.tables import header_columns, open_table, table_rows

# Names of one expression, as data sets spell it; each group stands for any label it contains.
_SAME = (
    ("angry", "anger"),
    ("anxious", "anxiety"),
    ("contempt", "contemptuous"),
    ("disgust", "disgusted"),
    ("fear", "fearful", "afraid"),
    ("happy", "happiness"),
    ("neutral", "neutrality"),
    ("sad", "sadness"),
    ("surprise", "surprised"),
)

RAFDB_CODES = ("surprise", "fear", "disgust", "happy", "sad", "angry", "neutral")
"""RAF-DB's labels, from 1 (Li, Deng and Du, CVPR 2017)."""

# Whose codes numbers may be, by the first one: only proposed, never taken for granted.
_CODES = {
    1: ("RAF-DB", RAFDB_CODES),
    0: ("FER2013", ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")),
}
_EIGHT = (
    "AffectNet",
    ("neutral", "happy", "sad", "surprise", "fear", "disgust", "angry", "contempt"),
)


def folded(name: str) -> str:
    """A name without regard to case, outer blanks and how its accents are written."""
    return unicodedata.normalize("NFC", name.strip()).casefold()


def class_index(name: str, space: LabelSpace, names: Mapping[str, str] | None = None) -> int | None:
    """Index of the label that a class folder stands for; None if the space has none.

    Args:
        name: As it is on disk.
        space: The labels.
        names: A person's map, by folded name.
    """
    key = folded((names or {}).get(folded(name), name))
    group = next((same for same in _SAME if key in same), ())
    for candidates in ((key,), group):
        for index, label in enumerate(space.labels):
            if folded(label) in candidates:
                return index
    return None


def read_map(text: str) -> dict[str, str]:
    """Labels by folded name, of ``1=surprise,2=fear`` or of a .toml, .json or .csv file.

    A table of TOML or an object of JSON holds ``"1" = "surprise"``; a table of comma-separated
    values has the columns ``name`` and ``label``.

    Raises:
        DataError: If there is no such file, or it holds anything else.
    """
    path = Path(text)
    expected = "a map is NAME=LABEL,NAME=LABEL or a .toml, .json or .csv file"
    if path.suffix.lower() in (".toml", ".json", ".csv") and (path.is_file() or "=" not in text):
        pairs = _pairs_of(path, expected)
    else:
        cut = [pair.rpartition("=") for pair in text.split(",") if pair.strip()]
        if not cut or not all(name.strip() and label.strip() for name, _, label in cut):
            raise DataError(f"{expected}, got {text!r}; do: --map 1=surprise,2=fear")
        pairs = [(name, label) for name, _, label in cut]
    found: dict[str, str] = {}
    for name, label in pairs:
        if found.setdefault(folded(name), label.strip()) != label.strip():
            raise DataError(f"the map calls {name.strip()!r} two things; leave one out")
    return found


def _pairs_of(path: Path, expected: str) -> list[tuple[str, str]]:
    try:
        if path.suffix.lower() == ".csv":
            with open_table(path) as lines:
                header, rows = table_rows(lines, str(path), ("name", "label"))
                at = header_columns(header)
                return [(row[at["name"]], row[at["label"]]) for _, row in rows]
        text = path.read_text(encoding="utf-8")
        pairs: Any = tomllib.loads(text) if path.suffix.lower() == ".toml" else json.loads(text)
    except (OSError, ValueError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{path}: cannot be read ({error}); {expected}") from error
    if not isinstance(pairs, dict) or not all(isinstance(label, str) for label in pairs.values()):
        raise DataError(f'{path}: expected "name" = "label" and nothing else; {expected}')
    return list(pairs.items())


def unknown_labels(
    unknown: Iterable[str], space: LabelSpace, names: Mapping[str, str] | None = None
) -> str:
    """The end of the error for names that are no labels: how many, what was expected, what to do.

    >>> from mien.core.labels import fer7
    >>> print("x" + unknown_labels(["0_sad", "Suprise"], fer7))  # doctest: +NORMALIZE_WHITESPACE
    x is no label of fer7 (nor is 'Suprise'); expected angry, disgust, fear, happy, sad, surprise,
    neutral. Do: --map 0_sad=sad,Suprise=surprise
    """
    first, *others = dict.fromkeys(unknown)
    more = f" (nor {'is' if len(others) == 1 else 'are'} {', '.join(map(repr, others[:8]))})"
    given = (names or {}).get(folded(first))
    called = "" if given is None else f", which the map calls {given!r},"
    pairs, whose = _proposed([first, *others], space)
    return (
        f"{called} is no label of {space.name}{more if others else ''}; expected "
        f"{', '.join(space.labels)}. Do: --map {shlex.quote(pairs)}{whose}"
    )


def _proposed(unknown: list[str], space: LabelSpace) -> tuple[str, str]:
    """``NAME=LABEL,...`` with ``LABEL`` where nothing is near, and whose codes they are."""
    numbers = [int(name) for name in unknown if re.fullmatch(r"[0-9]{1,2}", name.strip())]
    whose, labels = "", {}
    if len(numbers) == len(unknown):
        source, order = _CODES[min(min(numbers), 1)]
        start = min(min(numbers), 1)
        if start == 0 and max(numbers) == len(order):
            source, order = _EIGHT
        if max(numbers) - start < len(order):
            labels = {str(number): order[number - start] for number in numbers}
            whose = f" if these are the codes of {source}, or else with the right labels"
    pairs: list[str] = []
    for name in sorted(unknown, key=lambda name: (len(name), name)) if numbers else unknown:
        near = labels.get(str(int(name))) if labels else _near(name, space)
        index = None if near is None else class_index(near, space)
        pairs.append(f"{name.strip()}={'LABEL' if index is None else space.labels[index]}")
    if "LABEL" in {pair.rpartition("=")[2] for pair in pairs} and not whose:
        whose = " with a label in place of LABEL"
    return ",".join(pairs), whose


def _near(name: str, space: LabelSpace) -> str | None:
    """The label a name comes near: without numbers and signs around it, or misspelt."""
    words = [word for word in re.split(r"[\W\d_]+", folded(name)) if word]
    for word in words:
        if class_index(word, space) is not None:
            return word
    known = [*space.labels, *(each for same in _SAME for each in same)]
    near = difflib.get_close_matches("".join(words), known, n=1, cutoff=0.75)
    return near[0] if near else None
