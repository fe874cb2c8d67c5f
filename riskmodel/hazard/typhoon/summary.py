"""What is compared between simulated storms and the record: counts, pressures, motion, season."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from riskmodel.core.schema import check
from riskmodel.hazard.typhoon.geometry import distance_and_bearing, wrap
from riskmodel.hazard.typhoon.layout import STORMS
from riskmodel.hazard.typhoon.parameters import values

FloatArray = npt.NDArray[np.float64]

RADII = (500, 300, 150)  # km
PROBABILITIES = (0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
SEASONS = {"january_june": (1, 182), "july": (182, 213), "august": (213, 244),
           "september": (244, 274), "october_december": (274, 367)}  # fmt: skip


def _quantiles(sample: FloatArray, digits: int) -> list[float]:
    return [round(float(q), digits) for q in np.quantile(sample, PROBABILITIES)]


def _deepest(deficit: FloatArray, inside: npt.NDArray[np.bool_]) -> FloatArray:
    """Deepest deficit of each storm while it is inside, for the storms that ever are."""
    hit = inside.any(axis=1)
    return np.asarray(np.where(inside, deficit, -np.inf)[hit].max(axis=1))


def _season(start: FloatArray) -> dict[str, float]:
    return {
        name: round(float(((start >= first) & (start < last)).mean()), 4)
        for name, (first, last) in SEASONS.items()
    }


def summarise_storms(storms: xr.Dataset, *, years: int) -> dict[str, Any]:
    """Summary statistics of storms near the reference point.

    Parameters
    ----------
    storms : xarray.Dataset
        From `simulate_storms` or `storms_from_record`.
    years : int
        Years that the storms cover.

    Returns
    -------
    dict
        `storms_within` each radius (km) and `storms_a_year` with its Poisson standard error;
        quantiles, at `probabilities`, of the `minimum_pressure` (hPa) of each storm within 300
        and 150 km, and of `speed` (m/s) and `heading` (degrees, -180 to 180) at the hours within
        300 km; `season`, the share of storms that enter in each part of the year.
    """
    check(storms, STORMS)
    domain = values("domain")
    distance, _ = distance_and_bearing(
        domain["latitude"],
        domain["longitude"],
        storms["latitude"].values.astype(np.float64),
        storms["longitude"].values.astype(np.float64),
    )
    # A thousandth for entries placed on the circle itself and stored in single precision.
    within = {radius: distance <= radius * 1.001 for radius in RADII}
    count = {radius: int(inside.any(axis=1).sum()) for radius, inside in within.items()}
    deficit = storms["deficit"].values
    highest = domain["environment_pressure"]
    pressure = {r: _quantiles(highest - _deepest(deficit, within[r]), 1) for r in RADII[1:]}
    near = within[300]
    return {
        "years": years,
        "storms_within": count,
        "storms_a_year": {
            radius: {
                "mean": round(number / years, 4),
                "standard_error": round(float(np.sqrt(number)) / years, 4),
            }
            for radius, number in count.items()
        },
        "probabilities": list(PROBABILITIES),
        "minimum_pressure": pressure,
        "speed": _quantiles(storms["speed"].values[near], 2),
        "heading": _quantiles(wrap(storms["heading"].values[near]), 1),
        "season": _season(storms["start"].values),
    }
