"""Highest wind of storms at any places: the wind of `storm_indices` without rain and surge.

Places are dealt into tiles. A tile begins with the moment that could blow hardest there and skips
those whose bound lies below what each of its places has met, so most moments are never computed.
A maximum does not depend on the order, so the result is that of all moments to the last bit.
"""

from __future__ import annotations

import math

import numba as nb
import numpy as np
import numpy.typing as npt
import xarray as xr

from riskmodel.core.errors import CatalogueError
from riskmodel.core.schema import check
from riskmodel.hazard.typhoon.fields import (
    PROFILES,
    TRACK_ORDER,
    surface_factor,
    wind_constants,
)
from riskmodel.hazard.typhoon.kernels import (
    KM_PER_DEGREE,
    PROFILE_STEP,
    fill_wind,
    moment,
    radii,
    sub_steps,
    translation,
    wind_vector,
)
from riskmodel.hazard.typhoon.layout import STORMS

FloatArray = npt.NDArray[np.float64]
SingleArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]

TILE = 64  # places


def highest_wind(
    storms: xr.Dataset,
    latitude: npt.ArrayLike,
    longitude: npt.ArrayLike,
    *,
    profile: str = PROFILES[0],
) -> xr.DataArray:
    """Compute the highest wind of each storm at each place.

    Parameters
    ----------
    storms : xarray.Dataset
        From `simulate_storms` or `storms_from_record`.
    latitude, longitude : array_like
        Degrees, dims (node); any places, as many as fit in memory beside the storms.
    profile : {"holland_1980", "holland_2010"}
        Radial profile, see `riskmodel.hazard.typhoon.wind`.

    Returns
    -------
    xarray.DataArray
        Dims (storm, node), float32, m/s: the `wind` of `storm_indices`, zero beyond reach.

    Raises
    ------
    CatalogueError
        If places are not finite or not as many.
    ParamError
        If the profile is not one of these.
    """
    check(storms, STORMS)
    lat = np.asarray(latitude, dtype=np.float64).ravel()
    lon = np.asarray(longitude, dtype=np.float64).ravel()
    if lat.shape != lon.shape or not lat.size or not np.isfinite(lat + lon).all():
        raise CatalogueError(
            "latitudes and longitudes must be finite and as many", found=(lat.shape, lon.shape)
        )
    tracks = np.stack([storms[name].values for name in TRACK_ORDER], axis=-1).astype(np.float64)
    order = _tile_order(lat, lon)
    nodes = np.stack([lat, lon, surface_factor(lat, lon)], axis=1)[order]
    found = _maxima(tracks, nodes, wind_constants(profile))
    result = np.empty_like(found)
    result[:, order] = found
    return xr.DataArray(result, dims=("storm", "node"), name="wind", attrs={"units": "m/s"})


def _tile_order(latitude: FloatArray, longitude: FloatArray) -> IntArray:
    """Order in which every `TILE` places in a row lie close together."""
    bands = max(int(np.sqrt(latitude.size / TILE)), 1)
    by_latitude = np.argsort(latitude, kind="stable")
    rows = np.array_split(by_latitude, bands)
    return np.concatenate([row[np.argsort(longitude[row], kind="stable")] for row in rows])


@nb.njit(cache=True)
def _moments(track: FloatArray, box: FloatArray) -> FloatArray:
    """All moments of one storm's life, dims (moment, 8), spaced as in `storm_indices`."""
    hours = 0
    while hours < track.shape[0] and not math.isnan(track[hours, 0]):
        hours += 1
    pieces = np.ones(hours, np.int64)
    for hour in range(hours - 1):
        near, _ = radii(track[hour, 0], track[hour, 1], box)
        pieces[hour] = sub_steps(near, track[hour, 3], track[hour, 5])
    result, row = np.empty((pieces.sum(), 8)), 0
    for hour in range(hours):
        last = hour + 1 == hours
        following = track[hour] if last else track[hour + 1]
        for part in range(pieces[hour]):
            share = 0.0 if last else (part + 0.5) / pieces[hour]
            moment(track[hour], following, share, result[row])
            row += 1
    return result


