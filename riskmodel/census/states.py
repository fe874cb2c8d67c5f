"""The three states of a cell: outside the survey, surveyed and dry, affected."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import xarray as xr

OUTSIDE, SURVEYED_DRY, AFFECTED = 0, 1, 2


def state_of(grid: xr.Dataset, zones: xr.Dataset) -> npt.NDArray[np.int8]:
    """State of each cell (y, x): outside (no zone, or nodata), surveyed dry, affected."""
    surveyed = np.zeros((grid.sizes["y"], grid.sizes["x"]), dtype=bool)
    surveyed[zones["row"].values, zones["column"].values] = True
    surveyed &= grid["intensity"].notnull().all("return_period").values
    affected = (grid["intensity"] > 0).any("return_period").values
    state = np.where(affected, AFFECTED, SURVEYED_DRY)
    return np.where(surveyed, state, OUTSIDE).astype(np.int8)
