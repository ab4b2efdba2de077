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
from mien.core.splits import FER2013_SPLITS
from mien.data.faceset import FaceSet
from mien.data.tables import header_columns, numbered_rows, open_table

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
    rows = numbered_rows(lines, source)
    _, header = next(rows, (1, [""]))
    at = header_columns(header)
    missing = [name for name in ("Usage", *VOTE_COLUMNS) if name.lower() not in at]
    if missing:
        raise DataError(f"{source}: no column {', '.join(missing)}; is this the FER+ table?")
    columns = [at[name.lower()] for name in VOTE_COLUMNS]
    counts: list[list[int]] = []
    splits: list[str] = []
    for number, row in rows:
        where = f"{source}, row {number}"
        if len(row) != len(header):
            raise DataError(
                f"{where}: expected {len(header)} columns, got {len(row)}; is the file cut off?"
            )
        usage = row[at["usage"]].strip()
        if usage not in FER2013_SPLITS:
            raise DataError(
                f"{where}: Usage must be one of {', '.join(FER2013_SPLITS)}, got {usage[:20]!r}"
            )
        counts.append([_vote(row[column], where) for column in columns])
        splits.append(usage)
    if not counts:
        raise DataError(f"{source}: no rows below the header")
    return Votes(np.array(counts, dtype=np.int16), np.array(splits))


def _vote(text: str, where: str) -> int:
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
