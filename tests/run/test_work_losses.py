"""Losses of a run: stages that come back as they were, figures with both intervals, charts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from riskmodel.core.errors import StageError
from riskmodel.core.schema import check
from riskmodel.exceedance.curve import SCHEMA as CURVE
from riskmodel.exceedance.metrics import value_at_risk, year_losses
from riskmodel.run.folder import Run
from riskmodel.run.stages import open_stage, save_stage
from riskmodel.run.work.losses import (
    curve_of,
    loss_by_zone_and_peril,
    loss_records,
    losses_of,
)
from riskmodel.run.work.variants import tornado_of, variant_table
from tests.run.work_case import BLOCKS, PERILS, SECTORS, YEARS, ZONES, make_run, make_table

PERIODS = (5, 10, 20, 50, 100, 200)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return make_run(tmp_path, "03_exceedance")


@pytest.fixture(scope="module")
def table() -> xr.Dataset:
    return make_table(1)


@pytest.fixture(scope="module")
def variants() -> dict[str, xr.Dataset]:
    return {"published": make_table(1, 0.5), "wet_late": make_table(1, 1.25)}


def test_every_loss_figure_has_both_intervals_and_the_names_of_the_design(
    run: Run, table: xr.Dataset, variants: dict[str, xr.Dataset]
) -> None:
    records = {r.name: r for r in loss_records(run, table, variants)}
    expected = {"loss.aal", "loss.standard_deviation", "loss.aal.by_cause.typhoon"}
    expected |= {f"loss.{kind}.{t}" for kind in ("oep", "aep", "tvar") for t in PERIODS}
    expected |= {f"loss.aal.by_peril.{p}" for p in PERILS}
    expected |= {f"loss.aal.by_sector.{s}" for s in SECTORS}
    expected |= {f"loss.aal.by_zone.{z}" for z in ZONES}
    assert set(records) == expected
    for record in records.values():
        simulation, model = record.intervals
        assert (simulation.kind, model.kind) == ("simulation", "model")
        assert simulation.lower <= record.value <= simulation.upper
        # the variants cost half and five quarters of the baseline, everywhere
        assert model.lower == pytest.approx(0.5 * record.value, rel=1e-9)
        assert model.upper == pytest.approx(1.25 * record.value, rel=1e-9)
        if record.name != "loss.standard_deviation":  # no sum of losses, so it has no share
            assert record.share_extrapolated == pytest.approx(0.25, rel=1e-9)


def test_figures_come_from_all_years_and_spread_from_each_block(
    run: Run, table: xr.Dataset, variants: dict[str, xr.Dataset]
) -> None:
    records = {r.name: r for r in loss_records(run, table, variants)}
    total = year_losses(table).total
    assert total.size == BLOCKS * YEARS
    assert records["loss.aal"].value == pytest.approx(total.mean(), rel=1e-12)
    assert records["loss.aep.100"].value == value_at_risk(total, 100.0)
    first, second = total.reshape(BLOCKS, YEARS).mean(axis=1)
    half = records["loss.aal"].intervals[0].upper - records["loss.aal"].value
    # s over the square root of two blocks is half their distance; t(0.95, 1) = 6.3138
    assert half == pytest.approx(6.313752 * abs(first - second) / 2.0, rel=1e-6)


def test_stages_come_back_as_they_were(
    run: Run, table: xr.Dataset, variants: dict[str, xr.Dataset]
) -> None:
    save_stage(run, "occurrence_table", table)
    save_stage(run, "model_set", xr.DataTree.from_dict(variants))
    back, others = losses_of(run)
    xr.testing.assert_identical(back["mean"], table["mean"])
    assert list(others) == list(variants)
    for name, variant in variants.items():
        np.testing.assert_array_equal(others[name]["mean"].values, variant["mean"].values)
        assert others[name].attrs["years"] == BLOCKS * YEARS


def test_a_missing_stage_names_the_notebook_to_run(run: Run) -> None:
    with pytest.raises(StageError, match="03_exceedance"):
        losses_of(run)


def test_curve_is_kept_with_its_status(
    run: Run, table: xr.Dataset, variants: dict[str, xr.Dataset]
) -> None:
    curve = check(curve_of(run, table, variants), CURVE)
    assert curve.attrs["longest_supported_return_period"] == YEARS / 10
    kept = open_stage(run, "exceedance")
    np.testing.assert_array_equal(kept["value"].values, curve["value"].values)
    assert kept.attrs["status"] == curve.attrs["status"] == "placeholder"


def test_map_of_losses_adds_up_to_the_average(table: xr.Dataset) -> None:
    found = loss_by_zone_and_peril(table)
    assert found.dims == ("zone", "peril")
    assert float(found.sum()) == pytest.approx(year_losses(table).total.mean(), rel=1e-12)
    loss = table["mean"].values[:, table["quantity"].values == "loss"]
    row = (table["row_zone"].values == 3)[:, None] & (np.arange(18) % 3 == 1)[None]
    assert float(found[3, 1]) == pytest.approx((loss * row).sum() / (BLOCKS * YEARS), rel=1e-12)
    assert found.attrs["units"] == "CNY"
    assert found.attrs["price_year"] == 2022


def test_tornado_shows_each_variant_beside_the_baseline(
    run: Run, table: xr.Dataset, variants: dict[str, xr.Dataset]
) -> None:
    found = tornado_of(run, table, variants)
    base = year_losses(table).total.mean()
    assert found.attrs["baseline"] == pytest.approx(base, rel=1e-12)
    np.testing.assert_allclose(found["aal"].values, [0.5 * base, 1.25 * base], rtol=1e-9)
    labels = {v.name: (v.label_zh, v.label_en) for v in run.params.model_set}
    for number, name in enumerate(variants):
        assert (str(found["label_zh"].values[number]), str(found["label_en"].values[number])) == (
            labels[name]
        )


def test_a_variant_that_scales_losses_differs_by_its_share_in_every_block(
    run: Run, table: xr.Dataset, variants: dict[str, xr.Dataset]
) -> None:
    found = variant_table(run, table, variants).set_index("variant")
    years = year_losses(table).total
    base = years.mean() / 1e8
    assert found.loc["published", "AAL (亿元)"] == pytest.approx(0.5 * base, abs=0.006)
    assert found.loc["published", "difference (亿元)"] == pytest.approx(-0.5 * base, abs=0.006)
    # two blocks: Student's t with one degree of freedom, 6.313752 at 90 %
    halves = years.reshape(BLOCKS, YEARS).mean(axis=1) / 1e8
    half = 6.313752 * np.std(0.5 * halves, ddof=1) / np.sqrt(2)
    width = (
        found.loc["published", "simulation upper (亿元)"]
        - found.loc["published", "difference (亿元)"]
    )
    assert width == pytest.approx(half, abs=0.011)
    assert found["told apart"].tolist() == [bool(half < 0.5 * base), bool(half / 2 < 0.25 * base)]
