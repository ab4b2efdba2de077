"""Auxiliary sets mixed into a main one, so that nothing of them reaches its scored rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.core.errors import DataError
from mien.core.labels import LabelSpace, mapping
from mien.core.splits import TRAINING, WHOLE
from mien.data.faceset import FaceSet
from mien.data.readers.ferplus import VOTE_COLUMNS
from mien.data.select.subsets import in_common


@dataclass(frozen=True)
class Part:
    """What became of one set.

    Args:
        source: Name of the set, unique in the mixture.
        rows: Rows of it in the mixture.
        unmapped: Rows left out by label: no counterpart in the label space.
        other_splits: Rows left out by split: not meant for training.
        twins: Names of the rows left out because a scored row has the same pixels.
    """

    source: str
    rows: int
    unmapped: dict[str, int]
    other_splits: dict[str, int]
    twins: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Mixture:
    """The rows of all sets, and what became of each set; the main one comes first."""

    faces: FaceSet
    parts: tuple[Part, ...]


def mixed(sets: Sequence[FaceSet], labels: LabelSpace) -> Mixture:
    """Mix auxiliary sets into the first one.

    Rows of an auxiliary set come from its Training split, or from a set without splits, and count
    as Training. Those whose pixels are also in a row that is scored (any other split) are left
    out. Rows of a set without FER+ votes have ten zeros, which training weighs with 0. The names
    of auxiliary rows begin with the name of their set, which ``origins`` repeats, and so do
    their subjects.

    Only byte-identical pictures are found: two crops of one photo are not.

    Args:
        sets: The main set, then the auxiliary ones, with faces of one size.
        labels: Label space of the mixture; all sets are mapped into it.

    Raises:
        DataError: If there is no set, sizes differ, or an auxiliary set is left with no row.
        LabelError: If no mapping into ``labels`` is recorded.
    """
    if not sets:
        raise DataError("expected one set or more to mix")
    names = _unique([faces.source for faces in sets])
    main, unmapped = _mapped(sets[0], labels)
    scored = main[main.splits != TRAINING]
    chosen, parts = [main], [Part(names[0], len(main), unmapped, {}, ())]
    for name, faces in zip(names[1:], sets[1:], strict=True):
        if faces.images.shape[1:] != main.images.shape[1:]:
            raise DataError(
                f"{name} has faces of {faces.images.shape[1:]} pixels, {names[0]} of "
                f"{main.images.shape[1:]}; read both with one side"
            )
        rows, part = _auxiliary(faces, name, labels, scored)
        chosen.append(rows)
        parts.append(part)
    return Mixture(_stacked(chosen, names), tuple(parts))


def _unique(names: list[str]) -> list[str]:
    """The names, with a number behind each that was there before."""
    return [
        name if names.index(name) == place else f"{name} ({names[: place + 1].count(name)})"
        for place, name in enumerate(names)
    ]


def _mapped(faces: FaceSet, labels: LabelSpace) -> tuple[FaceSet, dict[str, int]]:
    lost = mapping(faces.space, labels).table < 0
    counts = zip(faces.space.labels, faces.counts.tolist(), lost.tolist(), strict=True)
    return faces.mapped(labels), {label: n for label, n, gone in counts if gone and n}


def _auxiliary(
    faces: FaceSet, name: str, labels: LabelSpace, scored: FaceSet
) -> tuple[FaceSet, Part]:
    rows, unmapped = _mapped(faces, labels)
    for_training = np.isin(rows.splits, (TRAINING, WHOLE))
    other = rows[~for_training]
    left = {split: int((other.splits == split).sum()) for split in other.split_names}
    rows = rows[for_training]
    named = np.array([f"{name}: {row}" for row in _names(rows)], dtype=np.str_)
    same = in_common(rows, scored)
    if same.all():
        raise DataError(
            f"{name}: no row is left to train on ({int(same.sum())} are scored elsewhere, "
            f"{sum(unmapped.values())} have no label, {sum(left.values())} are of other splits)"
        )
    rows = replace(
        rows,
        splits=np.full(len(rows), TRAINING),
        names=named,
        origins=np.full(len(rows), name),
        subjects=_prefixed(name, rows.subjects),
    )[~same]
    return rows, Part(name, len(rows), unmapped, left, tuple(named[same].tolist()))


def _prefixed(name: str, subjects: NDArray[np.str_] | None) -> NDArray[np.str_] | None:
    """Two sets may call two people S001."""
    if subjects is None:
        return None
    return np.array([f"{name}/{who}" if who else "" for who in subjects], dtype=np.str_)


def _names(faces: FaceSet) -> list[str]:
    if faces.names is not None:
        return faces.names.tolist()
    return [f"row {row}" for row in range(len(faces))]


def _stacked(sets: list[FaceSet], names: list[str]) -> FaceSet:
    """All rows; a column that a set lacks is filled with what means "none"."""

    def column(name: str, empty: NDArray[Any]) -> NDArray[Any] | None:
        given = [getattr(faces, name) for faces in sets]
        if all(one is None for one in given):
            return None
        pairs = zip(given, sets, strict=True)
        return np.concatenate(
            [np.repeat(empty, len(faces), axis=0) if one is None else one for one, faces in pairs]
        )

    nothing, no_votes = np.array([""]), np.zeros((1, len(VOTE_COLUMNS)), np.int16)
    return FaceSet(
        images=np.concatenate([faces.images for faces in sets]),
        labels=np.concatenate([faces.labels for faces in sets]),
        splits=np.concatenate([faces.splits for faces in sets]),
        space=sets[0].space,
        source=" + ".join(names),
        votes=column("votes", no_votes),
        names=np.concatenate([np.array(_names(faces), dtype=np.str_) for faces in sets]),
        subjects=column("subjects", nothing),
        origins=column("origins", nothing),
        damaged=tuple(name for faces in sets for name in faces.damaged),
    )
