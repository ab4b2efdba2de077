"""Label spaces: ordered names of expressions, and the mappings between them.

Sources: FER2013 order from Goodfellow et al., ICML 2013 workshop; FER+ from Barsoum et al.,
ICMI 2016; the five groups from Agrawal et al., IJCA 184(37), 2022; CK+ from Lucey et al.,
CVPR workshops 2010; AffectNet from Mollahosseini et al., IEEE TAC 10(1), 2019.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mien.core.errors import LabelError, unknown_name


@dataclass(frozen=True)
class LabelSpace:
    """Ordered, unique names of expressions.

    Args:
        name: Name of the space, for messages and cards.
        labels: The names, in the order of the model's outputs.
        note: What a reader must know about the space.

    Raises:
        LabelError: If there are fewer than two labels, or one is empty or repeated.

    >>> fer7.index("happy"), len(fer7)
    (3, 7)
    """

    name: str
    labels: tuple[str, ...]
    note: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "labels", tuple(self.labels))
        if len(self.labels) < 2:
            raise LabelError(
                f"a label space needs two labels or more, {self.name!r} has {len(self.labels)}"
            )
        if len(set(self.labels)) != len(self.labels) or not all(
            label.strip() for label in self.labels
        ):
            raise LabelError(
                f"labels of {self.name!r} must be unique and not empty: {self.labels!r}"
            )

    def __len__(self) -> int:
        return len(self.labels)

    def index(self, label: str) -> int:
        """Position of ``label``; raises ``LabelError`` with the known names."""
        if label not in self.labels:
            raise LabelError(
                f"unknown label {label!r} in {self.name}; known: {', '.join(self.labels)}"
            )
        return self.labels.index(label)


fer7 = LabelSpace("fer7", ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"))
ferplus8 = LabelSpace(
    "ferplus8",
    ("neutral", "happy", "surprise", "sad", "angry", "disgust", "fear", "contempt"),
    note="order of the FER+ vote columns",
)
agrawal5 = LabelSpace(
    "agrawal5",
    ("angry", "anxious", "happy", "neutral", "sad"),
    note="anxious = fear + surprise; disgust is dropped",
)
four = LabelSpace(
    "four",
    ("angry", "happy", "sad", "neutral"),
    note="mien's own choice: the published four-group variant does not name its groups",
)
ck7 = LabelSpace(
    "ck7",
    ("angry", "contempt", "disgust", "fear", "happy", "sad", "surprise"),
    note="CK+ has no neutral",
)
ck8 = LabelSpace(
    "ck8",
    ("neutral", "angry", "contempt", "disgust", "fear", "happy", "sad", "surprise"),
    note="CK+ codes 0 to 7; neutral = first frames of the sequences",
)
affectnet8 = LabelSpace(
    "affectnet8",
    ("neutral", "happy", "sad", "surprise", "fear", "disgust", "angry", "contempt"),
    note="AffectNet codes 0 to 7; none, uncertain and no face are no expressions",
)

_SPACES = {space.name: space for space in (fer7, ferplus8, agrawal5, four, ck7, ck8, affectnet8)}

# Targets as data: source label -> target label, None = rows of this label are dropped.
# A pair of spaces that is not listed here is refused.
_MAPPINGS: dict[tuple[str, str], dict[str, str | None]] = {
    ("fer7", "agrawal5"): {
        "angry": "angry", "disgust": None, "fear": "anxious", "happy": "happy",
        "sad": "sad", "surprise": "anxious", "neutral": "neutral",
    },
    ("fer7", "four"): {
        "angry": "angry", "disgust": None, "fear": None, "happy": "happy",
        "sad": "sad", "surprise": None, "neutral": "neutral",
    },
    ("ferplus8", "fer7"): {
        "neutral": "neutral", "happy": "happy", "surprise": "surprise", "sad": "sad",
        "angry": "angry", "disgust": "disgust", "fear": "fear", "contempt": None,
    },
    ("ck7", "fer7"): {
        "angry": "angry", "contempt": None, "disgust": "disgust", "fear": "fear",
        "happy": "happy", "sad": "sad", "surprise": "surprise",
    },
    ("ck7", "ferplus8"): {label: label for label in ck7.labels},
    ("fer7", "ferplus8"): {label: label for label in fer7.labels},
    **{
        (space.name, "fer7"): {
            label: None if label == "contempt" else label for label in space.labels
        }
        for space in (ck8, affectnet8)
    },
    **{
        (space.name, "ferplus8"): {label: label for label in space.labels}
        for space in (ck8, affectnet8)
    },
}  # fmt: skip


def _by_way_of_fer7(source: LabelSpace, target: LabelSpace) -> dict[str, str | None]:
    first, then = _MAPPINGS[source.name, "fer7"], _MAPPINGS["fer7", target.name]
    return {label: None if to is None else then[to] for label, to in first.items()}


# Auxiliary sets reach the groupings of FER2013's labels by the two recorded steps.
_MAPPINGS.update(
    {
        (source.name, target.name): _by_way_of_fer7(source, target)
        for source in (ck7, ck8, affectnet8, ferplus8)
        for target in (agrawal5, four)
    }
)


def label_space(name: str) -> LabelSpace:
    """The built-in space called ``name``; raises ``UnknownNameError`` otherwise."""
    if name not in _SPACES:
        raise unknown_name("label space", name, _SPACES)
    return _SPACES[name]


def label_spaces() -> tuple[str, ...]:
    """Names of the built-in spaces."""
    return tuple(_SPACES)


@dataclass(frozen=True)
class LabelMapping:
    """A total function from one label space into another, or "dropped".

    Args:
        source: Space of the given labels.
        target: Space of the answers.
        table: ``(K,)`` int64, target index per source index, -1 = dropped.
    """

    source: LabelSpace
    target: LabelSpace
    table: NDArray[np.int64]

    def apply(self, labels: NDArray[np.int64]) -> NDArray[np.int64]:
        """Map ``(N,)`` source indices to target indices; -1 marks a dropped row.

        Raises:
            LabelError: If an index is no whole number, or outside the source space.
        """
        if labels.dtype.kind not in "iu":
            raise LabelError(f"label indices must be whole numbers, got {labels.dtype}")
        if labels.size and (labels.min() < 0 or labels.max() >= len(self.source)):
            raise LabelError(
                f"label indices of {self.source.name} run from 0 to {len(self.source) - 1}, "
                f"got {int(labels.min())} to {int(labels.max())}"
            )
        return self.table[labels]


def mapping(source: LabelSpace, target: LabelSpace) -> LabelMapping:
    """The recorded mapping between two spaces (identity for equal ones).

    Raises:
        LabelError: If no mapping is recorded; nothing is guessed from names.

    >>> mapping(fer7, agrawal5).apply(np.array([2, 5, 1])).tolist()
    [1, 1, -1]
    """
    if source.labels == target.labels:
        return LabelMapping(source, target, np.arange(len(source), dtype=np.int64))
    names = _MAPPINGS.get((source.name, target.name))
    if names is None or tuple(sorted(names)) != tuple(sorted(source.labels)):
        known = ", ".join(f"{a} -> {b}" for a, b in _MAPPINGS)
        raise LabelError(
            f"no mapping from {source.name} to {target.name}: some labels have no counterpart. "
            f"Recorded mappings: {known}"
        )
    table = [-1 if (to := names[label]) is None else target.index(to) for label in source.labels]
    return LabelMapping(source, target, np.array(table, dtype=np.int64))
