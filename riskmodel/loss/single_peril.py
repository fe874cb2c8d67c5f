"""What one peril costs alone, at positions of the maps and in the stored pairs of a catalogue."""

from __future__ import annotations

from typing import NamedTuple

import numba as nb
import numpy as np
import numpy.typing as npt

from riskmodel.loss.compilation import CompiledTable

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
CHUNKS = 64  # of entries; fixed, so that sums do not depend on the number of threads


class PerilCosts(NamedTuple):
    """Curves, responses and exposure of one peril, loss items only, as the kernels read them.

    ``segments``, ``edges``, ``left`` and ``right`` are of `IntensityCurves`, ``density`` is bins
    per unit of intensity; ``responses`` (bin, item) are damage ratios, ``value`` (entry, item) CNY.
    """

    segments: npt.NDArray[np.uint8]
    edges: FloatArray
    left: npt.NDArray[np.float32]
    right: npt.NDArray[np.float32]
    density: float
    responses: FloatArray
    value: FloatArray
    entry_cell: IntArray


def peril_costs(table: CompiledTable, peril: str) -> PerilCosts:
    """Take one peril and the loss items out of a compiled table."""
    p = table.perils.index(peril)
    curve = table.curves[p]
    loss = np.array([table.quantities[c] == "loss" for c in table.item_column])
    return PerilCosts(
        curve.segment_table(), curve.edges.astype(np.float64), curve.left, curve.right,
        float(table.bins_per_unit[p]),
        np.ascontiguousarray(table.lookup[p][loss].T, dtype=np.float64),
        np.ascontiguousarray(table.value[:, loss]), table.entry_cell,
    )  # fmt: skip


@nb.njit(cache=True, inline="always")
def _cost(costs: PerilCosts, entry: int, position: float) -> float:
    """Cost of one position at one entry in CNY, all items summed."""
    cell = costs.entry_cell[entry]
    j = costs.segments[int(position)]
    part = (position - costs.edges[j]) / (costs.edges[j + 1] - costs.edges[j])
    at = (costs.left[cell, j] + (costs.right[cell, j] - costs.left[cell, j]) * part) * costs.density
    total = 0.0
    if at > 0.0:
        last = costs.responses.shape[0] - 1
        at = min(at, np.float64(last))
        low = min(np.int64(at), last - 1)
        part = at - low
        for i in range(costs.responses.shape[1]):
            ratio = costs.responses[low, i] * (1.0 - part) + costs.responses[low + 1, i] * part
            total += ratio * costs.value[entry, i]
    return total


@nb.njit(parallel=True, cache=True)
def cost_at_positions(costs: PerilCosts, position: FloatArray) -> FloatArray:
    """Cost in CNY (position,) when all entries read the same position at once.

    Every integral over rates or probabilities, and every sum over ranks, is a weighted sum of it.
    """
    total = np.zeros(position.size)
    for k in nb.prange(position.size):
        for e in range(costs.entry_cell.size):
            total[k] += _cost(costs, e, position[k])
    return total


@nb.njit(parallel=True, cache=True)
def cost_of_pairs(
    costs: PerilCosts, pointer: IntArray, occurrence: npt.NDArray[np.uint32],
    position: npt.NDArray[np.uint16], year: IntArray, years: int,
) -> tuple[float, FloatArray]:  # fmt: skip
    """Cost of annual maxima of one block, and of other storms of the same years by year.

    Parameters
    ----------
    costs : PerilCosts
    pointer, occurrence, position : arrays (cell + 1,), (pair,) and (pair,)
        Stored pairs of the block; a cell's annual maximum is its rarest position of the year.
    year, years : array (occurrence,) and int
        Year of each occurrence within the block, 0 to `years` - 1.

    Returns
    -------
    float and array (year,), CNY, sums over the block
    """
    entries = costs.entry_cell.size
    first, other = np.zeros(CHUNKS), np.zeros((CHUNKS, years))
    for chunk in nb.prange(CHUNKS):
        for e in range(chunk * entries // CHUNKS, (chunk + 1) * entries // CHUNKS):
            cell = costs.entry_cell[e]
            largest = np.full(years, -1)
            for k in range(pointer[cell], pointer[cell + 1]):
                y = year[occurrence[k]]
                if largest[y] < 0 or position[k] > position[largest[y]]:
                    largest[y] = k
            for k in range(pointer[cell], pointer[cell + 1]):
                cost = _cost(costs, e, float(position[k]))
                y = year[occurrence[k]]
                if largest[y] == k:
                    first[chunk] += cost
                else:
                    other[chunk, y] += cost
    return first.sum(), other.sum(axis=0)
