"""Synthetic exposure of the demo census: county totals by declared ratios, and weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskmodel.census.terrain import KM_PER_DEGREE, REFERENCE_LATITUDE, inland_km, river_km

FloatArray = npt.NDArray[np.float64]
YI = 1e8  # yuan in 亿元


def weight_maps(
    method: dict[str, Any], counties: pd.DataFrame, lon: FloatArray, lat: FloatArray
) -> dict[str, FloatArray]:
    """Relative weights of cells: near seats, rivers and the coast, by declared lengths in km."""
    east = KM_PER_DEGREE * np.cos(np.deg2rad(REFERENCE_LATITUDE))
    seat_km = np.min(
        [
            np.hypot((lon - seat.seat_lon) * east, (lat - seat.seat_lat) * KM_PER_DEGREE)
            for seat in counties.itertuples()
        ],
        axis=0,
    )
    river, coast = river_km(lon, lat), np.maximum(inland_km(lon, lat), 0.0)
    return {
        name: m["floor"]
        + m["seat"] * np.exp(-seat_km / m["seat_km"])
        + m["river"] * np.exp(-river / m["river_km"])
        + m["coast"] * np.exp(-coast / m["coast_km"])
        for name, m in method["weights"].items()
        if name != "precision"
    }


def county_totals(method: dict[str, Any], counties: pd.DataFrame) -> pd.DataFrame:
    """Exposure of each county by class, in 亿元, persons and households.

    GDP by county is scaled to the published total of the city, but for counties whose own GDP is
    published.
    """
    m = method["exposure"]
    table = counties[["code", "name_zh", "name_en", "setting", "gdp_status"]].copy()
    published = counties["gdp_status"] == "real"
    rest = m["gdp_city"] - counties.loc[published, "gdp_2022_yi"].sum()
    scale = rest / counties.loc[~published, "gdp_2022_yi"].sum()
    gdp = counties["gdp_2022_yi"].where(published, counties["gdp_2022_yi"] * scale)
    table["population"] = counties["population_2020"]
    table["households"] = table["population"] / m["persons_per_household"]
    ground = counties["setting"].map(m["ground_floor_share"])
    table["ground_floor_households"] = table["households"] * ground
    table["gdp"] = gdp
    floor_area = table["population"] * m["floor_area_per_person"]
    for structure, cost in m["replacement_cost"].items():
        share = counties["setting"].map(
            {s: m["structure_share"][s][structure] for s in ("urban", "rural")}
        )
        table[structure] = floor_area * share * cost * (1.0 + m["contents_share"]) / YI
    table["commercial"] = gdp * m["gdp_shares"]["tertiary"] * m["commercial_per_tertiary"]
    table["industrial"] = gdp * m["gdp_shares"]["secondary"] * m["industrial_per_secondary"]
    table["infrastructure"] = gdp * m["infrastructure_per_gdp"]
    rural = table["population"] * np.where(counties["setting"] == "rural", 1.0, 0.35)
    table["crops"] = m["crop_output"] * rural / rural.sum()
    coastal = table["population"] * counties["code"].isin(COASTAL)
    table["aquaculture"] = m["aquaculture_output"] * coastal / coastal.sum()
    table["forest"] = m["timber_value"] * counties["code"].map(m["timber_shares"]).fillna(0.0)
    return table.round(4)


COASTAL = ("330303", "330305", "330326", "330327", "330381", "330382", "330383")
