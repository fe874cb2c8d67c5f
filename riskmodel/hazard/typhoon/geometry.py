"""Great-circle geometry of tracks and the declared land, at the scale of one basin."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from riskmodel.census.terrain import KM_PER_DEGREE, inland_km, proxies

FloatArray = npt.NDArray[np.float64]

LAND_SOUTH, LAND_NORTH, LAND_WEST, LAND_EAST, LAND_STEP = 18.0, 38.0, 110.0, 132.0, 0.05


def distance_and_bearing(
    latitude: npt.ArrayLike,
    longitude: npt.ArrayLike,
    to_latitude: npt.ArrayLike,
    to_longitude: npt.ArrayLike,
) -> tuple[FloatArray, FloatArray]:
    """Great-circle distance (km) and initial bearing (degrees from north) between points.

    Haversine on a sphere with R = 6371 km; angles in degrees, arrays broadcast.
    """
    phi, phi2 = np.deg2rad(np.asarray(latitude)), np.deg2rad(np.asarray(to_latitude))
    dlon = np.deg2rad(np.asarray(to_longitude) - np.asarray(longitude))
    half = np.sin((phi2 - phi) / 2.0) ** 2 + np.cos(phi) * np.cos(phi2) * np.sin(dlon / 2.0) ** 2
    distance = 2.0 * 6371.0 * np.arcsin(np.sqrt(np.clip(half, 0.0, 1.0)))
    bearing = np.arctan2(
        np.sin(dlon) * np.cos(phi2),
        np.cos(phi) * np.sin(phi2) - np.sin(phi) * np.cos(phi2) * np.cos(dlon),
    )
    return np.asarray(distance), np.mod(np.rad2deg(bearing), 360.0)


def destination(
    latitude: npt.ArrayLike,
    longitude: npt.ArrayLike,
    bearing: npt.ArrayLike,
    distance: npt.ArrayLike,
) -> tuple[FloatArray, FloatArray]:
    """Point at `distance` (km) along `bearing` (degrees) on the sphere; degrees in and out."""
    phi, theta = np.deg2rad(latitude), np.deg2rad(bearing)
    delta = np.asarray(distance) / 6371.0
    phi2 = np.arcsin(np.sin(phi) * np.cos(delta) + np.cos(phi) * np.sin(delta) * np.cos(theta))
    dlon = np.arctan2(
        np.sin(theta) * np.sin(delta) * np.cos(phi), np.cos(delta) - np.sin(phi) * np.sin(phi2)
    )
    return np.rad2deg(phi2), np.asarray(longitude) + np.rad2deg(dlon)


def wrap(angle: npt.ArrayLike) -> FloatArray:
    """Angle in degrees brought into [-180, 180)."""
    return np.mod(np.asarray(angle, dtype=np.float64) + 180.0, 360.0) - 180.0


@cache
def land_table() -> FloatArray:
    """Signed distance to the declared coast (km, land > 0) on a regular table, dims (lat, lon).

    Read by `land_at`; the table makes millions of look-ups cheap, its spacing is half the
    accuracy of the declared coast.
    """
    latitude = np.arange(LAND_SOUTH, LAND_NORTH + LAND_STEP / 2, LAND_STEP)
    longitude = np.arange(LAND_WEST, LAND_EAST + LAND_STEP / 2, LAND_STEP)
    return inland_km(longitude[None, :], latitude[:, None])


def land_at(latitude: npt.ArrayLike, longitude: npt.ArrayLike) -> FloatArray:
    """Signed distance to the declared coast (km, land > 0), nearest value of `land_table`."""
    table = land_table()
    i = np.rint((np.asarray(latitude) - LAND_SOUTH) / LAND_STEP).astype(np.int64)
    j = np.rint((np.asarray(longitude) - LAND_WEST) / LAND_STEP).astype(np.int64)
    return table[np.clip(i, 0, table.shape[0] - 1), np.clip(j, 0, table.shape[1] - 1)]


def on_taiwan(latitude: npt.ArrayLike, longitude: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Whether a land point belongs to the declared outline of Taiwan (by its bounding box)."""
    ring = np.asarray(proxies()["taiwan"])
    west, south = ring.min(axis=0)
    _, north = ring.max(axis=0)
    lat, lon = np.asarray(latitude), np.asarray(longitude)
    return (lat >= south) & (lat <= north) & (lon >= west - 0.05)


def onshore_direction(
    latitude: npt.ArrayLike, longitude: npt.ArrayLike, smoothing: float
) -> tuple[FloatArray, FloatArray]:
    """East and north parts of the unit vector that points from sea to land near each point.

    The left-hand normals of the declared mainland coast (land lies to the left), weighted by
    segment length and exp(-distance / smoothing), `smoothing` in km.
    """
    line = np.asarray(proxies()["mainland_coast"], dtype=np.float64)
    scale = np.array([KM_PER_DEGREE * np.cos(np.deg2rad(28.0)), KM_PER_DEGREE])
    pieces = 20
    share = (np.arange(pieces) + 0.5) / pieces
    step = np.diff(line, axis=0)
    middle = (line[:-1, None, :] + step[:, None, :] * share[None, :, None]).reshape(-1, 2) * scale
    normal = np.repeat(
        np.stack([-step[:, 1] * scale[1], step[:, 0] * scale[0]], axis=1), pieces, axis=0
    )
    point = np.stack([np.atleast_1d(longitude), np.atleast_1d(latitude)], axis=-1) * scale
    distance = np.hypot(*(point[:, None, :] - middle[None, :, :]).transpose(2, 0, 1))
    nearest = distance.min(axis=1, keepdims=True)
    total = np.exp(-(distance - nearest) / smoothing) @ normal
    total /= np.linalg.norm(total, axis=1, keepdims=True)
    return total[:, 0], total[:, 1]
