"""AEP on a grid: exact convolutions, compound closed forms, Panjer's recursion and invariants."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from riskmodel.core.errors import ReturnPeriodError, SchemaError
from riskmodel.core.returnperiod import Frequency
from riskmodel.exceedance.aggregate import (
    aggregate_distribution,
    aggregate_loss,
    aggregate_tail,
    event_metrics,
)
from riskmodel.exceedance.event_table import (
    Spread,
    annual_standard_deviation,
    average_annual_loss,
    event_table,
    exceedance_frequency,
    frequency_loss,
    occurrence_loss,
    occurrence_probability,
)

POISSON = Frequency("poisson")
FAMILIES = pytest.mark.parametrize(
    "frequency",
    [POISSON, Frequency("negative_binomial", 0.6), Frequency("negative_binomial", 12.0)],
)
ROUNDING = 1e-11  # of probabilities out of the transform


def table_of(rate: object, loss: object, spread: Spread | None = None) -> xr.Dataset:
    rates = np.asarray(rate, dtype=np.float64)
    return event_table(
        np.arange(rates.size), rates, loss, spread=spread,  # type: ignore[arg-type]
        currency="CNY", price_year=2022, source="by hand",
    )  # fmt: skip


def counts_of(frequency: Frequency, rate: float) -> stats.distributions.rv_frozen:
    kappa = frequency.kappa
    return stats.poisson(rate) if kappa is None else stats.nbinom(kappa, kappa / (kappa + rate))


RATE, LOSS = np.array([0.5, 0.25, 0.2, 0.04, 0.01]), np.array([1, 2, 5, 11, 40])


def convolved(frequency: Frequency, most: int = 400) -> np.ndarray:
    """Probability of each whole sum: Σ_n P(N = n) f^{n*}, convolved one event at a time."""
    single = np.zeros(most + 1)
    single[LOSS] = RATE / RATE.sum()
    total, power = np.zeros(most + 1), np.zeros(most + 1)
    power[0] = 1.0
    counts = counts_of(frequency, float(RATE.sum()))
    for number in range(120):
        total += counts.pmf(number) * power
        power = np.convolve(power, single)[: most + 1]
    return total


@FAMILIES
@pytest.mark.parametrize("points", [2**10, 2**14])
def test_bounds_enclose_the_convolution(frequency: Frequency, points: int) -> None:
    distribution = aggregate_distribution(table_of(RATE, LOSS), frequency, points=points)
    probability = convolved(frequency)
    loss = distribution["loss"].values
    inside = loss < 300
    beyond = np.append(np.cumsum(probability[::-1])[::-1], 0.0)
    exact = beyond[np.floor(loss[inside] + 1e-9).astype(int) + 1]
    value, lower, upper = distribution["exceedance"].values[:, inside]
    assert (lower <= exact + ROUNDING).all()
    assert (upper >= exact - ROUNDING).all()
    assert (lower <= value + ROUNDING).all()
    assert (value <= upper + ROUNDING).all()
    step = loss[1]
    amounts = np.arange(probability.size)
    for t in (1.5, 5.0, 30.0, 99.0):
        allowed = 1 / t
        exact_loss = amounts[np.argmax(beyond[1:] <= allowed)]
        found = aggregate_loss(distribution, t)
        assert found.lower <= exact_loss + 1e-9
        assert found.upper >= exact_loss - 1e-9
        excess = (np.maximum(amounts - exact_loss, 0) * probability).sum()
        tail = aggregate_tail(distribution, t)
        assert tail.lower <= exact_loss + t * excess <= tail.upper
        assert tail.upper - tail.lower <= 40 * step * t**0.5


def panjer(frequency: Frequency, rate: np.ndarray) -> np.ndarray:
    """Probability of each sum in grid steps, from the rate of events at each step.

    Panjer's recursion: a = 0, b = λ for Poisson; a = λ/(κ + λ), b = a (κ - 1) otherwise.
    """
    total, kappa = float(rate.sum()), frequency.kappa
    a = 0.0 if kappa is None else total / (kappa + total)
    b = total if kappa is None else a * (kappa - 1)
    severity = rate / total
    free = 1 - a * severity[0]
    # events rounded down to nothing: the chance of a sum of zero is the generating function there
    at_zero = severity[0] - 1
    found = np.zeros(rate.size)
    found[0] = np.exp(total * at_zero) if kappa is None else (1 - total * at_zero / kappa) ** -kappa
    for s in range(1, rate.size):
        y = np.arange(1, s + 1)
        found[s] = ((a + b * y / s) * severity[y] * found[s - y]).sum() / free
    return found


@FAMILIES
def test_transform_is_the_recursion_on_the_same_grid(frequency: Frequency) -> None:
    distribution = aggregate_distribution(table_of(RATE, LOSS), frequency, points=600)
    step = float(distribution["loss"][1])
    down, up = (np.bincount(f(LOSS / step).astype(int), RATE, 600) for f in (np.floor, np.ceil))
    for rounding, rate in (("lower", down), ("upper", up)):
        expected = 1 - np.cumsum(panjer(frequency, rate))
        found = distribution["exceedance"].sel(rounding=rounding).values
        assert np.abs(found - expected).max() <= ROUNDING


@pytest.mark.parametrize("rate", [0.3, 4.0])
def test_compound_poisson_exponential_in_closed_form(rate: float) -> None:
    """P(S > x) = Σ_n P(N = n) P(Gamma(n) > x), between tables of slices at either end.

    The rarest slice (probability 1/4,000) is cut at its upper end, which hides λ/4,000/1,000.
    """
    slices = 4000
    edges = stats.expon.isf(np.arange(slices + 1) / slices)
    edges[0] = stats.expon.isf(1 / slices / 1000)
    x, number = np.linspace(0.5, 12.0, 24), np.arange(1, 80)
    exact = (stats.poisson(rate).pmf(number) * stats.gamma(number).sf(x[:, None])).sum(axis=1)
    curves = []
    for end, rounding in ((edges[1:], "lower"), (edges[:-1], "upper")):
        table = table_of(np.full(slices, rate / slices), end)
        curve = aggregate_distribution(table, POISSON)["exceedance"].sel(rounding=rounding)
        curves.append(np.interp(x, curve["loss"], curve))
    assert (curves[0] <= exact + 1e-6).all()
    assert (curves[1] + rate / slices / 1000 >= exact - 1e-6).all()
    assert (curves[1] - curves[0] <= 2e-3).all()


@pytest.mark.parametrize("severity", [stats.pareto(2.5, loc=-1), stats.lognorm(1.5)])
def test_heavy_severities_against_counts_convolved_in_plain_numpy(
    severity: stats.distributions.rv_frozen,
) -> None:
    """The severity is put on a grid of its own from its distribution function, not by events."""
    slices, rate, grid, most = 4000, 0.8, 0.05, 4000
    table = table_of(np.full(slices, rate / slices),
                     severity.isf((np.arange(slices) + 0.5) / slices))  # fmt: skip
    distribution = aggregate_distribution(table, POISSON)
    cells = -np.diff(severity.sf(np.maximum(grid * (np.arange(most + 1) - 0.5), 0)))
    total, power = np.zeros(most), np.zeros(most)
    power[0] = 1.0
    for number in range(14):
        total += stats.poisson(rate).pmf(number) * power
        power = np.convolve(power, cells)[:most]
    expected = 1 - np.cumsum(total)
    for t in (5.0, 20.0, 100.0):
        theirs = grid * np.argmax(expected <= 1 / t)
        assert aggregate_loss(distribution, t).value == pytest.approx(theirs, rel=0.01, abs=grid)


@FAMILIES
def test_moments_of_the_grid_are_the_analytic_ones(frequency: Frequency) -> None:
    spread = Spread([1.0, 0.0, 2.0, 8.0, 0.0], [9.0, 2.0, 20.0, 60.0, 50.0])
    table = table_of(RATE, LOSS, spread)
    distribution = aggregate_distribution(table, frequency)
    loss, step = distribution["loss"].values, float(distribution["loss"][1])
    mean = distribution["exceedance"].sum("loss") * step
    aal = average_annual_loss(table)
    assert float(mean.sel(rounding="value")) == pytest.approx(aal, rel=1e-5)
    assert float(mean.sel(rounding="lower")) < aal < float(mean.sel(rounding="upper"))
    second = float(
        (distribution["exceedance"].sel(rounding="value").values * (2 * loss + step)).sum()
    )
    deviation = np.sqrt(second * step - aal**2)
    assert deviation == pytest.approx(annual_standard_deviation(table, frequency), rel=1e-5)


@pytest.mark.parametrize("frequency", [POISSON, Frequency("negative_binomial", 2.0)])
def test_rare_events_seldom_meet(frequency: Frequency) -> None:
    """With few events a year the year's sum is its largest loss, up to the chance of two."""
    table = table_of([1e-3, 2e-4], [10.0, 70.0], Spread([4.0, 20.0], [50.0, 200.0]))
    distribution = aggregate_distribution(table, frequency)
    amounts = np.array([1.0, 10.0, 40.0, 120.0])
    curve = distribution["exceedance"].sel(loss=amounts, method="ffill")
    rate = exceedance_frequency(table, amounts)
    assert curve.sel(rounding="value").values == pytest.approx(rate, rel=5e-3, abs=2e-6)
    oep = occurrence_probability(table, amounts, frequency)
    assert (curve.sel(rounding="upper").values >= oep - ROUNDING).all()


