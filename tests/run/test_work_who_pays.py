"""Who pays in the mean year, the rare year and a storm: sums of the ledger, taken another way."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from riskmodel.core.messages import message
from riskmodel.cover.programme import Programme, load_programme
from riskmodel.exceedance.metrics import year_losses
from riskmodel.run.folder import Run
from riskmodel.run.work.tiers import Paid, pay_table
from riskmodel.run.work.who_pays import StormPaid, payments_by_line, who_pays, who_pays_table
from tests.run.work_case import (
    PROGRAMME,
    ZONES,
    make_census,
    make_run,
    make_table,
    save_triggers,
)

STORM_YEAR = 7


@pytest.fixture(scope="module")
def table() -> xr.Dataset:
    return make_table(2)


@pytest.fixture(scope="module")
def programme() -> Programme:
    return load_programme(PROGRAMME, zones=ZONES)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, table: xr.Dataset) -> Run:
    place = tmp_path_factory.mktemp("who_pays")
    save_triggers(place, table)
    return make_run(place, "04_tiers")


@pytest.fixture(scope="module")
def paid(run: Run, programme: Programme, table: xr.Dataset) -> Paid:
    return pay_table(run, programme, make_census(), table)


@pytest.fixture(scope="module")
def lines(run: Run, paid: Paid, table: xr.Dataset) -> xr.Dataset:
    """With a year of the same ledger in the place of the storm."""
    storm = StormPaid("Saomai 2006", paid, STORM_YEAR)
    return payments_by_line(run, paid, table, storm)


def test_payments_of_the_direct_loss_are_the_loss(lines: xr.Dataset, table: xr.Dataset) -> None:
    shown = who_pays(lines, "direct_loss")
    total = year_losses(table).total
    assert float(shown.sel(view="mean").sum()) == pytest.approx(total.mean(), rel=1e-9)
    # eight of 800 years lie above the 100-year loss
    rare = np.sort(total)[::-1][8]
    assert float(shown.sel(view="rare").sum()) == pytest.approx(rare, rel=1e-9)
    assert float(shown.sel(view="storm").sum()) == pytest.approx(total[STORM_YEAR], rel=1e-9)
    assert (shown.values >= 0.0).all()
    assert shown["name_zh"].values.tolist()[2] == "台风桑美 2006 重演（按现有财产）"


def test_payments_of_relief_are_the_need(lines: xr.Dataset, paid: Paid) -> None:
    shown = who_pays(lines, "benefits")
    need = paid.ledger["need"].sel(account="benefits").sum("zone")
    years = int(paid.ledger.attrs["years"])
    assert float(shown.sel(view="mean").sum()) == pytest.approx(float(need.sum()) / years, rel=1e-9)
    budgets = shown.sel(view="mean", payer=["city", "county", "province"]).values
    np.testing.assert_allclose(budgets / budgets.sum(), [0.4, 0.4, 0.2], rtol=1e-9)


def test_tier_reserve_and_reinsurers_share_what_a_cover_pays(lines: xr.Dataset, paid: Paid) -> None:
    basic = lines.isel(line=np.flatnonzero(lines["cover"].values == "basic"))
    assert set(basic["payer"].values.tolist()) == {"tier_1", "reserve", "reinsurer"}
    both = float((basic["amount"] + basic["overpayment"]).sel(view="mean").sum())
    years = int(paid.payouts.attrs["years"])
    pays = float(paid.payouts["paid"].sel(cover="basic").sum()) / years
    assert both == pytest.approx(pays, rel=1e-9)
    assert paid.reserve is not None
    own = basic.isel(line=np.flatnonzero(basic["payer"].values == "reserve")).sel(view="mean")
    drawn = float(own["amount"].sum() + own["overpayment"].sum())
    assert drawn == pytest.approx(float(paid.reserve["drawn"].mean()), rel=1e-9)


def test_table_names_every_cover(lines: xr.Dataset, programme: Programme) -> None:
    frame = who_pays_table(lines, programme, "zh")
    assert set(frame["保障"]) - {""} == {c.name_zh for c in programme.covers}
    direct = frame[frame.iloc[:, 0] == message("account.direct_loss", "zh")]
    loss = float(who_pays(lines, "direct_loss").sel(view="mean").sum())
    assert direct["平均每年 (万元)"].sum() == pytest.approx(loss / 1e4, abs=0.05 * len(direct))
    over = frame[frame.iloc[:, 0] == message("column.overpayment", "zh")]
    assert "县级台风指数保险" in set(over["保障"])


def test_without_a_storm_there_are_two_views(run: Run, paid: Paid, table: xr.Dataset) -> None:
    two = payments_by_line(run, paid, table)
    assert two["view"].values.tolist() == ["mean", "rare"]
