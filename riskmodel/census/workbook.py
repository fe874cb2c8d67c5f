"""Read the workbook of a census: what stands in each zone, spread over cells by weights."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from riskmodel.census.rasters import read_raster, require_same_grid
from riskmodel.core.errors import CensusError, UnitsError
from riskmodel.core.money import MULTIPLIERS
from riskmodel.core.schema import Schema, stamp

FloatArray = npt.NDArray[np.float64]

EXPOSURE = Schema(
    "census.exposure",
    {"value": ("entry", "exposure_class"), "total": ("zone", "exposure_class"), "gdp": ("zone",)},
    ("currency", "price_year", "status"),
)
COUNT_UNITS = ("person", "household")


def read_county_table(folder: Path, manifest: Mapping[str, Any]) -> pd.DataFrame:
    """Rows of the workbook by zone code; rows without a code, such as units, are left out.

    Raises
    ------
    CensusError
        If the file or a column is missing, the file cannot be read, or a code is there twice.
    """
    path = folder / manifest["exposure"]["workbook"]
    if not path.is_file():
        raise CensusError(
            "a file of the manifest is missing",
            where=str(path),
            remedy="restore it or correct census.yml",
        )
    try:
        table = pd.read_excel(path, sheet_name=manifest["exposure"]["sheet"], dtype={"code": str})
    except Exception as error:
        raise CensusError(
            "the workbook cannot be read",
            where=str(path),
            found=str(error),
            expected="a whole .xlsx file with the sheet of the manifest",
            remedy="copy the file again, or correct exposure.sheet in census.yml",
        ) from error
    for name in ("code", "name_zh", "name_en"):
        _require_column(table, name)
    table = table[table["code"].notna()].set_index("code")
    repeated = table.index[table.index.duplicated()].tolist()
    if repeated or table.empty:
        raise CensusError(
            "zone codes repeated or none",
            where=str(path),
            found=repeated,
            expected="one row a zone",
            remedy="merge the rows of one zone",
        )
    return table


def read_exposure(
    folder: Path,
    manifest: Mapping[str, Any],
    table: pd.DataFrame,
    zones: xr.Dataset,
    grid: xr.Dataset,
) -> xr.Dataset:
    """Exposure of each zone, and its parts in the entries (cell of a zone) of the zones.

    Parameters
    ----------
    folder : Path
        Folder of the census.
    manifest : mapping
        From `read_manifest`.
    table : DataFrame
        From `read_county_table`.
    zones : Dataset
        Entries, cells and zones.
    grid : Dataset
        Grid of the hazard maps, which the weights must share.

    Raises
    ------
    CensusError
        If a column or weight is missing, not a number or negative, has another grid, or no weight
        reaches a zone that holds something.
    UnitsError
        If a unit is unknown.
    """
    gdp = manifest["exposure"]["gdp"]
    money = _column(table, gdp["column"]) * _multiplier("gdp", gdp["unit"], counts=())
    return stamp(
        _classes(folder, manifest, table, zones, grid).assign(gdp=("zone", money)),
        EXPOSURE,
        source=manifest["source"],
        history="county totals spread by declared weights",
        currency=manifest["currency"],
        price_year=manifest["price_year"],
        gdp_year=gdp["year"],
        status=manifest["status"],
    )


def _classes(
    folder: Path,
    manifest: Mapping[str, Any],
    table: pd.DataFrame,
    zones: xr.Dataset,
    grid: xr.Dataset,
) -> xr.Dataset:
    """Totals by zone, values by entry and the unit of each exposure class."""
    classes = manifest["exposure"]["classes"]
    total = np.empty((len(table), len(classes)))
    value = np.empty((zones.sizes["entry"], len(classes)))
    for index, (name, layer) in enumerate(classes.items()):
        total[:, index] = _column(table, name) * _multiplier(name, layer["unit"])
        weight = _weight(folder / layer["weight"], manifest["crs"], grid)
        at_cell = weight[zones.row.values, zones.column.values]
        value[:, index] = _spread(total[:, index], at_cell, zones, name)
    units = ["CNY" if c["unit"] in MULTIPLIERS else c["unit"] for c in classes.values()]
    return xr.Dataset(
        {
            "value": (("entry", "exposure_class"), value),
            "total": (("zone", "exposure_class"), total),
            "unit": ("exposure_class", units),
        },
        {"exposure_class": list(classes), "zone": zones.zone},
    )


def _multiplier(name: str, unit: str, *, counts: tuple[str, ...] = COUNT_UNITS) -> float:
    if unit in MULTIPLIERS:
        return MULTIPLIERS[unit]
    if unit in counts:
        return 1.0
    raise UnitsError(
        "an unknown unit of exposure",
        where=f"census.yml, exposure.{name}",
        found=unit,
        expected=f"one of {', '.join((*MULTIPLIERS, *counts))}",
        remedy="write the unit of the column of the workbook in census.yml",
    )


def _weight(path: Path, crs: str, grid: xr.Dataset) -> FloatArray:
    weight = read_raster(path, crs)
    require_same_grid(weight, grid, where=str(path))
    if (weight < 0).any():
        raise CensusError(
            "negative weight",
            where=str(path),
            found=float(weight.min()),
            expected=">= 0",
            remedy="write 0 where nothing stands",
        )
    return weight.values


def _require_column(table: pd.DataFrame, name: str) -> None:
    if name not in table:
        raise CensusError(
            "a column is missing",
            where="exposure workbook",
            found=list(table),
            expected=name,
            remedy="add the column, or correct census.yml",
        )


def _column(table: pd.DataFrame, name: str) -> FloatArray:
    _require_column(table, name)
    values = pd.to_numeric(table[name], errors="coerce").to_numpy(dtype=np.float64)
    bad = ~((values >= 0) & np.isfinite(values))
    if bad.any():
        raise CensusError(
            "not a number, or negative",
            where=f"exposure workbook, column {name}, zone {table.index[bad][0]}",
            found=table[name].to_numpy()[bad][0],
            expected="a number >= 0",
            remedy="correct the workbook; write 0 where there is none",
        )
    return values


def _spread(total: FloatArray, weight: FloatArray, zones: xr.Dataset, name: str) -> FloatArray:
    """Spread zone totals over the zone's cells by weight × share of the zone's area."""
    zone = zones.entry_zone.values
    relative = np.nan_to_num(weight)[zones.entry_cell.values] * zones.zone_share.values
    norm = np.bincount(zone, relative, minlength=total.size)
    stranded = (norm == 0) & (total > 0)
    if stranded.any():
        raise CensusError(
            "a zone has a total but no weight in any cell",
            where=f"{name}, zone {zones.zone.values[stranded][0]}",
            found=float(total[stranded][0]),
            remedy="give the zone a weight map that reaches it",
        )
    return relative * (total / np.where(norm > 0, norm, 1.0))[zone]
