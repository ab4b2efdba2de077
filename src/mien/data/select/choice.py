"""Which rows of a data set are wanted, in the words of ``mien data convert``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mien.data.faceset import FaceSet
from mien.data.select.subsets import balanced, deduplicated, without_conflicts


@dataclass(frozen=True)
class Choice:
    """Which rows of a data set are written; the parts apply in this order.

    Args:
        splits: Names of splits; none = all.
        drop_conflicts: Without identical images that have different labels.
        drop_duplicates: The first of identical images only.
        per_class: So many rows per label are drawn; 0 = as many as the rarest has; None = all.
        seed: Which rows are drawn.
    """

    splits: Sequence[str] = ()
    drop_conflicts: bool = False
    drop_duplicates: bool = False
    per_class: int | None = None
    seed: int = 0

    def of(self, faces: FaceSet) -> FaceSet:
        """The chosen rows.

        Raises:
            DataError: If there is no such split, or a label is too rare.
        """
        if self.splits:
            chosen = [str(faces.split(name).splits[0]) for name in self.splits]
            faces = faces[np.isin(faces.splits, chosen)]
        if self.drop_conflicts:
            faces = without_conflicts(faces)
        if self.drop_duplicates:
            faces = deduplicated(faces)
        return (
            faces if self.per_class is None else balanced(faces, self.per_class or None, self.seed)
        )
