"""Adequacy of a run: shares that add up, groups, persons reached by hand, words."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from riskmodel.cover.programme import load_programme
from riskmodel.exceedance.metrics import year_losses
from riskmodel.run.folder import Run
from riskmodel.run.work.adequacy import (
    adequacy_chart,
    adequacy_records,
    adequacy_table,
    groups_of,
    headline_table,
    persons_reached,
    reach_records,
)
from riskmodel.run.work.tiers import Paid, pay_all
from tests.run.work_case import PROGRAMME, ZONES, make_census, make_run, make_table, save_triggers

Case = tuple[Run, Paid, list[Paid]]
OWNERS = ("household", "farm", "enterprise", "public_body")


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    place = tmp_path_factory.mktemp("adequacy")
    save_triggers(place, make_table(2))
    run = make_run(place, "04_tiers")
    programme = load_programme(PROGRAMME, zones=ZONES)
    tables = make_table(2), {"half": make_table(2, 0.5)}
    return (run, *pay_all(run, programme, make_census(), *tables))


def test_gap_is_what_owners_keep_of_the_mean_year_and_of_the_worst_eight(case: Case) -> None:
    run, paid, variants = case
    records = {r.name: r for r in adequacy_records(run, make_census(), paid, variants)}
    ledger, table = paid.ledger, make_table(2)
    owners = np.isin(ledger["payer"].values, OWNERS)
    kept = ledger["amount"].values[:, owners].sum(axis=(1, 2))
    years = year_losses(table).total
    of_year = np.bincount(ledger["year"].values, kept, minlength=years.size)
    worst = np.argsort(-years)[:8]  # of 800 years
    mean = records["ledger.adequacy.gap.mean"]
    assert mean.value == pytest.approx(of_year.sum() / years.sum(), rel=1e-9)
    rare = records["ledger.adequacy.gap.worst_100"]
    assert rare.value == pytest.approx(of_year[worst].sum() / years[worst].sum(), rel=1e-9)
    assert [i.kind for i in mean.intervals] == ["simulation", "model"]
    paid_by = [records[f"ledger.adequacy.paid.mean.{t}"].value for t in
               ("tier_1", "tier_n", "tier_x")]  # fmt: skip
    assert mean.value + sum(paid_by) == pytest.approx(1.0, rel=1e-9)
    assert 0.0 < records["ledger.adequacy.relief_met.mean"].value <= 1.0


def test_groups_are_the_city_incomes_and_counties() -> None:
    census = make_census()
    gdp = census["exposure"]["gdp"] * np.linspace(2.0, 1.0, 12)  # the last county is the poorest
    census["exposure"] = census["exposure"].to_dataset().assign(gdp=gdp)
    groups = groups_of(census)
    assert groups["city"] == ZONES
    assert set(groups["by_income.low"]) == set(ZONES[8:])
    assert set(groups["by_income.high"]) == set(ZONES[:4])
    assert groups["by_zone.330302"] == ["330302"]


def test_tables_and_chart_agree(case: Case) -> None:
    run, paid, variants = case
    census = make_census()
    table = adequacy_table(run, census, paid)
    assert table["area"].tolist()[:2] == ["全市", "人均 GDP 低的县"]
    tiers = table[[f"tier {t}, mean (%)" for t in "1NX"]].sum(axis=1)
    np.testing.assert_allclose(tiers + table["gap, mean (%)"], 100.0, atol=0.03)
    chart = adequacy_chart(census, paid)
    np.testing.assert_allclose(
        100.0 * chart["share"].sel(view="worst").sum("tier"),
        100.0 - table["gap, worst_100 (%)"], atol=0.01,
    )  # fmt: skip
    words = headline_table(run, adequacy_records(run, census, paid, variants))
    assert "保障缺口（平均每年）" in words.iloc[:, 0].tolist()
    assert "损失中赔付的比例（平均每年）：第1层 基本保障" in words.iloc[:, 0].tolist()


# --- persons reached -----------------------------------------------------------------------------


def reached() -> tuple[xr.DataTree, xr.Dataset]:
    """Two counties of 2 and 3 persons a household; three rows of two occurrences in ten years."""
    exposure = xr.Dataset(
        {"total": (("zone", "exposure_class"), [[200.0, 100.0], [300.0, 100.0]])},
        {"zone": ["330302", "330381"], "exposure_class": ["population", "households"]},
    )
    items = [
        ("basic.contents.reached", "reached", "household"),
        ("basic.contents.reached", "reached", "household"),
        ("basic.resettlement.reached", "reached", "person"),
        ("people.affected", "persons", "person"),
        ("basic.contents", "benefit", "CNY"),
    ]
    item, quantity, unit = (list(part) for part in zip(*items, strict=True))
    mean = np.array([
        [10.0, 5.0, 20.0, 60.0, 1e6],  # 15 households of 2: 30 persons, more than 20
        [1.0, 0.0, 40.0, 50.0, 1e6],   # 1 household of 3, fewer than 40
        [0.0, 0.0, 0.0, 10.0, 0.0],
    ])  # fmt: skip
    table = xr.Dataset(
        {
            "mean": (("row", "column"), mean), "row_occurrence": ("row", [0, 1, 1]),
            "row_zone": ("row", [0, 1, 0]), "block": ("occurrence", [0, 1]),
            "item": ("column", item), "quantity": ("column", quantity), "unit": ("column", unit),
        },
        attrs={"years": 10, "blocks": 2},
    )  # fmt: skip
    return xr.DataTree.from_dict({"exposure": exposure}), table


def test_persons_reached_by_hand() -> None:
    census, table = reached()
    assert persons_reached(census, table) == (7.0, 12.0)
    assert persons_reached(census, table, 0) == (6.0, 12.0)
    assert persons_reached(census, table, 1) == (8.0, 12.0)


def test_reach_records(case: Case) -> None:
    census, table = reached()
    half = table.assign(mean=0.5 * table["mean"])
    persons, share = reach_records(case[0], census, table, {"half": half})
    assert (persons.name, persons.value) == ("ledger.adequacy.reached.persons", 7.0)
    assert persons.unit == "person"
    model = {i.kind: (i.lower, i.upper) for i in persons.intervals}["model"]
    assert model == (3.5, 7.0)
    assert share.value == pytest.approx(7.0 / 12.0)
    assert all(i.upper <= 1.0 for i in share.intervals)
