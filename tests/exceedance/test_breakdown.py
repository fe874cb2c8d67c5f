"""Breakdowns add up, by hand and for any losses; sums of return-period losses are refused."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from riskmodel.core.errors import ReturnPeriodError, SchemaError
from riskmodel.exceedance.breakdown import (
    breakdown,
    co_tail_value_at_risk,
    marginal_tail_value_at_risk,
    tail_weights,
    year_losses_by,
)
from riskmodel.exceedance.metrics import tail_value_at_risk, year_losses
from tests.exceedance.conftest import Builder


def grouped(*rows: list[float]) -> xr.DataArray:
    names = [f"g{k}" for k in range(len(rows))]
    return xr.DataArray(np.array(rows, dtype=float), {"zone": names}, ("zone", "year"))


def test_year_losses_by_group_sum_to_the_year(build: Builder) -> None:
    mean = np.array([[8.0, 4, 2, 0, 7, 7], [0, 6, 0, 2, 7, 7], [12, 0, 0, 6, 7, 7]])
    rows = (np.array([0, 0, 1]), np.array([0, 1, 1], np.int16), mean)
    table = build([0, 3], rows, years=4, blocks=2)
    total = year_losses(table).total
    for group in ("peril", "sector", "zone", "cause"):
        found = year_losses_by(table, group)  # type: ignore[arg-type]
        np.testing.assert_allclose(found.sum(group).values, total)
    zones = year_losses_by(table, "zone")
    assert zones.sel(zone="330302").values.tolist() == [14.0, 0.0, 0.0, 0.0]
    assert zones.sel(zone="330303").values.tolist() == [8.0, 0.0, 0.0, 18.0]
    assert year_losses_by(table, "peril").sel(peril="wind").values.tolist() == [10.0, 0, 0, 12.0]
    with pytest.raises(SchemaError, match="peril, sector, zone or cause"):
        year_losses_by(table, "payer")  # type: ignore[arg-type]


def test_co_tvar_by_hand() -> None:
    # totals 11, 9, 6, 0, 4: the worst two years of five, and half of the third at T = 2
    losses = grouped([10.0, 1.0, 3.0, 0.0, 2.0], [1.0, 8.0, 3.0, 0.0, 2.0])
    found = co_tail_value_at_risk(losses, 2.0)
    assert found.values.tolist() == pytest.approx([(10 + 1 + 1.5) / 2.5, (1 + 8 + 1.5) / 2.5])
    assert float(found.sum()) == pytest.approx(tail_value_at_risk([11.0, 9, 6, 0, 4], 2.0))


def test_years_that_tie_at_the_boundary_share_alike() -> None:
    losses = grouped([5.0, 5.0, 0.0, 0.0], [0.0, 0.0, 5.0, 0.0])
    # three years of 5: one and a third of them weigh T / N... the tail of two years is shared
    assert tail_weights(losses.sum("zone").values, 2.0).tolist() == pytest.approx([1 / 3] * 3 + [0])
    assert co_tail_value_at_risk(losses, 2.0).values.tolist() == pytest.approx([10 / 3, 5 / 3])


def test_marginal_tvar_by_hand() -> None:
    losses = grouped([10.0, 0.0, 0.0, 0.0], [0.0, 8.0, 0.0, 0.0])
    # TVaR at T = 4 is the worst year: 10 of all, 8 without the first, 10 without the second
    assert marginal_tail_value_at_risk(losses, 4.0).values.tolist() == [2.0, 0.0]


@given(
    values=arrays.arrays(
        np.float64, st.tuples(st.integers(1, 4), st.integers(2, 30)),
        elements=st.sampled_from([0.0, 0.0, 1.0, 2.5, 7.0, 100.0]),
    ),
    share=st.floats(0.04, 0.9),
)  # fmt: skip
def test_tails_add_up_for_any_losses(values: np.ndarray, share: float) -> None:
    years = values.shape[1]
    period = 1.0 / max(share, 1.0 / years)
    if not 1.0 < period <= years:
        return
    losses = grouped(*values.tolist())
    whole = tail_value_at_risk(values.sum(axis=0), period)
    co = co_tail_value_at_risk(losses, period)
    assert float(co.sum()) == pytest.approx(whole, rel=1e-9, abs=1e-9)
    assert tail_weights(values.sum(axis=0), period).sum() == pytest.approx(1.0)
    alone = [tail_value_at_risk(row, period) for row in values]
    marginal = marginal_tail_value_at_risk(losses, period).values
    # with-without <= Euler <= stand-alone
    assert (marginal <= co.values + 1e-9 * (1 + whole)).all()
    assert (co.values <= np.array(alone) + 1e-9 * (1 + whole)).all()
    # the order of years does not matter
    shuffled = losses.isel(year=np.random.default_rng(0).permutation(years))
    np.testing.assert_allclose(co_tail_value_at_risk(shuffled, period), co, atol=1e-9)


def test_breakdowns_by_name() -> None:
    losses = grouped([10.0, 1.0, 3.0, 0.0], [1.0, 8.0, 3.0, 0.0])
    assert breakdown(losses, "aal").values.tolist() == [3.5, 3.0]
    assert breakdown(losses, "co_tvar", 4.0).identical(co_tail_value_at_risk(losses, 4.0))
    assert breakdown(losses, "marginal_tvar", 4.0).values.tolist() == [3.0, 1.0]


@pytest.mark.parametrize(("measure", "period"), [("return_period", 100.0), ("co_tvar", None)])
def test_a_sum_of_return_period_losses_is_refused(measure: str, period: float | None) -> None:
    told = r"return-period losses of parts do not add up.*to do: take co_tvar"
    with pytest.raises(ReturnPeriodError, match=told):
        breakdown(grouped([1.0, 2.0]), measure, period)  # type: ignore[arg-type]
