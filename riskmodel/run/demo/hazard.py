"""Synthetic hazard maps of the demo census, from the written method in ``data/demo_method``."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from riskmodel.census.terrain import inland_km, river_km

FloatArray = npt.NDArray[np.float64]
E_FOLD_KM = 50.0  # inland scale of the regression in data/hazard/wind_climate.yml
COEFFICIENTS = ("constant", "coast", "latitude")


def gumbel_variate(return_period: float) -> float:
    """Reduced Gumbel variate -ln(-ln(1 - 1/T)) of a return period in years."""
    return float(-np.log(-np.log1p(-1.0 / return_period)))


def _regression(climate: dict[str, Any], name: str, lon: FloatArray, lat: FloatArray) -> FloatArray:
    constant, coast, north = (float(climate[name]["coefficients"][k]) for k in COEFFICIENTS)
    return (
        constant
        + coast * np.exp(-np.maximum(inland_km(lon, lat), 0.0) / E_FOLD_KM)
        + north * (lat - 28.0)
    )


def wind_maps(
    method: dict[str, Any], climate: dict[str, Any], lon: FloatArray, lat: FloatArray
) -> dict[int, FloatArray]:
    """10-minute wind in m/s by return period: Gumbel fitted to tracks, anchored on design wind.

    V_T = c (location + scale · y_T); the one factor c makes V_50 at the anchor the design wind.
    """
    anchor = method["typhoon_wind"]["anchor"]
    place = np.array([anchor["lon"]]), np.array([anchor["lat"]])
    variate = gumbel_variate(anchor["return_period"])
    raw = _regression(climate, "location", *place) + _regression(climate, "scale", *place) * variate
    factor = anchor["wind"] / float(raw[0])
    location, scale = (_regression(climate, name, lon, lat) for name in ("location", "scale"))
    return {t: factor * (location + scale * gumbel_variate(t)) for t in method["return_periods"]}


def flood_maps(
    method: dict[str, Any], lon: FloatArray, lat: FloatArray, settlement: FloatArray
) -> dict[int, FloatArray]:
    """Depth of fresh water in m by return period: stage less bank, or ponding on the plain."""
    m = method["rain_flood"]
    inland = np.maximum(inland_km(lon, lat), 0.0)
    bank = (m["bank_slope"] + m["slope_gain"] * inland) * river_km(lon, lat)
    pond = m["waterlogging"]
    protected = settlement > m["protected"]["settlement_above"]
    maps = {}
    for t in method["return_periods"]:
        variate = gumbel_variate(t)
        river = m["stage_offset"] + m["stage_per_variate"] * variate - bank
        ponding = (pond["offset"] + pond["per_variate"] * variate) * np.exp(
            -inland / pond["reach_km"]
        )
        depth = np.maximum(np.maximum(river, ponding), 0.0)
        maps[t] = np.where(protected & (t <= m["protected"]["standard"]), 0.0, depth)
    return maps


def surge_maps(method: dict[str, Any], lon: FloatArray, lat: FloatArray) -> dict[int, FloatArray]:
    """Depth of sea water in m by return period: level less ground, dry behind dykes."""
    m = method["storm_surge"]
    from_coast = inland_km(lon, lat)
    inland = np.maximum(from_coast, 0.0)
    ground = np.where(from_coast < 0.0, m["island_ground"], m["ground_slope"] * inland)
    behind = inland > m["protected"]["beyond_km"]
    maps = {}
    for t in method["return_periods"]:
        level = m["level_offset"] + m["level_per_variate"] * gumbel_variate(t)
        depth = np.where(inland < m["reach_km"], np.maximum(level - ground, 0.0), 0.0)
        maps[t] = np.where(behind & (t <= m["protected"]["standard"]), 0.0, depth)
    return maps
