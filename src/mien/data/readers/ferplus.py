"""FER+ votes (Barsoum et al., ICMI 2016): ten raters per FER2013 image.

The table names no FER2013 row. It lists the images in FER2013's order within each Usage, so
votes are joined by position within the Usage, and counts must agree.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mien.core.errors import DataError
from mien.core.labels import ferplus8
from mien.data.faceset import FaceSet
from mien.data.readers.fer2013 import usage_of
from mien.data.readers.tables import header_columns, open_table, table_rows

VOTE_COLUMNS = (
    "neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt",
    "unknown", "NF",
)  # fmt: skip
"""Columns of the table; the first eight are ``ferplus8``, NF = not a face."""

_VOTES = {str(count): count for count in range(11)}


@dataclass(frozen=True, eq=False)
class Votes:
    """Votes of one table: ``counts`` (N, 10) int16 and ``splits`` (N,) str."""

    counts: NDArray[np.int16]
    splits: NDArray[np.str_]


def parse_ferplus(lines: Iterable[str], source: str = "fer2013new") -> Votes:
    """Parse the FER+ table (columns ``Usage``, ``Image name`` and the ten votes).

    Raises:
        DataError: With source, row and reason.
    """
    header, rows = table_rows(lines, source, ("Usage", *VOTE_COLUMNS))
    at = header_columns(header)
    columns = [at[name.lower()] for name in VOTE_COLUMNS]
    counts: list[list[int]] = []
    splits: list[str] = []
    for where, row in rows:
        splits.append(usage_of(row[at["usage"]], where))
        counts.append([vote_of(row[column], where) for column in columns])
    if not counts:
        raise DataError(f"{source}: no rows below the header")
    return Votes(np.array(counts, dtype=np.int16), np.array(splits))


def vote_of(text: str, where: str) -> int:
    """How many raters; raises ``DataError`` unless it is a whole number from 0 to 10."""
    vote = _VOTES.get(text.strip())
    if vote is None:
        raise DataError(f"{where}: votes must be whole numbers from 0 to 10, got {text[:20]!r}")
    return vote


def load_ferplus(path: Path) -> Votes:
    """Read a FER+ table; raises ``DataError`` as ``parse_ferplus`` does."""
    with open_table(path) as lines:
        return parse_ferplus(lines, source=path.name)


def with_votes(faces: FaceSet, votes: Votes) -> FaceSet:
    """Join votes to FER2013 rows by position within each Usage.

    Raises:
        DataError: If a split of ``faces`` has another number of rows in the votes.
    """
    counts = np.zeros((len(faces), len(VOTE_COLUMNS)), dtype=np.int16)
    for usage in faces.split_names:
        rows, given = faces.splits == usage, votes.splits == usage
        if rows.sum() != given.sum():
            raise DataError(
                f"{faces.source} has {rows.sum()} rows of {usage}, the votes have {given.sum()}; "
                "they are joined by order, so both must come from the same release"
            )
        counts[rows] = votes.counts[given]
    return replace(faces, votes=counts)


def vote_targets(votes: NDArray[np.int16]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Soft targets over ``ferplus8`` and a weight per row.

    Args:
        votes: ``(N, 10)`` counts.

    Returns:
        ``(N, 8)`` float32 distributions (uniform where nobody named an expression) and ``(N,)``
        float32 weights: the fraction of raters who named one of the eight. Votes that stand alone
        are kept: dropping them is part of Barsoum's *majority* protocol, not of his loss.
    """
    named = votes[:, : len(ferplus8)].astype(np.float32)
    total = named.sum(axis=1, keepdims=True)
    targets = np.where(total > 0, named / np.maximum(total, 1), 1 / len(ferplus8))
    raters = np.maximum(votes.sum(axis=1), 1)
    return targets.astype(np.float32), (total[:, 0] / raters).astype(np.float32)
