"""Held-out tenth, twins, balancing: which rows are used for what."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mien.core.errors import DataError
from mien.data.faceset import FaceSet


@dataclass(frozen=True)
class Twins:
    """Byte-identical images.

    Args:
        groups: Row indices of each group of two or more equal images.
        conflicting: Indices into ``groups`` whose rows do not all have the same label.
    """

    groups: tuple[tuple[int, ...], ...]
    conflicting: tuple[int, ...]

    @property
    def surplus(self) -> int:
        """Rows beyond the first of each group."""
        return sum(len(group) - 1 for group in self.groups)


def _codes(faces: FaceSet) -> NDArray[np.int64]:
    """``(N,)`` a number per distinct image, numbered by first appearance."""
    _, first, inverse = np.unique(faces.pixel_hashes, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[inverse]


def twins(faces: FaceSet) -> Twins:
    """Find byte-identical images, across all splits of ``faces``."""
    codes = _codes(faces)
    repeated = np.flatnonzero(np.bincount(codes, minlength=1) > 1)
    order = np.argsort(codes, kind="stable")
    bounds = np.searchsorted(codes[order], [repeated, repeated + 1])
    groups = tuple(tuple(order[a:b].tolist()) for a, b in bounds.T)
    mixed = (i for i, group in enumerate(groups) if len(set(faces.labels[list(group)])) > 1)
    return Twins(groups, tuple(mixed))


def in_common(faces: FaceSet, other: FaceSet) -> NDArray[np.bool_]:
    """``(N,)`` True where a row of ``faces`` has a byte-identical image in ``other``."""
    return np.isin(faces.pixel_hashes, other.pixel_hashes)


def held_out(faces: FaceSet, fraction: float = 0.1, seed: int = 0) -> NDArray[np.bool_]:
    """Mark a fixed share of rows, keeping people and byte-identical images on one side.

    The choice depends on the pixels, the people and the seed only, not on the order of the rows. Of
    a mixture it is made among the rows of the main set, so that the same images are held out with
    and without auxiliary sets; any other twin of a held-out image is held out with it.

    Args:
        faces: Rows to choose from.
        fraction: Share to mark, in (0, 1): of the people, where they are known, and of the distinct
            images of everybody else.
        seed: Which share.

    Returns:
        ``(N,)`` bool, True = held out.

    Raises:
        DataError: If ``fraction`` is outside (0, 1).
    """
    if not 0 < fraction < 1:
        raise DataError(f"the held-out fraction must lie between 0 and 1, got {fraction}")
    own = faces.own
    pixels = own.pixel_hashes
    groups = pixels if own.subjects is None else kept_together(own)
    unique = np.unique(groups)
    chosen = np.random.default_rng(seed).permutation(len(unique)) < round(fraction * len(unique))
    return np.isin(faces.pixel_hashes, pixels[np.isin(groups, unique[chosen])])


def kept_together(faces: FaceSet) -> NDArray[np.str_]:
    """``(N,)`` what must stay on one side of a split: a person, or pixels of somebody unknown."""
    pixels = np.array([f"pixels {code.tobytes().hex()}" for code in faces.pixel_hashes])
    if faces.subjects is None:
        return pixels
    people = np.char.add("person ", faces.subjects)
    return np.where(faces.subjects == "", pixels, people)


def without_conflicts(faces: FaceSet) -> FaceSet:
    """Drop every group of identical images whose labels contradict one another."""
    found = twins(faces)
    rows = [row for i in found.conflicting for row in found.groups[i]]
    if not rows:
        return faces
    keep = np.ones(len(faces), dtype=bool)
    keep[rows] = False
    return faces[keep]


def deduplicated(faces: FaceSet) -> FaceSet:
    """Keep the first of each group of byte-identical images."""
    _, first = np.unique(_codes(faces), return_index=True)
    return faces[np.sort(first)]


def balanced(faces: FaceSet, per_class: int | None = None, seed: int = 0) -> FaceSet:
    """Draw the same number of rows of every label, in their original order.

    Args:
        faces: Rows to draw from.
        per_class: Rows per label; None = as many as the rarest label has (undersampling).
        seed: Which rows.

    Raises:
        DataError: If a label has no row or fewer than asked for; nothing is drawn twice.
    """
    counts = faces.counts
    if (counts == 0).any():
        raise DataError(
            f"{faces.source}: no rows of {_empty(faces)}, so no label can have as many; "
            "leave undersample (--undersample, --per-class) out, or choose other labels"
        )
    wanted = int(counts.min()) if per_class is None else per_class
    if wanted < 1 or wanted > counts.min():
        rare = faces.space.labels[int(counts.argmin())]
        raise DataError(
            f"{faces.source}: asked for {wanted} rows per class, but {rare} has {counts.min()}; "
            f"ask for 1 to {counts.min()}"
        )
    rng = np.random.default_rng(seed)
    drawn = [
        rng.permutation(np.flatnonzero(faces.labels == label))[:wanted]
        for label in range(len(faces.space))
    ]
    return faces[np.sort(np.concatenate(drawn))]


def capped(faces: FaceSet, most: int, seed: int = 0) -> FaceSet:
    """At most ``most`` rows of every label, in their original order; rarer labels keep all.

    Args:
        faces: Rows to draw from.
        most: Rows per label that are kept at most, from 1.
        seed: Which rows.
    """
    order = np.random.default_rng(seed).permutation(len(faces))
    drawn = [order[faces.labels[order] == label][:most] for label in range(len(faces.space))]
    return faces[np.sort(np.concatenate(drawn))]


def class_weights(faces: FaceSet) -> NDArray[np.float32]:
    """``(K,)`` weights inverse to the label counts, mean 1 over the rows (King and Zeng, 2001).

    Raises:
        DataError: If a label has no row.
    """
    counts = faces.counts
    if (counts == 0).any():
        raise DataError(
            f"{faces.source}: no rows of {_empty(faces)}, so class weights are undefined; set "
            'class_weights = "none", or choose other labels'
        )
    return (len(faces) / (len(counts) * counts)).astype(np.float32)


def _empty(faces: FaceSet) -> str:
    return ", ".join(faces.space.labels[i] for i in np.flatnonzero(faces.counts == 0))
