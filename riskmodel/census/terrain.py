"""Distances to the declared coast and rivers; a stand-in for terrain, never a survey."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from riskmodel.core.errors import CensusError
from riskmodel.core.yaml_file import read_mapping

FloatArray = npt.NDArray[np.float64]

PROXIES = Path(__file__).parents[2] / "data" / "geography" / "proxies.yml"
KM_PER_DEGREE = 111.195  # great-circle kilometres a degree, R = 6371 km
REFERENCE_LATITUDE = 28.0


@cache
def proxies() -> dict[str, Any]:
    """Return the declared coast, island and river lines of ``data/geography/proxies.yml``."""
    return read_mapping(PROXIES, CensusError, missing="restore it from the checkout")


def _to_km(points: npt.ArrayLike) -> FloatArray:
    scale = [KM_PER_DEGREE * np.cos(np.deg2rad(REFERENCE_LATITUDE)), KM_PER_DEGREE]
    return np.asarray(points, dtype=np.float64) * scale


def _distance_km(lon: npt.ArrayLike, lat: npt.ArrayLike, line: shapely.Geometry) -> FloatArray:
    points = _to_km(np.stack(np.broadcast_arrays(lon, lat), axis=-1))
    return np.asarray(shapely.distance(shapely.points(points), line))


def _land() -> shapely.Geometry:
    coast = proxies()["mainland_coast"]
    mainland = shapely.Polygon(_to_km([*coast, [105.0, 35.0], [105.0, 22.0]]))
    return shapely.union(mainland, shapely.Polygon(_to_km(proxies()["taiwan"])))


def inland_km(lon: npt.ArrayLike, lat: npt.ArrayLike) -> FloatArray:
    """Distance from the declared coast in km, positive on land and negative at sea.

    Parameters
    ----------
    lon, lat : array_like
        Degrees; broadcast against each other.
    """
    land = _land()
    points = shapely.points(_to_km(np.stack(np.broadcast_arrays(lon, lat), axis=-1)))
    distance = shapely.distance(points, shapely.boundary(land))
    return np.where(shapely.contains(land, points), distance, -distance)


def river_km(lon: npt.ArrayLike, lat: npt.ArrayLike) -> FloatArray:
    """Distance to the nearest declared river in km."""
    lines = [shapely.LineString(_to_km(line)) for line in proxies()["rivers"].values()]
    return np.min([_distance_km(lon, lat, line) for line in lines], axis=0)
