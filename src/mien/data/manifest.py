"""What a data set consists of: counts, hashes, twins, and how it differs from the official one."""

from __future__ import annotations

import itertools
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from mien.core.errors import LabelError
from mien.core.labels import fer7, ferplus8, mapping
from mien.core.splits import TRAINING
from mien.data.faceset import FaceSet
from mien.data.readers.fer2013 import KNOWN_COUNTS, SIDE
from mien.data.readers.folders import named_like_fer2013
from mien.data.select.subsets import Twins, class_weights, held_out, twins

# Majority votes agree with 63 % of FER2013's labels in the right order and with 18 % in a shuffled
# one (measured on Training and PublicTest).
_AGREEMENT = 0.4
_ENOUGH_ROWS = 100


@dataclass(frozen=True)
class SplitRecord:
    """One split.

    Args:
        name: Name of the split.
        rows: Number of rows.
        counts: Rows per label, every label of the space included.
        sha256: ``FaceSet.sha256`` of the split: pixels and labels in order.
        surplus: Rows whose pixels an earlier row of the split has already.
        conflicting: Groups of identical pixels in the split that have more than one label.
    """

    name: str
    rows: int
    counts: dict[str, int]
    sha256: str
    surplus: int
    conflicting: int


@dataclass(frozen=True)
class Overlap:
    """Identical pixels in two splits.

    Args:
        split: The split whose rows are counted.
        other: The split they are found in.
        rows: Rows of ``split`` with a byte-identical image in ``other``.
        contradicted: Those of them with a label that no such image in ``other`` has.
    """

    split: str
    other: str
    rows: int
    contradicted: int


@dataclass(frozen=True)
class TwinGroup:
    """Rows with identical pixels, in order, and whether they have more than one label."""

    names: tuple[str, ...]
    splits: tuple[str, ...]
    labels: tuple[str, ...]
    conflicting: bool


@dataclass(frozen=True)
class Manifest:
    """A data set in figures; ``as_dict`` is ready for JSON.

    Args:
        source: Name of the file or folder.
        space: Name of the label space.
        labels: Its labels in order.
        height: Pixels per column of an image.
        width: Pixels per row of an image.
        rows: Number of rows.
        sha256: Digest over all rows in order.
        has_votes: FER+ votes are joined.
        subjects: Number of people, None = unknown.
        damaged: Names of pictures that were left out because they are damaged.
        splits: One record per split, in order of appearance.
        overlaps: One record per ordered pair of splits that share images.
        twins: All groups of identical images, within and across splits.
        class_weights: Weight of each label by split, where each label of the split has rows.
        held_out_rows: Rows of the held-out tenth of Training; None = there is no Training.
        warnings: What a reader of the figures must know; never a reason to refuse the data.
    """

    source: str
    space: str
    labels: tuple[str, ...]
    height: int
    width: int
    rows: int
    sha256: str
    has_votes: bool
    subjects: int | None
    damaged: tuple[str, ...]
    splits: tuple[SplitRecord, ...]
    overlaps: tuple[Overlap, ...]
    twins: tuple[TwinGroup, ...]
    class_weights: dict[str, dict[str, float]]
    held_out_rows: int | None
    warnings: tuple[str, ...]

    @classmethod
    def of(cls, faces: FaceSet) -> Manifest:
        """Count, hash and compare all rows of ``faces``."""
        found = twins(faces)
        splits = [faces.split(name) for name in faces.split_names]
        training = TRAINING in faces.split_names
        return cls(
            source=faces.source,
            space=faces.space.name,
            labels=faces.space.labels,
            height=faces.images.shape[1],
            width=faces.images.shape[2],
            rows=len(faces),
            sha256=faces.sha256,
            has_votes=faces.votes is not None,
            subjects=None if faces.subjects is None else len(set(faces.subjects) - {""}),
            damaged=faces.damaged,
            splits=tuple(map(_record, splits)),
            overlaps=tuple(_overlaps(faces, found)),
            twins=tuple(_group(faces, rows) for rows in found.groups),
            class_weights={
                str(split.splits[0]): dict(
                    zip(split.space.labels, class_weights(split).round(4).tolist(), strict=True)
                )
                for split in splits
                if split.counts.all()
            },
            held_out_rows=int(held_out(faces.split(TRAINING)).sum()) if training else None,
            warnings=count_warnings(faces) + vote_warnings(faces),
        )

    def as_dict(self) -> dict[str, Any]:
        """Plain dictionaries, lists, strings and numbers."""
        return asdict(self)

    def summary(self) -> dict[str, Any]:
        """``as_dict`` with the numbers of groups in place of the groups."""
        summary, groups = self.as_dict(), len(self.twins)
        del summary["twins"]
        conflicting = sum(group.conflicting for group in self.twins)
        return {**summary, "twin_groups": groups, "conflicting_groups": conflicting}


