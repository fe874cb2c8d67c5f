"""Coordinate systems: which one a text means, whether two agree, whether coordinates fit one."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt
from pyproj import CRS, Proj, Transformer
from pyproj.exceptions import CRSError

from riskmodel.census.finding import Finding, FoundError

FloatArray = npt.NDArray[np.float64]
DEGREES = "EPSG:4490"


@cache
def crs_of(text: str) -> CRS:
    """Coordinate system that a code or WKT names.

    Raises
    ------
    FoundError
        If no system has that name.
    """
    try:
        return CRS.from_user_input(text)
    except CRSError as error:
        raise FoundError(Finding("crs_unknown", "census.yml", "crs", found=text)) from error


@cache
def same_crs(one: str, other: str) -> bool:
    """Whether two texts name one system, whatever their spelling and order of axes."""
    a, b = crs_of(one), crs_of(other)
    if a.equals(b, ignore_axis_order=True):
        return True
    code = a.to_epsg(min_confidence=70)
    return code is not None and code == b.to_epsg(min_confidence=70)


@cache
def _transformer(source: str, target: str) -> Transformer:
    return Transformer.from_crs(crs_of(source), crs_of(target), always_xy=True)


def converted(
    x: npt.ArrayLike, y: npt.ArrayLike, source: str, target: str
) -> tuple[FloatArray, FloatArray]:
    """Coordinates of one system in another, x before y; degrees or metres as the systems have."""
    if crs_of(source).is_geographic and crs_of(target).is_geographic:
        # CGCS2000 and WGS 84 agree within a metre; a null transformation keeps the numbers
        return np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    new_x, new_y = _transformer(source, target).transform(x, y)
    return np.asarray(new_x), np.asarray(new_y)


def areal_scale(longitude: FloatArray, latitude: FloatArray, crs: str) -> FloatArray:
    """Map area over true area of a projected system at places in degrees."""
    factors = Proj(crs_of(crs)).get_factors(longitude, latitude)
    return np.asarray(factors.areal_scale, dtype=np.float64)


def misfit(x: float, y: float, crs: str) -> str | None:
    """Code of the finding for a centre that cannot lie in a system's area, or None.

    Examples
    --------
    >>> misfit(28.0, 120.5, "EPSG:4490"), misfit(120.5, 28.0, "EPSG:4490")
    ('axes_swapped', None)
    >>> misfit(120.5, 28.0, "EPSG:4528")
    'degrees_and_metres'
    """
    if _inside(x, y, crs):
        return None
    return "axes_swapped" if _inside(y, x, crs) else "degrees_and_metres"


def _inside(x: float, y: float, crs: str) -> bool:
    system = crs_of(crs)
    if not system.is_geographic and max(abs(x), abs(y)) <= 360.0:
        return False  # degrees, where metres are expected
    area = system.area_of_use
    if area is None:
        return True
    longitude, latitude = converted(x, y, crs, DEGREES)
    margin = 3.0  # degrees; neighbouring zones of a projection are in use too
    return bool(
        area.west - margin <= longitude <= area.east + margin
        and area.south - margin <= latitude <= area.north + margin
    )
