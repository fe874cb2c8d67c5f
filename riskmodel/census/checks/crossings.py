"""Checks between hazard, zones and exposure, whether what stands was surveyed."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import xarray as xr

from riskmodel.census.finding import Finding
from riskmodel.census.states import AFFECTED, OUTSIDE


def exposure_surveyed(
    peril: str, grid: xr.Dataset, zones: xr.Dataset, exposure: xr.Dataset
) -> Iterator[Finding]:
    """Find exposure in cells that the survey of a peril left out."""
    left_out = _entries(grid, zones) == OUTSIDE
    bad = left_out & (exposure["value"].values > 0).any(axis=1)
    if bad.any():
        zone = zones["zone"].values[int(zones["entry_zone"].values[bad][0])]
        cells = np.unique(zones["entry_cell"].values[bad])
        flags = xr.zeros_like(grid["state"], dtype=bool)
        flags.values[zones["row"].values[cells], zones["column"].values[cells]] = True
        found = f"nodata in {cells.size} cells where something is exposed"
        yield Finding("exposure_outside_survey", "", peril, f"zone {zone}", found, None, flags)


def hazard_exposed(
    peril: str, grid: xr.Dataset, zones: xr.Dataset, exposure: xr.Dataset
) -> Iterator[Finding]:
    """Find zones that a peril reaches and where nothing stands, and perils that reach nothing."""
    affected = _entries(grid, zones) == AFFECTED
    something = (exposure["value"].values > 0).any(axis=1)
    if not (affected & something).any():
        yield Finding("peril_reaches_nothing", "", peril, found="no affected cell is exposed")
        return
    reached = np.bincount(zones["entry_zone"].values, affected, zones.sizes["zone"]) > 0
    empty = ~(exposure["total"].values > 0).any(axis=1)
    for zone in zones["zone"].values[reached & empty]:
        yield Finding("hazard_without_exposure", "", peril, f"zone {zone}", found="no exposure")


def _entries(grid: xr.Dataset, zones: xr.Dataset) -> np.ndarray:
    """State of the cell of each entry of the zones."""
    state = grid["state"].values[zones["row"].values, zones["column"].values]
    return np.asarray(state[zones["entry_cell"].values])
