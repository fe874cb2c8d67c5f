"""What look-up tables get wrong: some occurrences of the run beside their direct evaluation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from riskmodel.exceedance.metrics import annual_maximum, value_at_risk
from riskmodel.loss.direct import direct_outcomes
from riskmodel.loss.occurrence_table import by_zone_and_item
from riskmodel.run.folder import Run
from riskmodel.run.records import Record
from riskmodel.run.work.losses import loss_scenario
from riskmodel.run.work.records import plain_record
from riskmodel.run.work.scope import zone_words

BOUND = 1e-3  # of the design
RARE = 100.0  # years
EVERY = 200  # years; of so many one is evaluated, for means
NEARBY = 1.1  # years that rank within this factor of the rare one are evaluated too
IntArray = npt.NDArray[np.int64]


def table_errors(
    run: Run, census: xr.DataTree, catalogue: xr.DataTree, table: xr.Dataset
) -> pd.DataFrame:
    """Means of each column, and the 100-year loss of each zone, by tables and directly.

    Means are those of every 200th simulated year. Of a zone's largest occurrences of a year those
    that rank near its 100-year one are evaluated, and ranked again; the others keep their place,
    being further away than any error. Not offered where the scenario repeats or thins occurrences.
    """
    if any(m != 1.0 for m in run.params.scenario.more_occurrences.model_dump().values()):
        return pd.DataFrame(columns=["figure", "by tables", "direct", "relative error"])
    by_tables = _by_tables(table)
    losses = [i for i in by_tables["item"].values if i in set(_items(table, "loss"))]
    names = zone_words(table, run.params.language).values()
    every = np.flatnonzero(table["year"].values % EVERY == 0)
    near = {z: _near(by_tables, losses, z, table) for z in range(table.sizes["zone"])}
    numbers = np.unique(np.concatenate([every, *near.values()]))
    scenario = loss_scenario(run, run.params, census, catalogue)
    direct = direct_outcomes(catalogue, census, scenario, numbers.tolist())
    rows = _means(by_tables, direct, every)
    for (z, chosen), name in zip(near.items(), names, strict=True):
        rare = _rare(by_tables, direct, losses, z, chosen, table)
        rows.append((f"100-year loss of {name}", *rare))
    frame = pd.DataFrame(rows, columns=["figure", "by tables", "direct"])
    apart = np.abs(frame["by tables"] - frame["direct"])
    return frame.assign(**{"relative error": apart / frame["direct"].where(apart > 0, 1.0)})


def table_error_records(frame: pd.DataFrame) -> list[Record]:
    """Largest errors of the means and of the zones' 100-year losses; at most 0.001 each."""
    found = []
    for name, start in (("aal", "mean"), ("oep", "100-year loss")):
        rows = frame[frame["figure"].str.startswith(start)]
        if len(rows):
            largest = float(rows["relative error"].max())
            source = "riskmodel.loss.direct"
            found.append(plain_record(f"loss.table_error.{name}", largest, "1", source))
    return found


def _items(table: xr.Dataset, quantity: str) -> list[str]:
    columns = table["quantity"].values == quantity
    return [str(item) for item in pd.unique(table["item"].values[columns])]


def _by_tables(table: xr.Dataset) -> xr.DataArray:
    """All outcomes (occurrence, zone, item) of the occurrences with any."""
    quantities = [str(q) for q in pd.unique(table["quantity"].values)]
    numbers = np.unique(table["row_occurrence"].values)
    return xr.concat([by_zone_and_item(table, q, numbers) for q in quantities], "item")


def _near(by_tables: xr.DataArray, losses: Sequence[str], z: int, table: xr.Dataset) -> IntArray:
    """Occurrences of a zone that are the largest of their years and rank near the rare one."""
    loss = by_tables.isel(zone=z).sel(item=list(losses)).sum("item").values
    number = by_tables["occurrence"].values
    year = table["year"].values[number]
    order = np.lexsort((-loss, year))
    first = order[np.unique(year[order], return_index=True)[1]]
    ranked = first[np.argsort(-loss[first], kind="stable")]
    rank = int(table.attrs["years"]) / RARE
    return np.sort(number[ranked[int(rank / NEARBY) : int(rank * NEARBY) + 1]])


def _means(
    by_tables: xr.DataArray, direct: xr.DataArray, every: IntArray
) -> list[tuple[str, float, float]]:
    there = np.intersect1d(every, by_tables["occurrence"].values)
    one = by_tables.sel(occurrence=there).sum(("occurrence", "zone"))
    other = direct.sel(occurrence=there, item=one["item"]).sum(("occurrence", "zone"))
    return [
        (f"mean of {item}", float(a), float(b))
        for item, a, b in zip(one["item"].values, one.values, other.values, strict=True)
    ]


def _rare(
    by_tables: xr.DataArray, direct: xr.DataArray, losses: Sequence[str], z: int,
    chosen: IntArray, table: xr.Dataset,
) -> tuple[float, float]:  # fmt: skip
    """100-year loss of a zone by tables and directly."""
    loss = by_tables.isel(zone=z).sel(item=list(losses)).sum("item")
    exact = loss.copy()
    exact.loc[{"occurrence": chosen}] = (
        direct.isel(zone=z).sel(occurrence=chosen, item=list(losses)).sum("item").values
    )
    year = table["year"].values[loss["occurrence"].values]
    years = int(table.attrs["years"])
    found, truth = (
        value_at_risk(annual_maximum(year, values, years), RARE)
        for values in (loss.values, exact.values)
    )
    return found, truth
