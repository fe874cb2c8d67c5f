"""From annual losses to gross premiums."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr
from pydantic import ValidationError

from riskmodel.core.errors import SchemaError, TermsError
from riskmodel.price.premiums import (
    COMPONENTS,
    Loads,
    premiums,
    premiums_by_block,
    tier_totals,
)
from riskmodel.price.principles import ExpectedValue, StandardDeviation, Wang

LOADS = Loads(expenses=0.1, tax=0.06, guarantee_fund=0.01, profit=0.03)
GIVEN: dict[str, Any] = {
    "loads": LOADS,
    "principles": [ExpectedValue(theta=0.25), Wang(shift=0.3)],
    "headline": "wang",
    "limits": {"basic": 1000.0, "rural": np.inf},
}


@pytest.fixture
def year_losses() -> xr.DataArray:
    values = np.random.default_rng(1).gamma(0.5, 100.0, (400, 3))
    return xr.DataArray(
        values,
        dims=("year", "cover"),
        coords={
            "year": np.arange(400),
            "block": ("year", np.arange(400) // 200),
            "cover": ["basic", "rural", "index"],
            "tier": ("cover", ["1", "N", "N"]),
        },
        attrs={"currency": "CNY", "price_year": 2022, "status": "illustrative"},
    )


def test_by_hand() -> None:
    """Mean 80, load 20: gross = 100 / 0.8 = 125; expenses 12.5, tax 7.5, fund 1.25, profit 3.75."""
    data = xr.DataArray(
        [[60.0], [100.0]],
        dims=("year", "cover"),
        coords={"cover": ["basic"]},
        attrs={"currency": "CNY", "price_year": 2022, "status": "synthetic"},
    )
    found = premiums(
        data,
        loads=LOADS,
        principles=[ExpectedValue(theta=0.25)],
        headline="expected_value",
        limits={"basic": 500.0},
    ).isel(cover=0, principle=0)
    expected = {
        "pure": 80.0,
        "risk_load": 20.0,
        "expenses": 12.5,
        "profit": 3.75,
        "guarantee_fund": 1.25,
        "tax": 7.5,
        "gross": 125.0,
        "rate_on_line": 0.25,
    }
    assert {name: float(found[name]) for name in expected} == pytest.approx(expected)


def test_components_sum_to_gross(year_losses: xr.DataArray) -> None:
    found = premiums(year_losses, **GIVEN)
    np.testing.assert_allclose(sum(found[name] for name in COMPONENTS), found["gross"])
    np.testing.assert_allclose(found["pure"][:, 0], year_losses.mean("year"))
    assert (found["risk_load"] >= 0.0).all()
    assert found.attrs["headline"] == "wang"
    assert found.attrs["status"] == "illustrative"


def test_rate_on_line_needs_a_limit(year_losses: xr.DataArray) -> None:
    rate = premiums(year_losses, **GIVEN)["rate_on_line"]
    assert np.isfinite(rate.sel(cover="basic")).all()
    assert np.isnan(rate.sel(cover=["rural", "index"])).all()


def test_tier_totals_are_sums_of_covers(year_losses: xr.DataArray) -> None:
    covers = premiums(year_losses, **GIVEN)
    tiers = tier_totals(covers)
    assert tiers["tier"].to_numpy().tolist() == ["1", "N"]
    np.testing.assert_allclose(
        tiers["gross"].sel(tier="N"), covers["gross"].sel(cover=["rural", "index"]).sum("cover")
    )


def test_a_tier_priced_together_costs_at_most_its_covers(year_losses: xr.DataArray) -> None:
    together = year_losses.groupby("tier").sum("cover", keep_attrs=True)
    pooled = premiums(together, **GIVEN)
    assert pooled["gross"].dims == ("tier", "principle")
    apart = tier_totals(premiums(year_losses, **GIVEN))
    assert (pooled["gross"].sel(tier=apart["tier"]) <= apart["gross"] * (1 + 1e-12)).all()
    np.testing.assert_allclose(pooled["pure"], apart["pure"])


def test_blocks_average_to_the_whole_pure_premium(year_losses: xr.DataArray) -> None:
    blocks = premiums_by_block(year_losses, **GIVEN)
    assert blocks.sizes["block"] == 2
    np.testing.assert_allclose(blocks["pure"].mean("block"), premiums(year_losses, **GIVEN)["pure"])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"headline": "guess"}, "headline.*guess"),
        ({"principles": [Wang(shift=0.1), Wang(shift=0.2)]}, "differently named"),
        ({"limits": {"basic": 0.0}}, "limits.basic"),
        ({"principles": [StandardDeviation(multiple=0.1)]}, "headline"),
    ],
)
def test_odd_requests_are_refused(
    change: dict[str, Any], words: str, year_losses: xr.DataArray
) -> None:
    with pytest.raises(TermsError, match=words):
        premiums(year_losses, **{**GIVEN, **change})


def test_other_dims_are_refused(year_losses: xr.DataArray) -> None:
    with pytest.raises(SchemaError, match="year_losses: other dims"):
        premiums(year_losses.rename(cover="layer"), **GIVEN)


def test_loads_must_leave_something() -> None:
    with pytest.raises(ValidationError, match="less than 1"):
        Loads(expenses=0.5, tax=0.3, guarantee_fund=0.1, profit=0.1)
    with pytest.raises(ValidationError, match="greater than or equal"):
        Loads(expenses=-0.1, tax=0.0, guarantee_fund=0.0, profit=0.0)
