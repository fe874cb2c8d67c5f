"""Months of losses: days counted on a calendar, sums that stay those of the year."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from riskmodel.core.errors import SchemaError
from riskmodel.exceedance.metrics import year_losses
from riskmodel.run.work.season import loss_by_month, loss_by_occurrence, month_shares, month_table
from tests.run.work_case import BLOCKS, PERILS, YEARS, make_run, make_table


@given(st.integers(1, 365), st.integers(1, 365))
def test_days_are_those_of_a_calendar(start: int, days: int) -> None:
    """2021 and 2022 are two years of 365 days; whole days are counted one by one."""
    counted = np.zeros(12)
    for day in range(days):
        counted[(date(2021, 1, 1) + timedelta(start - 1 + day)).month - 1] += 1 / days
    np.testing.assert_allclose(month_shares([start], [start + days])[0], counted, atol=1e-12)


def test_a_moment_belongs_to_the_month_of_its_start() -> None:
    shares = month_shares([31.99, 32.0, 365.99], [31.99, 32.0, 365.99])
    assert shares.argmax(axis=1).tolist() == [0, 1, 11]
    np.testing.assert_allclose(shares.sum(axis=1), 1.0)


@pytest.mark.parametrize(
    ("start", "end"),
    [(np.nan, 3.0), (3.0, np.nan), (0.5, 3.0), (366.0, 367.0), (9.0, 8.0), (5, 400)],
)
def test_occurrences_without_a_season_are_refused(start: float, end: float) -> None:
    with pytest.raises(SchemaError, match="without dates inside a year"):
        month_shares([1.0, start], [2.0, end])


@pytest.fixture(scope="module")
def table() -> xr.Dataset:
    return make_table(1)


def test_months_add_up_to_the_average_year(table: xr.Dataset) -> None:
    months = loss_by_month(table)
    assert months.dims == ("block", "month", "peril")
    mean = float(months.mean("block").sum())
    assert mean == pytest.approx(year_losses(table).total.mean(), rel=1e-12)
    assert (months.sel(month=[1, 2, 3, 4, 12]) == 0.0).all()  # the case lies in days 150 to 302
    of_peril = loss_by_occurrence(table).sel(peril=PERILS[1]).sum() / (BLOCKS * YEARS)
    assert float(months.mean("block").sel(peril=PERILS[1]).sum()) == pytest.approx(float(of_peril))


def test_a_drought_of_a_season_is_spread_over_its_months(table: xr.Dataset) -> None:
    """Thirty days from 17 July: fifteen in July, fifteen in August."""
    one = table.assign(
        start=("occurrence", np.full(table.sizes["occurrence"], 198.0)),
        end=("occurrence", np.full(table.sizes["occurrence"], 228.0)),
    )
    total = loss_by_month(one).mean("block").sum("peril")
    assert float(total.sel(month=7)) == pytest.approx(float(total.sel(month=8)), rel=1e-12)
    assert float(total.sel(month=[7, 8]).sum()) == pytest.approx(float(total.sum()), rel=1e-12)


def test_the_table_has_a_row_a_month_and_units(table: xr.Dataset, tmp_path: Path) -> None:
    months = loss_by_month(table)
    frame = month_table(make_run(tmp_path, "03_exceedance"), months)
    assert frame["月份"].tolist() == [f"{n}月" for n in range(1, 13)]
    assert all(name == "月份" or name.endswith("(亿元)") for name in frame.columns)
    august = float(months.mean("block").sel(month=8).sum()) / 1e8
    assert frame.loc[7, "合计 (亿元)"] == pytest.approx(august, abs=6e-4)
    assert frame.loc[
        7, ["台风大风 (亿元)", "暴雨洪涝 (亿元)", "风暴潮 (亿元)"]
    ].sum() == pytest.approx(august, abs=2e-3)
    # two blocks: half their distance is s over sqrt 2; Student's t, one degree of freedom, 90 %
    low, high = (float(x) for x in frame.iloc[7, -1].split(" – "))
    first, second = months.sel(month=8).sum("peril").values / 1e8
    half = 6.313752 * abs(first - second) / 2.0
    assert (low, high) == pytest.approx((max(august - half, 0.0), august + half), abs=2e-3)
