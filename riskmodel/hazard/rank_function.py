"""The baseline rank function: from a physical index to a rate at a cell, kept with the catalogue.

Anything new (a replayed storm, a storm with more rain) is read through it and never ranked again:
ranking would cancel the very change one wants to see.
"""

from __future__ import annotations

import numba as nb
import numpy as np
import numpy.typing as npt
import xarray as xr

from riskmodel.core.errors import CatalogueError
from riskmodel.hazard.intensity import IntensityCurves
from riskmodel.hazard.position import LAST_POSITION, STEP, position_of_rate

FloatArray = npt.NDArray[np.float64]
TAIL_SPAN = 20.0  # the tail is drawn from the largest year to one this many times as frequent
TAIL = f"line in log-rate from the largest year to the one {TAIL_SPAN:g} times as frequent"
TAIL_STEPS = np.log(TAIL_SPAN) / STEP
NODES = 245  # of a scaled curve; segments are numbered with eight bits


def positions_of_index(function: xr.Dataset, index: FloatArray) -> FloatArray:
    """Positions (block, cell, value) of index values (cell, value), by block.

    Parameters
    ----------
    function : Dataset
        Node ``rank_function/<peril>`` of a catalogue.
    index : array (cell, value)
        Physical index in the function's units.

    Returns
    -------
    Array of positions; NaN where the index is below the stored ranks, or the cell is never
    reached. Above a block's largest year the declared tail is read: the line in log-rate from its
    largest year to the one 20 times as frequent.
    """
    values, positions = _knots(function)
    return np.asarray(_read(values, positions, np.ascontiguousarray(index, dtype=np.float64)))


def scaled_curves(
    curves: IntensityCurves, function: xr.Dataset, factor: float, *, storage_rate: float, peril: str
) -> IntensityCurves:
    """Curves that read each stored position as if its index were `factor` times as large.

    Each block's function takes a stored position to its index, and the scaled index back to a
    position; the mean over blocks is read on the census curve.

    Raises
    ------
    CatalogueError
        If events below the storage rate would begin to cost: the catalogue does not hold them.
    """
    if factor == 1.0:
        return curves
    values, knot_positions = _knots(function)
    first = int(position_of_rate(storage_rate))
    grid = _nodes(first, curves.edges)
    moved = np.asarray(_scaled(values, knot_positions, grid.astype(np.float64), factor))
    cells = np.repeat(np.arange(moved.shape[0])[:, None], grid.size, axis=1)
    intensity = curves.at(cells, np.clip(moved, 0, LAST_POSITION))
    intensity[:, grid < first] = 0.0
    at_storage = intensity[:, np.searchsorted(grid, first)]
    if (at_storage > 0).any():
        raise CatalogueError(
            "events more frequent than the storage rate would begin to cost",
            where=f"{peril}, scenario factor {factor:g}, {int((at_storage > 0).sum())} cells",
            found=storage_rate,
            expected="no intensity at the storage rate",
            remedy=f"raise hazard.storage_rate.{peril}, or take a smaller factor",
        )
    beyond = np.searchsorted(np.median(moved, axis=0), curves.first_extrapolated)
    return IntensityCurves(
        grid,
        intensity[:, :-1].astype(np.float32),
        intensity[:, 1:].astype(np.float32),
        curves.cap,
        int(grid[min(int(beyond), grid.size - 1)]),
    )


def _nodes(first: int, edges: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Positions at which a scaled curve is computed: closest together where storms are frequent."""
    spread = np.linspace(0.0, 1.0, NODES - edges.size) ** 2
    ladder = first + (LAST_POSITION + 1 - first) * spread
    return np.unique(np.concatenate([[0], ladder.astype(np.int64), edges[edges >= first]]))


def _knots(function: xr.Dataset) -> tuple[FloatArray, FloatArray]:
    """Index (block, cell, knot) and position (block, knot), both falling with rank."""
    index, position = function["index"].values, function["knot_position"].values
    return index.astype(np.float64), position.astype(np.float64)


@nb.njit(cache=True)
def _line(values: FloatArray, positions: FloatArray) -> float:
    """Slope of the tail: positions for each unit of the index."""
    k = 0
    while k + 1 < values.size and values[k + 1] > 0.0 and positions[0] - positions[k] < TAIL_STEPS:
        k += 1
    gap = values[0] - values[k]
    return (positions[0] - positions[k]) / gap if gap > 0 else 0.0


@nb.njit(cache=True)
def _to_position(values: FloatArray, positions: FloatArray, x: float) -> float:
    last = values.size - 1
    while last > 0 and not values[last] > 0.0:
        last -= 1
    if not values[0] > 0.0 or x < values[last]:
        return np.nan
    if x >= values[0]:
        return min(positions[0] + (x - values[0]) * _line(values, positions), LAST_POSITION)
    low, high = 0, last
    while high - low > 1:
        middle = (low + high) // 2
        if values[middle] > x:
            low = middle
        else:
            high = middle
    gap = values[low] - values[high]
    part = (values[low] - x) / gap if gap > 0 else 0.0
    return positions[low] + part * (positions[high] - positions[low])


@nb.njit(cache=True)
def _to_index(values: FloatArray, positions: FloatArray, p: float) -> float:
    last = values.size - 1
    if p >= positions[0]:
        slope = _line(values, positions)
        return values[0] + (p - positions[0]) / slope if slope > 0 else values[0]
    low, high = 0, last
    while high - low > 1:
        middle = (low + high) // 2
        if positions[middle] > p:
            low = middle
        else:
            high = middle
    gap = positions[low] - positions[high]
    part = (positions[low] - p) / gap if gap > 0 else 0.0
    return values[low] + min(part, 1.0) * (values[high] - values[low])


@nb.njit(parallel=True, cache=True)
def _read(values: FloatArray, positions: FloatArray, index: FloatArray) -> FloatArray:
    blocks, cells, _ = values.shape
    result = np.empty((blocks, cells, index.shape[1]))
    for c in nb.prange(cells):
        for b in range(blocks):
            for i in range(index.shape[1]):
                result[b, c, i] = _to_position(values[b, c], positions[b], index[c, i])
    return result


@nb.njit(parallel=True, cache=True)
def _scaled(
    values: FloatArray, positions: FloatArray, grid: FloatArray, factor: float
) -> FloatArray:
    """Mean over blocks of the position of the scaled index (cell, grid).

    Cells that are never reached keep their positions.
    """
    blocks, cells, _ = values.shape
    moved = np.zeros((cells, grid.size))
    for c in nb.prange(cells):
        for g in range(grid.size):
            for b in range(blocks):
                p = grid[g]
                if values[b, c, 0] > 0.0:
                    p = _to_position(
                        values[b, c],
                        positions[b],
                        factor * _to_index(values[b, c], positions[b], p),
                    )
                moved[c, g] += (p if p == p else 0.0) / blocks
    return moved