@nb.njit(cache=True)
def _profiles(moments: FloatArray, wind: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Gradient wind by moment and radius, its highest from a radius outwards, and the push.

    The push, dims (moment, 4), is the translation as of `translation`, and km of a degree east.
    """
    size = int(wind[9] / PROFILE_STEP) + 2
    speed, outward = np.empty((len(moments), size)), np.empty((len(moments), size))
    push, drop = np.empty((len(moments), 4)), np.empty(size)
    for m in range(len(moments)):
        highest = fill_wind(moments[m], wind, speed[m], drop, 0, size - 1)
        push[m, :3] = translation(moments[m], wind, highest)
        push[m, 3] = KM_PER_DEGREE * math.cos(math.radians(moments[m, 0]))
        most = 0.0
        for k in range(size - 1, -1, -1):
            most = max(most, speed[m, k])
            outward[m, k] = most
    return speed, outward, push


@nb.njit(cache=True)
def _bounds(
    moments: FloatArray, outward: FloatArray, push: FloatArray, nodes: FloatArray
) -> FloatArray:
    """Wind that no place of a tile can exceed at each moment."""
    box = np.array([nodes[:, 0].min(), nodes[:, 0].max(), nodes[:, 1].min(), nodes[:, 1].max()])
    factor = nodes[:, 2].max() * (1.0 + 1e-9)
    bound = np.zeros(len(moments))
    for m in range(len(moments)):
        latitude, longitude = moments[m, 0], moments[m, 1]
        y = max(box[0] - latitude, latitude - box[1], 0.0) * KM_PER_DEGREE
        x = max(box[2] - longitude, longitude - box[3], 0.0) * push[m, 3]
        # one step inwards, beyond any rounding
        k = max(int(math.sqrt(x * x + y * y) / PROFILE_STEP) - 1, 0)
        if k < outward.shape[1] - 1:
            bound[m] = outward[m, k] * factor * (1.0 + push[m, 0])
    return bound


@nb.njit(cache=True)
def _raise(
    at: FloatArray, speed: FloatArray, push: FloatArray, nodes: FloatArray, inflow: float,
    out: FloatArray,
) -> float:  # fmt: skip
    """Raise the maxima of a tile's places by one moment; return the lowest of them."""
    cos_inflow, sin_inflow = math.cos(math.radians(inflow)), math.sin(math.radians(inflow))
    km_east, reach = push[3], (speed.size - 2) * PROFILE_STEP
    least = math.inf
    for node in range(nodes.shape[0]):
        y = (nodes[node, 0] - at[0]) * KM_PER_DEGREE
        x = (nodes[node, 1] - at[1]) * km_east
        radius = math.sqrt(x * x + y * y)
        if radius < reach and abs(x) < reach and abs(y) < reach:
            place = radius / PROFILE_STEP
            k = int(place)
            gradient = speed[k] + (place - k) * (speed[k + 1] - speed[k])
            factor = nodes[node, 2]
            if gradient * factor * (1.0 + push[0]) > out[node]:
                east, north = wind_vector(x, y, radius, cos_inflow, sin_inflow, push[1], push[2])
                east, north = gradient * factor * east, gradient * factor * north
                out[node] = max(out[node], math.sqrt(east * east + north * north))
        least = min(least, out[node])
    return least


@nb.njit(cache=True)
def _tile(
    moments: FloatArray, speed: FloatArray, outward: FloatArray, push: FloatArray,
    nodes: FloatArray, inflow: float, out: FloatArray,
) -> None:  # fmt: skip
    """Fill the maxima of one tile: the moment of the highest bound first, then its neighbours."""
    bound = _bounds(moments, outward, push, nodes)
    first = int(np.argmax(bound))
    least = 0.0
    for away in range(len(moments)):
        for m in (first - away, first + away):
            if 0 <= m < len(moments) and bound[m] > least and (away > 0 or m == first):
                least = _raise(moments[m], speed[m], push[m], nodes, inflow, out)


@nb.njit(parallel=True, cache=True)
def _maxima(tracks: FloatArray, nodes: FloatArray, wind: FloatArray) -> SingleArray:
    count = nodes.shape[0]
    result = np.zeros((tracks.shape[0], count), np.float32)
    box = np.array([nodes[:, 0].min(), nodes[:, 0].max(), nodes[:, 1].min(), nodes[:, 1].max()])
    for storm in nb.prange(tracks.shape[0]):
        moments = _moments(tracks[storm], box)
        speed, outward, push = _profiles(moments, wind)
        out = np.zeros(count)
        for start in range(0, count, TILE):
            own = slice(start, start + TILE)
            _tile(moments, speed, outward, push, nodes[own], wind[6], out[own])
        result[storm] = out
    return result
