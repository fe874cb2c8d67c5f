"""Losses by township, where the census has a file of townships: a breakdown, not other zones."""

from __future__ import annotations

import pandas as pd
import xarray as xr

from riskmodel.census.townships import by_township, read_townships, zone_polygons
from riskmodel.loss.occurrence_table import occurrence_table, repeated_table
from riskmodel.run.folder import Run
from riskmodel.run.stages import open_stage, save_stage
from riskmodel.run.work.losses import compiled, damage_of
from riskmodel.run.work.zone_figures import BY_ZONE, zone_metrics


def township_losses(run: Run, census: xr.DataTree, catalogue: xr.DataTree) -> xr.Dataset | None:
    """Occurrence table whose zones are townships, kept as a stage; None without a file of them.

    Losses of the townships of a county sum to the county's, storm by storm. Tiers keep counties
    as their zones: deductibles and limits act on a county's total.
    """
    place = run.path(run.params.census.folder)
    codes = [str(code) for code in census["zones"].to_dataset()["zone"].values]
    townships = read_townships(place, codes)
    if townships is None:
        return None
    finer = by_township(census, zone_polygons(place, codes), townships)
    items = damage_of(run.params, finer)
    table = occurrence_table(catalogue, compiled(run, run.params, finer, catalogue, items=items))
    table = repeated_table(table, open_stage(run, "catalogue").load())
    save_stage(run, "townships", table)
    return table


def township_table(run: Run, table: xr.Dataset) -> pd.DataFrame:
    """Mean annual loss, and OEP and AEP at 10 and 100 years, of each township in 万元.

    A curve of a township is its own; curves of townships do not add up, means do.
    """
    periods = [t for t in run.params.exceedance.return_periods if t in (10.0, 100.0)]
    metrics = zone_metrics(table, periods)
    rows = []
    for number, code in enumerate(table["zone"].values):
        end = f"{BY_ZONE}{code}"
        own = {n.removesuffix(end): m.value / 1e4 for n, m in metrics.items() if n.endswith(end)}
        amounts = {f"{n.removeprefix('loss.')} (万元)": value for n, value in own.items()}
        names = {k: str(table[k].values[number]) for k in ("name_zh", "name_en")}
        rows.append({"code": str(code), **names, **amounts})
    frame = pd.DataFrame(rows)
    return frame.round(1)
