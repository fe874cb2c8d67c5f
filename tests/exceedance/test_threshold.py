"""The generalised Pareto fit against scipy, closed forms, brute force, and its refusals."""

from __future__ import annotations

import re

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats

from riskmodel.core.draws import generator
from riskmodel.core.errors import ReturnPeriodError, RiskModelError
from riskmodel.exceedance.data_intervals import (
    level_bounds,
    parameter_intervals,
    pivots,
    return_levels,
)
from riskmodel.exceedance.records import Record, read_record
from riskmodel.exceedance.threshold import Estimator, fit_threshold, weighted_moments

ESTIMATORS: tuple[Estimator, ...] = ("maximum_likelihood", "probability_weighted_moments")


def drawn(shape: float, count: int = 80, seed: int = 1) -> Record:
    """Exceedances of 5 with scale 2, and as many amounts below, in 20 years."""
    draw = np.random.default_rng(seed)
    above = stats.genpareto.rvs(shape, 5.0, 2.0, size=count, random_state=draw)
    values = np.concatenate([draw.uniform(0, 5, count), above])
    return read_record(values, years=20, units="m", source="a gauge")


# --- estimates -----------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [-0.3, 0.0, 0.2, 0.9])
def test_likelihood_agrees_with_scipy(shape: float) -> None:
    record = drawn(shape)
    fit = fit_threshold(record, 5.0, estimator="maximum_likelihood")
    excesses = record.values[record.values > 5.0] - 5.0
    other, _, scale = stats.genpareto.fit(excesses, shape, floc=0, scale=2.0)
    assert fit.shape == pytest.approx(other, abs=2e-3)
    assert fit.scale == pytest.approx(scale, rel=2e-3)
    of_scipy = stats.genpareto.logpdf(excesses, other, 0, scale).sum()
    assert fit.log_likelihood >= of_scipy - 1e-9
    own = stats.genpareto.logpdf(excesses, fit.shape, 0, fit.scale).sum()
    assert fit.log_likelihood == pytest.approx(own, rel=1e-12)


@pytest.mark.parametrize("shape", [-0.3, 0.0, 0.2])
def test_moments_agree_with_scipys_l_moments(shape: float) -> None:
    record = drawn(shape)
    fit = fit_threshold(record, 5.0, estimator="probability_weighted_moments")
    first, second = stats.lmoment(record.values[record.values > 5.0] - 5.0, order=[1, 2])
    assert fit.shape == pytest.approx(2.0 - first / second, rel=1e-12)
    assert fit.scale == pytest.approx((1.0 - fit.shape) * first, rel=1e-12)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_many_quantiles_give_the_parameters_back(estimator: Estimator) -> None:
    chances = (np.arange(20_000) + 0.5) / 20_000
    values = stats.genpareto.ppf(chances, 0.25, 5.0, 2.0)
    record = read_record(values, years=100, units="m", source="quantiles")
    fit = fit_threshold(record, 5.0, estimator=estimator)
    assert (fit.shape, fit.scale) == pytest.approx((0.25, 2.0), abs=5e-3)


@settings(max_examples=25, deadline=None)
@given(factor=st.floats(1e-6, 1e9), seed=st.integers(0, 99), estimator=st.sampled_from(ESTIMATORS))
def test_a_change_of_unit_changes_amounts_alone(
    factor: float, seed: int, estimator: Estimator
) -> None:
    record = drawn(0.2, 40, seed)
    other = Record(record.values * factor, record.years, "mm", record.source)
    one = fit_threshold(record, 5.0, estimator=estimator)
    two = fit_threshold(other, 5.0 * factor, estimator=estimator)
    assert two.shape == pytest.approx(one.shape, abs=1e-5)
    np.testing.assert_allclose(two.level([0.1, 0.01]), factor * one.level([0.1, 0.01]), rtol=1e-4)


# --- amounts -------------------------------------------------------------------------------------


