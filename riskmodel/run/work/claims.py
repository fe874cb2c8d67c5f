"""What covers are applied to: losses, benefits and indices of a run on one list of occurrences."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import xarray as xr

from riskmodel.cover.programme import Programme
from riskmodel.loss.occurrence_table import by_zone_and_item
from riskmodel.run.folder import Run
from riskmodel.run.work.triggers import paying_occurrences, triggers_of, with_areas


class Claims(NamedTuple):
    """What covers are applied to, on one list of occurrences: those with a loss or an index.

    `numbers` are their positions along the occurrences of the table.
    """

    losses: xr.DataArray
    benefits: xr.DataArray
    triggers: xr.Dataset
    population: xr.DataArray
    numbers: npt.NDArray[np.int64]


def claims_of(
    run: Run,
    programme: Programme,
    census: xr.DataTree,
    table: xr.Dataset,
    storms: xr.Dataset | None = None,
) -> Claims:
    """Bring losses, benefits and indices to one list of occurrences.

    Indices are those of the run's catalogue, or of `storms`, occurrence by occurrence; those over
    an area are read off the table.
    """
    triggers = with_areas(triggers_of(run, programme, storms), programme, census, table)
    near = paying_occurrences(programme, triggers, [str(zone) for zone in table["zone"].values])
    numbers = np.union1d(np.unique(table["row_occurrence"].values), near)
    losses = by_zone_and_item(table, "loss", numbers).rename(item="sector")
    parents = ("occurrence", table["parent_event"].values[numbers])
    losses = losses.assign_coords(parent_event=parents)
    benefits = by_zone_and_item(table, "benefit", numbers).rename(item="benefit")
    total = census["exposure"].to_dataset()["total"]
    population = total.sel(exposure_class="population", drop=True)
    chosen = triggers.isel(occurrence=numbers).assign_coords(occurrence=numbers)
    return Claims(losses, benefits, chosen, population, numbers)
