"""Basis risk of a run, worked apart from its code; triggers of scenarios; lower bounds labelled."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
import yaml

from riskmodel.cover.basis_risk import needs
from riskmodel.cover.programme import Programme, load_programme
from riskmodel.hazard.typhoon.stations import calibrated_rain
from riskmodel.run.folder import Run
from riskmodel.run.params import apply_overrides
from riskmodel.run.records import Record
from riskmodel.run.stages import save_stage
from riskmodel.run.work import triggers as triggers_module
from riskmodel.run.work.basis import (
    Payments,
    basis_chart,
    basis_records,
    basis_table,
    drawn_payments,
    needs_table,
)
from riskmodel.run.work.index_replay import area_index_table
from riskmodel.run.work.tiers import Paid, pay_all
from riskmodel.run.work.triggers import paying_occurrences, triggers_of
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
    with_snow,
)

INDEX = ("typhoon_index", "rain_index")
NONE = {f"tiers.index_residual.{name}": None for name in ("pressure", "wind", "rain", "snow")}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    place = tmp_path_factory.mktemp("basis")
    save_triggers(place, make_table(2))
    return make_run(place, "04_tiers")


@pytest.fixture(scope="module")
def exact(run: Run) -> Run:
    """The same run without any declared residual."""
    return Run(apply_overrides(run.params, NONE), run.folder, run.notebook)


@pytest.fixture(scope="module")
def programme() -> Programme:
    return load_programme(PROGRAMME, zones=ZONES)


@pytest.fixture(scope="module")
def paid(run: Run, programme: Programme) -> tuple[Paid, list[Paid]]:
    return pay_all(run, programme, make_census(), make_table(2), {"half": make_table(2, 0.5)})


@pytest.fixture(scope="module")
def drawn(run: Run, programme: Programme) -> list[Payments]:
    return drawn_payments(run, programme, make_census(), make_table(2))


@pytest.fixture(scope="module")
def undrawn(exact: Run, programme: Programme) -> list[Payments]:
    return drawn_payments(exact, programme, make_census(), make_table(2))


@pytest.fixture(scope="module")
def records(run: Run, drawn: list[Payments], paid: tuple[Paid, list[Paid]]) -> dict[str, Record]:
    return {r.name: r for r in basis_records(run, drawn, *paid)}


def test_without_a_residual_the_cover_pays_what_the_ledger_says(
    undrawn: list[Payments], paid: tuple[Paid, list[Paid]]
) -> None:
    payouts = paid[0].payouts
    for one in undrawn:
        expected = payouts["paid"].sel(cover=one.cover.cover, occurrence=one.occurrence)
        assert one.paid.shape[0] == 1
        np.testing.assert_allclose(one.paid[0], expected, rtol=1e-12)
        others = payouts["paid"].sel(cover=one.cover.cover).drop_sel(occurrence=one.occurrence)
        assert not others.any()


def test_without_a_residual_basis_risk_is_a_lower_bound(
    exact: Run, undrawn: list[Payments], paid: tuple[Paid, list[Paid]]
) -> None:
    made = basis_records(exact, undrawn, *paid)
    assert all("a lower bound, no residual declared" in record.source for record in made)
    table = needs_table(undrawn, paid[0])
    assert set(table["residual"]) == {"none: a lower bound"}
    assert not basis_chart(undrawn, made)["sampled"].any()


def test_figures_worked_apart(
    exact: Run, undrawn: list[Payments], paid: tuple[Paid, list[Paid]]
) -> None:
    """Need of all counties, occurrence by occurrence, in plain loops over the occurrence table."""
    made = {r.name: r.value for r in basis_records(exact, undrawn, *paid)}
    table, payouts = make_table(2), paid[0].payouts
    need = np.zeros(table.sizes["occurrence"])
    mean, item = table["mean"].values, table["item"].values
    for row, occurrence in enumerate(table["row_occurrence"].values):
        need[occurrence] += mean[row, item == "infrastructure"].sum()
        need[occurrence] += mean[row, item == "basic.deaths"].sum()
        need[occurrence] += mean[row, item == "basic.resettlement"].sum() * 120.0 / 90.0
    benefits = payouts["benefit_paid"].sel(benefit=["basic.deaths", "basic.resettlement"])
    need[payouts["occurrence"].values] -= benefits.sum(("zone", "benefit")).values
    largest = np.zeros(BLOCKS * YEARS)
    np.maximum.at(largest, table["year"].values, need)
    for cover in INDEX:
        got = np.zeros(need.size)
        got[payouts["occurrence"].values] = payouts["paid"].sel(cover=cover).sum("zone").values
        limit = {"typhoon_index": 2e8, "rain_index": 1.2e8}[cover]
        name = f"tier.N.{cover}.basis."
        for period in (5, 20, 100):
            level = np.sort(largest)[::-1][BLOCKS * YEARS // period]
            high = need >= level
            missed = (got[high] == 0.0).mean()
            assert made[f"{name}no_payment.{period}"] == pytest.approx(missed, abs=1e-12)
            target = np.minimum(need[high], limit)
            gap = np.maximum(target - got[high], 0.0).sum() / target.sum()
            assert made[f"{name}shortfall.{period}"] == pytest.approx(gap, rel=1e-9)
        over = np.maximum(got - need, 0.0).sum() / got.sum()
        assert made[f"{name}overpayment"] == pytest.approx(over, rel=1e-6)
        assert made[f"{name}mean_need"] == pytest.approx(need.sum() / 800, rel=1e-9)
        assert made[f"{name}mean_payout"] == pytest.approx(got.sum() / 800, rel=1e-9)


def test_drawn_pressures_pay_what_the_normal_gives_in_the_mean(
    run: Run, programme: Programme, tmp_path: Path
) -> None:
    """Σ E[payout] over the residual by Gauss-Hermite, without year limit, within 1 %."""
    text = PROGRAMME.read_text(encoding="utf-8")
    path = tmp_path / "unlimited.yml"
    path.write_text(text.replace("year: 3.5 亿元", "year: unlimited"), encoding="utf-8")
    free = load_programme(path, zones=ZONES)
    one = drawn_payments(run, free, make_census(), make_table(2))[0]
    pressure = triggers_of(run, free)["minimum_pressure"].values[:, 0]
    pressure = pressure[np.isfinite(pressure)]
    at, weight = np.polynomial.hermite_e.hermegauss(60)
    moved = pressure[:, None] + run.params.tiers.index_residual.pressure * at
    share = np.clip((975.0 - moved) / 50.0, 0.0, 1.0) @ weight / weight.sum()
    assert one.paid.sum() / one.paid.shape[0] == pytest.approx(2e8 * share.sum(), rel=0.01)


def test_records_carry_intervals_between_their_natural_bounds(records: dict[str, Record]) -> None:
    for cover in INDEX:
        for figure in ("no_payment.100", "shortfall.10", "county_no_payment.100", "false_payment",
                       "overpayment_relief", "pearson", "spearman", "rmse"):  # fmt: skip
            assert f"tier.N.{cover}.basis.{figure}" in records
    for record in records.values():
        assert "simulation" in {i.kind for i in record.intervals}
        assert record.status == "placeholder"
        for interval in record.intervals:
            assert interval.lower <= record.value + 1e-12
            assert interval.upper >= record.value - 1e-12
            if record.unit == "1":
                assert -1.0 <= interval.lower <= interval.upper <= 1.0


def test_a_county_apart_is_missed_at_least_as_often_by_a_common_index(
    records: dict[str, Record], undrawn: list[Payments]
) -> None:
    table = basis_chart(undrawn, list(records.values()))
    assert table["value"].dims == ("cover", "figure", "return_period")
    assert np.isfinite(table["value"]).all()
    name = "tier.N.rain_index.basis."  # each county on its own station
    assert records[f"{name}county_no_payment.10"].value > records[f"{name}no_payment.10"].value


def test_words(run: Run, drawn: list[Payments], records: dict[str, Record]) -> None:
    frame = basis_table(run, drawn, list(records.values()))
    assert frame.iloc[0, 0].startswith("县级台风指数保险")
    assert "不赔" in frame.iloc[0, 0]


def test_needs_are_set_side_by_side(drawn: list[Payments], paid: tuple[Paid, list[Paid]]) -> None:
    table = needs_table(drawn, paid[0])
    assert table["set against"].tolist() == ["county", "relief", "direct_loss"] * 2
    over = table.pivot(index="cover", columns="set against", values="overpaid")
    # a smaller need is overpaid more
    assert (over["relief"] >= over["county"]).all()
    assert (over["county"] >= over["direct_loss"]).all()


def test_occurrences_that_pay(run: Run, programme: Programme) -> None:
    triggers = triggers_of(run, programme)
    found = paying_occurrences(programme, triggers, ZONES)
    low = triggers["minimum_pressure"].values[:, 0] < 975.0
    wet = (np.nan_to_num(triggers["rain_24h"].values) >= 300.0).any(axis=1)
    np.testing.assert_array_equal(found, np.flatnonzero(low | wet))
    assert triggers["rain_24h"].attrs["units"] == "mm"


def test_rain_of_a_scenario_is_read_off_the_catalogue_and_not_ranked_again(
    programme: Programme, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every storm twice: ranked again, each would be drier, to make the same annual maxima."""
    baseline = save_triggers(tmp_path, make_table(2))
    twice = np.repeat(np.arange(baseline.sizes["occurrence"]), 2)
    repeated = baseline.isel(occurrence=twice).assign(base=("occurrence", twice))
    save_stage(make_run(tmp_path, "02_hazard"), "catalogue", repeated)
    monkeypatch.setattr(triggers_module, "catalogue_of", lambda run: xr.DataTree(baseline))
    run = make_run(tmp_path, "04_tiers")
    found = triggers_of(run, programme)["rain_24h"].values
    expected = calibrated_rain(baseline, first_shift=run.params.hazard.block_shift).values
    np.testing.assert_array_equal(found, expected[twice])


