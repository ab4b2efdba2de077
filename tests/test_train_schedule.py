"""Learning rates: each kind of decay, the warm-up before it, and what a plateau remembers."""

from __future__ import annotations

import dataclasses
import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien.train import Decay, TrainConfig
from mien.train.options import DECAYS
from mien.train.schedule import Plateau, learning_rate

FLAT = TrainConfig(epochs=10, lr=1.0, warmup=0.0)


def rates(config: TrainConfig, steps: int = 100) -> list[float]:
    return [learning_rate(step, steps, config) for step in range(steps)]


def test_the_rate_rises_and_falls_to_zero() -> None:
    made = rates(dataclasses.replace(FLAT, warmup=0.25))
    assert made[24] == max(made) == 1.0
    assert made[0] == pytest.approx(1 / 25)
    assert made[-1] == pytest.approx(1 / 75)
    assert all(a < b for a, b in pairwise(made[:25]))
    assert all(a > b for a, b in pairwise(made[25:]))


def test_points_are_joined_by_straight_lines() -> None:
    points = ((0.0, 0.0), (2.0, 1.0), (3.0, 0.5), (5.0, 0.0))
    config = dataclasses.replace(FLAT, epochs=5, lr=2.0, schedule=points)
    made = [learning_rate(step, 50, config) for step in (0, 10, 20, 25, 30, 40)]
    assert made == pytest.approx([0, 1, 2, 1.5, 1, 0.5])


@pytest.mark.parametrize("kind", DECAYS)
def test_every_decay_follows_the_warm_up(kind: str) -> None:
    made = rates(dataclasses.replace(FLAT, warmup=0.1, decay=Decay(kind)))
    assert made[:10] == pytest.approx([(step + 1) / 10 for step in range(10)])
    assert made[10] == pytest.approx(1.0)


def test_constant_stays() -> None:
    assert set(rates(dataclasses.replace(FLAT, decay=Decay("constant")))) == {1.0}


def test_cosine_is_half_way_down_in_the_middle() -> None:
    made = rates(dataclasses.replace(FLAT, decay=Decay("cosine")))
    assert made[50] == pytest.approx(0.5, abs=0.01)  # the fall begins with the second step
    assert made[25] == pytest.approx((1 + math.sqrt(0.5)) / 2, abs=0.01)
    assert 0 < made[-1] < 0.001
    assert all(a >= b for a, b in pairwise(made))


def test_steps_fall_after_every_so_many_epochs_from_the_start() -> None:
    decay = Decay("step", factor=0.1, every=3, start=2)
    made = rates(dataclasses.replace(FLAT, decay=decay), steps=20)[::2]
    assert made == pytest.approx([1, 1, 1, 1, 1, 0.1, 0.1, 0.1, 0.01, 0.01])


@given(
    kind=st.sampled_from(DECAYS),
    warmup=st.floats(0, 0.99),
    epochs=st.integers(1, 50),
    per_epoch=st.integers(1, 20),
    share=st.floats(0.001, 1),
    data=st.data(),
)
def test_no_rate_is_above_the_peak_or_below_zero(
    kind: str, warmup: float, epochs: int, per_epoch: int, share: float, data: st.DataObject
) -> None:
    config = dataclasses.replace(FLAT, epochs=epochs, warmup=warmup, lr=0.3, decay=Decay(kind))
    step = data.draw(st.integers(0, epochs * per_epoch - 1))
    assert 0 <= learning_rate(step, epochs * per_epoch, config, share) <= 0.3 * (1 + 1e-12)


def test_a_plateau_lowers_the_whole_rate() -> None:
    config = dataclasses.replace(FLAT, warmup=0.1, decay=Decay("plateau"))
    for step in (3, 50):
        whole = learning_rate(step, 100, config)
        assert learning_rate(step, 100, config, 0.25) == pytest.approx(whole / 4)


def shares(values: list[float], decay: Decay) -> list[float]:
    """Share of the rate after each epoch whose watched value is given."""
    state, made = Plateau(), []
    for epoch, value in enumerate(values, start=1):
        state.observe(epoch, *((value, 0.0) if decay.monitor == "loss" else (0.0, value)), decay)
        made.append(state.share)
    return made


def test_an_accuracy_that_does_not_rise_for_the_patience_lowers_the_rate() -> None:
    decay = Decay("plateau", factor=0.5, patience=2, monitor="accuracy")
    seen = [0.2, 0.3, 0.3, 0.1, 0.3, 0.2, 0.4, 0.3]
    assert shares(seen, decay) == [1, 1, 1, 0.5, 0.5, 0.25, 0.25, 0.25]


def test_a_loss_is_better_when_lower() -> None:
    decay = Decay("plateau", factor=0.5, patience=1, monitor="loss")
    assert shares([2.0, 1.5, 1.6, 1.4], decay) == [1, 1, 0.5, 0.5]


def test_a_loss_that_is_no_number_is_no_improvement() -> None:
    decay = Decay("plateau", factor=0.5, patience=2, monitor="loss")
    assert shares([math.nan, math.nan, 3.0, 4.0], decay) == [1, 0.5, 0.5, 0.5]


def test_patience_counts_epochs_not_scorings() -> None:
    decay, state = Decay("plateau", factor=0.5, patience=10), Plateau()
    for epoch in (5, 10):
        state.observe(epoch, 0.0, 0.5, decay)
        assert state.share == 1
    state.observe(15, 0.0, 0.5, decay)
    assert state.share == 0.5
