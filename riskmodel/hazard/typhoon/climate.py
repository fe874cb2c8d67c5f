"""Wind climate of the record: Gumbel parameters by place, from the real storms' wind fields.

The demo census takes its wind maps from here, so that they are not made by the simulated storms
that are ranked against them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import statsmodels.api as sm
import xarray as xr

from riskmodel.hazard.typhoon.fields import storm_indices
from riskmodel.hazard.typhoon.geometry import land_at
from riskmodel.hazard.typhoon.replay import storms_from_record

FloatArray = npt.NDArray[np.float64]

WEST, EAST, SOUTH, NORTH, SPACING = 119.6, 121.3, 27.0, 28.7, 0.1
COAST_SCALE = 50.0  # km
REFERENCE_LATITUDE = 28.0


def grid() -> tuple[FloatArray, FloatArray]:
    """Latitudes and longitudes (degrees) of the nodes at which the climate is fitted."""
    latitude = np.linspace(SOUTH, NORTH, round((NORTH - SOUTH) / SPACING) + 1)
    longitude = np.linspace(WEST, EAST, round((EAST - WEST) / SPACING) + 1)
    lat, lon = np.meshgrid(latitude, longitude, indexing="ij")
    return lat.ravel(), lon.ravel()


def annual_maxima(indices: xr.DataArray, year: npt.ArrayLike, years: npt.ArrayLike) -> FloatArray:
    """Highest index of each node and year, dims (node, year); 0 in a year without storms."""
    wanted = np.asarray(years)
    maxima = np.zeros((wanted.size, indices.sizes["node"]))
    np.maximum.at(maxima, np.searchsorted(wanted, np.asarray(year)), indices.values.T)
    return maxima.T


def fit_gumbel(maxima: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Location and scale of Gumbel distributions by moments, along the last dim.

    scale = sd √6 / π, location = mean - γ scale, with γ Euler's constant.
    """
    scale = maxima.std(axis=-1, ddof=1) * np.sqrt(6.0) / np.pi
    return maxima.mean(axis=-1) - np.euler_gamma * scale, scale


def climate_design(latitude: npt.ArrayLike, longitude: npt.ArrayLike) -> FloatArray:
    """Regressors [1, exp(-max(inland, 0) / 50 km), latitude - 28] of location and scale."""
    inland = np.maximum(land_at(latitude, longitude), 0.0)
    north = np.asarray(latitude, dtype=np.float64) - REFERENCE_LATITUDE
    return np.stack([np.ones_like(north), np.exp(-inland / COAST_SCALE), north], axis=-1)


def fit_wind_climate(record: xr.Dataset) -> dict[str, Any]:
    """Fit the wind climate of the whole calendar years of a record.

    Parameters
    ----------
    record : xarray.Dataset
        From `read_cma_recut`.

    Returns
    -------
    dict
        Coefficients, standard errors, R² and residual standard deviation of the location and
        the scale (m/s, 10-minute wind at 10 m over open terrain) on `climate_design`; the range
        of both; the regression's 50-year wind at a few kinds of place.
    """
    storms = storms_from_record(record)
    latitude, longitude = grid()
    wind = storm_indices(storms, latitude, longitude, seed=0, block=0, residual=False)["wind"]
    years = np.arange(int(storms["year"].min()), int(storms["year"].max()) + 1)
    location, scale = fit_gumbel(annual_maxima(wind, storms["year"].values, years))
    design = climate_design(latitude, longitude)
    result: dict[str, Any] = {}
    for name, target in (("location", location), ("scale", scale)):
        line = sm.OLS(target, design).fit()
        names = ("constant", "coast", "latitude")
        result[name] = {
            "coefficients": dict(zip(names, np.round(line.params, 4).tolist(), strict=True)),
            "standard_errors": dict(zip(names, np.round(line.bse, 4).tolist(), strict=True)),
            "r_squared": round(float(line.rsquared), 4),
            "residual_sd": round(float(np.sqrt(line.mse_resid)), 4),
            "range": [round(float(target.min()), 3), round(float(target.max()), 3)],
        }
    quantile = location - scale * np.log(-np.log(1.0 - 1.0 / 50.0))
    inland = land_at(latitude, longitude)
    kinds = {
        "sea": inland <= 0.0,
        "coast": (inland > 0.0) & (inland <= 20.0),
        "inland": inland > 60.0,
    }
    return {
        "regressors": ["1", "exp(-max(inland_km, 0) / 50)", "latitude - 28"],
        "unit": "m/s, 10-minute mean at 10 m over open terrain",
        "years": [int(years[0]), int(years[-1])],
        "storms": int(storms.sizes["storm"]),
        "nodes": int(latitude.size),
        **result,
        "wind_50_years": {k: round(float(quantile[mask].mean()), 2) for k, mask in kinds.items()},
    }
