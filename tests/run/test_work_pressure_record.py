"""The record of pressures near Wenzhou: read as published, fitted, and set beside a catalogue."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from riskmodel.hazard.typhoon.near_storms import BOX
from riskmodel.run.folder import Run
from riskmodel.run.work.pressure_record import (
    THRESHOLD,
    deficit_record,
    fitted_record,
    pressure_records,
    record_beside_catalogue,
)
from tests.run.work_case import make_run


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return make_run(tmp_path, "03_exceedance")


def test_fit_has_the_weighted_moments_of_its_excesses() -> None:
    """Mean σ/(1-ξ) and a1 = σ/(2(2-ξ)) of a generalised Pareto law (Hosking & Wallis 1987)."""
    fit, record = fitted_record(), deficit_record()
    excesses = np.sort(record.values[record.values > THRESHOLD] - THRESHOLD)
    rank = np.arange(1, excesses.size + 1)
    moment = (excesses * (excesses.size - rank) / (excesses.size - 1)).mean()  # unbiased
    assert fit.scale / (1 - fit.shape) == pytest.approx(excesses.mean(), rel=1e-6)
    assert fit.scale / (2 * (2 - fit.shape)) == pytest.approx(moment, rel=1e-6)


def test_levels_carry_a_data_interval_and_rise(run: Run) -> None:
    records = pressure_records(run)
    assert all([i.kind for i in r.intervals] == ["data"] for r in records)
    assert all(r.intervals[0].lower <= r.value <= r.intervals[0].upper for r in records)
    assert [r.value for r in records] == sorted(r.value for r in records)


def test_the_catalogue_is_read_in_the_circle_of_the_record(run: Run) -> None:
    """Each year one storm, of deficits 1 to 100 hPa in each block, far deeper ones elsewhere."""
    deficit = np.tile(np.arange(1.0, 101.0), 2)
    pressure = 1010.0 - np.stack([deficit + 500.0, deficit], axis=1)
    root = xr.Dataset(
        {
            "minimum_pressure": (("occurrence", "box"), pressure),
            "year": ("occurrence", np.arange(200)),
        },
        {"box": ["zhejiang_coast", BOX]},
        {"blocks": 2, "years_per_block": 100},
    )
    found = record_beside_catalogue(run, xr.DataTree(root)).set_index("return period (years)")
    # 100 of 200 years exceed 50 hPa, 10 exceed 95; the blocks are alike, so no width
    assert found.loc[2.0, "catalogue (hPa)"] == 50.0
    assert found.loc[20.0, "catalogue (hPa)"] == 95.0
    assert (found["simulation lower (hPa)"] == found["simulation upper (hPa)"]).all()
