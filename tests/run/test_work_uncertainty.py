"""Spread about the mean in a run: none where there is no spread, exact moments where there is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from riskmodel.exceedance.curve import ep_curve
from riskmodel.exceedance.metrics import loss_metrics
from riskmodel.run.folder import Run
from riskmodel.run.work.uncertainty import (
    moments_table,
    sampled_lines,
    sampled_records,
    sampled_table,
    sampled_years,
)
from tests.run.work_case import PERILS, SECTORS, make_run, make_table


def with_spread(table: xr.Dataset, cv: float) -> xr.Dataset:
    """The same means, half of the variance of each loss common, as far as shares go."""
    items = list(dict.fromkeys(table["item"].values))
    mean = table["mean"].values.reshape(-1, len(items), len(PERILS)).sum(axis=2)
    sd = cv * mean
    return table.assign_coords(outcome=items).assign(
        variance_independent=(("row", "outcome"), 0.5 * sd**2),
        sd_correlated=(("row", "outcome"), np.sqrt(0.5) * sd),
        value_exposed=(("zone", "outcome"), np.full((12, len(items)), 1e13)),
    )


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return make_run(tmp_path, "03_exceedance")


@pytest.fixture(scope="module")
def table() -> xr.Dataset:
    return make_table(7)


def test_without_spread_samples_are_the_means(run: Run, table: xr.Dataset) -> None:
    sampled = sampled_years(run, with_spread(table, 0.0))
    assert list(sampled.moments["item"].values) == list(SECTORS)
    periods = list(run.params.exceedance.return_periods)
    means = {k: m.value for k, m in loss_metrics(table, periods).items()}
    for record in sampled_records(run, sampled):
        plain = record.name.replace("loss.sampled.", "loss.")
        if plain in means:
            assert record.value == pytest.approx(means[plain], rel=1e-5)  # single precision


def test_sampled_moments_are_the_exact_ones(run: Run, table: xr.Dataset) -> None:
    sampled = sampled_years(run, with_spread(table, 0.8))
    frame = moments_table(run, sampled)
    assert (frame["apart (standard errors)"].abs() < 5.0).all()
    assert (frame["exact"] > 0.0).all()


def test_common_draws_make_bad_years_worse(run: Run, table: xr.Dataset) -> None:
    spread = with_spread(table, 0.8)
    sampled = sampled_years(run, spread)
    records = sampled_records(run, sampled)
    means = {k: m.value for k, m in loss_metrics(table, [100.0]).items()}
    row = (
        sampled_table(run, sampled, records, means).set_index("figure (亿元)").loc["loss.tvar.100"]
    )
    assert row["means only"] < row["nothing in common"] < row["with spread"]
    assert row["with spread"] < row["one draw an event"]
    assert row["simulation lower"] < row["with spread"] < row["simulation upper"]


def test_lines_can_stand_beside_the_curve(run: Run, table: xr.Dataset) -> None:
    curve = ep_curve(table, {"twice": table}, level=0.9, status="synthetic")
    lines = sampled_lines(sampled_years(run, with_spread(table, 0.8)), curve)
    assert list(lines["return_period"].values) == list(curve["return_period"].values)
    assert (lines["value"].diff("return_period") >= 0.0).all()
