"""The hourly layout that simulated and real storms share."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from riskmodel.core.schema import Schema, stamp
from riskmodel.hazard.typhoon.parameters import values

FloatArray = npt.NDArray[np.float64]

STEP_VARIABLES = {
    "latitude": "degrees north",
    "longitude": "degrees east",
    "deficit": "hPa",
    "speed": "m/s",
    "heading": "degrees from north",
    "radius_of_maximum_wind": "km",
    "maximum_wind": "m/s",
}
STORMS = Schema(
    name="typhoon_storms",
    variables={
        **{name: ("storm", "step") for name in STEP_VARIABLES},
        **{name: ("storm",) for name in ("year", "start", "end")},
    },
)
DAYS = 365.0


def radius_of_maximum_wind(deficit: npt.ArrayLike, latitude: npt.ArrayLike) -> FloatArray:
    """Median radius of maximum wind (km): ln R = a + b deficit² + c latitude, unbounded.

    Vickery & Wadhera 2008, J. Appl. Meteor. Climatol. 47, 2497-2517; constants in physics.yml.
    """
    wind = values("wind")
    return np.exp(
        wind["radius_constant"]
        + wind["radius_deficit"] * np.asarray(deficit) ** 2
        + wind["radius_latitude"] * np.asarray(latitude)
    )


def bounded_radius(deficit: FloatArray, latitude: FloatArray, factor: npt.ArrayLike) -> FloatArray:
    """Radius of maximum wind (km) times a factor of the storm, within the declared bounds."""
    wind = values("wind")
    radius = radius_of_maximum_wind(deficit, latitude) * np.asarray(factor)
    return np.clip(radius, wind["radius_least"], wind["radius_most"])


def storm_dataset(
    steps: dict[str, FloatArray], storms: dict[str, npt.NDArray[Any]], source: str, history: str
) -> xr.Dataset:
    """Dataset of storms in the common layout, from arrays by step and by storm."""
    data = xr.Dataset(
        {name: (("storm", "step"), steps[name].astype(np.float32)) for name in STEP_VARIABLES}
    )
    for name, unit in STEP_VARIABLES.items():
        data[name].attrs["units"] = unit
    for name, column in storms.items():
        data[name] = ("storm", column)
    for name in ("start", "end"):
        data[name].attrs["units"] = "day of a 365-day year, 1.0 at the start of 1 January"
    return stamp(data, STORMS, source=source, history=history, step_hours=1.0)
