"""Order-statistic intervals: by hand, exact coverage, the figure the issue names, bad input."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from riskmodel.core.errors import ReturnPeriodError, RiskModelError, SchemaError
from riskmodel.core.returnperiod import Frequency
from riskmodel.exceedance.mean_intervals import bootstrap_intervals, delta_interval
from riskmodel.exceedance.year_table import table_metrics, year_table
from riskmodel.exceedance.year_table_intervals import (
    quantile_interval,
    recurrence_loss_interval,
    table_intervals,
)

POISSON = Frequency("poisson")


def test_bounds_by_hand() -> None:
    # Bin(10, 1/2): P(<= 1) = 0.0107, P(<= 2) = 0.0547, P(>= 8) = 0.0547, P(>= 9) = 0.0107
    losses = np.arange(10.0, 0.0, -1.0)  # the k-th largest is 11 - k
    found = quantile_interval(losses, 2.0, level=0.9)
    assert (found["lower"], found["upper"]) == (2.0, 9.0)  # the ninth and the second
    assert found["method"] == "order statistics 2 and 9 of 10; coverage 0.979"
    found = quantile_interval(losses, 2.0, level=0.88)
    assert (found["lower"], found["upper"]) == (3.0, 8.0)
    assert found["method"].endswith("coverage 0.891")
    assert (found["kind"], found["level"]) == ("data", 0.88)


def test_the_200_year_loss_of_10000_years_lies_between_the_157_and_the_276_year_loss() -> None:
    """At 95 %: orders 37 to 64 of an expected 50, so 10,000/64 and 10,000/36 years, or so."""
    found = quantile_interval(np.arange(1.0, 10_001.0), 200.0, level=0.95)
    beyond_upper, beyond_lower = (10_000 - found[end] for end in ("upper", "lower"))
    assert 10_000 / beyond_lower == pytest.approx(157, abs=1.5)
    assert 10_000 / beyond_upper == pytest.approx(276, abs=5)


TRIALS = 4000


def ranks_of(method: str) -> tuple[int, int, float]:
    """Upper and lower order statistic, and the coverage, that an interval says."""
    words = method.replace(";", "").split()
    return int(words[2]), int(words[4]), float(words[-1])


@pytest.mark.parametrize(("years", "t"), [(60, 5.0), (100, 20.0), (1000, 10.0), (1000, 200.0)])
@pytest.mark.parametrize("level", [0.8, 0.9])
def test_coverage_of_the_return_period_loss(years: int, t: float, level: float) -> None:
    """Uniform years stand for any continuous loss: only ranks matter. Truth is 1 - 1/T."""
    losses = np.random.default_rng(4).random((TRIALS, years))
    losses.sort(axis=1)
    found = quantile_interval(losses[0], t, level=level)
    upper, lower, said = ranks_of(found["method"])
    assert (found["lower"], found["upper"]) == (losses[0, -lower], losses[0, -upper])
    truth = 1 - 1 / t
    share = ((losses[:, -lower] <= truth) & (truth <= losses[:, -upper])).mean()
    assert said >= level
    assert share == pytest.approx(said, abs=3.5 * np.sqrt(said * (1 - said) / TRIALS))


def test_ties_only_raise_the_coverage() -> None:
    """Six years in ten without a loss, the others of 1, 2 or 3: the 10-year loss is 2."""
    draw = np.random.default_rng(6)
    hits = 0
    for _ in range(300):
        losses = draw.choice([0.0, 1.0, 2.0, 3.0], 200, p=[0.6, 0.2, 0.15, 0.05])
        found = quantile_interval(losses, 10.0, level=0.9)
        hits += found["lower"] <= 2.0 <= found["upper"]
    assert hits / 300 >= 0.9


@pytest.mark.parametrize("kappa", [None, 0.7])
@pytest.mark.parametrize("interval", [0.4, 5.0])
def test_coverage_of_the_loss_on_the_rate_basis(kappa: float | None, interval: float) -> None:
    """Three uniform losses a year on average: exceeded 1/T times a year is 1 - 1/(3 T)."""
    draw, years, rate, level = np.random.default_rng(9), 80, 3.0, 0.9
    frequency = POISSON if kappa is None else Frequency("negative_binomial", kappa)
    found = recurrence_loss_interval(
        np.arange(1000.0), years, interval, frequency=frequency, level=level
    )
    upper, lower, said = ranks_of(found["method"])
    assert (found["lower"], found["upper"]) == (1000 - lower, 1000 - upper)
    truth, hits = 1 - 1 / (rate * interval), 0
    for _ in range(TRIALS):
        yearly = rate if kappa is None else rate * draw.gamma(kappa, 1 / kappa, years)
        beyond = (draw.random(draw.poisson(yearly, years).sum()) > truth).sum()
        hits += upper <= beyond < lower
    assert said >= level
    assert hits / TRIALS == pytest.approx(said, abs=3.5 * np.sqrt(said * (1 - said) / TRIALS))


def test_fewer_losses_than_the_lower_bound_asks_for_bound_by_nothing() -> None:
    found = recurrence_loss_interval([5.0, 3.0], 10, 4.0, frequency=POISSON, level=0.5)
    # Poisson(2.5): P(<= 0) = 0.08, P(<= 1) = 0.29, P(>= 5) = 0.11, P(>= 4) = 0.24
    assert (found["lower"], found["upper"]) == (0.0, 5.0)
    # 20 expected beyond, two seen: had there been a loss so frequent, more would have come
    found = recurrence_loss_interval([5.0, 3.0], 10, 0.5, frequency=POISSON, level=0.9)
    assert (found["lower"], found["upper"]) == (0.0, 0.0)


@pytest.mark.parametrize("t", [40.0, 99.0])
def test_no_upper_bound_is_refused(t: float) -> None:
    """(1 - 1/T)^100 above 0.05: with such a chance no year of 100 lies beyond."""
    assert stats.binom(100, 1 / t).cdf(0) > 0.05
    losses = np.arange(100.0)
    with pytest.raises(ReturnPeriodError, match="import more years, or fit a tail"):
        quantile_interval(losses, t, level=0.9)
    with pytest.raises(ReturnPeriodError, match="import more years, or fit a tail"):
        recurrence_loss_interval(losses, 100, t, frequency=POISSON, level=0.9)
    assert quantile_interval(losses, 30.0, level=0.9)["upper"] == 99.0


@pytest.mark.parametrize("t", [0.5, 1.0, 101.0])
def test_unsupported_return_periods_are_refused(t: float) -> None:
    with pytest.raises(ReturnPeriodError):
        quantile_interval(np.arange(100.0), t, level=0.9)


@pytest.mark.parametrize("level", [0.0, 1.0, 95.0])
def test_a_level_is_a_probability(level: float) -> None:
    with pytest.raises(RiskModelError, match=r"give 0\.9 for a 90 % interval"):
        quantile_interval(np.arange(100.0), 5.0, level=level)


def test_every_figure_of_a_table_but_the_deviation_lies_in_its_interval() -> None:
    draw = np.random.default_rng(3)
    year = draw.integers(1, 2001, 3000)
    table = year_table(
        np.arange(3000), year, draw.pareto(3.0, 3000), years=2000, currency="CNY",
        price_year=2022, source="drawn",
    )  # fmt: skip
    figures = table_metrics(table, [0.9, 10.0, 40.0])
    found = table_intervals(table, [0.9, 10.0, 40.0], frequency=POISSON, level=0.9, seed=1)
    assert set(found) == set(figures) - {"loss.standard_deviation"}
    for name, (interval,) in found.items():
        assert interval["kind"] == "data"
        assert interval["lower"] <= figures[name].value <= interval["upper"]


def test_ranked_years_of_the_catalogue_are_refused(whole: Callable[..., xr.Dataset]) -> None:
    table = whole(np.arange(400), np.arange(400.0), years=400, blocks=2)
    with pytest.raises(SchemaError, match="year_loss_table"):
        table_intervals(table, [5.0], frequency=POISSON, level=0.9, seed=1)


@pytest.mark.parametrize("bad", [-1.0, np.nan, np.inf])
def test_losses_that_are_missing_or_negative_are_refused(bad: float) -> None:
    losses = np.append(np.arange(1999.0), bad)
    for interval in (
        lambda: quantile_interval(losses, 5.0, level=0.9),
        lambda: recurrence_loss_interval(losses, 50, 5.0, frequency=POISSON, level=0.9),
        lambda: delta_interval(losses, level=0.9),
        lambda: bootstrap_intervals(losses, [], level=0.9, seed=1),
    ):
        with pytest.raises(SchemaError, match=r"\{1999: .*correct or drop these rows"):
            interval()
