"""Compiled life of a storm: six-hour segments of motion, hourly change of intensity."""

from __future__ import annotations

import math

import numba as nb
import numpy as np
import numpy.typing as npt

from riskmodel.hazard.typhoon.samples import (
    ENDING_COAST,
    HEADING_ORIGIN,
    LEAST_DEPTH,
    NEAR_COAST,
    SLOWEST,
)
from riskmodel.hazard.typhoon.steering import HEADING_STEP, SOUTH, STEP, WEST

FloatArray = npt.NDArray[np.float64]

KM_PER_DEGREE = 111.195
TAIWAN_WEST, TAIWAN_NORTH = 120.05, 25.3  # land east and south of this belongs to Taiwan
SPEED_CAP = 35.0  # m/s, above the fastest six hours on record
LEAST_DEFICIT = 0.5  # hPa


@nb.njit(cache=True)
def _residual(u: float, part: FloatArray, count: int, x: float, probabilities: FloatArray) -> float:
    """Residual at probability u: (a + b x) times the stored quantile; `count` leading numbers."""
    a, b = part[count], part[count + 1]
    scale = max(a + b * x, 0.1 * a)
    return scale * np.interp(u, probabilities, part[count + 2 :])


@nb.njit(cache=True)
def _wrap_heading(heading: float) -> float:
    return (heading - HEADING_ORIGIN + 180.0) % 360.0 - 180.0 + HEADING_ORIGIN


@nb.njit(cache=True)
def _inland(table: FloatArray, origin: FloatArray, latitude: float, longitude: float) -> float:
    i = round((latitude - origin[0]) / origin[2])
    j = round((longitude - origin[1]) / origin[2])
    i = min(max(i, 0), table.shape[0] - 1)
    j = min(max(j, 0), table.shape[1] - 1)
    return table[i, j]


@nb.njit(cache=True)
def _local(table: FloatArray, latitude: float, longitude: float, heading: float) -> float:
    """Steering by straight lines between the headings and places of one variable's table."""
    y = min(max((latitude - SOUTH) / STEP, 0.0), table.shape[1] - 1.001)
    x = min(max((longitude - WEST) / STEP, 0.0), table.shape[2] - 1.001)
    z = (heading % 360.0) / HEADING_STEP
    i, j, k = int(y), int(x), int(z)
    y, x, z = y - i, x - j, z - k
    total = 0.0
    for layer, share in ((k % table.shape[0], 1.0 - z), ((k + 1) % table.shape[0], z)):
        low = table[layer, i, j] + x * (table[layer, i, j + 1] - table[layer, i, j])
        high = table[layer, i + 1, j] + x * (table[layer, i + 1, j + 1] - table[layer, i + 1, j])
        total += share * (low + y * (high - low))
    return total


@nb.njit(cache=True)
def _distance(latitude: float, longitude: float, to_latitude: float, to_longitude: float) -> float:
    phi, phi2 = math.radians(latitude), math.radians(to_latitude)
    half = math.sin((phi2 - phi) / 2.0) ** 2 + math.cos(phi) * math.cos(phi2) * (
        math.sin(math.radians(to_longitude - longitude) / 2.0) ** 2
    )
    return 2.0 * 6371.0 * math.asin(math.sqrt(min(half, 1.0)))


@nb.njit(cache=True)
def _next_turn(
    c: FloatArray, north: float, heading: float, turn: float, season: float, speed: float,
    u: float, probabilities: FloatArray,
) -> float:  # fmt: skip
    mean = (
        c[0] + c[1] * north + c[2] * heading + c[3] * north * heading
        + c[4] * heading * heading + c[5] * turn + c[6] * season
    )  # fmt: skip
    scale = max(c[7] + c[8] / speed + c[9] * abs(turn), 0.1 * c[7])
    return mean + scale * np.interp(u, probabilities, c[10:])


@nb.njit(cache=True)
def _next_log_speed(
    c: FloatArray, log_speed: float, north: float, heading: float, season: float,
    local: float, u: float, probabilities: FloatArray,
) -> float:  # fmt: skip
    angle = math.radians(heading)
    mean = (
        c[0] + c[1] * log_speed + c[2] * north
        + c[3] * math.cos(angle) + c[4] * math.sin(angle) + c[5] * season + local
    )  # fmt: skip
    value = mean + _residual(u, c, 6, math.exp(-log_speed), probabilities)
    return min(max(value, math.log(SLOWEST)), math.log(SPEED_CAP))


@nb.njit(cache=True)
def _sea_change(
    c: FloatArray, deficit: float, north: float, near: float, change: float, season: float
) -> float:
    return (
        c[0] + c[1] * deficit + c[2] * deficit * deficit + c[3] * north + c[4] * near
        + c[5] * change + c[6] * season + c[7] * north * deficit + c[8] * near * deficit
    )  # fmt: skip


