"""The largest amounts in falling order, against numpy's full sort."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskmodel.exceedance.worst_years import rank_keys, worst_first

draw = np.random.default_rng(7)
ONES = 1.0 + np.arange(5_000) * 2.0**-52
CASES = {
    "one": np.array([3.0]),
    "ties": np.array([7.0, 0.0, 7.0, 9.0, 0.0, 7.0]),
    "zeros": np.zeros(300),
    "heavy tail": draw.pareto(0.7, 3_000) * (draw.random(3_000) < 0.6),
    "rounded": np.round(draw.pareto(1.5, 3_000), 1),
    "of both signs": draw.normal(size=3_000),
    "all sizes": draw.choice([-1.0, 1.0], 3_000) * 10.0 ** draw.uniform(-300, 300, 3_000),
    "equal to the last bits, jumbled": draw.permutation(ONES),  # too many to insert
    "equal to the last bits, a pair swapped": np.concatenate([ONES[1::-1], ONES[2:]]),
    "endless": np.array([1.0, np.inf, -np.inf, 2.0]),
}


@pytest.mark.parametrize("case", CASES)
def test_the_largest_are_those_of_a_full_sort(case: str) -> None:
    amounts = CASES[case]
    expected = np.sort(amounts)[::-1]
    for count in {0, 1, amounts.size // 3, amounts.size - 1, amounts.size}:
        np.testing.assert_array_equal(worst_first(amounts, count), expected[:count])


@given(st.lists(st.floats(allow_nan=False), min_size=1, max_size=60), st.data())
def test_any_numbers_are_ranked(amounts: list[float], data: st.DataObject) -> None:
    count = data.draw(st.integers(0, len(amounts)))
    expected = sorted(amounts, reverse=True)[:count]
    assert worst_first(amounts, count).tolist() == expected


def test_amounts_are_left_as_they_were() -> None:
    amounts = CASES["heavy tail"].copy()
    worst_first(amounts, 100)
    np.testing.assert_array_equal(amounts, CASES["heavy tail"])
    worst_first(amounts[::2], 100)  # not contiguous
    worst_first(np.broadcast_to(1.0, 200), 100)  # read-only


def test_amounts_of_at_least_zero_are_keys_as_they_are_stored() -> None:
    amounts = CASES["heavy tail"].copy()
    memory = np.empty((2, amounts.size), np.uint64)
    memory[0] = amounts.view(np.uint64)
    rising, other = rank_keys(memory, amounts.size, 400)
    np.testing.assert_array_equal(rising.view(np.float64)[-400:], np.sort(amounts)[-400:])
    assert other.size == amounts.size and not np.shares_memory(rising, other)
