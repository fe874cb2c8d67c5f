"""Fractional membership of grid cells in zones, from polygons, conserving area."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import shapely
import xarray as xr

from riskmodel.core.errors import ConservationError


def cell_boxes(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> npt.NDArray[np.object_]:
    """Boxes (y, x) of a regular grid given by its cell centres in degrees."""
    dx, dy = abs(x[1] - x[0]) / 2, abs(y[1] - y[0]) / 2
    xx, yy = np.meshgrid(x, y)
    return np.asarray(shapely.box(xx - dx, yy - dy, xx + dx, yy + dy))


def zone_entries(
    polygons: Mapping[str, shapely.Geometry], x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]
) -> xr.Dataset:
    """Cells of each zone with the share of the zone's area that lies in the cell.

    Parameters
    ----------
    polygons : mapping of str to geometry
        Zone code to polygon in degrees.
    x, y : arrays
        Cell centres in degrees, equally spaced.

    Returns
    -------
    Dataset with dim ``entry``: ``entry_row``, ``entry_column`` (grid indices), ``entry_zone``
    (index into the order of `polygons`), ``cell_share`` (share of the cell covered by the zone) and
    ``zone_share`` (share of the zone in the cell; sums to one by zone). On one parallel areas in
    square degrees are proportional to true areas; between parallels cos(latitude) weighs them.

    Raises
    ------
    ConservationError
        If the cells miss part of a zone (the grid does not cover it).
    """
    boxes = cell_boxes(x, y)
    tree = shapely.STRtree(boxes.ravel())
    rows: list[npt.NDArray[np.float64]] = []
    for zone, (code, polygon) in enumerate(polygons.items()):
        cells = np.sort(tree.query(polygon, predicate="intersects"))
        overlap = shapely.area(shapely.intersection(boxes.ravel()[cells], polygon))
        missing = 1.0 - overlap.sum() / polygon.area
        if abs(missing) > 1e-9:
            raise ConservationError(
                "the grid does not cover the zone",
                where=f"zone {code}",
                found=missing,
                expected="0 ± 1e-9",
            )
        kept = overlap > 0
        weight = overlap * np.cos(np.deg2rad(y[cells // x.size]))
        rows.append(
            np.stack(
                [
                    cells,
                    np.full(cells.size, zone),
                    overlap / shapely.area(boxes.ravel()[cells]),
                    weight / weight.sum(),
                ],
                axis=1,
            )[kept]
        )
    table = np.concatenate(rows)
    cells = table[:, 0].astype(np.int64)
    return xr.Dataset(
        {
            "entry_row": ("entry", (cells // x.size).astype(np.int32)),
            "entry_column": ("entry", (cells % x.size).astype(np.int32)),
            "entry_zone": ("entry", table[:, 1].astype(np.int16)),
            "cell_share": ("entry", table[:, 2]),
            "zone_share": ("entry", table[:, 3]),
        }
    )
