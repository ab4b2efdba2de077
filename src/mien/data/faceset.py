"""``FaceSet``: labelled face crops as a struct of arrays."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.core.errors import DataError
from mien.core.labels import LabelSpace, mapping


@dataclass(frozen=True, eq=False)
class FaceSet:
    """N labelled grey crops; indexing keeps all columns together.

    Args:
        images: ``(N, H, W)`` uint8 grey levels.
        labels: ``(N,)`` int64 indices into ``space``.
        splits: ``(N,)`` str, name of the split each row belongs to.
        space: Label space of ``labels``.
        source: Name of the file or folder, for messages.
        votes: ``(N, 10)`` int16 FER+ votes, or None.
        names: ``(N,)`` str, row number or file name of each image, for messages.
        subjects: ``(N,)`` str, who is seen, "" = unknown; or None.
        origins: ``(N,)`` str, name of the auxiliary set that a row was mixed in from, "" = a row
            of the set itself; None = all are. No digest and no label depends on it.
        damaged: Names of pictures that were left out because they are damaged.

    Raises:
        DataError: If columns disagree in length, or a label is outside the space.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    splits: NDArray[np.str_]
    space: LabelSpace
    source: str
    votes: NDArray[np.int16] | None = None
    names: NDArray[np.str_] | None = None
    subjects: NDArray[np.str_] | None = None
    origins: NDArray[np.str_] | None = None
    damaged: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        n = len(self.images)
        if self.images.ndim != 3 or self.images.dtype != np.uint8:
            raise DataError(
                f"{self.source}: images must be uint8 (N, H, W), "
                f"got {self.images.dtype} {self.images.shape}"
            )
        columns: dict[str, Any] = {
            "labels": self.labels, "splits": self.splits, "votes": self.votes, "names": self.names,
            "subjects": self.subjects, "origins": self.origins,
        }  # fmt: skip
        for name, column in columns.items():
            if column is not None and len(column) != n:
                raise DataError(f"{self.source}: {n} images but {len(column)} {name}")
        if self.votes is not None and self.votes.shape != (n, 10):
            raise DataError(f"{self.source}: votes must be ({n}, 10), got {self.votes.shape}")
        if n and (self.labels.min() < 0 or self.labels.max() >= len(self.space)):
            raise DataError(
                f"{self.source}: labels of {self.space.name} run from 0 to {len(self.space) - 1}, "
                f"got {int(self.labels.min())} to {int(self.labels.max())}"
            )

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, rows: slice | NDArray[Any]) -> FaceSet:
        optional: dict[str, Any] = {
            name: column[rows]
            for name in ("votes", "names", "subjects", "origins")
            if (column := getattr(self, name)) is not None
        }
        return replace(
            self,
            images=self.images[rows],
            labels=self.labels[rows],
            splits=self.splits[rows],
            **optional,
        )

    @property
    def split_names(self) -> tuple[str, ...]:
        """Names of the splits, in order of appearance."""
        names, first = np.unique(self.splits, return_index=True)
        return tuple(str(names[i]) for i in np.argsort(first))

    def split(self, name: str) -> FaceSet:
        """Rows of one split; raises ``DataError`` with the known names if it has none."""
        rows = self.splits == name
        if not rows.any():
            known = ", ".join(self.split_names) or "none"
            raise DataError(f"{self.source} has no rows of split {name!r}; it has: {known}")
        return self[rows]

    @property
    def own(self) -> FaceSet:
        """The rows of the set itself, without those that were mixed in."""
        return self if self.origins is None else self[self.origins == ""]

    @property
    def counts(self) -> NDArray[np.int64]:
        """``(K,)`` number of rows per label."""
        return np.bincount(self.labels, minlength=len(self.space))

    @property
    def pixel_hashes(self) -> NDArray[np.bytes_]:
        """``(N,)`` 16-byte digests; equal digests = byte-identical pixels."""
        pixels = (image.tobytes() for image in self.images)
        digests = [hashlib.blake2b(image, digest_size=16).digest() for image in pixels]
        return np.array(digests, dtype="V16")

    @property
    def sha256(self) -> str:
        """Digest over images and labels in order: what a metric was measured on."""
        digest = hashlib.sha256(np.ascontiguousarray(self.images).data)
        digest.update(np.ascontiguousarray(self.labels.astype("<i8")).tobytes())
        return digest.hexdigest()

    def mapped(self, space: LabelSpace) -> FaceSet:
        """The same rows in another label space; rows without a counterpart are dropped.

        Raises:
            LabelError: If no mapping between the two spaces is recorded.
        """
        if self.space == space:
            return self
        labels = mapping(self.space, space).apply(self.labels)
        kept = labels >= 0
        return replace(self[kept], labels=labels[kept], space=space)
