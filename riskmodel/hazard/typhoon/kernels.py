"""Compiled accumulation of wind, rain and surge along tracks, one storm a task."""

from __future__ import annotations

import math

import numba as nb
import numpy as np
import numpy.typing as npt

from riskmodel.core.draws import uniform
from riskmodel.hazard.typhoon.wind import (
    coriolis,
    highest_surface_wind,
    rain_rate,
    surface_shape,
    surface_wind,
    vortex,
)

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
SingleArray = npt.NDArray[np.float32]

KM_PER_DEGREE = 111.195
PROFILE_STEP = 2.0  # km, spacing of the radial tables
DAY_HOURS = 24
MM_PER_HOUR = 25.4 / 24.0  # from inches a day
# Sub-steps lie this share of the radius of maximum wind apart, or this share of the distance to the
# nodes if that is more. The highest wind at a node is then within 3 % of a continuous track's,
# mostly 1 %.
RADIUS_SHARE, DISTANCE_SHARE, LEAST_TRAVEL = 0.1, 0.05, 2.0  # km for the least


@nb.njit(cache=True)
def _shape(radius: float, latitude: float, wind: FloatArray) -> float:
    b = wind[1] + wind[2] * radius + wind[3] * latitude
    return min(max(b, wind[4]), wind[5])


@nb.njit(cache=True)
def _fill_surface_wind(
    track: FloatArray, wind: FloatArray, speed: FloatArray, first: int, last: int
) -> float:  # fmt: skip
    """Fill Holland's revised profile, as gradient wind over the sea; return the highest."""
    shape = surface_shape(track[2], track[7], track[0], track[3])
    highest = highest_surface_wind(track[2], shape, wind[0])
    for k in range(first, last + 1):
        speed[k] = surface_wind(
            k * PROFILE_STEP, highest, track[5], shape, wind[12], wind[13]
        ) / wind[11]  # fmt: skip
    return highest / wind[11]


@nb.njit(cache=True)
def fill_wind(
    track: FloatArray, wind: FloatArray, speed: FloatArray, drop: FloatArray, first: int, last: int
) -> float:
    """Fill gradient wind (m/s) and pressure drop (hPa) by radius; return the highest wind.

    Only radii from `first` to `last` (multiples of `PROFILE_STEP`), which the nodes need.
    """
    deficit, radius = track[2], track[5]
    shape, rotation = _shape(radius, track[0], wind), coriolis(track[0])
    for k in range(first, last + 1):
        speed[k], drop[k] = vortex(k * PROFILE_STEP, deficit, radius, shape, wind[0], rotation)
    if wind[10] > 0.0:
        return _fill_surface_wind(track, wind, speed, first, last)
    return vortex(radius, deficit, radius, shape, wind[0], rotation)[0]


@nb.njit(cache=True)
def _fill_rain(near: float, rain: FloatArray, rate: FloatArray, first: int, last: int) -> None:
    """Fill the rain rate (mm/h) by radius, of a storm with near-centre wind `near` (m/s)."""
    knots = near * rain[10] / 0.514444
    u = 1.0 + (knots - 35.0) / 33.0
    centre = max(rain[0] + rain[1] * u, 0.0) * MM_PER_HOUR
    peak = max(rain[2] + rain[3] * u, 0.0) * MM_PER_HOUR
    peak_radius = max(rain[4] + rain[5] * u, 10.0)
    scale = max(rain[6] + rain[7] * u, 50.0)
    for k in range(first, last + 1):
        rate[k] = rain_rate(k * PROFILE_STEP, centre, peak, peak_radius, scale)


@nb.njit(cache=True)
def moment(first: FloatArray, following: FloatArray, share: float, now: FloatArray) -> None:
    """Fill the track's state a share of an hour after its fix, and its deepening in hPa an hour."""
    now[:7] = first
    now[7] = first[2] - following[2]
    for k in (0, 1, 2, 5, 6):
        now[k] = first[k] + share * (following[k] - first[k])


@nb.njit(cache=True)
def translation(track: FloatArray, wind: FloatArray, highest: float) -> tuple[float, float, float]:
    """Return the translation as a share of the gradient wind: its size, east and north."""
    turned = math.radians(track[4] - wind[8])
    share = wind[7] * track[3] / max(highest, 1.0)
    return share, share * math.sin(turned), share * math.cos(turned)


