"""How much of each result rests on a damage curve beyond what its source holds for."""

from __future__ import annotations

import pandas as pd
import xarray as xr

from riskmodel.loss.compilation import compile_table
from riskmodel.loss.occurrence_table import occurrence_table, repeated_table
from riskmodel.loss.validity import outside_items, outside_shares
from riskmodel.run.folder import Run
from riskmodel.run.records import Record
from riskmodel.run.settings import scenario_curves, scenario_fine
from riskmodel.run.stages import open_stage
from riskmodel.run.work.losses import items_of
from riskmodel.run.work.records import plain_record

SOURCE = "riskmodel.loss.validity"


def validity_records(
    run: Run, census: xr.DataTree, catalogue: xr.DataTree, table: xr.Dataset
) -> list[Record]:
    """Share of each column's mean annual amount from intensities beyond its responses' range.

    Named ``loss.outside_valid_range.<column>``; one more pass, over what lies outside alone.
    """
    items = outside_items(items_of(run, run.params, census))
    curves = scenario_curves(run.params, census, catalogue)
    spread = run.params.loss.depth_spread
    fine = scenario_fine(run.params, census, catalogue)
    table_outside = compile_table(census, curves, items, depth_spread=spread, fine=fine)
    outside = occurrence_table(catalogue, table_outside)
    repeated = repeated_table(outside, open_stage(run, "catalogue").load())
    return [
        plain_record(f"loss.outside_valid_range.{name}", share, "1", SOURCE)
        for name, share in outside_shares(table, repeated).items()
    ]


def validity_table(records: list[Record]) -> pd.DataFrame:
    """Shares in per cent, largest first; a share of what was computed has no interval."""
    rows = [(r.name.removeprefix("loss.outside_valid_range."), 100 * r.value) for r in records]
    frame = pd.DataFrame(rows, columns=["column", "beyond the valid range (%)"])
    return frame.sort_values("beyond the valid range (%)", ascending=False).round(2)
