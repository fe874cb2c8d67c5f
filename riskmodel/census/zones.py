"""Fractional membership of grid cells in zones, from polygons, conserving area."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import shapely
import xarray as xr

from riskmodel.census.crs import DEGREES, areal_scale, converted, crs_of
from riskmodel.core.errors import ConservationError


def cell_boxes(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> npt.NDArray[np.object_]:
    """Boxes (y, x) of a regular grid given by its cell centres."""
    dx, dy = abs(x[1] - x[0]) / 2, abs(y[1] - y[0]) / 2
    xx, yy = np.meshgrid(x, y)
    return np.asarray(shapely.box(xx - dx, yy - dy, xx + dx, yy + dy))


def zone_entries(
    polygons: Mapping[str, shapely.Geometry],
    x: npt.NDArray[np.float64],
    y: npt.NDArray[np.float64],
    crs: str = DEGREES,
) -> xr.Dataset:
    """Cells of each zone with the share of the zone's area that lies in the cell.

    Parameters
    ----------
    polygons : mapping of str to geometry
        Zone code to polygon, in the coordinate system `crs`.
    x, y : arrays
        Cell centres in that system, equally spaced.
    crs : str
        System of both; in degrees unless said otherwise.

    Returns
    -------
    Dataset with dim ``entry``: ``entry_row``, ``entry_column`` (grid indices), ``entry_zone``
    (index into the order of `polygons`), ``cell_share`` (share of the cell covered by the zone) and
    ``zone_share`` (share of the zone in the cell; sums to one by zone). On one parallel areas in
    square degrees are proportional to true areas; between parallels cos(latitude) weighs them. In a
    projection the areal scale at the cell's centre turns areas of the map into true ones.

    Raises
    ------
    ConservationError
        If the cells miss part of a zone (the grid does not cover it).
    """
    boxes = cell_boxes(x, y).ravel()
    tree = shapely.STRtree(boxes)
    true = _true_area(x, y, crs)
    found = [_cells_of(code, polygon, boxes, tree, true) for code, polygon in polygons.items()]
    cells, overlap, zone_share = (np.concatenate(part) for part in zip(*found, strict=True))
    zone = np.repeat(np.arange(len(found)), [part[0].size for part in found])
    return xr.Dataset(
        {
            "entry_row": ("entry", (cells // x.size).astype(np.int32)),
            "entry_column": ("entry", (cells % x.size).astype(np.int32)),
            "entry_zone": ("entry", zone.astype(np.int16)),
            "cell_share": ("entry", overlap / shapely.area(boxes[cells])),
            "zone_share": ("entry", zone_share),
        }
    )


def main_zones(entries: xr.Dataset, entry_cell: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Zone (cell,) with the largest share of each cell, by number.

    Parameters
    ----------
    entries : Dataset
        From `zone_entries`.
    entry_cell : array (entry,)
        Cell of each entry, numbered from 0.
    """
    order = np.argsort(entries["cell_share"].values, kind="stable")
    zone = np.zeros(int(entry_cell.max()) + 1, dtype=np.int64)
    zone[entry_cell[order]] = entries["entry_zone"].values[order]
    return zone


def _true_area(
    x: npt.NDArray[np.float64], y: npt.NDArray[np.float64], crs: str
) -> npt.NDArray[np.float64]:
    """Relative true area of a unit of the map in each cell (y × x)."""
    if crs_of(crs).is_geographic:
        return np.repeat(np.cos(np.deg2rad(y)), x.size)
    xx, yy = (one.ravel() for one in np.meshgrid(x, y))
    return 1.0 / areal_scale(*converted(xx, yy, crs, DEGREES), crs)


def _cells_of(
    code: str,
    polygon: shapely.Geometry,
    boxes: npt.NDArray[np.object_],
    tree: shapely.STRtree,
    true_area: npt.NDArray[np.float64],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Numbers of a zone's cells, areas in common on the map, and shares of the zone."""
    cells = np.sort(tree.query(polygon, predicate="intersects"))
    shapely.prepare(polygon)
    overlap = shapely.area(boxes[cells])
    cut = ~shapely.contains_properly(polygon, boxes[cells])  # whole cells need no intersection
    overlap[cut] = shapely.area(shapely.intersection(boxes[cells[cut]], polygon))
    missing = 1.0 - overlap.sum() / polygon.area
    if abs(missing) > 1e-9:
        raise ConservationError(
            "the grid does not cover the zone",
            where=f"zone {code}",
            found=missing,
            expected="0 ± 1e-9",
            remedy="extend the maps to the whole zone, with 0 or nodata",
        )
    weight = overlap * true_area[cells]
    kept = overlap > 0
    return cells[kept], overlap[kept], (weight / weight.sum())[kept]
