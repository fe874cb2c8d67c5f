"""Check that two maps stand on one grid; the offset is measured, never rounded away."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import xarray as xr

from riskmodel.census.finding import Finding

NOISE = 1e-6  # of a cell; what two programs make of one and the same corner
Grid = xr.DataArray | xr.Dataset


def same_grid(data: Grid, like: Grid, *, file: str) -> Iterator[Finding]:
    """Find a map with another resolution, number of cells or corner than the first one."""
    axes, first = _axes(data), _axes(like)
    size, other = _steps(axes), _steps(first)
    ratio = [two / one for one, two in zip(size, other, strict=True)]
    shape, wanted = [tuple(one.size for one in both) for both in (axes, first)]
    corner = _corner(axes, first)
    offset = f"offset of {corner[0]:.6g} rows and {corner[1]:.6g} columns"
    if (parts := refinement(data, like)) is not None:
        found = f"{parts[0]} x {parts[1]} cells to one of the first map, {offset}"
        yield Finding("grid_finer", file, found=found, expected=f"cells of {_text(other)}")
    elif not np.allclose(size, other, rtol=1e-9, atol=0.0):
        found = f"{_text(size)}: {ratio[0]:.6g} x {ratio[1]:.6g} cells to one, {offset}"
        yield Finding("resolution_other", file, found=found, expected=f"cells of {_text(other)}")
    elif shape != wanted:
        yield Finding("grid_other", file, found=f"{shape} cells, {offset}", expected=wanted)
    elif max(map(abs, corner)) > NOISE:
        yield Finding("grid_other", file, found=offset, expected="the grid of the first map")


def refinement(data: Grid, like: Grid) -> tuple[int, int] | None:
    """Rows and columns of a finer map in each cell of a grid that it divides exactly, or None.

    Both counts are whole and one of them at least two; the finer map begins at an edge of a cell.
    """
    axes, first = _axes(data), _axes(like)
    size, other = _steps(axes), _steps(first)
    ratio = np.array([two / one for one, two in zip(size, other, strict=True)])
    parts = np.rint(ratio)
    cells = max(one.size for one in axes)
    # an error of the step grows over the map, so it must be small against all of it
    whole = (np.abs(ratio - parts) * cells < NOISE * parts * 1e2).all() and (parts >= 1).all()
    begins = np.array(_corner(axes, first)) * ratio
    aligned = (np.abs(begins - np.rint(begins)) < 1e2 * NOISE).all()
    if not (whole and aligned and parts.max() >= 2):
        return None
    return int(parts[0]), int(parts[1])


def summed(data: xr.DataArray, like: Grid) -> xr.DataArray:
    """Sum a map over the cells of a grid that it divides exactly; nodata counts nothing."""
    first = _axes(like)
    index = []
    for axis, coarse in zip(_axes(data), first, strict=True):
        step = _step(coarse)
        index.append(np.rint((axis - coarse[0]) / step).astype(np.int64))
    shape = (first[0].size, first[1].size)
    row, column = np.broadcast_arrays(index[0][:, None], index[1][None])
    inside = (row >= 0) & (row < shape[0]) & (column >= 0) & (column < shape[1])
    flat = row[inside] * shape[1] + column[inside]
    total = np.bincount(flat, np.nan_to_num(data.values[inside]), shape[0] * shape[1])
    return xr.DataArray(total.reshape(shape), {"y": first[0], "x": first[1]}, ("y", "x"))


def _axes(data: Grid) -> list[npt.NDArray[np.float64]]:
    return [np.asarray(data[name].values, dtype=np.float64) for name in ("y", "x")]


def _step(axis: npt.NDArray[np.float64]) -> float:
    return float(axis[-1] - axis[0]) / (axis.size - 1)


def _steps(axes: list[npt.NDArray[np.float64]]) -> tuple[float, ...]:
    return tuple(map(_step, axes))


def _text(size: tuple[float, ...]) -> str:
    return " x ".join(f"{abs(one):.8g}" for one in size)


def _corner(
    axes: list[npt.NDArray[np.float64]], first: list[npt.NDArray[np.float64]]
) -> list[float]:
    """Where a map's first edges lie, in cells of the other grid from its first edges."""
    found = []
    for one, two in zip(axes, first, strict=True):
        step, wide = _step(one), _step(two)
        found.append(((one[0] - step / 2) - (two[0] - wide / 2)) / wide + 0.0)  # no -0
    return found
