"""Year counts are exact for any number of years, shift and return periods; conversions invert."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from riskmodel.core.errors import CatalogueError
from riskmodel.core.returnperiod import (
    Frequency,
    probability_from_rate,
    rank_probability,
    rate_from_probability,
)
from riskmodel.hazard.position import LAST_POSITION, STEP, mapped_positions, rank_positions

YEARS = st.integers(2, 20_000)
SHIFTS = st.floats(0.0, 1.0, exclude_min=True, exclude_max=True)
PERIODS = st.lists(
    st.one_of(st.integers(2, 2000).map(float), st.floats(1.6, 2000.0)),
    min_size=1,
    max_size=7,
    unique=True,
).map(sorted)
FREQUENCIES = st.one_of(
    st.just(Frequency("poisson")),
    st.floats(0.05, 100.0).map(lambda kappa: Frequency("negative_binomial", kappa)),
)


@settings(deadline=None, max_examples=400)
@given(years=YEARS, shift=SHIFTS, periods=PERIODS, frequency=FREQUENCIES)
def test_years_that_reach_each_map_are_exactly_the_floor(
    years: int, shift: float, periods: list[float], frequency: Frequency
) -> None:
    # the most frequent rank must have a chance below one in floating point
    assume((years - shift) / years < 1.0)
    try:
        positions = rank_positions(years, shift, periods, frequency)
    except CatalogueError:
        # refused only when two maps cannot be told apart, or a map is too frequent
        mapped = mapped_positions(periods, frequency)
        counts = [math.floor(years / t + shift) for t in periods]
        tied = [c for c in counts if counts.count(c) > 1]
        # at one year or none the rarest maps may share a rank, but not all maps at none
        apart = max(tied, default=0) < 2 and (len(counts) == 1 or counts[0] > 0)
        assert min(mapped) < 1 or not apart or len(set(mapped)) < len(mapped)
        return
    for period, mapped in zip(periods, mapped_positions(periods, frequency), strict=True):
        assert np.count_nonzero(positions >= mapped) == math.floor(years / period + shift)
    assert (np.diff(positions.astype(np.int64)) <= 0).all()


@settings(deadline=None, max_examples=100)
@given(years=YEARS, shift=st.floats(0.001, 0.999), periods=PERIODS)
def test_snapping_moves_no_rank_by_more_than_a_step(
    years: int, shift: float, periods: list[float]
) -> None:
    poisson = Frequency("poisson")
    try:
        positions = rank_positions(years, shift, periods, poisson)
    except CatalogueError:
        assume(False)
    rate = rate_from_probability(rank_probability(np.arange(1, years + 1), years, shift), poisson)
    exact = np.clip(-np.log(rate) / STEP, 0.0, LAST_POSITION)
    assert np.abs(positions - exact).max() <= 1.5 + 1e-6


@given(rate=st.floats(1e-9, 20.0), frequency=FREQUENCIES)
def test_rates_come_back_from_probabilities(rate: float, frequency: Frequency) -> None:
    probability = float(probability_from_rate(rate, frequency))
    assert 0.0 < probability < 1.0
    back = float(rate_from_probability(probability, frequency))
    # near certainty 1 - EP holds few digits
    assert math.isclose(back, rate, rel_tol=1e-12 + 4e-16 * _stretch(rate, frequency))


@given(probability=st.floats(1e-9, 0.999999), frequency=FREQUENCIES)
def test_probabilities_come_back_from_rates(probability: float, frequency: Frequency) -> None:
    rate = float(rate_from_probability(probability, frequency))
    back = float(probability_from_rate(rate, frequency))
    assert math.isclose(back, probability, rel_tol=1e-9)


@given(a=st.floats(1e-6, 0.999), b=st.floats(1e-6, 0.999), frequency=FREQUENCIES)
def test_rates_rise_with_probability_and_are_never_below_it(
    a: float, b: float, frequency: Frequency
) -> None:
    low, high = sorted((a, b))
    assert rate_from_probability(low, frequency) <= rate_from_probability(high, frequency)
    assert rate_from_probability(a, frequency) >= a


def _stretch(rate: float, frequency: Frequency) -> float:
    """d rate / rate for a relative change of 1 - EP."""
    if frequency.kappa is None:
        return 1.0 / (rate * math.exp(-rate)) if rate > 0 else 1.0
    power = (1.0 + rate / frequency.kappa) ** (frequency.kappa + 1.0)
    return power / rate
