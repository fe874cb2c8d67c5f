"""Convergence and event rates of a run, beside figures worked apart from the package's curves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from riskmodel.exceedance.metrics import year_losses
from riskmodel.run.folder import Run
from riskmodel.run.work.blocks import blocks_table, event_rates
from riskmodel.run.work.losses import loss_records
from riskmodel.run.work.tails import tail_period
from tests.run.work_case import BLOCKS, YEARS, make_run, make_table


@pytest.fixture(scope="module")
def table() -> xr.Dataset:
    return make_table(1)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return make_run(tmp_path, "03_exceedance")


def test_present_width_is_that_of_the_blocks(run: Run, table: xr.Dataset) -> None:
    found = blocks_table(run, table).set_index("figure")
    years = year_losses(table).total.reshape(BLOCKS, YEARS).mean(axis=1)
    half = 6.313752 * years.std(ddof=1) / np.sqrt(2)  # Student's t, one degree of freedom
    assert found.loc["loss.aal", "half width now (%)"] == pytest.approx(
        100 * half / years.mean(), abs=0.06
    )
    periods = {float(name.split(".")[2]) for name in found.index if name.startswith("loss.oep")}
    assert max(periods) <= tail_period(run)
    assert (found["cautious"] >= found["blocks_needed"]).all()


def test_event_rates_keep_the_mean_and_the_closed_form_of_oep(run: Run, table: xr.Dataset) -> None:
    found = event_rates(run, table, loss_records(run, table, {})).set_index("figure")
    columns = table["quantity"].values == "loss"
    loss = np.bincount(table["row_occurrence"].values, table["mean"].values[:, columns].sum(axis=1))
    years = BLOCKS * YEARS
    assert found.loc["loss.aal", "event rates (亿元)"] == pytest.approx(
        loss.sum() / years / 1e8, abs=0.006
    )
    # OEP of Poisson events at equal rates: the k-th largest, k the rate -ln(1 - 1/T) in years
    rank = int(np.floor(-np.log1p(-1 / 10) * years))
    largest = np.sort(loss)[::-1]
    assert largest[rank + 1] <= found.loc["loss.oep.10", "event rates (亿元)"] * 1e8 * (1 + 1e-4)
    assert found.loc["loss.oep.10", "event rates (亿元)"] * 1e8 * (1 - 1e-4) <= largest[rank - 1]
