"""Contract years: every occurrence in one of them, none lost, none across a block."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskmodel.cover.contract import (
    WaitingPeriod,
    contract_calendar,
    day_of_year,
    in_force,
)
from riskmodel.cover.terms import Calendar


def test_the_calendar_year_is_left_as_it_is() -> None:
    calendar = Calendar(np.array([0, 3, 1]), np.array([5.0, 364.5, 1.0]))
    assert contract_calendar(calendar, "01-01", years=4, blocks=1) is calendar


@given(
    starts=st.dates().filter(lambda d: (d.month, d.day) != (2, 29)).map(lambda d: f"{d:%m-%d}"),
    length=st.integers(1, 6), blocks=st.integers(1, 4), seed=st.integers(0, 9999),
)  # fmt: skip
def test_contract_years(starts: str, length: int, blocks: int, seed: int) -> None:
    random, years = np.random.default_rng(seed), length * blocks
    calendar = Calendar(random.integers(0, years, 50), random.uniform(1.0, 366.0, 50))
    found = contract_calendar(calendar, starts, years=years, blocks=blocks)
    assert ((found.start >= 1.0) & (found.start < 366.0)).all()
    np.testing.assert_array_equal(found.year // length, calendar.year // length)  # same block
    late = calendar.start >= 1.0 + day_of_year(starts)  # day 1.0 is the start of 1 January
    np.testing.assert_array_equal(found.year[late], calendar.year[late])
    early = ~late & (calendar.year % length > 0)
    np.testing.assert_array_equal(found.year[early], calendar.year[early] - 1)
    # within a contract year that nothing cuts, the order of dates is that of the calendar
    same = np.flatnonzero((found.year == found.year[0]) & (calendar.year % length > 0))
    days = (365.0 * calendar.year + calendar.start)[same]
    np.testing.assert_array_equal(np.argsort(days), np.argsort(found.start[same]))


def test_a_contract_year_begins_at_midnight() -> None:
    """The last moment of 30 April (day 120) belongs to the year before, that of 1 May does not."""
    calendar = Calendar(np.array([1, 1]), np.array([120.99, 121.0]))
    found = contract_calendar(calendar, "05-01", years=3, blocks=1)
    assert found.year.tolist() == [0, 1]
    np.testing.assert_allclose(found.start, [365.99, 1.0])


def test_the_last_day_of_a_waiting_period_waits() -> None:
    waiting = WaitingPeriod(days=10, new_policies=0.3)
    contract = Calendar(np.zeros(3, dtype=int), np.array([1.0, 10.99, 11.0]))
    np.testing.assert_allclose(in_force(waiting, contract), [0.7, 0.7, 1.0])


def test_nobody_waits_without_a_waiting_period() -> None:
    calendar = Calendar(np.array([0, 0]), np.array([1.0, 100.0]))
    assert in_force(None, calendar).tolist() == [1.0, 1.0]


@pytest.mark.parametrize(("text", "day"), [("01-01", 0), ("03-01", 59), ("07-01", 181)])
def test_days_of_a_common_year(text: str, day: int) -> None:
    assert day_of_year(text) == day
