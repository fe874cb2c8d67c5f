"""Fine maps as polygons, such as villages with a column of depths: cut along census cells."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
import xarray as xr

from riskmodel.census.features import (
    Features,
    Shapes,
    column_of,
    moved,
    read_features,
    valid_polygon,
)
from riskmodel.census.finding import Finding, FoundError
from riskmodel.census.fine_cells import FloatArray, IntArray, Pieces
from riskmodel.census.hazard import in_numbers, stacked, unit_agrees
from riskmodel.census.manifest import BY_AREA, FineMaps, HazardLayer, PeriodColumns
from riskmodel.census.units import unit_in_column
from riskmodel.census.zones import cell_boxes

COVERED = 0.999  # of what zones hold of a cell; outlines of two surveys never agree wholly


class Cut(NamedTuple):
    """Parts (part,) of polygons in cells of the zones: cell, polygon, area and a point in each."""

    cell: IntArray
    polygon: IntArray
    area: FloatArray
    point: Shapes


def polygon_pieces(
    folder: Path,
    peril: str,
    layer: HazardLayer,
    fine: FineMaps,
    crs: str,
    grid: xr.Dataset,
    zones: xr.Dataset,
    findings: list[Finding],
) -> Pieces:
    """Parts of polygons in each census cell, each with the intensities of its polygon.

    What stands in a polygon is spread evenly. A census cell is complete where polygons cover what
    zones hold of it; with ``nodata_means: dry`` each that they touch is, its rest being dry.

    Raises
    ------
    FoundError
        With what is wrong with the file, its columns or its polygons.
    """
    vector = fine.polygons
    if vector is None:
        raise ValueError("fine maps without polygons")
    features, file, dry = read_features(folder, vector), vector.file, fine.nodata_means == "dry"
    data = _maps(features, vector, peril, layer, fine, findings)
    shapes = [valid_polygon(s, file, f"feature {n + 1}") for n, s in enumerate(features.shapes)]
    placed = moved(np.array(shapes, dtype=object), features.crs, crs, file)
    values = data["intensity"].values[:, 0, :]
    boxes = cell_boxes(grid["x"].values, grid["y"].values)
    cut = _cut(placed, boxes[zones["row"].values, zones["column"].values])
    if not cut.cell.size:
        raise FoundError(Finding("polygons_elsewhere", file, f"hazard.{peril}.fine.polygons"))
    whole = float(shapely.area(boxes[0, 0]))
    _note_overlaps(cut, whole, file, findings)
    known = ~np.isnan(values).any(axis=0)
    weight = cut.area * _density(features, placed, fine, file)[cut.polygon]
    held = np.bincount(zones["entry_cell"].values, zones["cell_share"].values)
    covered = np.bincount(cut.cell, cut.area * known[cut.polygon], held.size) / whole
    complete = np.bincount(cut.cell, weight, held.size) > 0
    if not dry:
        return _pieces(cut, weight, values, complete & (covered >= COVERED * held), data, fine)
    rest = np.flatnonzero(complete & (covered < COVERED * held))
    points = shapely.centroid(boxes[zones["row"].values[rest], zones["column"].values[rest]])
    area = (held[rest] - covered[rest]) * whole * float(fine.spread == BY_AREA)
    nothing = np.full(rest.size, values.shape[1])  # a polygon more, dry in every map
    dry_parts = (rest, nothing, area, points)
    more = Cut(*(np.append(one, two) for one, two in zip(cut, dry_parts, strict=True)))
    padded = np.pad(values, ((0, 0), (0, 1)))
    return _pieces(more, np.append(weight, area), padded, complete, data, fine)


def _maps(
    features: Features,
    vector: PeriodColumns,
    peril: str,
    layer: HazardLayer,
    fine: FineMaps,
    findings: list[Finding],
) -> xr.Dataset:
    """Columns of intensities as maps of one row, a cell for each feature."""
    own = layer.model_copy(
        update={"unit": fine.unit or layer.unit, "nodata_means": fine.nodata_means}
    )
    periods, file, maps = sorted(vector.columns), vector.file, []
    if len(periods) < 2:
        place = f"hazard.{peril}.fine.polygons.columns"
        raise FoundError(Finding("one_return_period", "census.yml", place, found=periods))
    before = len(findings)
    for period in periods:
        name = vector.columns[period]
        column = column_of(features, name, file)
        stated = unit_in_column(name)
        findings += unit_agrees(stated, peril, own, file, f"column {name}")
        values = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64)
        strange = column.notna().to_numpy() & np.isnan(values)
        if strange.any():
            place = f"column {name}, feature {int(np.flatnonzero(strange)[0]) + 1}"
            raise FoundError(Finding("not_a_number", file, "", place, column[strange].iloc[0]))
        if own.nodata is None and fine.nodata is not None:
            values = np.where(values == fine.nodata, np.nan, values)
        values = np.nan_to_num(values) if fine.nodata_means == "dry" else values
        data = xr.DataArray(values[None], {"y": [0], "x": np.arange(values.size)}, ("y", "x"))
        maps.append(in_numbers(data, own, file, findings).assign_attrs(features=True))
    found = stacked(maps, periods, [file] * len(periods), peril, own, findings)
    if faults := [one for one in findings[before:] if one.severity == "error"]:
        del findings[before:]
        raise FoundError(*faults)
    key = f"{file} {vector.layer} {fine.spread} {fine.nodata_means}"
    return found.assign_attrs(key=key)


def _cut(shapes: Shapes, boxes: Shapes) -> Cut:
    """Cut polygons along the boxes of cells."""
    polygon, cell = shapely.STRtree(boxes).query(shapes, predicate="intersects")
    parts = shapely.intersection(shapes[polygon], boxes[cell])
    area = shapely.area(parts)
    kept = area > 0
    point = shapely.point_on_surface(parts[kept])
    return Cut(cell[kept], polygon[kept], area[kept], point)


def _note_overlaps(cut: Cut, whole: float, file: str, findings: list[Finding]) -> None:
    """Tell of cells that polygons cover more than once; what stands there would count twice."""
    covered = np.bincount(cut.cell, cut.area) / whole
    if twice := int((covered > 2.0 - COVERED).sum()):
        findings.append(Finding("polygons_overlap", file, found=f"in {twice} census cells"))


def _density(features: Features, shapes: Shapes, fine: FineMaps, file: str) -> FloatArray:
    """Divide what stands in each polygon by its area; nothing stated is nothing there."""
    if fine.spread == BY_AREA:
        return np.ones(shapes.size)
    column = pd.to_numeric(column_of(features, fine.spread, file), errors="coerce")
    stands = column.fillna(0.0).to_numpy(dtype=np.float64)
    if (stands < 0).any():
        place = f"column {fine.spread}"
        raise FoundError(Finding("negative_weight", file, "", place, float(stands.min())))
    return np.asarray(stands / shapely.area(shapes))


def _pieces(
    cut: Cut,
    weight: FloatArray,
    values: npt.NDArray[np.float32],
    complete: npt.NDArray[np.bool_],
    data: xr.Dataset,
    fine: FineMaps,
) -> Pieces:
    return Pieces(
        key=str(data.attrs["key"]),
        spread=fine.spread,
        units=str(data.attrs["units"]),
        periods=data["return_period"].values.astype(np.float64),
        parent=cut.cell,
        weight=weight,
        x=shapely.get_x(cut.point),
        y=shapely.get_y(cut.point),
        intensity=values[:, cut.polygon],
        complete=complete,
    )
