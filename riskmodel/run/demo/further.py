"""Synthetic maps of the further perils of the demo census, from the method in ``data/demo_method``.

There is no elevation model: hills are places far from the declared coast and rivers, small valleys
a regular pattern across them. The maps look plausible and are labelled synthetic.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from riskmodel.census.terrain import KM_PER_DEGREE, REFERENCE_LATITUDE, inland_km, river_km
from riskmodel.run.demo.hazard import gumbel_variate

FloatArray = npt.NDArray[np.float64]
Maps = dict[int, FloatArray]


def further_maps(
    method: dict[str, Any], lon: FloatArray, lat: FloatArray, flooded: FloatArray
) -> dict[str, Maps]:
    """Return maps by peril and return period, in the units that the method declares.

    Parameters
    ----------
    method : dict
        Content of ``method.yml``.
    lon, lat : array (y, x)
        Cell centres in degrees.
    flooded : array (y, x)
        Rarest map of rain flood, m: flash floods stay out of it, no water is drawn twice.
    """
    inland = np.maximum(inland_km(lon, lat), 0.0)
    hills = hilliness(method["hills"], inland, river_km(lon, lat))
    return {
        "flash_flood": _flash_flood(method["flash_flood"], lon, lat, hills, flooded),
        "landslide": _landslide(method["landslide"], hills),
        "drought": _drought(method["drought"], inland, at_sea=inland_km(lon, lat) < 0.0),
        "cold_snow": _cold_snow(method["cold_snow"], inland),
        "earthquake": _earthquake(method["earthquake"], lat),
    }


def fire_classes(method: dict[str, Any], lon: FloatArray, lat: FloatArray) -> FloatArray:
    """Classes of forest-fire danger, 1 the highest, by how hilly a place is."""
    inland = np.maximum(inland_km(lon, lat), 0.0)
    hills = hilliness(method["hills"], inland, river_km(lon, lat))
    bounds = np.array(method["forest_fire"]["hilliness_of_classes"])
    return 1.0 + (hills[..., None] < bounds).sum(axis=-1)


def forest_weight(method: dict[str, Any], lon: FloatArray, lat: FloatArray) -> FloatArray:
    """Relative weight of cells for standing timber: how hilly a place is, and a floor."""
    inland = np.maximum(inland_km(lon, lat), 0.0)
    hills = hilliness(method["hills"], inland, river_km(lon, lat))
    return np.asarray(method["hills"]["forest_floor"] + hills)


def hilliness(m: dict[str, Any], inland: FloatArray, river: FloatArray) -> FloatArray:
    """Return 0 at coast and rivers, towards 1 far from both."""
    from_rivers = -np.expm1(-river / m["river_km"])
    return np.asarray(-np.expm1(-inland / m["inland_km"]) * from_rivers)


def valley_km(m: dict[str, Any], lon: FloatArray, lat: FloatArray) -> FloatArray:
    """Distance in km to the nearest of a regular set of winding small valleys."""
    east = lon * KM_PER_DEGREE * np.cos(np.deg2rad(REFERENCE_LATITUDE))
    north = lat * KM_PER_DEGREE
    place = (east + m["winding_km"] * np.sin(north / m["winding_length_km"])) / m["spacing_km"]
    return np.asarray(np.abs(place - np.round(place)) * m["spacing_km"])


def _flash_flood(
    m: dict[str, Any], lon: FloatArray, lat: FloatArray, hills: FloatArray, flooded: FloatArray
) -> Maps:
    """Depth in cm: a stage that grows with the Gumbel variate, less the side of the valley."""
    side = m["side_slope"] * valley_km(m["valleys"], lon, lat)
    reached = (hills > m["hilliness_above"]) & (flooded <= m["apart_from_flood"])
    return {
        t: np.where(
            reached,
            np.maximum(m["stage_offset"] + m["stage_per_variate"] * gumbel_variate(t) - side, 0.0),
            0.0,
        )
        * 100.0
        for t in m["return_periods"]
    }


def _landslide(m: dict[str, Any], hills: FloatArray) -> Maps:
    """Chance of a slide in the cell in the T-year rain."""
    slope = np.maximum(hills - m["hilliness_above"], 0.0) / (1.0 - m["hilliness_above"])
    maps = {}
    for t in m["return_periods"]:
        rain = m["rain"]["location"] + m["rain"]["scale"] * gumbel_variate(t)
        maps[t] = slope * m["chance_per_mm"] * max(rain - m["rain_threshold"], 0.0)
    return maps


def _drought(m: dict[str, Any], inland: FloatArray, *, at_sea: npt.NDArray[np.bool_]) -> Maps:
    """Share of water short, in per cent: more on islands and near the coast than in the hills."""
    near = m["inland"] + (m["coast"] - m["inland"]) * np.exp(-inland / m["scale_km"])
    place = np.where(at_sea, m["islands"], near)
    return {
        t: 100.0 * place * max(m["per_variate"] * gumbel_variate(t) + m["offset"], 0.0)
        for t in m["return_periods"]
    }


def _cold_snow(m: dict[str, Any], inland: FloatArray) -> Maps:
    """Snow depth in cm, little at the coast."""
    place = m["coast"] + (1.0 - m["coast"]) * -np.expm1(-inland / m["scale_km"])
    return {
        t: 100.0 * place * max(m["per_variate"] * gumbel_variate(t) + m["offset"], 0.0)
        for t in m["return_periods"]
    }


def _earthquake(m: dict[str, Any], lat: FloatArray) -> Maps:
    """Peak ground acceleration in gal: the zone's value, a little more towards the Strait."""
    place = 1.0 + m["per_degree_south"] * (28.0 - lat)
    return {t: m["basic"] * ratio * place for t, ratio in m["ratio_to_basic"].items()}
