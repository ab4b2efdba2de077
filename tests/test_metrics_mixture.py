"""Shares of a mixture: the best ones, whatever the models are."""

from __future__ import annotations

import numpy as np
import pytest

from mien.core.errors import InputError
from mien.metrics import fit_shares


def _answers(seed: int, models: int = 2, rows: int = 60, labels: int = 4):
    rng = np.random.default_rng(seed)
    z = rng.normal(0, 2, (models, rows, labels))
    return z - np.logaddexp.reduce(z, axis=2, keepdims=True), rng.integers(0, labels, rows)


def _likelihood(log_probabilities, truth, shares) -> float:
    mixed = np.tensordot(shares, np.exp(log_probabilities), axes=1)
    return float(np.log(mixed[np.arange(len(truth)), truth]).mean())


@pytest.mark.parametrize("seed", range(5))
def test_no_other_shares_of_two_models_are_likelier(seed: int) -> None:
    answers, truth = _answers(seed)
    found = fit_shares(answers, truth)
    grid = [_likelihood(answers, truth, [a, 1 - a]) for a in np.linspace(0, 1, 101)]
    assert found.sum() == pytest.approx(1)
    assert _likelihood(answers, truth, found) >= max(grid) - 1e-6


def test_the_only_informed_model_gets_nearly_everything() -> None:
    answers, truth = _answers(1, models=3, rows=400)
    answers[1] = np.log(0.01)
    answers[1][np.arange(len(truth)), truth] = np.log(0.97)
    assert fit_shares(answers, truth)[1] > 0.95


def test_equal_models_keep_equal_shares() -> None:
    answers, truth = _answers(2)
    np.testing.assert_allclose(fit_shares([answers[0]] * 4, truth), 0.25)


def test_rows_that_all_models_exclude_teach_nothing() -> None:
    answers, truth = _answers(3)
    expected = fit_shares(answers, truth)
    impossible = np.full((2, 5, 4), -np.inf)
    extended = np.concatenate([answers, impossible], axis=1)
    np.testing.assert_allclose(fit_shares(extended, np.append(truth, [0] * 5)), expected)
    with pytest.raises(InputError, match="no row has a probability above 0"):
        fit_shares(impossible, [0] * 5)


def test_shapes_that_do_not_fit_are_refused() -> None:
    answers, truth = _answers(4)
    for bad in (answers[0], answers[:0]):
        with pytest.raises(InputError, match=r"expected log-probabilities"):
            fit_shares(bad, truth)
    with pytest.raises(InputError, match=r"labels \(N,\)"):
        fit_shares(answers, truth[:-1])
