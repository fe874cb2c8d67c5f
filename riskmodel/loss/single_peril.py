"""What one peril costs alone, at positions of the maps and in the stored pairs of a catalogue."""

from __future__ import annotations

from typing import NamedTuple

import numba as nb
import numpy as np
import numpy.typing as npt

from riskmodel.loss.compilation import CompiledTable
from riskmodel.loss.kernel_arrays import Curves, Places
from riskmodel.loss.layout import kernel_arrays

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
CHUNKS = 64  # of entries; fixed, so that sums do not depend on the number of threads


class PerilCosts(NamedTuple):
    """One peril and the loss items of a compiled table.

    ``curves`` and ``places`` are those of the pass; ``responses`` (row of the look-up table, item)
    are damage ratios, ``value`` (entry, item) CNY, ``peril`` its number.
    """

    curves: Curves
    places: Places
    responses: FloatArray
    value: FloatArray
    peril: int


def peril_costs(table: CompiledTable, peril: str) -> PerilCosts:
    """Take one peril and the loss items out of a compiled table, of its first scenario."""
    loss = np.array([table.quantities[c] == "loss" for c in table.item_column])
    number, arrays = table.perils.index(peril), kernel_arrays(table)
    return PerilCosts(
        arrays.curves,
        arrays.places,
        np.ascontiguousarray(table.lookup[:, loss, 0], dtype=np.float64),
        np.ascontiguousarray(table.entries.value[:, loss]),
        number,
    )  # fmt: skip


@nb.njit(cache=True, inline="always")
def _bin(curves: Curves, layer: int, row: int, position: float) -> float:
    """Fractional bin of the layer's look-up table at a position; at most its last."""
    j = curves.segments[layer, int(position)]
    edges = curves.edges[layer]
    part = (position - edges[j]) / (edges[j + 1] - edges[j])
    left = curves.left[row, j]
    at = (left + (curves.right[row, j] - left) * part) * curves.density[layer]
    return min(at, curves.last[layer])


@nb.njit(cache=True, inline="always")
def _cost(
    curves: Curves, places: Places, responses: FloatArray, value: FloatArray, peril: int,
    entry: int, position: float,
) -> float:  # fmt: skip
    """Cost of one position at one entry in CNY, all items summed."""
    layer, row = places.layer[peril, entry], places.row[peril, entry]
    at = _bin(curves, layer, row, position)
    total = 0.0
    if at > 0.0:
        at += curves.first_row[layer]
        low = np.int64(at)
        part = at - low
        for i in range(responses.shape[1]):
            ratio = responses[low, i] * (1.0 - part) + responses[low + 1, i] * part
            total += ratio * value[entry, i]
    return total


def cost_at_positions(costs: PerilCosts, position: FloatArray) -> FloatArray:
    """Cost in CNY (position,) when all entries read the same position at once.

    Every integral over rates or probabilities, and every sum over ranks, is a weighted sum of it.
    """
    return np.asarray(_at_positions(*costs, position))


@nb.njit(parallel=True, cache=True)
def _at_positions(
    curves: Curves, places: Places, responses: FloatArray, value: FloatArray, peril: int,
    position: FloatArray,
) -> FloatArray:  # fmt: skip
    total = np.zeros(position.size)
    for k in nb.prange(position.size):
        for e in range(places.cell.size):
            total[k] += _cost(curves, places, responses, value, peril, e, position[k])
    return total


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
    first, other = _of_pairs(*costs, pointer, occurrence, position, year, years)
    return float(first), np.asarray(other)


@nb.njit(parallel=True, cache=True)
def _of_pairs(
    curves: Curves, places: Places, responses: FloatArray, value: FloatArray, peril: int,
    pointer: IntArray, occurrence: npt.NDArray[np.uint32], position: npt.NDArray[np.uint16],
    year: IntArray, years: int,
) -> tuple[float, FloatArray]:  # fmt: skip
    entries = places.cell.size
    first, other = np.zeros(CHUNKS), np.zeros((CHUNKS, years))
    for chunk in nb.prange(CHUNKS):
        for e in range(chunk * entries // CHUNKS, (chunk + 1) * entries // CHUNKS):
            cell = places.cell[e]
            largest = np.full(years, -1)
            for k in range(pointer[cell], pointer[cell + 1]):
                y = year[occurrence[k]]
                if largest[y] < 0 or position[k] > position[largest[y]]:
                    largest[y] = k
            for k in range(pointer[cell], pointer[cell + 1]):
                cost = _cost(curves, places, responses, value, peril, e, float(position[k]))
                y = year[occurrence[k]]
                if largest[y] == k:
                    first[chunk] += cost
                else:
                    other[chunk, y] += cost
    return first.sum(), other.sum(axis=0)
