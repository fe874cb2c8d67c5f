"""Losses of imported footprint sets, read through the catalogue of a finished run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.core.errors import CatalogueError
from riskmodel.exceedance.intervals import simulation_interval
from riskmodel.exceedance.metrics import FloatArray, annual_sum
from riskmodel.hazard.footprints import read_footprints
from riskmodel.hazard.imported import cells_at_last_position, event_catalogue
from riskmodel.loss.occurrence_table import occurrence_table
from riskmodel.run.folder import Run
from riskmodel.run.settings import plain_curves
from riskmodel.run.work.census import census_of, whole_census_of
from riskmodel.run.work.hazard import catalogue_of
from riskmodel.run.work.losses import compiled


def imported_losses(run: Run, path: Path) -> pd.DataFrame:
    """Loss of each event of an imported set, at the exposure and with the levers of a run.

    Parameters
    ----------
    run : Run
        A run whose notebook 02 has been executed.
    path : Path
        NetCDF file as `riskmodel.hazard.footprints` describes it.

    Returns
    -------
    One row an event: ``event``, ``name`` where the file has it, ``rate`` (events a year), ``loss``
    in CNY (the reading pooled over blocks) with the simulation interval between readings,
    ``below storage, <peril>``, the share of affected cells that the event reaches only with a rate
    above the storage rate: their loss is not in it, and ``beyond the curve, <peril>``, the number
    of cells at the last position: they are costed at the most that the curve gives, though the
    event may ask for more. Attribute ``aal`` is the sum of rate x loss.
    """
    census, catalogue = census_of(run), catalogue_of(run)
    footprints = of_zones(read_footprints(path, whole_census_of(run)), census)
    perils = footprints.attrs["perils"]
    curves = {peril: plain_curves(run.params, census, catalogue, peril) for peril in perils}
    events = event_catalogue(catalogue, census, footprints, curves)
    table = occurrence_table(events, compiled(run, run.params, census, catalogue, perils=perils))
    count, readings = footprints.sizes["event"], int(events.attrs["blocks"])
    costs = table["mean"].values[:, table["quantity"].values == "loss"].sum(axis=1)
    loss = annual_sum(table["row_occurrence"].values, costs, count * readings)
    loss = loss.reshape(readings, count)
    by_year = "rate" not in footprints
    rate = np.full(count, 1.0 / footprints.attrs["years"]) if by_year else footprints["rate"].values
    frame = pd.DataFrame({"event": footprints["event"].values, "rate": rate, "loss": loss[0]})
    if "name" in footprints:
        frame.insert(1, "name", footprints["name"].values)
    frame[["lower", "upper"]] = _bounds(loss, run.params.exceedance.interval_level)
    for peril in perils:
        frame[f"below storage, {peril}"] = events.attrs[f"below_storage_{peril}"]
        frame[f"beyond the curve, {peril}"] = cells_at_last_position(events, peril)
    frame.attrs["aal"] = float(rate @ loss[0])
    return frame


def of_zones(footprints: xr.Dataset, census: xr.DataTree) -> xr.Dataset:
    """Footprints at the cells of the zones of a run, whose numbers a set cannot know.

    Parameters
    ----------
    footprints : Dataset
        From `read_footprints` with the whole census.
    census : DataTree
        Of the zones of the run.

    Raises
    ------
    CatalogueError
        If the set reaches no cell of the zones.
    """
    zones = census["zones"].to_dataset()
    if "whole_cell" not in zones:
        return footprints
    cells, own = footprints["cell"].values, zones["whole_cell"].values
    inside = np.flatnonzero(np.isin(cells, own))
    if inside.size == 0:
        raise CatalogueError(
            "the footprints have no cell of the zones of the run",
            where="census.zones",
            found=[str(code) for code in zones["zone"].values],
            expected="at least one cell",
            remedy="take the params of the place that they were made for",
        )
    kept = footprints.isel(cell=inside)
    return kept.assign_coords(cell=("cell", np.searchsorted(own, cells[inside])))


def _bounds(loss: FloatArray, level: float) -> FloatArray:
    """Make simulation intervals (event, bound) of losses (reading, event), pooled reading first."""
    made = [
        simulation_interval(float(loss[0, k]), loss[1:, k].tolist(), level=level)
        for k in range(loss.shape[1])
    ]
    return np.array([[interval["lower"], interval["upper"]] for interval in made])