@nb.njit(cache=True, inline="always")
def wind_vector(
    x: float, y: float, radius: float, cos_inflow: float, sin_inflow: float, push_east: float,
    push_north: float,
) -> tuple[float, float]:  # fmt: skip
    """East and north of the wind at (x, y) from the centre, in parts of the gradient wind.

    The cyclonic tangent (-y, x) / r turned inwards by the inflow angle, with the translation.
    """
    radius = max(radius, 1e-6)
    east = (-y * cos_inflow - x * sin_inflow) / radius + push_east
    north = (x * cos_inflow - y * sin_inflow) / radius + push_north
    return east, north


@nb.njit(cache=True)
def radii(latitude: float, longitude: float, box: FloatArray) -> tuple[float, float]:
    """Least and greatest distance (km) from the centre to the box of nodes."""
    km_east = KM_PER_DEGREE * math.cos(math.radians(latitude))
    south, north = (box[0] - latitude) * KM_PER_DEGREE, (box[1] - latitude) * KM_PER_DEGREE
    west, east = (box[2] - longitude) * km_east, (box[3] - longitude) * km_east
    near = math.hypot(max(south, -north, 0.0), max(west, -east, 0.0))
    far = math.hypot(max(abs(south), abs(north)), max(abs(west), abs(east)))
    return near, far


@nb.njit(cache=True)
def sub_steps(distance: float, speed: float, radius: float) -> int:
    """Sub-steps of an hour, of a length that suits the distance (km) to the nodes."""
    travel = max(RADIUS_SHARE * radius, DISTANCE_SHARE * distance, LEAST_TRAVEL)
    return max(math.ceil(3.6 * speed / travel), 1)


@nb.njit(cache=True)
def _one_moment(
    track: FloatArray, nodes: FloatArray, wind: FloatArray, surge: FloatArray, tide: float,
    hours: float, gain: float, speed: FloatArray, rate: FloatArray, drop: FloatArray,
    highest: float, wind_out: FloatArray, rain_out: FloatArray, surge_out: FloatArray,
) -> None:  # fmt: skip
    """Add one moment of one storm to its maxima and totals."""
    share, push_east, push_north = translation(track, wind, highest)
    cos_inflow, sin_inflow = math.cos(math.radians(wind[6])), math.sin(math.radians(wind[6]))
    km_east = KM_PER_DEGREE * math.cos(math.radians(track[0]))
    reach = (speed.size - 2) * PROFILE_STEP
    for node in range(nodes.shape[0]):
        y = (nodes[node, 0] - track[0]) * KM_PER_DEGREE
        x = (nodes[node, 1] - track[1]) * km_east
        if abs(x) >= reach or abs(y) >= reach:
            continue
        radius = math.sqrt(x * x + y * y)
        if radius >= reach:
            continue
        place = radius / PROFILE_STEP
        k = int(place)
        part = place - k
        rain = hours * (rate[k] + part * (rate[k + 1] - rate[k]))
        rain_out[node] += rain
        gradient = speed[k] + part * (speed[k + 1] - speed[k])
        factor = nodes[node, 2]
        coastal = nodes[node, 3] != 0.0 or nodes[node, 4] != 0.0
        slope = nodes[node, 5] != 0.0 or nodes[node, 6] != 0.0
        # The translation can add no more than its own length: skip what cannot be a maximum.
        bound = gradient * factor * (1.0 + share)
        if bound <= wind_out[node] and not (coastal or slope):
            continue
        east, north = wind_vector(x, y, radius, cos_inflow, sin_inflow, push_east, push_north)
        east, north = gradient * factor * east, gradient * factor * north
        total = math.sqrt(east * east + north * north)
        wind_out[node] = max(wind_out[node], total)
        ascent = east * nodes[node, 5] + north * nodes[node, 6]
        rain_out[node] += rain * gain * max(ascent, 0.0)
        if coastal:
            onshore = max(east * nodes[node, 3] + north * nodes[node, 4], 0.0)
            local = drop[k] + part * (drop[k + 1] - drop[k])
            level = surge[0] * onshore * onshore + surge[1] * local
            if level >= surge[3]:
                surge_out[node] = max(surge_out[node], level + tide)


@nb.njit(cache=True)
def _add_hour(
    hour: int, hourly: FloatArray, day: FloatArray, day_total: FloatArray,
    rain_out: FloatArray, day_out: FloatArray,
) -> None:  # fmt: skip
    """Move an hour's rain into the total and the running day, dims (hour of day, node)."""
    slot = day[hour % DAY_HOURS]
    for node in range(hourly.size):
        rain_out[node] += hourly[node]
        day_total[node] += hourly[node] - slot[node]
        slot[node] = hourly[node]
        day_out[node] = max(day_out[node], day_total[node])
        hourly[node] = 0.0