def test_amount_of_an_exponential_tail_by_hand() -> None:
    """80 exceedances in 20 years are 4 a year; at 0.04 a year the excess is σ ln 100."""
    fit = fit_threshold(drawn(0.0), 5.0, estimator="probability_weighted_moments")
    flat = type(fit)(fit.record, 5.0, fit.estimator, 0.0, 2.0)
    assert float(flat.level(0.04)) == pytest.approx(5.0 + 2.0 * np.log(100.0))
    heavy = type(fit)(fit.record, 5.0, fit.estimator, 0.5, 2.0)
    assert float(heavy.level(0.04)) == pytest.approx(5.0 + 4.0 * (10.0 - 1.0))


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_amount_is_passed_at_its_rate(estimator: Estimator) -> None:
    fit = fit_threshold(drawn(0.3), 5.0, estimator=estimator)
    rates = np.array([1.0, 0.1, 0.01])
    np.testing.assert_allclose(fit.rate * fit.exceedance_probability(fit.level(rates)), rates)


def test_return_periods_are_on_the_probability_basis() -> None:
    fit = fit_threshold(drawn(0.2), 5.0, estimator="maximum_likelihood")
    table = return_levels(fit, [2.0, 50.0], level=0.9, seed=1)
    np.testing.assert_allclose(table["value"], fit.level(-np.log1p([-1 / 2.0, -1 / 50.0])))
    assert table["extrapolated"].values.tolist() == [False, True]
    assert table["observed"].values.tolist() == sorted(fit.excesses + 5.0, reverse=True)
    assert float(table["observed_return_period"][0]) == pytest.approx(1 / -np.expm1(-1 / 20))
    assert table["interval"].values.tolist() == ["data"]
    assert table.attrs["method"] == "profile likelihood"
    assert (table["lower"] < table["value"]).all() and (table["value"] < table["upper"]).all()


# --- intervals -----------------------------------------------------------------------------------


def test_profile_of_the_amount_against_brute_force() -> None:
    """Bound at which the best likelihood over a grid of shapes and rates has fallen enough."""
    fit = fit_threshold(drawn(0.2, 40), 5.0, estimator="maximum_likelihood")
    profile = fit.profile_of_level(0.05)
    excesses, years = fit.excesses, 20.0

    def log_likelihood(shape: np.ndarray, scale: np.ndarray, rate: np.ndarray) -> np.ndarray:
        density = stats.genpareto.logpdf(excesses, shape[..., None], 0, scale[..., None])
        return density.sum(axis=-1) + stats.poisson.logpmf(excesses.size, rate * years)

    best = log_likelihood(*(np.array(x) for x in (fit.shape, fit.scale, fit.rate)))
    shapes, rates = np.meshgrid(np.linspace(-0.6, 2.0, 260), np.linspace(1.2, 3.2, 41))
    for amount in profile.bounds(0.9):
        scale = (amount - 5.0) * shapes / ((rates / 0.05) ** shapes - 1.0)
        found = log_likelihood(shapes, scale, rates).max()
        assert 2.0 * (best - found) == pytest.approx(profile.limit(0.9), abs=0.02)


@pytest.mark.parametrize("name", ["shape", "scale", "modified_scale"])
def test_profile_of_a_parameter_against_one_dimensional_searches(name: str) -> None:
    fit = fit_threshold(drawn(0.1, 60), 5.0, estimator="maximum_likelihood")
    profile, excesses = fit.profiles()[name], fit.excesses
    assert profile.limit(0.95) == pytest.approx(stats.chi2.ppf(0.95, 1) * (1 + 5 / 60))

    def cost(other: float, held: float) -> float:
        shape, scale = {
            "shape": (held, other),
            "scale": (other, held),
            "modified_scale": (other, held + 5.0 * other),
        }[name]
        return float(-stats.genpareto.logpdf(excesses, shape, 0, scale).sum())

    free = (0.2, 9.0) if name == "shape" else (-0.9, 1.5)
    for bound in profile.bounds(0.95):
        grid = np.linspace(*free, 601)
        start = grid[int(np.nanargmin([cost(x, bound) for x in grid]))]
        near = (start - 0.02, start + 0.02)
        least = optimize.minimize_scalar(cost, bounds=near, args=(bound,), method="bounded").fun
        deviance = 2.0 * (least + fit.log_likelihood)
        assert deviance == pytest.approx(profile.limit(0.95), abs=0.01)


