"""Shuffled rows and renamed classes are found; honest models, however bad, are left alone."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from made_answers import answers
from mien.core.errors import InputError
from mien.core.labels import fer7
from mien.core.scores import softmax
from mien.metrics import check_alignment, confusion_matrix, find_renaming
from mien.metrics.alignment import best_assignment

SEEDS = range(20)

# Class folders sorted by name, where fer7 has sad, surprise, neutral at the end.
ALPHABETICAL = sorted(fer7.labels)


def model(n: int, skill: float, sharpness: float, seed: int, classes: int = 7):
    logits, y = answers(n, classes=classes, skill=skill, sharpness=sharpness, seed=seed)
    return softmax(logits), y


def shuffled(y: np.ndarray, seed: int) -> np.ndarray:
    return np.random.default_rng(seed + 1000).permutation(y)


@pytest.mark.parametrize("n", [200, 3589])
@pytest.mark.parametrize(("skill", "sharpness"), [(1.8, 1.8), (3, 3), (3, 1.5), (1.2, 3)])
def test_shuffled_labels_are_found_and_named(n, skill, sharpness):
    found = [
        check_alignment(p, shuffled(y, s))
        for s in SEEDS
        for p, y in [model(n, skill, sharpness, s)]
    ]
    # Kappa strays beyond three standard errors in 1 of 400 shuffles.
    assert sum(f is not None and f.kind == "shuffled" for f in found) >= len(SEEDS) - 1
    first = next(f for f in found if f is not None)
    assert first.message.startswith("predictions and labels look shuffled: kappa ")
    assert f"mean confidence {first.confidence:.3f}" in first.message
    assert "the same rows in the same order" in first.message
    assert abs(first.kappa) < 0.2 < first.confidence
    assert first.renaming is None


@pytest.mark.parametrize("n", [10, 60, 300, 3589])
@pytest.mark.parametrize(
    ("skill", "sharpness"),
    [(0, 0.1), (0.2, 0.2), (0.4, 0.4), (1, 1), (1.8, 1.8), (1, 3), (3, 0.3)],
    ids=["nothing", "near-uniform", "weak", "fair", "good", "overconfident", "underconfident"],
)
def test_honest_models_are_left_alone(n, skill, sharpness):
    assert [check_alignment(*model(n, skill, sharpness, s)) for s in SEEDS] == [None] * len(SEEDS)


def test_few_rows_prove_nothing():
    p, y = model(49, 4, 4, seed=0)
    assert check_alignment(p, shuffled(y, 0)) is None
    assert check_alignment(np.zeros((0, 7)), []) is None


def test_one_predicted_label_proves_nothing():
    p = np.tile([0.9, 0.05, 0.05], (500, 1))
    assert check_alignment(p, np.random.default_rng(0).integers(0, 3, 500)) is None


def test_one_class_proves_nothing():
    p, _ = model(500, 3, 3, seed=0, classes=3)
    assert check_alignment(p, np.zeros(500, int)) is None
    assert check_alignment(np.tile([1.0, 0.0], (500, 1)), np.zeros(500, int)) is None


def test_alphabetical_class_names_are_found_and_named():
    p, y = model(1000, 2, 2, seed=1)
    given = np.array([ALPHABETICAL.index(name) for name in fer7.labels])[y]
    found = check_alignment(p, given, fer7.labels)
    assert found is not None
    assert found.kind == "renamed"
    # Position 4 of the data is "neutral" by its own order, which the model calls label 6.
    assert found.renaming == (0, 1, 2, 3, 6, 4, 5)
    moved = "sad -> neutral, surprise -> sad, neutral -> surprise"
    assert f"the data's labels look renamed: {moved}" in found.message
    right = (p.argmax(axis=1) == y).mean()
    assert f"to {right:.3f}; check the order of the class names" in found.message


@given(st.permutations(range(5)), st.integers(0, 10**6))
def test_any_renaming_is_found(order, seed):
    p, y = model(600, 3, 3, seed=seed, classes=5)
    place = np.argsort(order)
    found = check_alignment(p, place[y])
    if list(order) == sorted(order):
        assert found is None
    else:
        assert found is not None
        assert found.renaming == tuple(order)


def test_two_exchanged_names_of_a_rare_class_are_found():
    rng = np.random.default_rng(0)
    y = rng.choice(3, 3000, p=[0.05, 0.15, 0.8])
    p = softmax(3 * (rng.normal(size=(3000, 3)) + 3 * np.eye(3)[y]))
    found = check_alignment(p, np.array([1, 0, 2])[y], ("disgust", "angry", "happy"))
    assert found is not None
    assert found.renaming == (1, 0, 2)


def test_mistaking_one_label_for_another_is_no_renaming():
    # Every fear is called surprise, and every surprise is too: a bad model, not a renamed one.
    counts = np.array([[5, 900, 0], [10, 100, 0], [0, 0, 500]])
    assert best_assignment(counts) == (1, 0, 2)
    assert find_renaming(counts) is None


def test_a_label_without_rows_is_not_renamed():
    assert find_renaming([[0, 900], [0, 0]]) is None
    assert find_renaming([[0, 900], [900, 0]]) == (1, 0)


def test_noise_is_no_renaming():
    rng = np.random.default_rng(0)
    for _ in range(50):
        assert find_renaming(confusion_matrix(*rng.integers(0, 8, (2, 3589)), 8)) is None
    assert find_renaming([[0, 17], [17, 0]]) is None  # consistent, but too few to tell


def test_the_best_assignment_is_the_best_of_all():
    rng = np.random.default_rng(0)
    for k in (1, 2, 3, 5):
        counts = rng.integers(0, 20, (k, k))
        sums = [
            sum(counts[i, j] for i, j in enumerate(order))
            for order in itertools.permutations(range(k))
        ]
        assert sum(counts[i, j] for i, j in enumerate(best_assignment(counts))) == max(sums)


def test_the_given_order_wins_ties():
    assert best_assignment(np.ones((6, 6), int)) == tuple(range(6))
    assert best_assignment([[3, 3, 0], [3, 3, 0], [0, 0, 0]]) == (0, 1, 2)


def test_the_search_is_limited():
    assert find_renaming(np.eye(13, dtype=int)[::-1] * 100) is None
    assert find_renaming(np.eye(12, dtype=int)[::-1] * 100) == tuple(range(11, -1, -1))
    with pytest.raises(InputError, match="K <= 12"):
        best_assignment(np.eye(13, dtype=int))
    with pytest.raises(InputError, match=r"\(K, K\)"):
        best_assignment([[1, 2]])


def test_names_must_be_as_many_as_labels():
    p, y = model(60, 1, 1, seed=0)
    with pytest.raises(InputError, match="expected 7 names, got 2"):
        check_alignment(p, y, ("a", "b"))
