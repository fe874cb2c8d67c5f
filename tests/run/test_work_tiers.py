"""Tiers of a run: payments worked apart from the covers' code, premiums that add up, triggers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from riskmodel.core.errors import ConservationError, SchemaError, UnitsError
from riskmodel.cover.programme import Programme, load_programme
from riskmodel.exceedance.metrics import year_losses
from riskmodel.run.folder import Run
from riskmodel.run.records import Record
from riskmodel.run.stages import open_stage
from riskmodel.run.work import tiers
from riskmodel.run.work import triggers as triggers_module
from riskmodel.run.work.build_up import build_up_table, premium_by_payer
from riskmodel.run.work.programme import contract_frame, layers_of, programme_frame
from riskmodel.run.work.tiers import (
    Paid,
    due_and_paid,
    pay_all,
    pay_table,
    premium_components,
    premium_table,
    premiums_of,
    tier_limits,
    tier_records,
    year_totals,
)
from tests.run.work_case import (
    BLOCKS,
    POPULATION,
    PROGRAMME,
    YEARS,
    ZONES,
    make_census,
    make_run,
    make_table,
    save_triggers,
)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tiers")


@pytest.fixture(scope="module")
def programme() -> Programme:
    return load_programme(PROGRAMME, zones=ZONES)


@pytest.fixture(scope="module")
def table() -> xr.Dataset:
    return make_table(2)


@pytest.fixture(scope="module")
def triggers(place: Path, table: xr.Dataset) -> xr.Dataset:
    return save_triggers(place, table)


@pytest.fixture(scope="module")
def run(place: Path, triggers: xr.Dataset) -> Run:
    return make_run(place, "04_tiers")


@pytest.fixture(scope="module")
def both(run: Run, programme: Programme, table: xr.Dataset) -> tuple[Paid, list[Paid]]:
    return pay_all(run, programme, make_census(), table, {"published": make_table(2, 0.5)})


@pytest.fixture(scope="module")
def records(run: Run, programme: Programme, both: tuple[Paid, list[Paid]]) -> dict[str, Record]:
    return {r.name: r for r in tier_records(run, programme, *both)}


def annual(table: xr.Dataset, amount: np.ndarray) -> np.ndarray:
    return np.bincount(table["year"].values, amount, minlength=BLOCKS * YEARS)


def test_basic_cover_pays_benefits_up_to_its_limits(
    table: xr.Dataset, records: dict[str, Record]
) -> None:
    """Benefits of a storm up to 300 million yuan, of a year up to 600 million."""
    chosen = table["quantity"].values == "benefit"
    due = np.bincount(
        table["row_occurrence"].values, table["mean"].values[:, chosen].sum(axis=1), minlength=900
    )
    by_year = np.minimum(annual(table, np.minimum(due, 3e8)), 6e8)
    assert (due > 3e8).any()
    assert (by_year == 6e8).any()
    pure = records["tier.1.pure_premium"].value
    assert pure == pytest.approx(by_year.mean(), rel=1e-9)
    assert records["tier.1.basic.pure_premium"].value == pytest.approx(pure, rel=1e-12)


def test_index_cover_pays_on_pressure_even_where_nothing_was_lost(
    table: xr.Dataset, triggers: xr.Dataset, records: dict[str, Record]
) -> None:
    """200 million on a line from 975 to 925 hPa, 350 million a year."""
    pressure = triggers["minimum_pressure"].values[:, 0]
    share = np.nan_to_num(np.clip((975.0 - pressure) / 50.0, 0.0, 1.0), nan=0.0)
    quiet = np.setdiff1d(np.arange(900), table["row_occurrence"].values)
    assert share[quiet].sum() > 0.0
    expected = np.minimum(annual(table, 2e8 * share), 3.5e8).mean()
    found = records["tier.N.typhoon_index.pure_premium"].value
    assert found == pytest.approx(expected, rel=1e-9)


def test_index_payout_is_split_by_population(both: tuple[Paid, list[Paid]]) -> None:
    paid = both[0].payouts["paid"].sel(cover="typhoon_index").sum("occurrence").values
    np.testing.assert_allclose(paid / paid.sum(), POPULATION / POPULATION.sum(), rtol=1e-12)


def test_ledger_pays_every_yuan_of_the_loss_once(
    table: xr.Dataset, records: dict[str, Record]
) -> None:
    paid = sum(r.value for n, r in records.items() if n.startswith("ledger.aal.direct_loss."))
    assert paid == pytest.approx(year_losses(table).total.mean(), rel=1e-9)
    assert records["ledger.max_relative_residual"].value <= 1e-9


def test_premiums_and_ledger_carry_the_intervals_of_the_design(
    records: dict[str, Record],
) -> None:
    for name, record in records.items():
        if name == "ledger.max_relative_residual":
            assert record.intervals == ()
            continue
        kinds = [interval.kind for interval in record.intervals]
        index = ("tier.N.typhoon_index.", "tier.N.rain_index.")
        fixed = name.startswith(index)  # no variant moves a pressure or the rain at a station
        assert kinds == (["simulation"] if fixed else ["simulation", "model"]), name
        for interval in record.intervals:
            assert interval.lower <= record.value * (1 + 1e-12), name
            assert interval.upper >= record.value * (1 - 1e-12), name


def test_each_tier_and_cover_has_pure_and_gross_premium_under_each_principle(
    run: Run, programme: Programme, records: dict[str, Record]
) -> None:
    prefixes = [f"tier.{t}" for t in "1NX"]
    prefixes += [f"tier.{c.tier}.{c.cover}" for c in programme.covers]
    for prefix in prefixes:
        pure, gross = (records[f"{prefix}.{kind}_premium"].value for kind in ("pure", "gross"))
        assert 0.0 < pure < gross
        principles = ("expected_value", "standard_deviation", "wang", "tvar_cost_of_capital")
        each = {p: records[f"{prefix}.gross_premium.{p}"].value for p in principles}
        assert each[run.params.price.headline] == gross
        # (1 + 0.30) of the pure premium, and shares of 10, 6.72, 0.8 and 3 % on top
        assert each["expected_value"] == pytest.approx(1.3 * pure / (1.0 - 0.2052), rel=1e-9)


def test_share_extrapolated_is_followed_to_the_premiums(records: dict[str, Record]) -> None:
    """A quarter of each loss is extrapolated here, so a quarter of what losses pay for is."""
    for name in ("tier.1", "tier.X", "tier.N.rural_housing"):
        share = records[f"{name}.pure_premium"].share_extrapolated
        assert share == pytest.approx(0.25, rel=1e-6), name
    index = records["tier.N.typhoon_index.pure_premium"].share_extrapolated
    assert index is not None
    assert 0.0 < index < 0.25  # some of its storms cost nothing


def test_components_of_the_chart_add_up_to_the_gross_premium(
    run: Run, programme: Programme, both: tuple[Paid, list[Paid]], records: dict[str, Record]
) -> None:
    chart = premium_components(run, programme, both[0])["premium"]
    assert chart["component"].values.tolist() == ["pure", "risk_load", "expenses", "tax"]
    for tier in "1NX":
        parts = chart.sel(tier=tier)
        gross = records[f"tier.{tier}.gross_premium"].value
        assert float(parts.sum()) == pytest.approx(gross, rel=1e-12)
        pure = records[f"tier.{tier}.pure_premium"].value
        assert float(parts.sel(component="pure")) == pytest.approx(pure, rel=1e-12)


def test_the_build_up_sums_to_the_gross_premium(
    run: Run, programme: Programme, both: tuple[Paid, list[Paid]], records: dict[str, Record]
) -> None:
    frame = build_up_table(run, programme, both[0]).set_index("priced")
    parts = [c for c in frame.columns if c != "gross (万元)" and not c.startswith("beside")]
    sums = frame[parts].astype(float).sum(axis=1)
    np.testing.assert_allclose(sums, frame["gross (万元)"].astype(float), atol=0.4)  # seven rounded
    gross = records["tier.1.gross_premium"].value / 1e4
    assert frame.loc["tier 1", "gross (万元)"] == pytest.approx(gross, abs=0.051)
    # 1,500 + 2,000 and nine tenths of 1,500, as the programme has it; a fifth of 4,100 is set aside
    assert frame.loc["tier 1", "beside: reinsurance premium (万元)"] == 4850.0
    assert frame.loc["tier 1", "beside: set aside (万元)"] == 820.0
    assert frame.loc["tier N", "beside: reinsurance premium (万元)"] == 0.0


def test_every_premium_has_its_payers(
    run: Run, programme: Programme, both: tuple[Paid, list[Paid]], records: dict[str, Record]
) -> None:
    frame = premium_by_payer(run, programme, both[0]).set_index("payer of premium")

    def gross(name: str) -> float:
        return records[f"tier.{name}.gross_premium"].value / 1e4

    # city and county halve the basic cover and both indices; farmers pay a third of rural housing
    assert frame.loc["city", "tier 1 (万元)"] == pytest.approx(gross("1.basic") / 2, abs=0.051)
    rural = {c.cover: c for c in programme.covers}["rural_housing"].payer_of_premium["household"]
    household = rural * gross("N.rural_housing")
    assert frame.loc["household", "tier N (万元)"] == pytest.approx(household, abs=0.051)
    whole = sum(gross(f"{c.tier}.{c.cover}") for c in programme.covers)
    assert frame["all tiers (万元)"].sum() == pytest.approx(whole, abs=0.3)


def test_a_tier_costs_no_more_than_its_covers_apart(
    run: Run, programme: Programme, both: tuple[Paid, list[Paid]]
) -> None:
    made = premiums_of(run, programme, year_totals(both[0].payouts))
    covers = made["cover"]["gross"].groupby("tier").sum()
    for principle in ("standard_deviation", "wang", "tvar_cost_of_capital"):
        for tier in "1NX":
            together = float(made["tier"]["gross"].sel(tier=tier, principle=principle))
            apart = float(covers.sel(tier=tier, principle=principle))
            assert together <= apart * (1 + 1e-12)


def test_limits_of_a_tier_are_those_of_its_covers(programme: Programme) -> None:
    limits = tier_limits(programme)
    assert limits["1"] == limits["basic"] == 6e8
    index = limits["typhoon_index"] + limits["rain_index"]
    assert limits["N"] == index + limits["rural_housing"] == 7.9e8
    assert limits["X"] == 30e8


def test_due_is_paid_or_kept_back(both: tuple[Paid, list[Paid]]) -> None:
    frame = due_and_paid(both[0]).set_index("cover")
    kept = frame[[c for c in frame.columns if not c.startswith("due")]].sum(axis=1)
    np.testing.assert_allclose(frame["due (万元)"], kept, atol=0.4)  # five rounded to 0.1


def test_tables_for_readers_name_every_tier_and_cover(
    run: Run, programme: Programme, both: tuple[Paid, list[Paid]], records: dict[str, Record]
) -> None:
    frame = premium_table(run, programme, both[0], make_census()).set_index("priced")
    assert set(frame.index) == {"tier 1", "tier N", "tier X", *(c.cover for c in programme.covers)}
    gross = records["tier.1.gross_premium"].value
    per_head = frame.loc["tier 1", "yuan a resident"]
    assert per_head == pytest.approx(gross / POPULATION.sum(), abs=0.006)
    assert frame.loc["tier 1", "pure (万元)"] == pytest.approx(
        records["tier.1.pure_premium"].value / 1e4, abs=0.06
    )
    assert frame.loc["tier 1", "rate on line"] == pytest.approx(gross / 6e8, abs=6e-5)
    assert programme_frame(programme)["cover"].tolist() == [c.cover for c in programme.covers]
    contracts = contract_frame(run, programme, make_census()["zones"].to_dataset())
    assert contracts["cover"].tolist()[:-1] == [c.cover for c in programme.covers]


def test_layers_expect_what_the_covers_pay(
    programme: Programme, both: tuple[Paid, list[Paid]], records: dict[str, Record]
) -> None:
    layers = layers_of(programme, both[0])
    for cover in programme.covers:
        pure = records[f"tier.{cover.tier}.{cover.cover}.pure_premium"].value
        assert float(layers["expected"].sel(cover=cover.cover)) == pytest.approx(pure, rel=1e-12)


def test_ledger_of_the_baseline_is_kept(run: Run, both: tuple[Paid, list[Paid]]) -> None:
    kept = open_stage(run, "ledger")
    np.testing.assert_array_equal(kept["amount"].values, both[0].ledger["amount"].values)


# --- what must not pass -------------------------------------------------------------------------


def in_text(programme: Programme, old: str, new: str, folder: Path) -> Programme:
    text = PROGRAMME.read_text(encoding="utf-8")
    assert old in text
    path = folder / "other.yml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    return load_programme(path, zones=ZONES)


def test_a_cover_on_another_box_is_refused(
    run: Run, programme: Programme, table: xr.Dataset, tmp_path: Path
) -> None:
    elsewhere = in_text(programme, "box: wenzhou_150km", "box: zhejiang_coast", tmp_path)
    with pytest.raises(SchemaError, match=r"typhoon_index.*box"):
        pay_table(run, elsewhere, make_census(), table)


def test_triggers_say_their_units(
    run: Run, programme: Programme, table: xr.Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    units = {"minimum_pressure": "Pa", "rain_24h": "mm"}
    monkeypatch.setattr(triggers_module, "INDEX_UNITS", units)
    with pytest.raises(UnitsError, match="typhoon_index"):
        pay_table(run, programme, make_census(), table)


@pytest.mark.parametrize("factor", [0.999, 1.001])
def test_a_ledger_that_books_other_than_was_paid_is_refused(
    run: Run, programme: Programme, table: xr.Dataset, monkeypatch: pytest.MonkeyPatch,
    factor: float,
) -> None:  # fmt: skip
    build = tiers.build_ledger

    def altered(*arguments: object) -> xr.Dataset:
        ledger = build(*arguments)  # type: ignore[arg-type]
        line = int(np.flatnonzero(ledger["cover"].values == "typhoon_index")[0])
        ledger["overpayment"].values[:, line] *= factor
        return ledger

    monkeypatch.setattr(tiers, "build_ledger", altered)
    with pytest.raises(ConservationError, match="typhoon_index"):
        pay_table(run, programme, make_census(), table)
