"""Words that several rooms share: perils of the census, sectors of the economy."""

from __future__ import annotations

from typing import Literal

Peril = Literal[
    "typhoon_wind",
    "rain_flood",
    "storm_surge",
    "flash_flood",
    "landslide",
    "drought",
    "forest_fire",
    "cold_snow",
    "earthquake",
]
Sector = Literal[
    "residential", "commercial", "industrial", "crops", "aquaculture", "infrastructure", "forest"
]
WATER: tuple[Peril, ...] = ("rain_flood", "storm_surge", "flash_flood")  # depth above ground, m
