"""Fine maps on a raster: each cell goes with its centre into a census cell."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr

from riskmodel.census.checks.grids import same_grid
from riskmodel.census.crs import converted
from riskmodel.census.finding import Finding, FoundError, naming
from riskmodel.census.fine_cells import (
    BoolArray,
    FloatArray,
    IntArray,
    Pieces,
    along,
    cell_at,
    centres,
    corners,
    edges,
    require_finer,
)
from riskmodel.census.hazard import read_hazard
from riskmodel.census.manifest import BY_AREA, FineMaps, HazardLayer
from riskmodel.census.rasters import read_raster

NOISE = 1e-6  # of a census cell


def raster_pieces(
    folder: Path,
    peril: str,
    layer: HazardLayer,
    fine: FineMaps,
    crs: str,
    grid: xr.Dataset,
    zones: xr.Dataset,
    findings: list[Finding],
) -> Pieces:
    """Cells of fine maps by the census cell of their centre.

    It is complete where its corners lie on the maps and no cell in it is nodata.

    Raises
    ------
    FoundError
        With what is wrong with the maps or their weights.
    """
    system = fine.crs or crs
    data = _maps(folder, peril, layer, fine, system, findings)
    weight = _weights(folder, fine, system, data)
    x, y = centres(data, system, crs)
    parent = cell_at(x, y, grid, zones)
    held = np.flatnonzero(parent >= 0)
    known = data["intensity"].notnull().all("return_period").values.ravel()
    cells = zones.sizes["cell"]
    count, gaps, stands = (
        np.bincount(parent[held], one, cells)
        for one in (np.ones(held.size), ~known[held], weight[held])
    )
    complete = (count > 0) & (gaps == 0) & (stands > 0) & _on(data, system, crs, grid, zones)
    require_finer(count[complete], peril)
    if (share := _cut(data, system, crs, grid, parent)) > 0:
        name, told = next(iter(fine.files.values())), f"{share:.2%} of the cells"
        findings.append(Finding("fine_cells_cut", name, f"hazard.{peril}.fine", found=told))
    return Pieces(
        key=f"{system} {_grid_text(data)} {fine.spread}",
        spread=fine.spread,
        units=str(data.attrs["units"]),
        periods=data["return_period"].values.astype(np.float64),
        parent=parent[held],
        weight=weight[held],
        x=x[held],
        y=y[held],
        intensity=data["intensity"].values.reshape(data.sizes["return_period"], -1)[:, held],
        complete=complete,
    )


def _maps(
    folder: Path,
    peril: str,
    layer: HazardLayer,
    fine: FineMaps,
    crs: str,
    findings: list[Finding],
) -> xr.Dataset:
    """Read fine maps as a layer of their own, by the classes and the repair of theirs."""
    own = {name: getattr(fine, name) for name in ("files", "variable", "nodata", "nodata_means")}
    own |= {"fine": None, "unit": fine.unit or layer.unit}
    data, found = read_hazard(folder, peril, layer.model_copy(update=own), crs)
    if data is None:
        raise FoundError(*found)
    findings += found
    return data


def _weights(folder: Path, fine: FineMaps, crs: str, data: xr.Dataset) -> FloatArray:
    if fine.spread == BY_AREA:
        return np.ones(data.sizes["y"] * data.sizes["x"])
    with naming(fine.spread):
        weight = read_raster(folder / fine.spread, crs)
    if faults := list(same_grid(weight, data, file=fine.spread)):
        raise FoundError(*faults)
    if (weight < 0).any():
        found = float(weight.min())
        raise FoundError(Finding("negative_weight", fine.spread, found=found, cells=weight < 0))
    return np.nan_to_num(weight.values).ravel()


def _cut(data: xr.Dataset, source: str, target: str, grid: xr.Dataset, parent: IntArray) -> float:
    """Share of the cells that reach into a second census cell; they go with their centre."""
    cut = np.zeros((data.sizes["y"], data.sizes["x"]), dtype=bool)
    for place, name in zip(corners(data, source, target), ("x", "y"), strict=True):
        at = along(place, grid[name].values)
        around = [at[:-1, :-1], at[:-1, 1:], at[1:, :-1], at[1:, 1:]]
        low, high = np.minimum.reduce(around), np.maximum.reduce(around)
        cut |= np.floor(high - NOISE) > np.floor(low + NOISE)
    held = parent >= 0
    return float(cut.ravel()[held].mean()) if held.any() else 0.0


def _on(
    data: xr.Dataset, source: str, target: str, grid: xr.Dataset, zones: xr.Dataset
) -> BoolArray:
    """Whether all four corners of each cell of the zones lie on the fine maps."""
    row, column = zones["row"].values, zones["column"].values
    on = np.ones(zones.sizes["cell"], dtype=bool)
    for down in (0, 1):
        for right in (0, 1):
            x, y = edges(grid["x"].values)[column + right], edges(grid["y"].values)[row + down]
            for place, name in zip(converted(x, y, target, source), ("x", "y"), strict=True):
                at = along(place, data[name].values)
                on &= (at > -0.5) & (at < data.sizes[name] + 0.5)  # its last cell's centre is on
    return on


def _grid_text(data: xr.Dataset) -> str:
    ends = [f"{data[n].values[0]:.9g} to {data[n].values[-1]:.9g}" for n in ("y", "x")]
    return f"{data.sizes['y']} x {data.sizes['x']} cells, y {ends[0]}, x {ends[1]}"
