"""Samples that the track model is fitted on: entries into the circle and six-hour steps."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.hazard.typhoon.geometry import (
    destination,
    distance_and_bearing,
    land_at,
    on_taiwan,
    wrap,
)
from riskmodel.hazard.typhoon.parameters import values

STEP_SECONDS = 21600.0
NEAR_COAST = 100.0  # km, e-folding distance of the shelf's influence in the regressor `near`
ENDING_COAST = 200.0  # km, the same for where storms end
LEAST_DEPTH = 5.0  # hPa; shallower storms end as often as those of this deficit
PEAK_DAY = 220.0  # day of the year on which the regressor `season` is 1
HEADING_ORIGIN = -30.0  # degrees; headings are counted within 180 degrees of it
SLOWEST = 0.5  # m/s; positions are rounded to 0.1 degree


def fixes_by_storm(record: xr.Dataset) -> list[pd.DataFrame]:
    """Return the fixes of each storm with distance (km) from the centre and deficit (hPa)."""
    domain = values("domain")
    table = record.to_dataframe()
    table["distance"], table["bearing"] = distance_and_bearing(
        domain["latitude"], domain["longitude"], table["latitude"], table["longitude"]
    )
    table["deficit"] = (domain["environment_pressure"] - table["pressure"]).clip(lower=1.0)
    return [fixes.reset_index(drop=True) for _, fixes in table.groupby("storm", sort=True)]


def entries(record: xr.Dataset) -> pd.DataFrame:
    """State of each storm where it enters the circle, one row a storm.

    Returns
    -------
    pandas.DataFrame
        `year`; `bearing` from the centre to the point (degrees); `distance` (km; less than the
        radius for storms that form inside); `offset` of the heading from straight inwards
        (degrees, clockwise > 0); `log_speed` (ln m/s); `deficit` (hPa); `day` of the year.
        The crossing is interpolated between the last fix outside and the first inside.
    """
    domain = values("domain")
    radius = domain["entry_radius"]
    rows = []
    for fixes in fixes_by_storm(record):
        inside = np.flatnonzero(fixes["distance"] <= radius)
        if not inside.size or len(fixes) < 2:
            continue
        first = int(inside[0])
        before, after = (first - 1, first) if first else (0, 1)
        a, b = fixes.loc[before], fixes.loc[after]
        share = 0.0
        if first:
            share = (a["distance"] - radius) / (a["distance"] - b["distance"])
        length, heading = distance_and_bearing(
            a["latitude"], a["longitude"], b["latitude"], b["longitude"]
        )
        latitude, longitude = destination(a["latitude"], a["longitude"], heading, share * length)
        distance, bearing = distance_and_bearing(
            domain["latitude"], domain["longitude"], latitude, longitude
        )
        seconds = (b["time"] - a["time"]).total_seconds()
        when = a["time"] + share * (b["time"] - a["time"])
        rows.append(
            {
                "year": when.year,
                "bearing": float(bearing),
                "distance": float(distance),
                "offset": float(wrap(heading - bearing - 180.0)),
                "log_speed": float(np.log(max(length * 1000.0 / seconds, SLOWEST))),
                "deficit": a["deficit"] + share * (b["deficit"] - a["deficit"]),
                "day": day_of_year(when),
            }
        )
    return pd.DataFrame(rows)


def day_of_year(when: pd.Timestamp) -> float:
    """Day of a 365-day year, 1.0 at the start of 1 January; leap days are squeezed in."""
    start = pd.Timestamp(year=when.year, month=1, day=1)
    length = pd.Timestamp(year=when.year + 1, month=1, day=1) - start
    return 1.0 + 365.0 * float((when - start) / length)


def steps(record: xr.Dataset) -> pd.DataFrame:
    """Consecutive six-hour segments of every storm while it is within the leaving radius.

    Returns
    -------
    pandas.DataFrame
        One row for each middle fix of two six-hour segments: `storm`; `latitude`, `longitude`;
        `heading`,
        `next_heading`, `turn`, `last_turn` (degrees); `speed`, `next_speed` (m/s); `deficit`,
        `next_deficit`, `last_change` (hPa); `season` (cosine about the peak day); `inland`,
        mean signed distance to the coast (km), and `mainland`, `taiwan`, shares of the coming
        segment over land.
    """
    domain = values("domain")
    parts = []
    for fixes in fixes_by_storm(record):
        fixes = fixes[fixes["time"].dt.hour % 6 == 0].reset_index(drop=True)
        inside = np.flatnonzero(fixes["distance"] <= domain["entry_radius"])
        if inside.size and len(fixes) > 2:
            parts.append(_steps_of_storm(fixes, int(inside[0]), domain["leave_radius"]))
    return pd.concat(parts, ignore_index=True)


def _steps_of_storm(fixes: pd.DataFrame, entry: int, leave_radius: float) -> pd.DataFrame:
    latitude, longitude = fixes["latitude"].to_numpy(), fixes["longitude"].to_numpy()
    length, heading = distance_and_bearing(
        latitude[:-1], longitude[:-1], latitude[1:], longitude[1:]
    )
    regular = np.diff(fixes["time"].to_numpy()) == np.timedelta64(6, "h")
    deficit, distance = fixes["deficit"].to_numpy(), fixes["distance"].to_numpy()
    share = np.linspace(0.0, 1.0, 7)
    lat = latitude[:-1, None] + share * np.diff(latitude)[:, None]
    lon = longitude[:-1, None] + share * np.diff(longitude)[:, None]
    inland, taiwan = land_at(lat, lon), on_taiwan(lat, lon)
    day = np.array([day_of_year(t) for t in fixes["time"]])
    turn = wrap(np.diff(heading))
    middle = np.arange(1, len(fixes) - 1)
    table = pd.DataFrame(
        {
            "storm": fixes["storm"].to_numpy()[middle],
            "latitude": latitude[middle],
            "longitude": longitude[middle],
            "heading": wrap(heading[:-1] - HEADING_ORIGIN) + HEADING_ORIGIN,
            "turn": turn,
            "last_turn": np.concatenate([[0.0], turn[:-1]]),
            "speed": np.maximum(length[:-1] * 1000.0 / STEP_SECONDS, SLOWEST),
            "next_speed": np.maximum(length[1:] * 1000.0 / STEP_SECONDS, SLOWEST),
            "deficit": deficit[middle],
            "next_deficit": deficit[middle + 1],
            "last_change": deficit[middle] - deficit[middle - 1],
            "season": np.cos(2.0 * np.pi * (day[middle] - PEAK_DAY) / 365.0),
            "inland": inland[1:].mean(axis=1),
            "mainland": ((inland > 0.0) & ~taiwan)[1:].mean(axis=1),
            "taiwan": ((inland > 0.0) & taiwan)[1:].mean(axis=1),
        }
    )
    keep = regular[:-1] & regular[1:] & (distance[middle] <= leave_radius)
    keep &= middle >= max(entry - 1, 1)
    outside = np.flatnonzero((distance[middle] > leave_radius) & (middle > entry))
    if outside.size:
        keep[outside[0] :] = False
    return table[keep]


def endings(record: xr.Dataset) -> pd.DataFrame:
    """Six-hourly fixes after entry and whether each is the last of its storm.

    Returns
    -------
    pandas.DataFrame
        `deficit` (hPa), `latitude` (degrees), `inland` (km from the coast, negative at sea),
        `ended` (1 when no fix follows), for
        fixes until the storm first leaves the leaving radius.
    """
    domain = values("domain")
    parts = []
    for fixes in fixes_by_storm(record):
        fixes = fixes[fixes["time"].dt.hour % 6 == 0].reset_index(drop=True)
        distance = fixes["distance"].to_numpy()
        inside = np.flatnonzero(distance <= domain["entry_radius"])
        if not inside.size:
            continue
        first = int(inside[0])
        gone = np.flatnonzero(distance[first:] > domain["leave_radius"])
        stop = first + int(gone[0]) if gone.size else len(fixes)
        ended = np.arange(len(fixes)) == len(fixes) - 1
        table = fixes[["deficit", "latitude"]].assign(
            inland=land_at(fixes["latitude"], fixes["longitude"]), ended=ended.astype(float)
        )
        parts.append(table.iloc[first:stop])
    return pd.concat(parts, ignore_index=True)
