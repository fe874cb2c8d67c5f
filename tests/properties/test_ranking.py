"""Invariants of ranking for any storms, with ties and empty years."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from riskmodel.hazard.ranking import Interpolation, Ranks
from tests.hazard.conftest import pool_from, ranked_whole

POSITIONS = np.array([60_000, 30_000, 9000, 5000, 4999, 2000, 1, 1], dtype=np.uint16)
YEARS = POSITIONS.size
ONE_NODE = Interpolation(np.zeros((1, 4), np.int32), np.array([[1.0, 0.0, 0.0, 0.0]]))


@st.composite
def storms(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, int]:
    """Years of storms, their indices, and how many ranks are kept, no more than positive years."""
    count = draw(st.lists(st.integers(0, 3), min_size=YEARS, max_size=YEARS))
    year = np.repeat(np.arange(YEARS), count)
    levels = st.sampled_from([0.0, 0.5, 1.0, 1.5, 2.0, 100.0])
    index = draw(arrays.arrays(np.float32, year.size, elements=levels.map(np.float32)))
    positive = len({y for y, x in zip(year, index, strict=True) if x > 0})
    return year, index, draw(st.integers(1, max(positive, 1)))


@settings(deadline=None, max_examples=150)
@given(case=storms(), seed=st.integers(0, 2**31))
def test_ranking_keeps_order_years_and_storage(
    case: tuple[np.ndarray, np.ndarray, int], seed: int
) -> None:
    year, index, stored = case
    if not (index > 0).any():
        return
    ranks = Ranks(POSITIONS, stored, np.arange(stored))
    pool = pool_from(index[None], year, YEARS)
    pairs = ranked_whole(pool, ONE_NODE, np.array([0]), ranks, key=(seed, 0))
    position = np.zeros(year.size, dtype=np.int64)
    position[pairs.occurrence] = pairs.position
    kept = position > 0
    largest = np.array([position[year == y].max(initial=0) for y in range(YEARS)])
    # exactly the kept ranks, each taken by one year's maximum
    assert sorted(largest[largest > 0])[::-1] == POSITIONS[:stored].tolist()
    # nothing that did not occur, nothing more frequent than storage
    assert (index[kept] > 0).all()
    assert (position[kept] >= POSITIONS[stored - 1]).all()
    for y in range(YEARS):
        own = year == y
        if (strongest := index[own].max(initial=0.0)) > 0 and largest[y] > 0:
            leaders = own & (index == strongest)
            assert position[leaders].max() == largest[y]
    # a stronger storm is never more frequent than a weaker one of another year
    for a in np.flatnonzero(kept):
        assert (position[kept & (index > index[a])] >= position[a]).all()