def test_pivots_would_have_given_the_estimates_at_hand() -> None:
    """Each resample, transformed with its own parameters, has the estimates of the record."""
    fit = fit_threshold(drawn(0.2, 30), 5.0, estimator="probability_weighted_moments")
    found = pivots(fit, resamples=50, seed=3)
    again = pivots(fit, resamples=50, seed=3)
    np.testing.assert_array_equal(found.shape, again.shape)
    uniform = generator(3, "tail_intervals").random((50, 30))
    scaled = stats.genpareto.isf(
        1.0 - uniform, found.shape[:, None], 0, np.broadcast_to(found.scale[:, None], (50, 30))
    )
    shape, scale = weighted_moments(np.sort(scaled, axis=1))
    np.testing.assert_allclose(shape, fit.shape, atol=1e-6)
    np.testing.assert_allclose(scale, fit.scale, rtol=1e-6)
    assert found.rate.mean() == pytest.approx(30.5 / 20.0, rel=0.1)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_intervals_say_what_they_are(estimator: Estimator) -> None:
    fit = fit_threshold(drawn(0.2), 5.0, estimator=estimator)
    found = parameter_intervals(fit, level=0.9, seed=1)
    assert list(found) == ["shape", "scale", "modified_scale"]
    for name, interval in found.items():
        assert (interval["kind"], interval["level"]) == ("data", 0.9)
        assert interval["lower"] < getattr(fit, name) < interval["upper"]
        told = "profile likelihood" if estimator == "maximum_likelihood" else "999 resamples"
        assert told in interval["method"]


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_a_higher_level_gives_a_wider_interval(estimator: Estimator) -> None:
    fit = fit_threshold(drawn(0.2), 5.0, estimator=estimator)
    (low, high), (lower, higher) = (
        level_bounds(fit, [0.02], level=level, seed=1) for level in (0.8, 0.95)
    )
    assert lower[0] < low[0] < float(fit.level(0.02)) < high[0] < higher[0]


# --- refusals ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "years", "told"),
    [
        ([1.0, np.nan], 2, "a gauge: .*nan.*leave out missing amounts"),
        ([1.0, -2.0], 2, "-2.0.*finite amounts, 0 or more.*correct negative ones"),
        ([np.inf], 2, "inf"),
        ([], 2, r"shape \(0,\)"),
        ([[1.0]], 2, r"shape \(1, 1\)"),
        ([1.0], 0, "needs its number of years.*count the years covered"),
        ([1.0], np.nan, "needs its number of years"),
        (
            xr.DataArray([1.0], attrs={"blocks": 4}),
            2,
            "ranked years are stratified.*raise hazard.blocks",
        ),
    ],
)
def test_records_are_refused(values: object, years: float, told: str) -> None:
    with pytest.raises(RiskModelError) as caught:
        read_record(values, years=years, units="m", source="a gauge")  # type: ignore[arg-type]
    assert re.search(told, str(caught.value))
    assert caught.value.where == "a gauge"


@pytest.mark.parametrize(
    ("threshold", "told"),
    [
        (1e6, "not below the largest amount.*choose a lower threshold"),
        (np.nan, "not below the largest amount"),
        (-1.0, "from 0 to below"),
        (8.0, "fewer exceedances than a fit needs.*>= 25.*lower the threshold"),
    ],
)
@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_thresholds_are_refused(threshold: float, told: str, estimator: Estimator) -> None:
    with pytest.raises(RiskModelError) as caught:
        fit_threshold(drawn(-0.3, 40), threshold, estimator=estimator)
    assert re.search(told, str(caught.value))


def test_a_likelihood_without_maximum_is_refused() -> None:
    """Uniform amounts crowding below a limit: ξ = -1 and beyond fits better and better."""
    values = 10.0 - np.geomspace(1e-6, 5.0, 60)
    record = read_record(values, years=9, units="m", source="a gauge")
    with pytest.raises(RiskModelError, match=r"no maximum.*probability_weighted_moments"):
        fit_threshold(record, 5.5, estimator="maximum_likelihood")
    assert fit_threshold(record, 5.5, estimator="probability_weighted_moments").shape < -1.0


def test_return_periods_below_the_threshold_are_refused() -> None:
    """80 exceedances in 20 years: 4 a year, which is every 1.02 years."""
    fit = fit_threshold(drawn(0.2), 5.0, estimator="maximum_likelihood")
    with pytest.raises(ReturnPeriodError, match=r"below the threshold's rate.*4 a year.*spliced"):
        return_levels(fit, [1.01, 50.0], level=0.9, seed=1)
    with pytest.raises(ReturnPeriodError, match="below the threshold's rate"):
        fit.level(4.0)
    with pytest.raises(ReturnPeriodError):
        return_levels(fit, [1.0], level=0.9, seed=1)
