"""What is measured departs from the modelled index: a declared residual, drawn by key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numba as nb
import numpy as np
import numpy.typing as npt
import xarray as xr
from scipy.special import ndtri

from riskmodel.core.draws import purpose_code, uniform
from riskmodel.cover.terms import FloatArray, IntArray

RESIDUAL_OF: Mapping[str, str] = {
    "minimum_pressure": "pressure",
    "landfall_pressure": "pressure",
    "maximum_wind": "wind",
    "landfall_wind": "wind",
    "rain_24h": "rain",
    "snow_depth": "snow",
}
"""Which spread an index has; the others have none to declare yet."""
WHOLE_STORM = 0  # the part of a key that otherwise names a station or a county
PLACES: Mapping[str, str] = {"rain": "station", "snow": "zone"}
"""Dims along which measurements of one occurrence depart on their own."""


@dataclass(frozen=True, slots=True)
class IndexResidual:
    """Standard deviations of what is measured about the modelled index; None where not declared.

    Parameters
    ----------
    pressure, wind : float or None
        hPa and m/s: one normal draw a storm, the same wherever its centre is watched.
    rain : float or None
        Of the log of rain at a station: one normal draw a storm and station; the modelled rain is
        the median of what is measured.
    snow : float or None
        Of the log of the mean depth of snow in a county: one normal draw a cold wave and county.
    """

    pressure: float | None = None
    wind: float | None = None
    rain: float | None = None
    snow: float | None = None

    def of(self, index: str) -> float | None:
        """Spread of an index; None where it is not declared."""
        name = RESIDUAL_OF.get(index)
        return None if name is None else getattr(self, name)


def measured(triggers: xr.Dataset, residual: IndexResidual, *, seed: int, draw: int) -> xr.Dataset:
    """Draw what could be measured of each occurrence whose indices are modelled.

    Pressure and wind: modelled + sd z; rain and snow: modelled exp(sd z); z standard normal by
    (seed, kind of index, occurrence, station or county, draw), so that another cover, county or
    station changes no draw.

    Parameters
    ----------
    triggers : Dataset
        As of `riskmodel.cover.index_readings.read_index`.
    residual : IndexResidual
    seed, draw : int
        Seed of the run, and number of the draw.

    Returns
    -------
    Dataset
        As `triggers`; NaN stays NaN, indices without a declared spread stay as they are.
    """
    events = np.arange(triggers.sizes["occurrence"])
    result = triggers.copy()
    for name, kind in RESIDUAL_OF.items():
        spread = residual.of(name)
        if name not in triggers or spread is None:
            continue
        index, purpose = triggers[name], purpose_code(f"index residual, {kind}")
        if kind in PLACES:
            places = index[PLACES[kind]].to_numpy().astype(np.int64)
            normal = ndtri(_uniforms(seed, purpose, events, places, draw))
            factor = np.exp(spread * normal)
            result[name] = index * xr.DataArray(factor, dims=("occurrence", PLACES[kind]))
        else:
            one = ndtri(_uniforms(seed, purpose, events, np.array([WHOLE_STORM]), draw))[:, 0]
            result[name] = index + xr.DataArray(spread * one, dims="occurrence")
        result[name] = result[name].transpose(*index.dims).assign_attrs(index.attrs)
    return result


@nb.njit(cache=True)
def _uniforms(
    seed: int, purpose: int, events: npt.NDArray[np.int64], places: IntArray, draw: int
) -> FloatArray:
    numbers = np.empty((events.size, places.size))
    for i in range(events.size):
        for k in range(places.size):
            numbers[i, k] = uniform(seed, purpose, events[i], places[k], draw)
    return numbers