@nb.njit(cache=True)
def _draws(
    purposes: IntArray, seed: int, block: int, storm: int, spread: float
) -> tuple[float, float, float]:
    """Rain efficiency and the phases of the two tides of one storm."""
    u1 = uniform(seed, purposes[0], storm, block, 0)
    u2 = uniform(seed, purposes[0], storm, block, 1)
    normal = math.sqrt(-2.0 * math.log(u1)) * math.cos(2.0 * math.pi * u2)
    m2 = 2.0 * math.pi * uniform(seed, purposes[1], storm, block, 0)
    s2 = 2.0 * math.pi * uniform(seed, purposes[2], storm, block, 0)
    return math.exp(spread * normal), m2, s2


@nb.njit(cache=True)
def _one_storm(
    track: FloatArray, nodes: FloatArray, box: FloatArray, wind: FloatArray, rain: FloatArray,
    surge: FloatArray, tides: bool, m2: float, s2: float,
    wind_out: FloatArray, rain_out: FloatArray, day_out: FloatArray, surge_out: FloatArray,
) -> None:  # fmt: skip
    """Add the whole life of one storm, dims (hour, 7), to its maxima and totals."""
    count = nodes.shape[0]
    hourly, day, day_total = np.zeros(count), np.zeros((DAY_HOURS, count)), np.zeros(count)
    size = int(max(wind[9], rain[8]) / PROFILE_STEP) + 2
    speed, rate, drop, now = np.empty(size), np.empty(size), np.empty(size), np.empty(8)
    for hour in range(track.shape[0]):
        first = track[hour]
        if math.isnan(first[0]):
            break
        last = hour + 1 == track.shape[0] or math.isnan(track[hour + 1, 0])
        following = first if last else track[hour + 1]
        near, _ = radii(first[0], first[1], box)
        pieces = 1 if last else sub_steps(near, first[3], first[5])
        for part in range(pieces):
            share = 0.0 if last else (part + 0.5) / pieces
            moment(first, following, share, now)
            near, far = radii(now[0], now[1], box)
            if near >= (size - 2) * PROFILE_STEP:
                continue
            start, stop = int(near / PROFILE_STEP), min(int(far / PROFILE_STEP) + 1, size - 1)
            highest = fill_wind(now, wind, speed, drop, start, stop)
            _fill_rain(now[6], rain, rate, start, stop)
            tide = 0.0
            if tides:
                clock = 2.0 * math.pi * (hour + share)
                tide = surge[4] * math.cos(clock / surge[6] + m2)
                tide += surge[5] * math.cos(clock / surge[7] + s2)
            _one_moment(
                now, nodes, wind, surge, tide, 1.0 / pieces, rain[11], speed, rate, drop, highest,
                wind_out, hourly, surge_out,
            )  # fmt: skip
        _add_hour(hour, hourly, day, day_total, rain_out, day_out)


@nb.njit(parallel=True, cache=True)
def accumulate(
    tracks: FloatArray, nodes: FloatArray, wind: FloatArray, rain: FloatArray, surge: FloatArray,
    purposes: IntArray, seed: int, block: int, residual: bool,
) -> SingleArray:  # fmt: skip
    """Wind, rain, 24-hour rain and surge of every storm and node, dims (index, storm, node).

    Parameters
    ----------
    tracks : ndarray
        Dims (storm, hour, 7): latitude, longitude, deficit, speed, heading, radius of maximum
        wind, near-centre wind; NaN after the end.
    nodes : ndarray
        Dims (node, 7), see `fields`.
    wind, rain, surge : ndarray
        Constants in the orders that `fields` declares.
    purposes : ndarray of int
        Codes of the draws of rain efficiency and of the two tidal phases.
    seed, block : int
        Key of the draws.
    residual : bool
        Whether to draw at all.
    """
    result = np.zeros((4, tracks.shape[0], nodes.shape[0]), np.float32)
    south, north = nodes[:, 0].min(), nodes[:, 0].max()
    box = np.array([south, north, nodes[:, 1].min(), nodes[:, 1].max()])
    for storm in nb.prange(tracks.shape[0]):
        out = np.zeros((4, nodes.shape[0]))
        efficiency, m2, s2 = 1.0, 0.0, 0.0
        if residual:
            efficiency, m2, s2 = _draws(purposes, seed, block, storm, rain[9])
        _one_storm(
            tracks[storm], nodes, box, wind, rain, surge, residual, m2, s2,
            out[0], out[1], out[2], out[3],
        )  # fmt: skip
        for node in range(nodes.shape[0]):
            result[0, storm, node] = out[0, node]
            result[1, storm, node] = out[1, node] * efficiency
            result[2, storm, node] = out[2, node] * efficiency
            result[3, storm, node] = out[3, node]
    return result