def count_warnings(faces: FaceSet) -> tuple[str, ...]:
    """Differences from the official FER2013 counts, one line per split, and labels without rows.

    Copies in circulation differ by a few rows, so this is for the reader to judge. Compared are
    tables, and pictures that are called like those of FER2013's copies in folders.
    """
    found: list[str] = []
    official = faces.space.labels == fer7.labels and faces.images.shape[1:] == (SIDE, SIDE)
    official = official and _named_officially(faces)
    for name in faces.split_names:
        counts = faces.split(name).counts.tolist()
        known = KNOWN_COUNTS.get(name) if official else None
        columns = list(zip(faces.space.labels, counts, known or counts, strict=True))
        other = [f"{label} {n} (official {k})" for label, n, k in columns if n != k]
        if other:
            found.append(f"{name} differs from the official FER2013 counts: {', '.join(other)}")
        empty = [label for label, n, _ in columns if n == 0]
        if empty:
            found.append(f"{name} has no rows of {', '.join(empty)}")
    return tuple(found)


def _named_officially(faces: FaceSet) -> bool:
    """Whether rows have numbers or no names, as those of tables, or names of FER2013's pictures."""
    if faces.names is None or not len(faces):
        return True
    names = faces.names.tolist()
    return "/" not in names[0] or named_like_fer2013(n.rpartition("/")[2] for n in names)


def vote_warnings(faces: FaceSet) -> tuple[str, ...]:
    """Splits whose FER+ votes contradict the labels so often that the order must be another."""
    if faces.votes is None:
        return ()
    # By way of FER2013's labels, as the labels themselves came: -1 where there is no counterpart.
    try:
        to_fer7, further = mapping(ferplus8, fer7).table, mapping(fer7, faces.space).table
    except LabelError:
        return ()
    majority = np.append(further, -1)[to_fer7[faces.votes[:, : len(ferplus8)].argmax(axis=1)]]
    found: list[str] = []
    voted = faces.votes.sum(axis=1) > 0  # rows mixed in from elsewhere have no votes
    for name in faces.split_names:
        rows = (faces.splits == name) & voted & (majority >= 0)
        if rows.sum() < _ENOUGH_ROWS:
            continue
        agreement = float((majority[rows] == faces.labels[rows]).mean())
        if agreement < _AGREEMENT:
            found.append(
                f"the FER+ votes agree with only {agreement:.0%} of the labels of {name} "
                "(about 63% in the right order): do both files list the images in the same order?"
            )
    return tuple(found)


def _record(split: FaceSet) -> SplitRecord:
    found = twins(split)
    return SplitRecord(
        name=str(split.splits[0]),
        rows=len(split),
        counts=dict(zip(split.space.labels, split.counts.tolist(), strict=True)),
        sha256=split.sha256,
        surplus=found.surplus,
        conflicting=len(found.conflicting),
    )


def _overlaps(faces: FaceSet, found: Twins) -> list[Overlap]:
    tally: dict[tuple[str, str], list[int]] = {}
    for group in found.groups:
        labels: dict[str, list[int]] = {}
        for row in group:
            labels.setdefault(str(faces.splits[row]), []).append(int(faces.labels[row]))
        for split, other in itertools.permutations(labels, 2):
            counts = tally.setdefault((split, other), [0, 0])
            counts[0] += len(labels[split])
            counts[1] += sum(label not in labels[other] for label in labels[split])
    order = faces.split_names
    pairs = sorted(tally, key=lambda pair: (order.index(pair[0]), order.index(pair[1])))
    return [Overlap(*pair, *tally[pair]) for pair in pairs]


def _group(faces: FaceSet, rows: tuple[int, ...]) -> TwinGroup:
    index = np.array(rows)
    names = faces.names[index].tolist() if faces.names is not None else [f"row {i}" for i in rows]
    return TwinGroup(
        names=tuple(names),
        splits=tuple(faces.splits[index].tolist()),
        labels=tuple(faces.space.labels[label] for label in faces.labels[index]),
        conflicting=len(set(faces.labels[index])) > 1,
    )
