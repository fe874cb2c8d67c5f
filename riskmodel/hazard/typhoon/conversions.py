"""Units, averaging times and the pressure-wind relation of best tracks."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from riskmodel.core.errors import UnitsError
from riskmodel.hazard.typhoon.parameters import values

FloatArray = npt.NDArray[np.float64]

KNOT = 0.514444  # m/s
Averaging = Literal["10-minute", "2-minute", "1-minute", "gust"]
RATIOS = {
    "2-minute": "cma_2min_over_10min",
    "1-minute": "one_minute_over_10min",
    "gust": "gust_over_10min",
}


def ten_minute_ratio(averaging: str) -> float:
    """Ratio of a wind of another averaging time to the 10-minute mean, at sea.

    Raises
    ------
    UnitsError
        If the averaging time is unknown.
    """
    if averaging == "10-minute":
        return 1.0
    if averaging not in RATIOS:
        raise UnitsError(
            "unknown averaging time of a wind",
            found=averaging,
            expected=["10-minute", *RATIOS],
            remedy="name the averaging time that the agency states",
        )
    return values("averaging")[RATIOS[averaging]]


def convert_wind(speed: npt.ArrayLike, *, given: Averaging, wanted: Averaging) -> FloatArray:
    """Wind of one averaging time from that of another, unit unchanged.

    Parameters
    ----------
    speed : array_like
        Wind near the centre over the sea, any unit.
    given, wanted : {"10-minute", "2-minute", "1-minute", "gust"}
        Averaging times; a gust lasts three seconds.

    Raises
    ------
    UnitsError
        If an averaging time is unknown.

    Notes
    -----
    Constant ratios at sea: Harper, Kepert & Ginger 2010, WMO/TD-No. 1555, table 1.1, and for the
    2-minute mean the measured ratio of CMA to JMA winds; ``data/hazard/physics.yml``.
    """
    return np.asarray(speed, dtype=np.float64) * (
        ten_minute_ratio(wanted) / ten_minute_ratio(given)
    )


def wind_of_deficit(deficit: npt.ArrayLike, constant: float, slope: float) -> FloatArray:
    """Usual wind (m/s, 10-minute) at a central deficit (hPa): ln wind = a + b ln deficit.

    The form of Atkinson & Holliday 1977, Mon. Wea. Rev. 105, 421-427; a and b are those of
    `fit_pressure_wind`.
    """
    return np.exp(constant + slope * np.log(np.asarray(deficit, dtype=np.float64)))


def deficit_of_wind(wind: npt.ArrayLike, constant: float, slope: float) -> FloatArray:
    """Central deficit (hPa) at which a wind (m/s, 10-minute) is usual; NaN where wind is none."""
    speed = np.asarray(wind, dtype=np.float64)
    return np.exp((np.log(np.where(speed > 0.0, speed, np.nan)) - constant) / slope)
