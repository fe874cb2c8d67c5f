"""Mean annual loss of each cell: the pass of the run with every entry as a zone of its own.

The mean is over simulated years, as that of a zone is: stored pairs, perils of one storm combined
in the cell, second storms of a year and the scenario's repeated or thinned occurrences included. An
integral over the census curve would leave out combination and chance, and would not add up to the
zones of the run.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import xarray as xr
from tqdm import tqdm

from riskmodel.census.selection import Pieces, rezoned
from riskmodel.hazard.selection import select_cells
from riskmodel.loss.occurrence_table import occurrence_table
from riskmodel.run.folder import Run
from riskmodel.run.stages import open_stage
from riskmodel.run.work.losses import compiled, damage_of

CELLS_TOGETHER = 150  # bounds the rows that are held at once
FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


def entry_losses(run: Run, census: xr.DataTree, catalogue: xr.DataTree) -> xr.DataArray:
    """Mean annual loss (peril, entry) in CNY, an entry being the part of a cell in one zone.

    Sums over the entries of a zone are the zone's ``loss.aal.by_zone``, by peril too; a peril's
    part of a storm is that of the pass, in proportion to what it would cost alone.
    """
    base = open_stage(run, "catalogue")["base"].values
    copies = np.bincount(base, minlength=catalogue.to_dataset().sizes["occurrence"])
    years = int(catalogue.attrs["blocks"]) * int(catalogue.attrs["years_per_block"])
    zones, perils = census["zones"].to_dataset(), list(census.attrs["perils"])
    cell_of = zones["entry_cell"].values
    result = np.zeros((len(perils), zones.sizes["entry"]))
    for first in tqdm(range(0, zones.sizes["cell"], CELLS_TOGETHER), desc="cells", unit="part"):
        cells = np.arange(first, min(first + CELLS_TOGETHER, zones.sizes["cell"]))
        entries = np.flatnonzero((cell_of >= cells[0]) & (cell_of <= cells[-1]))
        table = _table_of(run, census, select_cells(catalogue, cells), entries)
        weight = copies[table["row_occurrence"].values] / years
        for number, peril in enumerate(perils):
            own = table["peril"].values == peril
            loss = table["mean"].values[:, own].sum(axis=1) * weight
            result[number, entries] = np.bincount(table["row_zone"].values, loss, entries.size)
    return xr.DataArray(result, {"peril": perils}, ("peril", "entry"), name="loss")


def _table_of(
    run: Run, census: xr.DataTree, catalogue: xr.DataTree, entries: IntArray
) -> xr.Dataset:
    """Occurrence table whose zones are some entries."""
    names = [str(entry) for entry in entries]
    alone = Pieces(
        entries, np.arange(entries.size), np.ones(entries.size), names, names, names
    )  # fmt: skip
    parts = rezoned(census, alone)
    # sectors are not asked for; each column more makes the pass of this many zones longer
    items = [replace(item, column="loss") for item in damage_of(run.params, census)]
    return occurrence_table(catalogue, compiled(run, run.params, parts, catalogue, items=items))


def on_cells(census: xr.DataTree, by_entry: FloatArray) -> xr.DataArray:
    """Sum of entries at each cell of the maps; missing where no zone of the census is."""
    zones, grid = census["zones"].to_dataset(), census[census.attrs["perils"][0]].to_dataset()
    sums = np.bincount(zones["entry_cell"].values, by_entry, zones.sizes["cell"])
    field = np.full((grid.sizes["y"], grid.sizes["x"]), np.nan)
    field[zones["row"].values, zones["column"].values] = sums
    return xr.DataArray(field, {"y": grid["y"], "x": grid["x"]}, ("y", "x"))
