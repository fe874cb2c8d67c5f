"""Conversions of return periods, probabilities and rates, against closed forms and by hand."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from riskmodel.core.errors import ReturnPeriodError
from riskmodel.core.returnperiod import (
    Frequency,
    exceedance_count,
    probability_from_rate,
    probability_from_return_period,
    rank_probability,
    rate_from_probability,
    rate_from_recurrence_interval,
    rate_from_return_period,
    recurrence_interval_from_rate,
    return_period_from_probability,
)

POISSON = Frequency("poisson")
RATES = np.array([1e-6, 1e-3, 0.05, 0.5, 2.0])


def test_probability_is_one_over_the_return_period() -> None:
    assert probability_from_return_period([2, 5, 200]).tolist() == [0.5, 0.2, 0.005]


def test_poisson_probability_is_that_of_at_least_one_event() -> None:
    assert probability_from_rate(RATES, POISSON) == pytest.approx(
        stats.poisson(RATES).sf(0), rel=1e-12
    )


@pytest.mark.parametrize("kappa", [0.2, 1.0, 3.5, 40.0])
def test_negative_binomial_probability_is_that_of_at_least_one_event(kappa: float) -> None:
    counts = stats.nbinom(kappa, kappa / (kappa + RATES))
    assert counts.mean() == pytest.approx(RATES)
    assert counts.var() == pytest.approx(RATES + RATES**2 / kappa)
    found = probability_from_rate(RATES, Frequency("negative_binomial", kappa))
    assert found == pytest.approx(counts.sf(0), rel=1e-9)


def test_rates_by_hand() -> None:
    # 1 in 2 years: ln 2 for Poisson; 1 / (1 - 1/2) - 1 = 1 for kappa = 1
    assert float(rate_from_return_period(2.0, POISSON)) == pytest.approx(math.log(2.0), rel=1e-15)
    geometric = Frequency("negative_binomial", 1.0)
    assert float(rate_from_return_period(2.0, geometric)) == pytest.approx(1.0, rel=1e-15)


def test_a_large_kappa_is_nearly_poisson() -> None:
    nearly = rate_from_probability([0.005, 0.2, 0.9], Frequency("negative_binomial", 1e9))
    assert nearly == pytest.approx(rate_from_probability([0.005, 0.2, 0.9], POISSON), rel=1e-8)


def test_rank_probability_by_hand() -> None:
    assert rank_probability([1, 2, 10], 10, 0.5).tolist() == [0.05, 0.15, 0.95]


@pytest.mark.parametrize(
    ("years", "period", "shift", "count"),
    [(2000, 200, 0.3, 10), (100, 200, 0.3, 0), (100, 200, 0.5, 1), (730, 200, 0.3, 3),
     (730, 200, 0.4, 4), (147, 98, 0.5, 2)],
)  # fmt: skip
def test_years_that_reach_a_map_by_hand(
    years: int, period: float, shift: float, count: int
) -> None:
    assert exceedance_count(years, period, shift) == count


@pytest.mark.parametrize(
    "refused",
    [
        lambda: probability_from_return_period(1.0),
        lambda: probability_from_return_period([5.0, -2.0]),
        lambda: probability_from_return_period(math.nan),
        lambda: rate_from_probability([0.5, 1.0], POISSON),
        lambda: rate_from_probability(0.0, POISSON),
        lambda: probability_from_rate(0.0, POISSON),
        lambda: probability_from_rate(-1.0, POISSON),
        lambda: rank_probability([0], 10, 0.5),
        lambda: rank_probability([11], 10, 0.5),
        lambda: exceedance_count(100, 1.0, 0.5),
    ],
)
def test_out_of_range_is_refused(refused: Callable[[], object]) -> None:
    with pytest.raises(ReturnPeriodError, match=r"out of range.*found.*values between"):
        refused()


@pytest.mark.parametrize(
    ("family", "kappa"),
    [
        ("poisson", 2.0),
        ("negative_binomial", None),
        ("negative_binomial", 0.0),
        ("binomial", None),
    ],
)
def test_a_dispersion_that_does_not_fit_is_refused(family: str, kappa: float | None) -> None:
    with pytest.raises(ReturnPeriodError, match=r"to do: declare hazard\.frequency"):
        Frequency(family, kappa)  # type: ignore[arg-type]


def test_rate_basis_goes_below_one_year_and_back() -> None:
    intervals = np.array([0.1, 0.25, 1.0, 5.0, 1000.0])
    rates = rate_from_recurrence_interval(intervals)
    assert rates == pytest.approx([10.0, 4.0, 1.0, 0.2, 0.001])
    assert recurrence_interval_from_rate(rates) == pytest.approx(intervals, rel=1e-15)
    # a five-year event by rate is a 5.52-year event by probability
    probability = probability_from_rate(rates[3], POISSON)
    assert float(return_period_from_probability(probability)) == pytest.approx(5.5167, abs=5e-5)


@pytest.mark.parametrize("bad", [0.0, -1.0, math.inf, math.nan])
def test_a_recurrence_interval_must_be_positive(bad: float) -> None:
    for convert in (rate_from_recurrence_interval, recurrence_interval_from_rate):
        with pytest.raises(ReturnPeriodError, match="correct the return periods or rates"):
            convert(bad)
