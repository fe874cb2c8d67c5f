"""The curve Dataset: schema, the longest return period it supports, both intervals."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr

from riskmodel.core.schema import check
from riskmodel.exceedance.curve import EXCEEDING_YEARS_NEEDED, SCHEMA, ep_curve
from riskmodel.exceedance.intervals import simulation_interval
from riskmodel.exceedance.metrics import value_at_risk

YEARS, BLOCKS = 1000, 5


@pytest.fixture(scope="module")
def table(whole: Callable[..., xr.Dataset]) -> xr.Dataset:
    draw = np.random.default_rng(3)
    year = np.sort(draw.integers(0, YEARS, 2500))
    return whole(year, draw.pareto(2.0, 2500), years=YEARS, blocks=BLOCKS)


def scaled(table: xr.Dataset, factor: float) -> xr.Dataset:
    return table.assign(mean=table["mean"] * factor, extrapolated=table["extrapolated"] * factor)


@pytest.fixture(scope="module")
def curve(table: xr.Dataset) -> xr.Dataset:
    variants = {"low": scaled(table, 0.5), "high": scaled(table, 4.0)}
    return ep_curve(table, variants, level=0.9, status="synthetic", points=12)


def test_schema_and_provenance(curve: xr.Dataset) -> None:
    check(curve, SCHEMA)
    assert curve.attrs["status"] == "synthetic"
    assert curve.attrs["level"] == 0.9
    assert (curve.attrs["currency"], curve.attrs["price_year"]) == ("CNY", 2022)
    assert list(curve["kind"].values) == ["OEP", "AEP"]
    assert list(curve["interval"].values) == ["simulation", "model"]


def test_longest_return_period_keeps_ten_years_beyond_in_each_block(curve: xr.Dataset) -> None:
    longest = curve.attrs["longest_supported_return_period"]
    assert longest == YEARS / BLOCKS / EXCEEDING_YEARS_NEEDED == 20.0
    assert float(curve["return_period"][0]) == pytest.approx(2.0)
    assert float(curve["return_period"][-1]) == pytest.approx(longest)


def test_values_are_the_quantiles_of_years(table: xr.Dataset, curve: xr.Dataset) -> None:
    year, loss = table["year"].values, table["mean"].values[:, 0]
    totals = np.array([loss[year == y].sum() for y in range(YEARS)])
    maxima = np.array([loss[year == y].max(initial=0.0) for y in range(YEARS)])
    for kind, amounts in (("OEP", maxima), ("AEP", totals)):
        for t in curve["return_period"].values:
            expected = value_at_risk(amounts, float(t))
            found = curve["value"].sel(kind=kind, return_period=t)
            assert float(found) == pytest.approx(expected, rel=1e-12)
            parts = [value_at_risk(part, float(t)) for part in np.split(amounts, BLOCKS)]
            interval = simulation_interval(expected, parts, level=0.9)
            chosen = curve.sel(kind=kind, return_period=t, interval="simulation")
            assert float(chosen["lower"]) == pytest.approx(interval["lower"], rel=1e-9)
            assert float(chosen["upper"]) == pytest.approx(interval["upper"], rel=1e-9)


def test_model_bounds_follow_variants_that_scale_the_loss(curve: xr.Dataset) -> None:
    model = curve.sel(interval="model")
    np.testing.assert_allclose(model["lower"], 0.5 * curve["value"], rtol=1e-12)
    np.testing.assert_allclose(model["upper"], 4.0 * curve["value"], rtol=1e-12)


def test_curves_rise_and_years_cost_at_least_their_largest_event(curve: xr.Dataset) -> None:
    assert (curve["value"].diff("return_period") >= 0).all()
    oep, aep = curve["value"].sel(kind="OEP"), curve["value"].sel(kind="AEP")
    assert (oep <= aep).all()
    assert (curve["lower"] <= curve["value"]).all()
    assert (curve["upper"] >= curve["value"]).all()
