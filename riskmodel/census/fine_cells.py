"""Pieces of census cells finer than their grid, and where places lie on that grid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xarray as xr

from riskmodel.census.crs import converted
from riskmodel.census.finding import Finding, FoundError

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
LEAST = 4  # fine cells in a census cell; with fewer a map is not finer


@dataclass(frozen=True, slots=True)
class Pieces:
    """Fine cells of one peril.

    ``parent`` (fine,) is the cell of the zones that holds each, ``weight`` (fine,) says what stands
    in it, ``x`` and ``y`` (fine,) its place in the system of the census; ``intensity``
    (return_period, fine) is in the kept unit. ``complete`` (cell,) tells which cells of the zones
    they make up. Equal ``key`` means the same cells in the same order.
    """

    key: str
    spread: str
    units: str
    periods: FloatArray
    parent: IntArray
    weight: FloatArray
    x: FloatArray
    y: FloatArray
    intensity: npt.NDArray[np.float32]
    complete: BoolArray


def require_finer(count: IntArray, peril: str) -> None:
    """Refuse maps with fewer than four cells in most census cells.

    Raises
    ------
    FoundError
        If they are not finer.
    """
    if count.size and np.median(count) < LEAST:
        found = f"{np.median(count):g} cells in a census cell"
        place = f"hazard.{peril}.fine"
        raise FoundError(Finding("fine_not_finer", "census.yml", place, "", found, LEAST))


def centres(data: xr.Dataset, source: str, target: str) -> tuple[FloatArray, FloatArray]:
    """Centres (cell,) of a grid of one system in another, x before y."""
    x, y = np.meshgrid(data["x"].values, data["y"].values)
    return converted(x.ravel(), y.ravel(), source, target)


def corners(data: xr.Dataset, source: str, target: str) -> tuple[FloatArray, FloatArray]:
    """Corners (y + 1, x + 1) of the cells of a grid of one system in another, x before y."""
    x, y = np.meshgrid(edges(data["x"].values), edges(data["y"].values))
    new_x, new_y = converted(x.ravel(), y.ravel(), source, target)
    return new_x.reshape(x.shape), new_y.reshape(x.shape)


def along(place: FloatArray, axis: npt.ArrayLike) -> FloatArray:
    """Places in cells of an axis given by its centres, 0 at the first edge.

    Examples
    --------
    >>> along(np.array([0.0, 2.5]), [1.0, 3.0]).tolist()
    [0.0, 1.25]
    """
    middle = np.asarray(axis, dtype=np.float64)
    step = (middle[-1] - middle[0]) / (middle.size - 1)
    return np.asarray((place - middle[0]) / step + 0.5)


def edges(axis: npt.ArrayLike) -> FloatArray:
    """Edges of the cells of an axis given by its centres.

    Examples
    --------
    >>> edges([1.0, 3.0]).tolist()
    [0.0, 2.0, 4.0]
    """
    middle = np.asarray(axis, dtype=np.float64)
    step = (middle[-1] - middle[0]) / (middle.size - 1)
    return np.append(middle - step / 2, middle[-1] + step / 2)


def cell_at(x: FloatArray, y: FloatArray, grid: xr.Dataset, zones: xr.Dataset) -> IntArray:
    """Cell of the zones in which each place lies, -1 for none."""
    numbers = np.full((grid.sizes["y"] + 1, grid.sizes["x"] + 1), -1, dtype=np.int64)
    numbers[zones["row"].values, zones["column"].values] = np.arange(zones.sizes["cell"])
    index = []
    for place, name in ((y, "y"), (x, "x")):
        whole = np.floor(along(place, grid[name].values))
        off = ~((whole >= 0) & (whole < grid.sizes[name]))
        index.append(np.where(off, grid.sizes[name], whole).astype(np.int64))  # a margin of -1
    return np.asarray(numbers[index[0], index[1]])
