"""Two networks on the same samples: what a fusion is worth against the better of its members."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from mien import metrics
from mien.data.faceset import FaceSet
from mien.study.result import Better, Gain, SetScores
from mien.train import TrainConfig


def better_member(
    answers: Mapping[str, NDArray[np.float64]], left: FaceSet, config: TrainConfig
) -> Better:
    """The member with the most right answers on samples that no member saw and no score is of.

    Args:
        answers: Log-probabilities ``(N, K)`` of each member; of equals, the first is taken.
        left: The N held-out samples.
        config: What held them out.
    """
    right = {name: float((z.argmax(axis=1) == left.labels).mean()) for name, z in answers.items()}
    rows = f"the {len(left)} held-out rows ({config.held_out:g} of Training)"
    return Better(max(right, key=lambda name: right[name]), rows, right)


def gains(
    scored: Mapping[str, SetScores], members: Sequence[str], better: Better | None
) -> dict[str, Gain]:
    """Every fusion against the better member on the same samples.

    Args:
        scored: Figures of members and fusions on one set.
        members: Names of the members; all others are fusions.
        better: The member, where samples other than these chose it; None = the better one on these
            samples themselves, which favours the member.
    """
    if better is None:
        name = max(members, key=lambda name: scored[name].accuracy)
        chosen_on = "the scored rows themselves"
    else:
        name, chosen_on = better.name, better.chosen_on
    return {
        fusion: compared(found, scored[name], name, chosen_on)
        for fusion, found in scored.items()
        if fusion not in members
    }


def compared(first: SetScores, second: SetScores, against: str, chosen_on: str = "") -> Gain:
    """What the first is worth against the second, of the name ``against``."""
    pair = metrics.compare(first.right_rows, second.right_rows)
    low, high = pair.interval
    return Gain(against, chosen_on, 100 * pair.difference, (100 * low, 100 * high), pair.p_value)