@nb.njit(cache=True)
def _hour_of_intensity(
    deficit: float, held: float, change: float, latitude: float, longitude: float, inland: float,
    season: float, u_sea: float, u_land: float, sea: FloatArray, mainland: FloatArray,
    taiwan: FloatArray, probabilities: FloatArray,
) -> float:  # fmt: skip
    """Deficit after one hour; `held` is the deficit when the six-hour segment began."""
    if inland <= 0.0:
        near = math.exp(inland / NEAR_COAST)
        drift = _sea_change(sea, held, latitude - 28.0, near, change, season)
        return deficit + (drift + _residual(u_sea, sea, 9, held, probabilities)) / 6.0
    land = taiwan if longitude > TAIWAN_WEST and latitude < TAIWAN_NORTH else mainland
    kept = math.exp(-land[0])
    noise = _residual(u_land, land, 2, held, probabilities) / 6.0
    return land[1] + (deficit - land[1]) * kept + noise


@nb.njit(cache=True)
def _end_chance(c: FloatArray, deficit: float, inland: float, north: float) -> float:
    depth = math.log(max(deficit, LEAST_DEPTH) / 10.0)
    near = math.exp(min(inland, 0.0) / ENDING_COAST)
    logit = c[0] + c[1] * depth + c[2] * depth * depth + c[3] * north + c[4] * near
    return 1.0 / (1.0 + math.exp(-logit))


@nb.njit(cache=True)
def _follow(
    path: FloatArray, entry: FloatArray, season: float, uniform: FloatArray,
    motion: tuple[FloatArray, ...], probabilities: FloatArray, cap: FloatArray, land: FloatArray,
    land_origin: FloatArray, domain: FloatArray,
) -> None:  # fmt: skip
    """Write the life of one storm into `path`, dims (hour, 5)."""
    heading_part, speed_part, sea, mainland, taiwan, ending, steering = motion
    latitude, longitude, log_speed, deficit = entry[0], entry[1], entry[3], entry[4]
    heading, turn, change, held, segment = _wrap_heading(entry[2]), 0.0, 0.0, deficit, 0
    end_deficit = min(domain[3], 0.8 * deficit)
    # The entry lies anywhere within its six-hour segment.
    left = 1 + int(6.0 * uniform[0, 0])
    for hour in range(path.shape[0]):
        speed = math.exp(log_speed)
        path[hour, 0], path[hour, 1], path[hour, 2] = latitude, longitude, deficit
        path[hour, 3], path[hour, 4] = speed, heading % 360.0
        inland = _inland(land, land_origin, latitude, longitude)
        if left == 0:
            if uniform[segment, 4] < _end_chance(ending, deficit, inland, latitude - 28.0):
                break
            segment += 1
            u, north = uniform[segment], latitude - 28.0
            local_turn = _local(steering[0], latitude, longitude, heading)
            local_speed = _local(steering[1], latitude, longitude, heading)
            turn = local_turn + _next_turn(
                heading_part, north, heading, turn, season, max(speed, 1.0), u[0], probabilities
            )
            log_speed = _next_log_speed(
                speed_part, log_speed, north, heading, season, local_speed, u[1], probabilities
            )
            heading, speed = _wrap_heading(heading + turn), math.exp(log_speed)
            change, held, left = deficit - held, deficit, 6
        deficit = _hour_of_intensity(
            deficit, held, change, latitude, longitude, inland, season, uniform[segment, 2],
            uniform[segment, 3], sea, mainland, taiwan, probabilities,
        )  # fmt: skip
        deficit = min(max(deficit, LEAST_DEFICIT), np.interp(latitude, cap[0], cap[1]))
        step = 3.6 * speed / KM_PER_DEGREE
        latitude += step * math.cos(math.radians(heading))
        longitude += step * math.sin(math.radians(heading)) / math.cos(math.radians(latitude))
        left -= 1
        away = _distance(latitude, longitude, domain[0], domain[1])
        if deficit < end_deficit or away > domain[2]:
            break


@nb.njit(parallel=True, cache=True)
def advance(
    entry: FloatArray, season: FloatArray, uniform: FloatArray, motion: tuple[FloatArray, ...],
    probabilities: FloatArray, cap: FloatArray, land: FloatArray, land_origin: FloatArray,
    domain: FloatArray, hours: int,
) -> FloatArray:  # fmt: skip
    """Follow every storm hour by hour from its entry.

    Parameters
    ----------
    entry : ndarray
        Dims (storm, 5): latitude, longitude, heading (degrees), ln speed (m/s), deficit (hPa).
    season : ndarray
        Dims (storm): the seasonal regressor.
    uniform : ndarray
        Dims (storm, segment, 5): keyed uniforms for turn, speed, sea, land and ending.
    motion : tuple of ndarray
        As `TrackModel.motion`.
    probabilities, cap, land, land_origin, domain : ndarray
        Probabilities of the quantiles; highest deficit by latitude; land table and its origin;
        centre, leaving radius (km) and end deficit (hPa).
    hours : int
        Longest life.

    Returns
    -------
    ndarray
        Dims (storm, hour, 5): latitude, longitude, deficit, speed (m/s), heading; NaN after the
        end. Each storm is computed by one thread from its own draws.
    """
    path = np.full((entry.shape[0], hours + 1, 5), np.nan)
    for storm in nb.prange(entry.shape[0]):
        _follow(
            path[storm], entry[storm], season[storm], uniform[storm], motion, probabilities, cap,
            land, land_origin, domain,
        )  # fmt: skip
    return path
