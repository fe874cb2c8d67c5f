"""GDP of zones: the census's own column, or published figures of single counties."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import xarray as xr

from riskmodel.core import yaml_file
from riskmodel.core.errors import SchemaError
from riskmodel.core.money import MULTIPLIERS


@dataclass(frozen=True, slots=True)
class Product:
    """GDP of one territory.

    Parameters
    ----------
    by_zone : mapping of str to float
        CNY of `year`, current prices, by zone.
    year : int
        Year of the product.
    source : str
        Where the figures come from.
    """

    by_zone: Mapping[str, float]
    year: int
    source: str

    @property
    def total(self) -> float:
        """CNY of all zones."""
        return float(sum(self.by_zone.values()))


def census_product(exposure: xr.Dataset) -> Product:
    """GDP as the census states it."""
    pairs = zip(exposure["zone"].values, exposure["gdp"].values, strict=True)
    by_zone = {str(code): float(value) for code, value in pairs}
    return Product(by_zone, int(exposure.attrs["gdp_year"]), str(exposure.attrs["source"]))


def published_product(path: Path, zones: Sequence[str], year: int) -> Product | None:
    """GDP of zones in a file such as ``data/history/county_gdp.yml``; None where it lacks one.

    Parameters
    ----------
    path : Path
        A ``unit`` (亿元, 万元 …) and ``counties``: by code, amounts by year and ``source``.
    zones : sequence of str
        Codes; without the figure of one of them their sum would be of another territory.
    year : int
        Year of the product.

    Raises
    ------
    SchemaError
        If the file is missing, is not YAML, or lacks a key.
    """
    content = yaml_file.read_mapping(path, SchemaError, missing="correct economy.gdp")
    counties, unit = content.get("counties"), content.get("unit")
    if not isinstance(counties, Mapping) or unit not in MULTIPLIERS:
        raise SchemaError(
            "no table of published GDP",
            where=path.name,
            found=sorted(map(str, content)),
            expected=f"unit, one of {', '.join(MULTIPLIERS)}, and counties",
            remedy="write it as data/history/county_gdp.yml",
        )
    known = {zone: counties[zone] for zone in zones if zone in counties}
    by_zone = {
        zone: float(one["years"][year]) * MULTIPLIERS[unit]
        for zone, one in known.items()
        if year in one["years"]
    }
    if len(by_zone) < len(zones):
        return None
    sources = dict.fromkeys(str(one["source"]) for one in known.values())
    return Product(by_zone, year, "; ".join(sources))