REFERENCE = Path(__file__).parents[1] / "validation" / "aggregate_package" / "figures.csv"


def reference_rows() -> list[dict[str, str]]:
    with REFERENCE.open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


@pytest.mark.parametrize("row", reference_rows(), ids=lambda row: row["case"])
def test_figures_of_the_aggregate_package(row: dict[str, str]) -> None:
    kappa = float(row["kappa"]) if row["kappa"] else None
    frequency = POISSON if kappa is None else Frequency("negative_binomial", kappa)
    distribution = aggregate_distribution(table_of(RATE * 1.5, LOSS), frequency)
    t = float(row["return_period"])
    loss, tail = aggregate_loss(distribution, t), aggregate_tail(distribution, t)
    assert loss.lower - 1e-6 <= float(row["value_at_risk"]) <= loss.upper + 1e-6
    assert tail.value == pytest.approx(float(row["tail_value_at_risk"]), rel=1e-4)


events = st.lists(st.tuples(st.floats(0.01, 2.0), st.floats(1.0, 1e6)), min_size=1, max_size=8)


@settings(max_examples=20, deadline=None)
@given(rows=events, kappa=st.none() | st.floats(0.1, 20.0), factor=st.floats(1e-3, 1e3))
def test_invariants(rows: list[tuple[float, float]], kappa: float | None, factor: float) -> None:
    rate, loss = np.array(rows).T
    frequency = POISSON if kappa is None else Frequency("negative_binomial", kappa)
    table = table_of(rate, loss)
    distribution = aggregate_distribution(table, frequency, points=2**12)
    scaled = aggregate_distribution(table_of(rate, loss * factor), frequency, points=2**12)
    longest = distribution.attrs["longest_supported_return_period"]
    curve, tails = [], []
    for t in np.geomspace(1.001, longest, 5)[1:-1]:
        sums, tail = aggregate_loss(distribution, t), aggregate_tail(distribution, t)
        assert occurrence_loss(table, t, frequency) <= sums.upper * (1 + 1e-9)
        for of_sum, of_tail in zip(sums, tail, strict=True):
            assert of_tail >= of_sum
        assert tail.lower <= tail.value * (1 + 1e-9)
        assert tail.value <= tail.upper * (1 + 1e-9)
        # a step of the curve may fall on either side of a grid point when money is scaled
        assert aggregate_tail(scaled, t).value == pytest.approx(factor * tail.value, rel=1e-3)
        curve.append(sums.value)
        tails.append(tail.value)
    assert (np.diff(curve) >= 0).all()
    assert (np.diff(tails) >= -1e-9 * tails[-1]).all()


def test_metrics_carry_every_asked_figure() -> None:
    table = table_of(RATE, LOSS)
    found = event_metrics(table, POISSON, [0.9, 10.0], points=2**12)
    assert set(found) == {
        "loss.aal", "loss.standard_deviation", "loss.eef.0.9", "loss.eef.10", "loss.oep.10",
        "loss.aep.10", "loss.tvar.10",
    }  # fmt: skip
    assert found["loss.eef.0.9"].value == frequency_loss(table, 0.9)
    assert found["loss.oep.10"].value == occurrence_loss(table, 10.0, POISSON)
    assert found["loss.aep.10"].share_extrapolated is None


def test_unsupported_return_periods_and_other_datasets_are_refused() -> None:
    table = table_of(RATE, LOSS)
    distribution = aggregate_distribution(table, POISSON, points=2**10)
    for figure in (aggregate_loss, aggregate_tail):
        with pytest.raises(ReturnPeriodError, match="import rarer events"):
            figure(distribution, 101.0)
        with pytest.raises(ReturnPeriodError, match="correct the return periods"):
            figure(distribution, 0.5)
        with pytest.raises(SchemaError, match="aggregate_distribution"):
            figure(table, 10.0)
