"""Indices of the occurrences of a run, as index covers read them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import xarray as xr

from riskmodel.cover.covers import ParametricCover
from riskmodel.cover.index_readings import read_index
from riskmodel.cover.parametric import index_fraction
from riskmodel.cover.programme import Programme
from riskmodel.cover.trigger import INDEX_UNITS
from riskmodel.hazard.typhoon.stations import calibrated_rain
from riskmodel.run.folder import Run
from riskmodel.run.stages import open_stage
from riskmodel.run.work.hazard import catalogue_of

DATES = ["year", "start"]
PLACES = ("landfall_latitude", "landfall_longitude")


def index_covers(programme: Programme) -> list[ParametricCover]:
    """List the index covers of a programme, in order."""
    return [cover for cover in programme.covers if isinstance(cover, ParametricCover)]


def triggers_of(run: Run, programme: Programme) -> xr.Dataset:
    """Read the indices of all occurrences of the run that its programme pays on, with units.

    Rain is that of the stations' own curves (`calibrated_rain`). Of a scenario with more or fewer
    occurrences it is read off the catalogue as it is: ranked again, it would not change. Coords
    ``year`` and ``start``.
    """
    table = open_stage(run, "catalogue")
    wanted = {cover.trigger.index for cover in index_covers(programme)}
    named = wanted | set(PLACES if any(w.startswith("landfall") for w in wanted) else ())
    kept = [*DATES, *(str(name) for name in table.data_vars if name in named)]
    triggers = table[kept].set_coords(DATES).load()
    if "rain_24h" in wanted and "station_rain" in table:
        triggers["rain_24h"] = _rain(run, table)
    for name in set(triggers.data_vars) & set(INDEX_UNITS):
        triggers[name].attrs["units"] = INDEX_UNITS[str(name)]
    return triggers


def _rain(run: Run, table: xr.Dataset) -> xr.DataArray:
    base = table["base"].values
    whole = np.array_equal(base, np.arange(base.size))
    baseline = table if whole else catalogue_of(run).to_dataset()
    rain = calibrated_rain(baseline.load(), first_shift=run.params.hazard.block_shift)
    return rain.isel(occurrence=base)


def paying_occurrences(
    programme: Programme, triggers: xr.Dataset, zones: Sequence[str]
) -> npt.NDArray[np.int64]:
    """Positions of the occurrences for which any index cover owes anything."""
    owed = np.zeros(triggers.sizes["occurrence"], dtype=bool)
    for cover in index_covers(programme):
        owed |= (index_fraction(cover, read_index(cover, triggers, zones)) > 0.0).any(axis=1)
    return np.flatnonzero(owed)
