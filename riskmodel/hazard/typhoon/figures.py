"""Figures by which simulated storms are judged against the record, the same code for both."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from riskmodel.core.draws import generator
from riskmodel.core.schema import check
from riskmodel.hazard.typhoon.fields import storm_indices
from riskmodel.hazard.typhoon.geometry import distance_and_bearing, land_at, wrap
from riskmodel.hazard.typhoon.layout import STEP_VARIABLES, STORMS, bounded_radius
from riskmodel.hazard.typhoon.parameters import values
from riskmodel.hazard.typhoon.stations import load_stations
from riskmodel.hazard.typhoon.summary import SEASONS
from riskmodel.hazard.typhoon.triggers import first_landfall, places

FloatArray = npt.NDArray[np.float64]

NEAR, MIDDLE, FAR = 150.0, 300.0, 500.0  # km
# Where a track crosses the declared mainland coast, degrees north.
COASTS = {"Zhejiang": (27.15, 30.75), "Wenzhou": (27.15, 28.35)}
SEATS = ("Lucheng", "Dongtou", "Cangnan", "Taishun", "Yueqing")
RETURN_PERIODS = (5, 10, 20, 50)
TOLERANCE = 1.001  # for entries placed on the circle itself and stored in single precision


def from_entry(storms: xr.Dataset) -> xr.Dataset:
    """Storms from their first hour within the entry circle on; others are left out.

    Real storms are followed from farther out than simulated ones: what happens before entry
    must not count for one side only.
    """
    check(storms, STORMS)
    inside = _distance(storms) <= values("domain")["entry_radius"] * TOLERANCE
    storms, inside = storms.isel(storm=inside.any(axis=1)), inside[inside.any(axis=1)]
    first = inside.argmax(axis=1)
    column = first[:, None] + np.arange(inside.shape[1])
    beyond = column >= inside.shape[1]
    row = np.arange(len(first))[:, None]
    data = storms.copy()
    for name in STEP_VARIABLES:
        moved = storms[name].values[row, np.minimum(column, inside.shape[1] - 1)]
        data[name] = (("storm", "step"), np.where(beyond, np.nan, moved), storms[name].attrs)
    data["start"] = ("storm", storms["start"].values + first / 24.0, storms["start"].attrs)
    return data


def _distance(storms: xr.Dataset) -> FloatArray:
    """Distance (km) from the reference point, NaN after the end."""
    domain = values("domain")
    distance, _ = distance_and_bearing(
        domain["latitude"],
        domain["longitude"],
        storms["latitude"].values.astype(np.float64),
        storms["longitude"].values.astype(np.float64),
    )
    return distance


def _landfall(storms: xr.Dataset) -> FloatArray:
    """Latitude in the first hour behind the mainland coast, reached from the sea; NaN when none."""
    latitude, longitude = places(storms)
    hit, step = first_landfall(storms, land_at(latitude, longitude))
    return np.where(hit, latitude[np.arange(len(step)), step + hit], np.nan)


def storm_table(storms: xr.Dataset) -> pd.DataFrame:
    """One row a storm: how it came by, at its closest approach to the reference point.

    Parameters
    ----------
    storms : xarray.Dataset
        From `simulate_storms` or `storms_from_record`.

    Returns
    -------
    pandas.DataFrame
        `year`; `day` of entry; `closest` (km); `pressure` (hPa), `wind` (m/s, 10-minute, near the
        centre), `heading` (degrees, -180 to 180) and `speed` (m/s) then; `landfall` (latitude of
        the first crossing of the mainland coast after entry, NaN when none). Storms that never
        come within 500 km are left out.
    """
    storms = from_entry(storms)
    distance = _distance(storms)
    row = np.arange(len(distance))
    then = np.nanargmin(distance, axis=1)

    def at_closest(name: str) -> FloatArray:
        return storms[name].values[row, then].astype(np.float64)

    return pd.DataFrame(
        {
            "year": storms["year"].values,
            "day": storms["start"].values,
            "closest": distance[row, then],
            "pressure": values("domain")["environment_pressure"] - at_closest("deficit"),
            "wind": at_closest("maximum_wind"),
            "heading": wrap(at_closest("heading")),
            "speed": at_closest("speed"),
            "landfall": _landfall(storms),
        }
    )


def spread_radius(storms: xr.Dataset, *, seed: int, draw: int) -> xr.Dataset:
    """Storms with a drawn radius of maximum wind, as simulated storms have one.

    The record gives no radius, so a real storm carries the median; that would make its winds
    less variable than those of simulated storms. One lognormal factor a storm.
    """
    normal = generator(seed, "record radius", draw).standard_normal((storms.sizes["storm"], 1))
    factor = np.exp(values("wind")["radius_spread"] * normal)
    radius = bounded_radius(
        storms["deficit"].values.astype(np.float64),
        storms["latitude"].values.astype(np.float64),
        factor,
    )
    return storms.assign(radius_of_maximum_wind=(("storm", "step"), radius.astype(np.float32)))


def seat_winds(storms: xr.Dataset) -> pd.DataFrame:
    """Highest 10-minute wind (m/s) of each storm at the five seats, with its `year`."""
    stations = load_stations().set_index("name_en").loc[list(SEATS)]
    latitude, longitude = stations["latitude"].to_numpy(), stations["longitude"].to_numpy()
    # The draws touch rain and surge only; without them the surge is averaged over many tides.
    indices = storm_indices(storms, latitude, longitude, seed=0, block=0, residual=True)
    winds = pd.DataFrame(indices["wind"].values.T, columns=list(SEATS))
    return winds.assign(year=storms["year"].values)


def annual_maxima(winds: pd.DataFrame, years: npt.NDArray[np.int64]) -> pd.DataFrame:
    """Highest wind of each of `years` at each seat; 0 in a year without storms."""
    return winds.groupby("year").max().reindex(years, fill_value=0.0)


def figures(
    table: pd.DataFrame, maxima: pd.DataFrame, years: npt.NDArray[np.int64]
) -> dict[str, float]:
    """Every figure of the comparison, from the storms of some years.

    Parameters
    ----------
    table : pandas.DataFrame
        From `storm_table`.
    maxima : pandas.DataFrame
        From `annual_maxima`, one row for each of `years`.
    years : ndarray of int
        Years that the storms cover, those without storms too.

    Returns
    -------
    dict of str to float
        Rates a year, quantiles at the closest approach, shares by season, and empirical return
        levels (type-7 quantiles of annual maxima at 1 - 1/T). NaN where nothing came near.
    """
    result: dict[str, float] = {}
    closest = table["closest"]
    for radius in (FAR, MIDDLE, NEAR):
        within = int((closest <= radius * TOLERANCE).sum())
        result[f"storms within {radius:g} km a year"] = within / years.size
    for name, (south, north) in COASTS.items():
        landfalls = int(table["landfall"].between(south, north).sum())
        result[f"landfalls on the coast of {name} a year"] = landfalls / years.size
    counts = table.groupby("year").size().reindex(years, fill_value=0)
    result["variance over mean of the annual count"] = float(counts.var() / counts.mean())
    result |= _quantiles("closest approach within 500 km", closest, "km")
    near = table[closest <= NEAR]
    result |= _quantiles("pressure at closest approach within 150 km", near["pressure"], "hPa")
    result |= _quantiles("wind at closest approach within 150 km", near["wind"], "m/s")
    middle = table[closest <= MIDDLE]
    result |= _quantiles("heading at closest approach within 300 km", middle["heading"], "degrees")
    result |= _quantiles("speed at closest approach within 300 km", middle["speed"], "m/s")
    for name, (first, last) in SEASONS.items():
        share = float(((table["day"] >= first) & (table["day"] < last)).mean())
        result[f"share of storms in {name.replace('_', ' to ')}"] = share
    for seat in SEATS:
        for period in RETURN_PERIODS:
            level = float(np.quantile(maxima[seat], 1.0 - 1.0 / period))
            result[f"{period}-year wind at {seat}, m/s"] = level
    return result


def _quantiles(name: str, sample: pd.Series, unit: str) -> dict[str, float]:
    column = sample.to_numpy(dtype=np.float64)
    return {
        f"{name}, {share:.0%} below, {unit}": float(np.quantile(column, share))
        if column.size
        else float("nan")
        for share in (0.1, 0.5, 0.9)
    }
