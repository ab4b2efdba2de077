"""What a fusion is worth against the better of its members."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien import metrics
from mien.data.faceset import FaceSet
from mien.study.scores import right_rows
from mien.train import TrainConfig


@dataclass(frozen=True)
class Better:
    """The member that fusions are compared with, and how it was chosen.

    Args:
        name: Its name.
        chosen_on: The rows, in words.
        accuracies: Of every member there.
    """

    name: str
    chosen_on: str
    accuracies: Mapping[str, float]

    def as_dict(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)


def better_member(
    answers: Mapping[str, NDArray[np.float64]], left: FaceSet, config: TrainConfig
) -> Better:
    """The member with the most right answers on rows that no member saw and no score is of.

    Args:
        answers: Log-probabilities ``(N, K)`` of each member; of equals, the first is taken.
        left: The N held-out rows.
        config: What held them out.
    """
    right = {name: float((z.argmax(axis=1) == left.labels).mean()) for name, z in answers.items()}
    rows = f"the {len(left)} held-out rows ({config.held_out:g} of Training)"
    return Better(max(right, key=lambda name: right[name]), rows, right)


def gains(
    scored: Mapping[str, Mapping[str, Any]],
    members: Sequence[str],
    fused: Sequence[str],
    better: Better | None,
) -> dict[str, dict[str, Any]]:
    """Every fusion against the better member on the same rows.

    Args:
        scored: Figures of members and fusions on one set.
        members: Names of the members.
        fused: Names of the fusions.
        better: The member, where rows other than these chose it; None = the better one on these
            rows themselves, which favours the member.
    """
    if better is None:
        name = max(members, key=lambda name: scored[name]["accuracy"])
        chosen_on = "the scored rows themselves"
    else:
        name, chosen_on = better.name, better.chosen_on
    against = right_rows(dict(scored[name]))
    told = {"against": name, "chosen_on": chosen_on}
    return {each: {**told, **compared(right_rows(dict(scored[each])), against)} for each in fused}


def compared(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> dict[str, Any]:
    """Points between two accuracies on the same rows, their 95 % interval and McNemar's p."""
    pair = metrics.compare(first, second)
    return {
        "points": 100 * pair.difference,
        "ci95": [100 * end for end in pair.interval],
        "p_value": pair.p_value,
    }
