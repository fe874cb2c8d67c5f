"""Errors of tables beside a direct evaluation whose distance from the tables is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from riskmodel.loss.occurrence_table import by_zone_and_item
from riskmodel.run.work import table_error
from tests.run.work_case import ZONES, make_run, make_table


def stand_in(table: xr.Dataset, factor: xr.DataArray) -> object:
    """Direct evaluation that finds the amounts of the table times a factor of each zone."""

    def evaluate(
        catalogue: object, census: object, scenario: object, numbers: list[int]
    ) -> xr.DataArray:
        parts = [by_zone_and_item(table, q) for q in ("loss", "benefit")]
        found = xr.concat(parts, "item").reset_coords(drop=True) * factor
        return found.reindex(occurrence=numbers, fill_value=0.0)

    return evaluate


def test_errors_are_those_of_the_zones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run, table = make_run(tmp_path, "03_exceedance"), make_table(3)
    factor = xr.DataArray(np.ones(12), {"zone": ZONES}, ("zone",))
    factor[4] = 1.01
    monkeypatch.setattr(table_error, "direct_outcomes", stand_in(table, factor))
    monkeypatch.setattr(table_error, "loss_scenario", lambda *args: None)
    monkeypatch.setattr(table_error, "EVERY", 1)
    nothing = xr.DataTree()
    frame = table_error.table_errors(run, nothing, nothing, table).set_index("figure")
    error = frame["relative error"]
    rare = error[error.index.str.startswith("100-year")]
    # the loss of that zone is 1.01 of the table's, the others are the table's
    assert rare["100-year loss of zh 330324"] == pytest.approx(1.0 - 1.0 / 1.01)
    assert (rare.drop("100-year loss of zh 330324") == 0.0).all()
    means = error[error.index.str.startswith("mean")]
    parts = by_zone_and_item(table, "loss").sum("occurrence")
    share = (parts.sel(zone="330324") / parts.sum("zone")).to_series()
    for item, part in share.items():
        assert means[f"mean of {item}"] == pytest.approx(0.01 * part / (1.0 + 0.01 * part))
    named = {r.name: r.value for r in table_error.table_error_records(frame.reset_index())}
    assert named["loss.table_error.oep"] == rare.max()
    assert named["loss.table_error.aal"] == means.max()
