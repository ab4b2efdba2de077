"""Smoothing: still probabilities, the same at any frame rate, and labels that do not flicker."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien.core.errors import InputError
from mien.core.labels import fer7, four
from mien.core.scores import Scores
from mien.core.smoothing import Smoothed, Smoother


def scores_of(*rows: list[float], threshold: float = 0.0) -> Scores:
    """Faces over ``four``."""
    return Scores(np.array(rows, np.float32).reshape(-1, 4), four, threshold)


ANGRY, HAPPY = [0.7, 0.1, 0.1, 0.1], [0.1, 0.7, 0.1, 0.1]
TRACK = np.array([3])

answers = st.lists(st.floats(0.01, 1), min_size=4, max_size=4).map(
    lambda row: [value / sum(row) for value in row]
)


@given(st.lists(answers, min_size=1, max_size=20), st.floats(0.001, 0.5), st.floats(0, 2))
def test_what_comes_out_lies_between_what_went_in(rows: list, step: float, tau: float) -> None:
    smoother = Smoother(tau)
    for at, row in enumerate(rows):
        found = smoother.update(scores_of(row), TRACK, at * step).scores.probabilities[0]
        seen = np.array(rows[: at + 1])
        assert (found >= seen.min(axis=0) - 1e-6).all()
        assert (found <= seen.max(axis=0) + 1e-6).all()


@pytest.mark.parametrize("rate", [10, 30, 60])
def test_after_the_time_constant_a_change_is_seen_to_63_percent(rate: int) -> None:
    smoother = Smoother(0.5)
    times = [at / rate for at in range(rate + 1)]
    smoother.update(scores_of(ANGRY), TRACK, -1 / rate)
    found = {
        t: smoother.update(scores_of(HAPPY), TRACK, t).scores.probabilities[0, 1] for t in times
    }
    # The change began with the frame at 0, one frame after the last angry one.
    for t, value in found.items():
        assert value == pytest.approx(0.7 - 0.6 * np.exp(-(t + 1 / rate) / 0.5), abs=1e-5)


def test_a_gap_weighs_as_much_as_the_frames_it_replaces() -> None:
    often, once = Smoother(0.3), Smoother(0.3)
    for smoother in (often, once):
        smoother.update(scores_of(ANGRY), TRACK, 0.0)
    for at in range(1, 10):
        often.update(scores_of(HAPPY), TRACK, at / 10)
    one = often.update(scores_of(HAPPY), TRACK, 1.0)
    two = once.update(scores_of(HAPPY), TRACK, 1.0)
    np.testing.assert_allclose(one.scores.probabilities, two.scores.probabilities, atol=1e-6)


def test_a_label_changes_only_with_a_lead() -> None:
    smoother = Smoother(1e-6)
    near = [[0.43, 0.37, 0.1, 0.1], [0.37, 0.43, 0.1, 0.1]]
    shown = [smoother.update(scores_of(near[at % 2]), TRACK, at / 10).labels[0] for at in range(6)]
    assert shown == ["angry"] * 6
    assert smoother.update(scores_of(HAPPY), TRACK, 1.0).labels == ("happy",)
    assert smoother.update(scores_of(near[0]), TRACK, 1.1).labels == ("happy",)


def test_without_a_time_constant_every_frame_stands_alone() -> None:
    smoother = Smoother(0.0)
    smoother.update(scores_of(ANGRY), TRACK, 0.0)
    found = smoother.update(scores_of([0.3, 0.31, 0.2, 0.19]), TRACK, 0.1)
    assert found.labels == ("happy",)
    np.testing.assert_allclose(found.scores.probabilities, [[0.3, 0.31, 0.2, 0.19]], atol=1e-7)


def test_tracks_do_not_mix_and_their_order_is_irrelevant() -> None:
    together, alone = Smoother(0.5), Smoother(0.5)
    rng = np.random.default_rng(0)
    for at in range(10):
        rows = rng.dirichlet(np.ones(4), 3)
        order = rng.permutation(3)
        found = together.update(scores_of(*rows[order]), order + 5, at / 10)
        single = alone.update(scores_of(rows[1]), np.array([6]), at / 10)
        row = int(np.flatnonzero(order == 1)[0])
        np.testing.assert_array_equal(
            found.scores.probabilities[row], single.scores.probabilities[0]
        )
        assert found.labels[row] == single.labels[0]


def test_faces_without_a_track_are_left_as_they_are() -> None:
    smoother = Smoother(10.0)
    smoother.update(scores_of(ANGRY, ANGRY), np.array([-1, -1]), 0.0)
    found = smoother.update(scores_of(HAPPY, HAPPY), np.array([-1, -1]), 0.1)
    np.testing.assert_array_equal(found.scores.probabilities, scores_of(HAPPY, HAPPY).probabilities)


def test_uncertain_is_judged_on_the_smoothed_scores() -> None:
    smoother = Smoother(1.0)
    first = smoother.update(scores_of(ANGRY, threshold=0.6), TRACK, 0.0)
    second = smoother.update(scores_of(HAPPY, threshold=0.6), TRACK, 0.5)
    assert first.scores.uncertain.tolist() == [False]
    assert second.scores.uncertain.tolist() == [True]


def test_ended_tracks_are_forgotten() -> None:
    smoother = Smoother(100.0)
    for number in range(50):
        smoother.update(scores_of(ANGRY), np.array([number]), number)
        smoother.keep((number,))
    found = smoother.update(scores_of(HAPPY), np.array([3]), 60.0)
    assert found.labels == ("happy",)
    smoother.keep(())
    assert not smoother._mean
    assert not smoother._time_s
    assert not smoother._label


def test_no_faces() -> None:
    assert Smoother(0.5).update(scores_of(), np.zeros(0, np.int64), 0.0).labels == ()


def test_what_cannot_be() -> None:
    smoother = Smoother(0.5)
    smoother.update(scores_of(ANGRY), TRACK, 1.0)
    with pytest.raises(InputError, match="1 faces but 2 tracks"):
        smoother.update(scores_of(ANGRY), np.array([1, 2]), 1.0)
    with pytest.raises(InputError, match="its own track"):
        smoother.update(scores_of(ANGRY, ANGRY), np.array([1, 1]), 1.0)
    with pytest.raises(InputError, match=r"time goes back to 0\.5 s for track 3"):
        smoother.update(scores_of(ANGRY), TRACK, 0.5)
    with pytest.raises(InputError, match="one label space"):
        smoother.update(Scores(np.full((1, 7), 1 / 7, np.float32), fer7), TRACK, 2.0)
    for constant in (-1, np.inf, np.nan):
        with pytest.raises(InputError, match="the time constant must be 0 s or more"):
            Smoother(constant)
    with pytest.raises(InputError, match="1 faces but 2 labels"):
        Smoothed(scores_of(ANGRY), ("angry", "happy"))
    with pytest.raises(InputError, match="four has no label bored"):
        Smoothed(scores_of(ANGRY), ("bored",))
