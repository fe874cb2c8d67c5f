"""Keyed, balanced pairing of the years of independent groups."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskmodel.core.errors import CatalogueError
from riskmodel.hazard.pairing import paired_years

NUMBERS = st.integers(1, 60)


@given(years=NUMBERS, group_years=NUMBERS, seed=st.integers(0, 9))
def test_each_year_of_the_group_is_taken_floor_or_ceil_times(
    years: int, group_years: int, seed: int
) -> None:
    taken = paired_years(years, group_years, seed=seed, group="earthquake")
    assert taken.shape == (years,)
    counts = np.bincount(taken, minlength=group_years)
    assert counts.size == group_years
    assert set(counts) <= {years // group_years, -(-years // group_years)}


@given(years=NUMBERS, more=NUMBERS, group_years=NUMBERS)
def test_more_years_keep_all_earlier_pairs(years: int, more: int, group_years: int) -> None:
    few = paired_years(years, group_years, seed=3, group="earthquake")
    many = paired_years(years + more, group_years, seed=3, group="earthquake")
    assert np.array_equal(many[:years], few)


def test_pairs_follow_from_seed_and_group_alone() -> None:
    def taken(seed: int, group: str) -> list[int]:
        return paired_years(200, 100, seed=seed, group=group).tolist()

    assert taken(1, "earthquake") == taken(1, "earthquake")
    assert taken(1, "earthquake") != taken(2, "earthquake")
    assert taken(1, "earthquake") != taken(1, "drought")
    assert taken(1, "earthquake")[:100] != taken(1, "earthquake")[100:]


def test_a_year_takes_any_year_of_the_group_equally_often() -> None:
    first = [int(paired_years(1, 4, seed=seed, group="drought")[0]) for seed in range(2000)]
    counts = np.bincount(first, minlength=4)
    # chi-square with three degrees of freedom, 99.9 %: 16.27
    assert ((counts - 500.0) ** 2 / 500.0).sum() < 16.27


@pytest.mark.parametrize(("years", "group_years", "name"), [(0, 5, "years"), (5, 0, "group_years")])
def test_no_years_are_refused(years: int, group_years: int, name: str) -> None:
    with pytest.raises(CatalogueError, match=f"'earthquake', {name}.*found 0.*to do: give"):
        paired_years(years, group_years, seed=1, group="earthquake")


def test_a_group_without_a_name_is_refused() -> None:
    with pytest.raises(CatalogueError, match="to do: name the group"):
        paired_years(5, 5, seed=1, group="")