@pytest.fixture(scope="module")
def depth() -> np.ndarray:
    """Mean depth (occurrence, zone), cm: a tenth of the occurrences are cold waves."""
    random, count = np.random.default_rng(3), make_table(2).sizes["occurrence"]
    cold = random.random(count) < 0.1
    return np.where(cold[:, None], random.uniform(0.0, 40.0, (count, 12)), 0.0)


@pytest.fixture(scope="module")
def snowy(tmp_path_factory: pytest.TempPathFactory) -> Programme:
    """The programme with an index of snow in place of that of rain."""
    content = yaml.safe_load(PROGRAMME.read_text(encoding="utf-8"))
    index = next(c for c in content["covers"] if c["cover"] == "rain_index")
    index |= {"cover": "snow_index", "policy_year_start": "11-01", "trigger": {
        "index": "snow_depth", "area": {"weight": "residential_rc"}, "unit": "cm",
        "payout": "linear", "attachment": 10, "exhaustion": 30}}  # fmt: skip
    path = tmp_path_factory.mktemp("snow") / "snow.yml"
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return load_programme(path, zones=ZONES)


def test_snow_is_set_against_cold_waves_alone(
    exact: Run, snowy: Programme, depth: np.ndarray
) -> None:
    """The need of other occurrences is not asked of the cover."""
    table, cold = with_snow(make_table(2), depth), depth.any(axis=1)
    paid, _ = pay_all(exact, snowy, make_census(), table, {})
    one = next(
        p for p in drawn_payments(exact, snowy, make_census(), table) if p.cover.trigger.area
    )
    known = np.zeros(cold.size, dtype=bool)
    known[np.unique(table["row_occurrence"].values)] = True
    np.testing.assert_array_equal(one.asked, cold & known)
    made = {r.name: r.value for r in basis_records(exact, [one], paid, [])}
    # by hand: a share of the limit for each county's own depth, then the year limit in date order
    rows = np.zeros((cold.size, 12))
    rows[table["row_occurrence"].values, table["row_zone"].values] = 1.0
    due = np.clip((depth * rows - 10.0) / 20.0, 0.0, 1.0) @ (POPULATION / POPULATION.sum()) * 1.2e8
    got = paid.payouts["paid"].sel(cover="snow_index").sum("zone")
    assert float(got.max()) <= due.max() * (1.0 + 1e-9)
    np.testing.assert_allclose(
        paid.payouts["due"].sel(cover="snow_index").sum("zone"), due[got["occurrence"].values],
        rtol=1e-9,
    )  # fmt: skip
    needed = needs(paid.ledger, paid.payouts)["county"].sum("zone")
    of_cold = cold[needed["occurrence"].values]
    mean = float(needed.values[of_cold].sum()) / (BLOCKS * YEARS)
    assert made["tier.N.snow_index.basis.mean_need"] == pytest.approx(mean, rel=1e-9)
    assert mean < 0.2 * float(needed.sum()) / (BLOCKS * YEARS)


def test_levels_of_snow_are_those_of_the_years(
    exact: Run, snowy: Programme, depth: np.ndarray
) -> None:
    table = with_snow(make_table(2), depth)
    rows = np.zeros(depth.shape)
    rows[table["row_occurrence"].values, table["row_zone"].values] = 1.0
    largest = np.zeros((BLOCKS * YEARS, 12))
    np.maximum.at(largest, table["year"].values, depth * rows)
    frame = area_index_table(exact, snowy, make_census(), table)
    assert frame["county"].tolist() == [f"zh {zone}" for zone in ZONES]
    for period in (20, 100):
        level = np.sort(largest, axis=0)[::-1][BLOCKS * YEARS // period]
        np.testing.assert_allclose(frame[f"{period}-year index (cm)"], level, atol=0.051)
        share = 100.0 * np.clip((level - 10.0) / 20.0, 0.0, 1.0)
        np.testing.assert_allclose(frame[f"paid at {period} years (%)"], share, atol=0.051)
