"""Optimal assignment against trying every one."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mien.core.assignment import assign
from mien.core.errors import InputError

SHAPES = hnp.array_shapes(min_dims=2, max_dims=2, min_side=0, max_side=5)
COSTS = st.one_of(st.floats(-50, 50), st.just(np.inf), st.integers(-3, 3).map(float))


def best_of_all(costs: np.ndarray) -> tuple[int, float]:
    """Most pairs, and the least cost among all ways to make as many."""
    if costs.shape[0] > costs.shape[1]:
        return best_of_all(costs.T)
    found = []
    for columns in permutations(range(costs.shape[1]), costs.shape[0]):
        made = [costs[pair] for pair in enumerate(columns) if np.isfinite(costs[pair])]
        found.append((-len(made), sum(made)))
    pairs, cost = min(found)
    return -pairs, cost


@given(hnp.arrays(np.float64, SHAPES, elements=COSTS))
def test_no_other_assignment_is_better(costs: np.ndarray) -> None:
    pairs = assign(costs)
    assert len({row for row, _ in pairs}) == len({column for _, column in pairs}) == len(pairs)
    assert pairs == sorted(pairs)
    count, cost = best_of_all(costs)
    assert len(pairs) == count
    assert sum(costs[pair] for pair in pairs) == pytest.approx(cost, abs=1e-9)


@given(
    hnp.arrays(np.float64, (4, 5), elements=st.floats(0, 1), unique=True), st.permutations(range(4))
)
def test_order_of_rows_is_irrelevant(costs: np.ndarray, order: list[int]) -> None:
    straight = sum(costs[pair] for pair in assign(costs))
    moved = sum(costs[order][pair] for pair in assign(costs[order]))
    assert moved == pytest.approx(straight)


@pytest.mark.parametrize("costs", [[1.0, 2.0], [[np.nan]], [[-np.inf, 1.0]]])
def test_what_is_no_matrix_of_costs_is_refused(costs: list[object]) -> None:
    with pytest.raises(InputError, match="costs must"):
        assign(costs)
