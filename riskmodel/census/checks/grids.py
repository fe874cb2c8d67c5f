"""Check that two maps stand on one grid; the offset is measured, never rounded away."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import xarray as xr

from riskmodel.census.finding import Finding

NOISE = 1e-6  # of a cell; what two programs make of one and the same corner


def same_grid(
    data: xr.DataArray | xr.Dataset, like: xr.DataArray | xr.Dataset, *, file: str
) -> Iterator[Finding]:
    """Find a map with another resolution, number of cells or corner than the first one."""
    axes, first = _axes(data), _axes(like)
    size, other = _steps(axes), _steps(first)
    if not np.allclose(size, other, rtol=1e-9, atol=0.0):
        yield Finding("resolution_other", file, found=size, expected=other)
        return
    shape, wanted = [tuple(one.size for one in both) for both in (axes, first)]
    gaps = [float(one[0] - two[0]) for one, two in zip(axes, first, strict=True)]
    corner = [gap / step + 0.0 for gap, step in zip(gaps, size, strict=True)]  # no -0
    offset = f"offset of {corner[0]:.6g} rows and {corner[1]:.6g} columns"
    if shape != wanted:
        yield Finding("grid_other", file, found=f"{shape} cells, {offset}", expected=wanted)
    elif max(map(abs, corner)) > NOISE:
        yield Finding("grid_other", file, found=offset, expected="the grid of the first map")


def _axes(data: xr.DataArray | xr.Dataset) -> list[npt.NDArray[np.float64]]:
    return [np.asarray(data[name].values, dtype=np.float64) for name in ("y", "x")]


def _steps(axes: list[npt.NDArray[np.float64]]) -> tuple[float, ...]:
    return tuple(float(one[-1] - one[0]) / (one.size - 1) for one in axes)
