"""Indices of the occurrences of a run, as index covers read them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import xarray as xr

from riskmodel.cover.area_index import area_indices
from riskmodel.cover.covers import ParametricCover
from riskmodel.cover.index_readings import read_index
from riskmodel.cover.parametric import index_fraction
from riskmodel.cover.programme import Programme
from riskmodel.cover.trigger import INDEX_UNITS
from riskmodel.hazard.typhoon.stations import calibrated_rain, read_rain
from riskmodel.run.folder import Run
from riskmodel.run.stages import open_stage
from riskmodel.run.work.hazard import catalogue_of

DATES = ["year", "start"]
PLACES = ("landfall_latitude", "landfall_longitude")


def index_covers(programme: Programme) -> list[ParametricCover]:
    """List the index covers of a programme, in order."""
    return [cover for cover in programme.covers if isinstance(cover, ParametricCover)]


def triggers_of(run: Run, programme: Programme, storms: xr.Dataset | None = None) -> xr.Dataset:
    """Read the indices of all occurrences of the run that its programme pays on, with their units.

    Rain is that of the stations' own curves (`calibrated_rain`). Of a scenario with more or fewer
    occurrences it is read off the catalogue as it is: ranked again, it would not change. Coords
    ``year`` and ``start``.

    Parameters
    ----------
    run, programme
        Of the run.
    storms : Dataset, optional
        Given storms instead, such as `riskmodel.run.work.storms.dated_storms` or the occurrences
        of `real_storms`; their rain is read through the catalogue and never ranked.
    """
    table = open_stage(run, "catalogue") if storms is None else storms
    wanted = {cover.trigger.index for cover in index_covers(programme)}
    named = wanted | set(PLACES if any(w.startswith("landfall") for w in wanted) else ())
    kept = [*DATES, *(str(name) for name in table.data_vars if name in named)]
    triggers = table[kept].set_coords(DATES).load()
    if "rain_24h" in wanted and "station_rain" in table:
        triggers["rain_24h"] = _rain(run, table["base"]) if storms is None else _read(run, storms)
    for name in set(triggers.data_vars) & set(INDEX_UNITS):
        triggers[name].attrs["units"] = INDEX_UNITS[str(name)]
    return triggers


def with_areas(
    triggers: xr.Dataset, programme: Programme, census: xr.DataTree, table: xr.Dataset
) -> xr.Dataset:
    """Return the indices of `triggers_of` and, off an occurrence table, those over an area."""
    total = census["exposure"].to_dataset()["total"]
    return triggers.assign(area_indices(programme, table, total).data_vars)


def _baseline(run: Run) -> xr.Dataset:
    """Occurrences of the catalogue as it is, whatever the scenario."""
    table = open_stage(run, "catalogue")
    base = table["base"].values
    whole = np.array_equal(base, np.arange(base.size))
    return (table if whole else catalogue_of(run).to_dataset()).load()


def _rain(run: Run, base: xr.DataArray) -> xr.DataArray:
    rain = calibrated_rain(_baseline(run), first_shift=run.params.hazard.block_shift)
    return rain.isel(occurrence=base.values)


def _read(run: Run, storms: xr.Dataset) -> xr.DataArray:
    shift = run.params.hazard.block_shift
    return read_rain(_baseline(run), storms["station_rain"], first_shift=shift)


def paying_occurrences(
    programme: Programme, triggers: xr.Dataset, zones: Sequence[str]
) -> npt.NDArray[np.int64]:
    """Positions of the occurrences for which any index cover owes anything."""
    owed = np.zeros(triggers.sizes["occurrence"], dtype=bool)
    for cover in index_covers(programme):
        owed |= (index_fraction(cover, read_index(cover, triggers, zones)) > 0.0).any(axis=1)
    return np.flatnonzero(owed)
