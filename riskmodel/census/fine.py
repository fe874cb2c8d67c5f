"""Maps finer than the census grid: cells of their own inside census cells, never averaged.

An event has one rate in a census cell; each fine cell reads that rate on a curve of its own. Here
fine maps become cells with the census cell that holds them and the share of its exposure that
stands in them. Census cells that the fine maps do not cover whole keep their coarse map.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import xarray as xr

from riskmodel.census.crs import DEGREES, converted
from riskmodel.census.finding import Finding, FoundError, errors_of, gathered
from riskmodel.census.fine_cells import Pieces
from riskmodel.census.fine_polygons import polygon_pieces
from riskmodel.census.fine_rasters import raster_pieces
from riskmodel.census.manifest import Manifest
from riskmodel.core.schema import Schema, stamp

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
SLIVER = 1e-9  # of a census cell
FAR = 20.0  # ratio of a fine mean to the coarse value; centimetres for metres make a hundred
FINE = Schema(
    "census.fine",
    {name: ("fine",) for name in ("parent", "share", "latitude", "longitude")},
    ("status", "spread"),
)
FINE_PERIL = Schema(
    "census.fine.hazard",
    {"intensity": ("return_period", "fine")},
    ("units", "return_period_basis", "status"),
)


def read_fine(
    folder: Path, manifest: Manifest, grid: xr.Dataset, zones: xr.Dataset
) -> tuple[xr.DataTree | None, dict[str, xr.Dataset], list[Finding]]:
    """Fine cells of a census with the maps of each peril that has some, and what was found.

    Parameters
    ----------
    folder : Path
        Folder of the census.
    manifest : Manifest
        Its ``hazard.<peril>.fine`` say what there is.
    grid : Dataset
        Census grid: ``y``, ``x``.
    zones : Dataset
        Cells and entries of the zones.

    Returns
    -------
    DataTree with ``parent`` (fine,) cell of the zones and ``share`` (fine,) of its exposure, and
    a child for each peril with ``intensity`` (return_period, fine), dry cells of a census cell as
    one; for perils without maps on the census grid the highest of the fine cells; findings.
    """
    findings: list[Finding] = []
    pieces: dict[str, Pieces] = {}
    for peril, layer in manifest.hazard.items():
        if layer.fine is None:
            continue
        with gathered(findings):
            read = polygon_pieces if layer.fine.polygons else raster_pieces
            pieces[peril] = read(
                folder, peril, layer, layer.fine, manifest.crs, grid, zones, findings
            )
    with gathered(findings):
        _require_alike(pieces)
    if not pieces or errors_of(findings):
        return None, {}, findings
    first = next(iter(pieces.values()))
    complete = np.logical_and.reduce([one.complete for one in pieces.values()])
    held = held_shares(zones)
    touched = (np.bincount(first.parent, minlength=complete.size) > 0) & (held > SLIVER)
    if left := int((touched & ~complete).sum()):
        found = f"{left} of {int(touched.sum())} census cells"
        findings.append(Finding("fine_kept_coarse", "census.yml", "hazard.*.fine", found=found))
    stand_ins = {
        peril: _highest(one, complete, held, grid, zones).assign_attrs(crs=manifest.crs)
        for peril, one in pieces.items()
        if not manifest.hazard[peril].files
    }
    return _tree(pieces, complete, manifest), stand_ins, findings


def fine_of_cells(fine: xr.DataTree, cells: IntArray) -> xr.DataTree:
    """Fine cells of some census cells alone, which are numbered anew in the order given.

    Parameters
    ----------
    fine : DataTree
        The node ``fine`` of a census.
    cells : array of int (cell,)
        Numbers of the census cells to keep, each once.
    """
    number = {int(cell): new for new, cell in enumerate(cells)}
    parent = fine.to_dataset(inherit=False)["parent"].values
    kept = np.flatnonzero(np.isin(parent, cells))
    nodes = {node.path: node.to_dataset(inherit=False).isel(fine=kept) for node in fine.subtree}
    nodes = {path.removeprefix(fine.path) or "/": data for path, data in nodes.items()}
    renumbered = np.array([number[int(one)] for one in parent[kept]], dtype=np.int32)
    nodes["/"] = nodes["/"].assign(parent=("fine", renumbered))
    return xr.DataTree.from_dict(nodes)


def scale_agrees(
    fine: xr.DataTree, grids: Mapping[str, xr.Dataset], zones: xr.Dataset
) -> Iterator[Finding]:
    """Find fine maps of other magnitude than the map on the census grid, as with a wrong unit.

    Compared is, at each return period that both have, the mean of the fine cells of a census cell
    with the cell's own value, where both are above zero; told is the ratio in the median cell.
    """
    nodes = fine.to_dataset(inherit=False)
    parent, share = nodes["parent"].values, nodes["share"].values
    for peril in sorted(set(fine.children) & set(grids)):
        own, coarse = fine.children[peril].to_dataset(inherit=False), grids[peril]
        for period in np.intersect1d(own["return_period"], coarse["return_period"]):
            values = own["intensity"].sel(return_period=period).values
            mean = np.bincount(parent, share * values, zones.sizes["cell"])
            grid = coarse["intensity"].sel(return_period=period).values
            beside = grid[zones["row"].values, zones["column"].values]
            both = (mean > 0) & (beside > 0)
            ratio = float(np.median(mean[both] / beside[both])) if both.any() else 1.0
            if not 1.0 / FAR <= ratio <= FAR:
                place, found = f"hazard.{peril}.fine", f"fine over coarse {ratio:.3g}"
                yield Finding("fine_scale_other", "census.yml", place, f"{period:g} years", found)
                break


def held_shares(zones: xr.Dataset) -> FloatArray:
    """Share (cell,) of each census cell that zones hold."""
    shares = zones["cell_share"].values.astype(np.float64)
    return np.bincount(zones["entry_cell"].values, shares).astype(np.float64)


def _require_alike(pieces: dict[str, Pieces]) -> None:
    keys = {peril: one.key for peril, one in pieces.items()}
    if len(set(keys.values())) > 1:
        raise FoundError(Finding("fine_cells_differ", "census.yml", "hazard.*.fine", found=keys))


def _highest(
    one: Pieces,
    complete: npt.NDArray[np.bool_],
    held: FloatArray,
    grid: xr.Dataset,
    zones: xr.Dataset,
) -> xr.Dataset:
    """Highest of the fine cells of each census cell that they cover; elsewhere nothing is known.

    Slivers of zones, which rounding leaves in a next cell, are dry.
    """
    maps = np.full((one.periods.size, grid.sizes["y"] * grid.sizes["x"]), np.nan, dtype=np.float32)
    flat = zones["row"].values.astype(np.int64) * grid.sizes["x"] + zones["column"].values
    kept = complete[one.parent]
    for layer, values in zip(maps, one.intensity, strict=True):
        highest = np.zeros(complete.size, dtype=np.float32)
        np.maximum.at(highest, one.parent[kept], values[kept])
        shown = complete | (held <= SLIVER)
        layer[flat[shown]] = highest[shown]
    shape = (one.periods.size, grid.sizes["y"], grid.sizes["x"])
    dims = ("return_period", "y", "x")
    return xr.Dataset(
        {"intensity": (dims, maps.reshape(shape))},
        {"return_period": one.periods, "y": grid["y"].values, "x": grid["x"].values},
        {"units": one.units, "coarse": "highest of the fine cells, which losses read one by one"},
    )


def _tree(
    pieces: dict[str, Pieces],
    complete: npt.NDArray[np.bool_],
    manifest: Manifest,
) -> xr.DataTree:
    first = next(iter(pieces.values()))
    kept = np.flatnonzero(complete[first.parent] & (first.weight > 0))
    wet = np.zeros(kept.size, dtype=bool)
    for one in pieces.values():
        wet |= one.intensity.max(axis=0)[kept] > 0
    chosen, weight = _dry_as_one(first.parent[kept], first.weight[kept], wet)
    index = kept[chosen]
    parent = first.parent[index]
    share = weight / np.bincount(parent, weight, minlength=complete.size)[parent]
    longitude, latitude = converted(first.x[index], first.y[index], manifest.crs, DEGREES)
    cells = xr.Dataset(
        {
            "parent": ("fine", parent.astype(np.int32)),
            "share": ("fine", share),
            "latitude": ("fine", latitude),
            "longitude": ("fine", longitude),
        }
    )
    attrs = {"source": manifest.source, "history": "load_census", "status": manifest.status}
    nodes = {"/": stamp(cells, FINE, spread=first.spread, **attrs)}
    basis = {"return_period_basis": manifest.return_period_basis}
    for peril, one in pieces.items():
        data = xr.Dataset(
            {"intensity": (("return_period", "fine"), one.intensity[:, index])},
            {"return_period": one.periods},
        )
        nodes[peril] = stamp(data, FINE_PERIL, units=one.units, **basis, **attrs)
    return xr.DataTree.from_dict(nodes)


def _dry_as_one(
    parent: IntArray, weight: FloatArray, wet: npt.NDArray[np.bool_]
) -> tuple[IntArray, FloatArray]:
    """Cells to keep, in order of census cells, and their weights: dry ones of a cell are one."""
    dry = np.flatnonzero(~wet)
    parents, first = np.unique(parent[dry], return_index=True)
    together = np.bincount(parent[dry], weight[dry])[parents] if dry.size else weight[:0]
    index = np.concatenate([np.flatnonzero(wet), dry[first]])
    order = np.argsort(parent[index], kind="stable")
    return index[order], np.concatenate([weight[wet], together])[order]
