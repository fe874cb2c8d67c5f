"""Check that two maps stand on one grid; the offset is measured, never rounded away."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import xarray as xr

from riskmodel.census.finding import Finding

NOISE = 1e-6  # of a cell; what two programs make of one and the same corner


def same_grid(
    data: xr.DataArray | xr.Dataset, like: xr.DataArray | xr.Dataset, *, file: str
) -> Iterator[Finding]:
    """Find a map with another resolution, number of cells or corner than the first one."""
    size, other = _steps(data), _steps(like)
    if not np.allclose(size, other, rtol=1e-9, atol=0.0):
        yield Finding("resolution_other", file, found=size, expected=other)
        return
    shape, wanted = [tuple(one.sizes[n] for n in ("y", "x")) for one in (data, like)]
    gaps = [float(data[n][0] - like[n][0]) for n in ("y", "x")]
    corner = [gap / step + 0.0 for gap, step in zip(gaps, size, strict=True)]  # no -0
    offset = f"offset of {corner[0]:.6g} rows and {corner[1]:.6g} columns"
    if shape != wanted:
        yield Finding("grid_other", file, found=f"{shape} cells, {offset}", expected=wanted)
    elif max(map(abs, corner)) > NOISE:
        yield Finding("grid_other", file, found=offset, expected="the grid of the first map")


def _steps(data: xr.DataArray | xr.Dataset) -> tuple[float, ...]:
    return tuple(float(data[n][-1] - data[n][0]) / (data.sizes[n] - 1) for n in ("y", "x"))
