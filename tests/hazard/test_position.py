"""Positions by hand: fixed point of log-rate, snapped at mapped rates."""

from __future__ import annotations

import math

import numpy as np
import pytest

from riskmodel.core.errors import CatalogueError
from riskmodel.core.returnperiod import Frequency
from riskmodel.hazard.position import (
    LAST_POSITION,
    STEP,
    block_shift,
    mapped_positions,
    position_of_rate,
    rank_positions,
    rate_of_position,
    stored_ranks,
)

POISSON = Frequency("poisson")


def test_positions_of_rates_by_hand() -> None:
    # ln 2 / 0.00025 = 2,772.59
    assert position_of_rate([1.0, 0.5, math.exp(-1.0)]).tolist() == [0, 2773, 4000]
    assert position_of_rate([5.0, 1e-30]).tolist() == [0, LAST_POSITION]


def test_every_position_comes_back() -> None:
    every = np.arange(LAST_POSITION + 1)
    assert np.array_equal(position_of_rate(rate_of_position(every)), every)


def test_the_rarest_position_is_one_in_thirteen_million_years() -> None:
    assert 1.0 / float(rate_of_position(LAST_POSITION)) == pytest.approx(13.03e6, rel=1e-3)


def test_mapped_positions_by_hand() -> None:
    # 1 in 200 years: -ln(-ln(0.995)) / 0.00025 = 5.295812 / 0.00025
    assert mapped_positions([200.0], POISSON).tolist() == [21_183]
    # negative binomial of size 1: rate = 1 / 0.995 - 1 = 1 / 199
    found = mapped_positions([200.0], Frequency("negative_binomial", 1.0))
    assert found.tolist() == [round(math.log(199.0) / STEP)]


def test_ranks_of_a_short_block_by_hand() -> None:
    # ten years, u = 1/2: EP = 0.05, 0.15 … 0.95; n = floor(10/5 + 1/2) = 2 years reach 1 in 5
    found = rank_positions(10, 0.5, [5.0], POISSON)
    exact = -np.log(-np.log1p(-(np.arange(1, 11) - 0.5) / 10)) / STEP
    assert found.tolist() == np.clip(np.rint(exact), 0, None).astype(int).tolist()
    assert (found >= mapped_positions([5.0], POISSON)[0]).tolist() == [True] * 2 + [False] * 8


def test_a_rank_that_rounds_to_a_mapped_rate_stays_on_its_side() -> None:
    # u just above 0: rank n = years/T has EP = 1/T less a hair and must reach the map;
    # u just below 1: rank n + 1 has EP = 1/T and a hair, rounds to the same position and must not
    for shift, count in ((1e-9, 400), (1 - 1e-9, 400)):
        found = rank_positions(2000, shift, [5.0], POISSON)
        mapped = mapped_positions([5.0], POISSON)[0]
        assert np.count_nonzero(found >= mapped) == count
        assert abs(int(found[count]) - int(found[count - 1])) >= 1


def test_stored_ranks_by_hand() -> None:
    # storage rate 0.5 is EP = 1 - exp(-0.5) = 0.3935; (k - 0.3) / 100 <= 0.3935 for k <= 39
    positions = rank_positions(100, 0.3, [5.0], POISSON)
    assert stored_ranks(positions, 0.5) == 39


@pytest.mark.parametrize(
    ("years", "periods"),
    [
        (100, [300.0, 500.0]),  # no year reaches either
        (100, [5.0, 5.001]),
        (2000, [10.0, 5.0]),
        (20_000, [5.0, 5.0005]),  # one position
        (1000, [1.5]),  # more than one event a year
    ],
)
def test_maps_that_cannot_be_told_apart_are_refused(years: int, periods: list[float]) -> None:
    told = r"flood: mapped return periods cannot be told apart.*to do: take longer blocks"
    with pytest.raises(CatalogueError, match=told):
        rank_positions(years, 0.3, periods, POISSON, where="flood")


def test_maps_rarer_than_the_block_share_its_rarest_rank() -> None:
    """400 years, maps of 475 and 2,475: with u = 0.92 one year reaches both, with 0.3 only one."""
    mapped = mapped_positions([50.0, 475.0, 2475.0], POISSON)
    for shift, counts in ((0.92, [8, 1, 1]), (0.3, [8, 1, 0]), (0.1, [8, 0, 0])):
        found = rank_positions(400, shift, [50.0, 475.0, 2475.0], POISSON)
        assert [int((found >= p).sum()) for p in mapped] == counts


def test_shifts_by_hand() -> None:
    assert [round(block_shift(0.3, b), 6) for b in range(4)] == [0.3, 0.918034, 0.536068, 0.154102]


def test_shifts_spread_evenly_however_many_blocks_there_are() -> None:
    for blocks in (3, 5, 8, 13, 50):
        shifts = np.sort([block_shift(0.3, b) for b in range(blocks)])
        gaps = np.diff(np.append(shifts, shifts[0] + 1.0))
        # three-gap theorem for the golden ratio: the longest gap is below 2.2 / blocks
        assert gaps.max() < 2.2 / blocks
        assert gaps.min() > 0.3 / blocks
