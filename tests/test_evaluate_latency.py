"""The median of single-face calls, measured with a clock of our own."""

from __future__ import annotations

import itertools

import pytest

from fake_recognizer import FakeRecognizer, made_faces
from mien.core.errors import InputError
from mien.evaluate import single_face_latency
from mien.evaluate.latency import WARM_UP


def clock_of(durations):
    ends = itertools.accumulate(itertools.chain.from_iterable((0.5, d) for d in durations))
    return lambda: next(ends)


def test_the_median_leaves_warm_up_and_outliers_out():
    recognizer = FakeRecognizer()
    durations = [9.0] * WARM_UP + [0.002, 0.004, 0.003, 5.0, 0.001]
    found = single_face_latency(recognizer, made_faces([1, 2]).images, 5, clock_of(durations))
    assert found == pytest.approx(3.0)
    assert recognizer.calls == [1] * (WARM_UP + 5)


def test_the_real_clock_runs_forward():
    assert single_face_latency(FakeRecognizer(), made_faces([1]).images, calls=3) > 0


@pytest.mark.parametrize(("rows", "calls"), [([], 5), ([1], 0)])
def test_nothing_to_time_is_refused(rows, calls):
    with pytest.raises(InputError, match="1 or more"):
        single_face_latency(FakeRecognizer(), made_faces([*rows, 0]).images[: len(rows)], calls)
