"""``Scores`` and the softmax they come from."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mien.core.errors import InputError
from mien.core.labels import fer7, four
from mien.core.scores import Scores, softmax

LOGITS = arrays(np.float64, st.tuples(st.integers(0, 5), st.just(4)), elements=st.floats(-50, 50))


@given(LOGITS, st.floats(0.05, 20))
def test_softmax_gives_distributions_in_the_order_of_the_logits(logits, temperature):
    p = softmax(logits, temperature)
    assert p.shape == logits.shape
    assert ((p >= 0) & (p <= 1)).all()
    np.testing.assert_allclose(p.sum(axis=-1), 1)
    rising = np.take_along_axis(p, logits.argsort(axis=-1), axis=-1)
    assert (np.diff(rising, axis=-1) >= 0).all()


@given(LOGITS, st.floats(-100, 100))
def test_softmax_ignores_a_shift(logits, shift):
    np.testing.assert_allclose(softmax(logits + shift), softmax(logits), atol=1e-9)


@given(LOGITS, st.floats(0.5, 5))
def test_temperature_divides_the_logits(logits, temperature):
    np.testing.assert_allclose(softmax(logits, temperature), softmax(logits / temperature))


def test_softmax_survives_extremes():
    assert softmax([1e300, -1e300], 1e-9).tolist() == [1, 0]
    assert softmax([[1000.0, 0.0]]).tolist() == [[1, 0]]
    assert softmax(np.zeros((2, 3, 4))).shape == (2, 3, 4)


@pytest.mark.parametrize("temperature", [0, -1, np.nan, np.inf])
def test_softmax_refuses_impossible_temperatures(temperature):
    with pytest.raises(InputError, match="temperature must be finite and above 0"):
        softmax([0.0, 1.0], temperature)


@pytest.mark.parametrize("logits", [[np.nan, 0], [np.inf, 0], [0, -np.inf]])
def test_softmax_refuses_logits_that_are_not_finite(logits):
    with pytest.raises(InputError, match="finite"):
        softmax(logits)


@pytest.mark.parametrize("logits", [3.0, [], np.zeros((2, 0))])
def test_softmax_refuses_logits_without_labels(logits):
    with pytest.raises(InputError, match=r"shape \(\.\.\., K\)"):
        softmax(logits)


def scores() -> Scores:
    return Scores([[0.7, 0.1, 0.1, 0.1], [0.3, 0.4, 0.2, 0.1]], four, threshold=0.5)


def test_top_confidence_and_uncertain():
    found = scores()
    assert found.top == ("angry", "happy")
    np.testing.assert_allclose(found.confidence, [0.7, 0.4])
    assert found.uncertain.tolist() == [False, True]
    assert len(found) == 2


def test_a_top_probability_on_the_threshold_is_certain():
    p = np.array([[0.4, 0.3, 0.2, 0.1]])
    assert Scores(p, four, threshold=0.4).uncertain.tolist() == [False]


def test_probabilities_are_float32_copies_that_cannot_be_written():
    given = np.full((1, 4), 0.25)
    found = Scores(given, four)
    given[:] = 0
    assert found.probabilities.dtype == np.float32
    assert found.probabilities.tolist() == [[0.25] * 4]
    with pytest.raises(ValueError, match="read-only"):
        found.probabilities[0] = 0


def test_indexing_keeps_space_and_threshold():
    for index in (1, np.int64(1), -1, [1], slice(1, 2), np.array([False, True])):
        chosen = scores()[index]
        assert chosen.top == ("happy",)
        assert chosen.labels is four
        assert chosen.threshold == 0.5


@pytest.mark.parametrize(
    ("probabilities", "message"),
    [
        ([[0.5, 0.5]], r"shape \(N, 4\) for four, got \(1, 2\)"),
        ([0.25] * 4, "shape"),
        ([[0.5, 0.5, 0.5, -0.5]], "sum to 1"),
        ([[0.5, 0.2, 0.2, 0.2]], "sum to 1"),
        ([[np.nan, 1, 0, 0]], "sum to 1"),
    ],
)
def test_wrong_probabilities_are_refused(probabilities, message):
    with pytest.raises(InputError, match=message):
        Scores(probabilities, four)


@pytest.mark.parametrize("threshold", [-0.1, 1.1, 50, np.nan])
def test_a_threshold_is_a_probability(threshold):
    with pytest.raises(InputError, match="threshold"):
        Scores(np.full((1, 4), 0.25), four, threshold=threshold)


def test_from_logits_calibrates():
    found = Scores.from_logits([[2.0, 0, 0, 0]], four, temperature=2, threshold=0.3)
    np.testing.assert_allclose(found.probabilities, softmax([[1.0, 0, 0, 0]]), rtol=1e-6)
    assert found.threshold == 0.3


def test_from_logits_takes_one_face_or_none():
    assert len(Scores.from_logits(np.zeros(7), fer7)) == 1
    assert len(Scores.from_logits([], fer7)) == 0
    assert len(Scores.from_logits(np.zeros((0, 7)), fer7)) == 0


@pytest.mark.parametrize("shape", [(7, 2), (14,), (2, 7, 1), (0, 6)])
def test_from_logits_never_rearranges_values(shape):
    with pytest.raises(InputError, match=r"logits must have shape \(N, 7\)"):
        Scores.from_logits(np.zeros(shape), fer7)
