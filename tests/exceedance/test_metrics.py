"""VaR, TVaR, OEP and AEP: by hand, as invariants, and against a closed form."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats

from riskmodel.core.errors import ReturnPeriodError
from riskmodel.exceedance.metrics import (
    annual_maximum,
    annual_sum,
    average_by_group,
    curve_points,
    exceeding_years,
    loss_metrics,
    tail_value_at_risk,
    value_at_risk,
    year_losses,
)

Builder = Callable[..., xr.Dataset]

# --- by hand ------------------------------------------------------------------------------------

TIED = [9.0, 7.0, 7.0, 7.0, 2.0, 0.0, 0.0, 0.0, 0.0, 0.0]  # an atom at 7 and one at zero


@pytest.mark.parametrize(
    ("years", "return_period", "expected"),
    [
        ([5.0, 1.0, 3.0, 2.0, 4.0], 5.0, 4.0),  # P(> 4) = 1/5, P(> 3) = 2/5
        ([5.0, 1.0, 3.0, 2.0, 4.0], 2.0, 3.0),  # P(> 3) = 2/5 <= 1/2 < P(> 2) = 3/5
        (TIED, 10.0, 7.0),
        (TIED, 5.0, 7.0),  # P(> 7) = 1/10 <= 1/5 < P(> 6.99) = 4/10
        (TIED, 2.5, 2.0),  # P(> 2) = 4/10, just reached
        (TIED, 2.0, 0.0),
    ],
)
def test_value_at_risk_is_the_smallest_amount_exceeded_at_most_so_often(
    years: list[float], return_period: float, expected: float
) -> None:
    assert value_at_risk(years, return_period) == expected
    amounts = np.array(years)
    allowed = 1.0 / return_period + 1e-12
    candidates = [v for v in sorted(set(years)) if (amounts > v).mean() <= allowed]
    assert expected == candidates[0]


@pytest.mark.parametrize(
    ("years", "return_period", "expected"),
    [
        ([5.0, 1.0, 3.0, 2.0, 4.0], 2.5, 4.5),  # (5 + 4) / 2
        ([5.0, 1.0, 3.0, 2.0, 4.0], 2.0, 4.2),  # (5 + 4 + 3 / 2) / 2.5: the boundary year split
        (TIED, 5.0, 8.0),  # (9 + 7) / 2: one of the tied years lies beyond
        (TIED, 2.0, 6.4),  # (9 + 3 · 7 + 2) / 5
        (TIED, 4.0, 7.8),  # (9 + 7 + 7 / 2) / 2.5
    ],
)
def test_tail_value_at_risk_by_hand(
    years: list[float], return_period: float, expected: float
) -> None:
    assert tail_value_at_risk(years, return_period) == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("return_period", [10.000001, 11.0, 1e6])
def test_a_return_period_beyond_the_years_is_refused(return_period: float) -> None:
    for metric in (value_at_risk, tail_value_at_risk):
        with pytest.raises(ReturnPeriodError, match="simulate more blocks"):
            metric(TIED, return_period)


def test_the_whole_number_of_exceeding_years_survives_floating_point() -> None:
    # 1 / T · N falls short of a whole number in binary for some of these
    for years in (49, 98, 1000, 2000, 10000):
        for count in (1, 2, 3, 5, 7, 10, 20, 41):
            assert exceeding_years(years, years / count) == count


def test_sums_and_maxima_of_years_by_hand() -> None:
    year, amount = np.array([0, 2, 2, 2]), np.array([4.0, 1.0, 6.0, 3.0])
    assert annual_sum(year, amount, 4).tolist() == [4.0, 0.0, 10.0, 0.0]
    assert annual_maximum(year, amount, 4).tolist() == [4.0, 0.0, 6.0, 0.0]


def test_year_losses_leave_other_quantities_out_and_number_years_in_the_block(
    build: Builder,
) -> None:
    mean = np.array([[1.0, 2, 3, 4, 500, 600], [10, 0, 0, 0, 0, 0], [0, 20, 0, 5, 0, 9]])
    beyond = mean * np.array([[0.5], [0.0], [1.0]])
    # occurrence 0 hits two zones in year 1, occurrence 1 nothing, occurrence 2 one zone in year 1
    rows = (np.array([0, 0, 2]), np.array([0, 1, 0], np.int16), mean)
    table = build([1, 0, 1, 3], rows, years=4, blocks=2, extrapolated=beyond)
    losses = year_losses(table)
    assert losses.total.tolist() == [0, 45, 0, 0]
    assert losses.largest.tolist() == [0, 25, 0, 0]
    assert losses.total_extrapolated.tolist() == [0, 30, 0, 0]
    assert losses.largest_extrapolated.tolist() == [0, 25, 0, 0]
    later = np.array([0, 3, 2])
    table = build([0, 0, 2, 3], (later, rows[1], mean), years=4, blocks=2)
    assert year_losses(table, block=0).total.tolist() == [10, 0]
    assert year_losses(table, block=1).total.tolist() == [25, 10]


def test_shares_of_extrapolated_loss_by_hand() -> None:
    amounts = np.array([10.0, 8.0, 6.0, 4.0, 2.0, 0.0, 0.0, 0.0])
    beyond = np.array([10.0, 4.0, 3.0, 0.0, 0.0, 0.0, 0.0, 0.0])
    # T = 4: two years beyond; ranks within a factor 1.25 of two are the second to the fourth
    [point] = curve_points(amounts, beyond, [4.0])[0]
    assert (point.value, point.share_extrapolated) == (6.0, pytest.approx(7.0 / 18.0))
    [tail] = curve_points(amounts, beyond, [4.0])[1]
    assert (tail.value, tail.share_extrapolated) == (9.0, pytest.approx(14.0 / 18.0))
    assert curve_points(np.zeros(8), np.zeros(8), [4.0])[0][0].share_extrapolated == 0.0


def share_plainly(amounts: np.ndarray, beyond: np.ndarray, ranks: slice) -> float:
    """Share by a stable sort of every year."""
    chosen = np.argsort(-amounts, kind="stable")[ranks]
    return float(beyond[chosen].sum() / amounts[chosen].sum())


def test_ranking_once_gives_each_period_as_on_its_own() -> None:
    draw = np.random.default_rng(5)
    amounts = np.round(draw.pareto(1.5, 3_000) * (draw.random(3_000) < 0.9), 1)  # many ties
    beyond = amounts * draw.random(3_000)
    periods = [2.0, 3.3, 50.0, 300.0]
    values, tails = curve_points(amounts, beyond, periods)
    for period, value, tail in zip(periods, values, tails, strict=True):
        count = int(3_000 / period + 1e-9)
        near = slice(int(count / 1.25), int(np.ceil(count * 1.25)) + 1)
        assert value == (value_at_risk(amounts, period), share_plainly(amounts, beyond, near))
        worst = slice(count)
        assert tail == (tail_value_at_risk(amounts, period), share_plainly(amounts, beyond, worst))


# --- breakdowns ---------------------------------------------------------------------------------


def small_table(build: Builder) -> xr.Dataset:
    mean = np.array([[8.0, 4, 2, 0, 7, 7], [0, 6, 0, 2, 7, 7], [12, 0, 0, 6, 7, 7]])
    beyond = np.array([[4.0, 0, 0, 0, 7, 7], [0, 6, 0, 0, 7, 7], [0, 0, 0, 3, 7, 7]])
    rows = (np.array([0, 0, 1]), np.array([0, 1, 1], np.int16), mean)
    return build([0, 3], rows, years=4, blocks=2, extrapolated=beyond)


def test_breakdowns_by_hand(build: Builder) -> None:
    found = average_by_group(small_table(build))
    expected = {
        "by_peril.wind": (22 / 4, 4 / 22),
        "by_peril.flood": (18 / 4, 9 / 18),
        "by_sector.homes": (30 / 4, 10 / 30),
        "by_sector.farms": (10 / 4, 3 / 10),
        "by_zone.330302": (14 / 4, 4 / 14),
        "by_zone.330303": (26 / 4, 9 / 26),
        "by_cause.typhoon": (40 / 4, 13 / 40),
    }
    assert set(found) == {f"loss.aal.{name}" for name in expected}
    for name, metric in expected.items():
        assert found[f"loss.aal.{name}"] == pytest.approx(metric)
    second = average_by_group(small_table(build), block=1)
    assert second["loss.aal.by_zone.330302"].value == 0.0
    assert second["loss.aal.by_peril.wind"].value == pytest.approx(12 / 2)


def test_all_figures_by_hand(build: Builder) -> None:
    found = loss_metrics(small_table(build), [2.0, 4.0])
    # years cost 22, 0, 0, 18
    assert found["loss.aal"] == pytest.approx((10.0, 13 / 40))
    assert found["loss.aal.by_cause.typhoon"] == pytest.approx(found["loss.aal"], rel=1e-12)
    assert found["loss.standard_deviation"].value == pytest.approx(
        np.sqrt((22**2 + 18**2) / 4 - 100)
    )
    assert found["loss.oep.4"].value == found["loss.aep.4"].value == 18.0
    assert found["loss.tvar.4"].value == 22.0
    assert found["loss.aep.2"].value == 0.0
    assert found["loss.tvar.2"].value == 20.0


@pytest.mark.parametrize("block", [None, 0, 1])
@pytest.mark.parametrize("label", ["by_peril", "by_sector", "by_zone", "by_cause"])
def test_breakdowns_add_up(build: Builder, label: str, block: int | None) -> None:
    draw = np.random.default_rng(20221)
    mean = draw.pareto(1.5, (300, 6)) * (draw.random((300, 6)) < 0.6)
    pairs = draw.choice(400, 300, replace=False)
    table = build(
        draw.integers(0, 100, 200),
        (pairs // 2, (pairs % 2).astype(np.int16), mean),
        years=100, blocks=2, extrapolated=mean * draw.random((300, 6)),
    )  # fmt: skip
    found = loss_metrics(table, [], block=block)
    parts = [m for name, m in found.items() if name.startswith(f"loss.aal.{label}.")]
    aal = found["loss.aal"]
    assert sum(p.value for p in parts) == pytest.approx(aal.value, rel=1e-12)
    rare = sum(p.value * p.share_extrapolated for p in parts)
    assert rare == pytest.approx(aal.value * aal.share_extrapolated, rel=1e-12)


# --- invariants ---------------------------------------------------------------------------------

amounts = st.lists(
    st.one_of(st.just(0.0), st.sampled_from([1.0, 2.0]), st.floats(1e-3, 1e12)),
    min_size=2, max_size=80,
).map(np.array)  # fmt: skip
occurrences = st.lists(st.tuples(st.integers(0, 11), st.floats(0.0, 1e10)), min_size=1, max_size=40)


@given(amounts, st.floats(1.0, 80.0), st.floats(1.0, 80.0))
def test_tail_mean_lies_above_and_neither_falls_with_the_return_period(
    years: np.ndarray, one: float, other: float
) -> None:
    # N / T below N: at least one year must be beyond and one below
    shorter, longer = (1.0 + (years.size - 1) * t / 80.0 for t in sorted((one, other)))
    low, high = value_at_risk(years, shorter), value_at_risk(years, longer)
    assert low <= high
    slack = 1e-12 * (1.0 + years.max())
    low_tail, high_tail = (tail_value_at_risk(years, t) for t in (shorter, longer))
    assert low_tail <= high_tail + slack
    assert low_tail >= low - slack
    assert high_tail >= high - slack
    assert high_tail <= years.max() + slack
    assert low_tail >= years.mean() - slack


@given(amounts, st.floats(1.01, 1.99), st.integers(-20, 20))
def test_metrics_scale_with_money(years: np.ndarray, period: float, power: int) -> None:
    factor = 2.0**power  # exact in binary, so that equality is exact too
    for metric in (value_at_risk, tail_value_at_risk):
        assert metric(factor * years, period) == factor * metric(years, period)


@given(amounts, st.randoms(use_true_random=False))
def test_the_order_of_years_does_not_matter(years: np.ndarray, random: Random) -> None:
    shuffled = years.tolist()
    random.shuffle(shuffled)
    for metric in (value_at_risk, tail_value_at_risk):
        assert metric(shuffled, 2.0) == metric(years, 2.0)


@settings(max_examples=50, deadline=None)
@given(occurrences)
def test_largest_event_never_exceeds_the_year(listed: list[tuple[int, float]]) -> None:
    year, amount = (np.array(column) for column in zip(*listed, strict=True))
    largest, total = annual_maximum(year, amount, 12), annual_sum(year, amount, 12)
    for period in (1.5, 2.0, 3.7, 12.0):
        slack = 1e-12 * total.max()
        assert value_at_risk(largest, period) <= value_at_risk(total, period) + slack
        assert tail_value_at_risk(largest, period) <= tail_value_at_risk(total, period) + slack
    counts = np.bincount(year, minlength=12)
    assert (largest[counts == 1] == total[counts == 1]).all()


# --- closed form --------------------------------------------------------------------------------

RATE, MEAN, YEARS = 1.3, 4e8, 200_000


@pytest.fixture(scope="module")
def compound_poisson(whole: Builder) -> xr.Dataset:
    draw = np.random.default_rng(19)
    year = np.repeat(np.arange(YEARS), draw.poisson(RATE, YEARS))
    return whole(year, draw.exponential(MEAN, year.size), years=YEARS, blocks=2)


def test_average_and_spread_of_poisson_years(compound_poisson: xr.Dataset) -> None:
    """Variance of a compound Poisson year is λ E[x²] = 2 λ m², its fourth cumulant 24 λ m⁴."""
    found = loss_metrics(compound_poisson, [])
    variance = 2.0 * RATE * MEAN**2
    error = np.sqrt(variance / YEARS)
    assert found["loss.aal"].value == pytest.approx(RATE * MEAN, abs=4.0 * error)
    of_variance = np.sqrt((24.0 * RATE * MEAN**4 + 2.0 * variance**2) / YEARS)
    spread = found["loss.standard_deviation"].value
    assert spread**2 == pytest.approx(variance, abs=4.0 * of_variance)


@pytest.mark.parametrize("period", [2.0, 5.0, 10.0, 50.0, 100.0, 200.0, 1000.0])
def test_largest_event_of_poisson_years(compound_poisson: xr.Dataset, period: float) -> None:
    """P(max <= x) = exp(-λ e^{-x/m}), so the T-year loss is m ln(λ / -ln(1 - 1/T))."""
    beyond = 1.0 / period
    rate = -np.log1p(-beyond)  # of events above the T-year loss
    exact = MEAN * np.log(RATE / rate)
    density = (1.0 - beyond) * rate / MEAN
    error = np.sqrt(beyond * (1.0 - beyond) / YEARS) / density
    found = loss_metrics(compound_poisson, [period])
    assert found[f"loss.oep.{period:g}"].value == pytest.approx(exact, abs=4.0 * error)


@pytest.mark.parametrize("period", [5.0, 50.0, 200.0])
def test_tail_of_poisson_years(compound_poisson: xr.Dataset, period: float) -> None:
    """AEP and TVaR against the series of gamma laws, P(S > x) = Σ P(N = n) P(Gamma(n) > x/m)."""
    counts = np.arange(1, 40)
    weight = stats.poisson.pmf(counts, RATE)

    def survival(x: float) -> float:
        return float(weight @ stats.gamma.sf(x, counts))

    beyond = 1.0 / period
    quantile = optimize.brentq(lambda x: survival(x) - beyond, 0.0, 100.0)
    # E[S; S > x] = Σ P(N = n) n P(Gamma(n + 1) > x)
    tail = float(weight @ (counts * stats.gamma.sf(quantile, counts + 1))) / beyond
    second = float(weight @ (counts * (counts + 1) * stats.gamma.sf(quantile, counts + 2))) / beyond
    density = float(weight @ stats.gamma.pdf(quantile, counts))
    found = loss_metrics(compound_poisson, [period])
    error = MEAN * np.sqrt(beyond * (1.0 - beyond) / YEARS) / density
    assert found[f"loss.aep.{period:g}"].value == pytest.approx(MEAN * quantile, abs=4.0 * error)
    # asymptotic variance: (variance of the tail + (1 - p) (TVaR - VaR)²) / (N p)
    spread = (second - tail**2 + (1.0 - beyond) * (tail - quantile) ** 2) / (YEARS * beyond)
    error = MEAN * np.sqrt(spread)
    assert found[f"loss.tvar.{period:g}"].value == pytest.approx(MEAN * tail, abs=4.0 * error)


# --- an open tail -------------------------------------------------------------------------------

ALPHA, LEAST = 2.5, 1e8


@pytest.fixture(scope="module")
def pareto_years(whole: Builder) -> xr.Dataset:
    draw = np.random.default_rng(23)
    year = np.repeat(np.arange(YEARS), draw.poisson(RATE, YEARS))
    loss = LEAST * draw.random(year.size) ** (-1.0 / ALPHA)
    return whole(year, loss, years=YEARS, blocks=2)


def test_average_of_pareto_years(pareto_years: xr.Dataset) -> None:
    """λ a m / (a - 1), with the variance λ a m² / (a - 2) of a year."""
    error = np.sqrt(RATE * ALPHA * LEAST**2 / (ALPHA - 2.0) / YEARS)
    exact = RATE * ALPHA * LEAST / (ALPHA - 1.0)
    found = loss_metrics(pareto_years, [])["loss.aal"].value
    assert found == pytest.approx(exact, abs=4.0 * error)


@pytest.mark.parametrize("period", [5.0, 20.0, 100.0, 500.0, 2000.0])
def test_largest_event_of_pareto_years(pareto_years: xr.Dataset, period: float) -> None:
    """P(max <= x) = exp(-λ (m / x)^a), so the T-year loss is m (λ / -ln(1 - 1/T))^(1/a)."""
    beyond = 1.0 / period
    rate = -np.log1p(-beyond)
    exact = LEAST * (RATE / rate) ** (1.0 / ALPHA)
    density = (1.0 - beyond) * rate * ALPHA / exact
    error = np.sqrt(beyond * (1.0 - beyond) / YEARS) / density
    found = loss_metrics(pareto_years, [period])
    assert found[f"loss.oep.{period:g}"].value == pytest.approx(exact, abs=4.0 * error)
