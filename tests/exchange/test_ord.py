"""Losses by event and period worked by hand, groupings that add up, and refusals by name."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from riskmodel.core.errors import SchemaError, UnitsError
from riskmodel.exchange.ord import calendar, exceedance_table, loss_tables
from riskmodel.exchange.ord_files import Group
from tests.exchange.conftest import YEARS, ZONES


def test_events_of_the_whole_by_hand(table: xr.Dataset, exposed: xr.DataArray) -> None:
    tables = loss_tables(table, "all", exposed)
    melt = tables["melt"]
    assert melt["event"].tolist() == [1, 2, 4]  # the third costs nothing
    assert melt["mean_loss"].tolist() == pytest.approx([16.0, 0.3, 3.5], rel=1e-15)
    assert set(melt["rate"]) == {1 / YEARS}
    assert tables["summary-info"].to_dict("list") == {
        "summary": [1], "label": ["All-Risks"], "value": [1300.0],
    }  # fmt: skip


def test_periods_and_dates_by_hand(table: xr.Dataset, exposed: xr.DataArray) -> None:
    mplt = loss_tables(table, "all", exposed)["mplt"]
    assert mplt[["period", "year", "event"]].values.tolist() == [[1, 1, 1], [1, 1, 2], [5, 5, 4]]
    dates = mplt[["month", "day", "hour", "minute"]].values.tolist()
    assert dates == [[2, 1, 12, 0], [12, 31, 23, 59], [1, 1, 0, 59]]
    assert set(mplt["period_weight"]) == {1 / YEARS}


@pytest.mark.parametrize(
    ("group", "labels", "losses", "value"),
    [
        ("zone", ZONES, {(1, 1): 16.0, (2, 2): 0.1 + 0.2, (4, 1): 3.5}, [1000.0, 300.0]),
        (
            "peril", ["OO1", "WTC"],
            {(1, 1): 5.0, (1, 2): 11.0, (2, 1): 0.2, (2, 2): 0.1, (4, 2): 3.5},
            [1300.0, 1300.0],
        ),
    ],
)  # fmt: skip
def test_groups_by_hand(
    table: xr.Dataset,
    exposed: xr.DataArray,
    group: Group,
    labels: list[str],
    losses: dict[tuple[int, int], float],
    value: list[float],
) -> None:
    tables = loss_tables(table, group, exposed)
    assert tables["summary-info"]["label"].tolist() == labels
    assert tables["summary-info"]["value"].tolist() == value
    for name in ("melt", "mplt"):
        found = tables[name].set_index(["event", "summary"])["mean_loss"].to_dict()
        assert found == pytest.approx(losses, rel=1e-15)


def test_groupings_add_up_to_the_table(table: xr.Dataset, exposed: xr.DataArray) -> None:
    """300 random rows against sums in plain numpy; mean annual loss is the sum of rate x loss."""
    random = np.random.default_rng(3)
    place = np.sort(random.choice(400, 300, replace=False))
    mean = random.pareto(1.5, (300, 4)) * (random.random((300, 4)) < 0.7)
    big = table.drop_dims(["row", "occurrence"]).assign(
        mean=(("row", "column"), mean), row_occurrence=("row", place // 2),
        row_zone=("row", (place % 2).astype(np.int16)),
        year=("occurrence", np.sort(random.integers(0, YEARS, 200))),
        start=("occurrence", random.uniform(1.0, 366.0, 200)),
    )  # fmt: skip
    for group in ("all", "zone", "peril"):
        tables = loss_tables(big, group, exposed)
        melt, mplt = tables["melt"], tables["mplt"]
        average = mean[:, :3].sum() / YEARS
        assert (melt["rate"] * melt["mean_loss"]).sum() == pytest.approx(average, rel=1e-12)
        by_event = np.bincount(place // 2, mean[:, :3].sum(axis=1), 200)
        found = np.bincount(melt["event"] - 1, melt["mean_loss"], 200)
        np.testing.assert_allclose(found, by_event, rtol=1e-12)
        assert (big["year"].values[mplt["event"] - 1] + 1 == mplt["period"]).all()


@given(st.floats(1.0, 366.0))
def test_dates_are_within_half_a_minute(day: float) -> None:
    found = {name: int(value[0]) for name, value in calendar([day]).items()}
    back = pd.Timestamp(year=2001, **found) - pd.Timestamp("2001-01-01")
    latest = 365.0 - 1.0 / 1440.0  # the last minute of the year stands for its end
    assert back / pd.Timedelta(days=1) == pytest.approx(min(day - 1.0, latest), abs=0.5001 / 1440.0)


def test_points_of_an_ep_curve_keep_their_kinds() -> None:
    curve = xr.Dataset(
        {"value": (("kind", "return_period"), [[1.0, 2.0], [3.0, 4.0]])},
        {"kind": ["OEP", "AEP"], "return_period": [2.0, 50.0]},
        {"currency": "CNY", "schema": "ep_curve"},
    )
    frame = exceedance_table(curve)
    assert frame[["summary", "ep_type", "return_period", "loss"]].values.tolist() == [
        [1, "AEP", 50.0, 4.0], [1, "AEP", 2.0, 3.0], [1, "OEP", 50.0, 2.0], [1, "OEP", 2.0, 1.0],
    ]  # fmt: skip
    with pytest.raises(UnitsError, match="convert the amounts to yuan"):
        exceedance_table(curve.assign_attrs(currency="USD"))
    with pytest.raises(SchemaError, match=r"no exceedance points.*hand in an exceedance curve"):
        exceedance_table(curve.rename(value="lower"))


def test_another_schema_or_a_missing_variable_is_refused(
    table: xr.Dataset, exposed: xr.DataArray
) -> None:
    with pytest.raises(SchemaError, match="another schema"):
        loss_tables(table.assign_attrs(schema="Ledger"), "all", exposed)
    with pytest.raises(SchemaError, match=r"occurrence_table\.start"):
        loss_tables(table.drop_vars("start"), "all", exposed)


def test_years_must_be_told_and_hold_every_occurrence(
    table: xr.Dataset, exposed: xr.DataArray
) -> None:
    with pytest.raises(SchemaError, match="empty years count"):
        loss_tables(table.assign_attrs(years=4), "all", exposed)
    del table.attrs["years"]
    with pytest.raises(SchemaError, match=r"attributes are missing.*'years'"):
        loss_tables(table, "all", exposed)


def test_other_money_is_refused(table: xr.Dataset, exposed: xr.DataArray) -> None:
    with pytest.raises(UnitsError, match=r"found 'USD'.*convert the amounts to yuan"):
        loss_tables(table.assign_attrs(currency="USD"), "all", exposed)
    persons = table.assign(unit=("column", ["CNY", "person", "CNY", "person"]))
    with pytest.raises(UnitsError, match=r"losses in another unit.*'person'"):
        loss_tables(persons, "all", exposed)


@pytest.mark.parametrize("loss", [-1.0, np.nan])
def test_impossible_losses_are_refused(
    table: xr.Dataset, exposed: xr.DataArray, loss: float
) -> None:
    table["mean"][0, 0] = loss
    with pytest.raises(SchemaError, match="negative or no number"):
        loss_tables(table, "all", exposed)


def test_unknown_grouping_and_zones_without_exposure(
    table: xr.Dataset, exposed: xr.DataArray
) -> None:
    with pytest.raises(SchemaError, match=r"found 'tier'.*all, zone or peril"):
        loss_tables(table, "tier", exposed)  # type: ignore[arg-type]
    with pytest.raises(SchemaError, match=r"zones without exposure.*330381"):
        loss_tables(table, "zone", exposed.isel(zone=[0]))
