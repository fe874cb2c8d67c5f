"""The identity that must hold: annual maxima of the catalogue cost what the maps say.

For each peril alone, before perils of one storm combine: the mean annual loss of the annual maxima
at each cell equals the integral of loss over annual exceedance probability straight from maps and
responses, up to the error of the quadrature (rank k stands for EP from (k-1)/years to k/years).
"""

from __future__ import annotations

from typing import Any

import numba as nb
import numpy as np
import numpy.typing as npt
import xarray as xr

from riskmodel.core.returnperiod import probability_from_rate
from riskmodel.hazard.catalogue import block_names, catalogue_frequency
from riskmodel.hazard.position import LAST_POSITION, rate_of_position
from riskmodel.loss.compilation import CompiledTable

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
SingleArray = npt.NDArray[np.float32]
SegmentArray = npt.NDArray[np.uint8]
StormArray = npt.NDArray[np.uint32]
PositionArray = npt.NDArray[np.uint16]

STRIDE = 8  # positions between quadrature points


def average_from_maps(catalogue: xr.DataTree, table: CompiledTable) -> xr.Dataset:
    """Check the identity by peril.

    Returns
    -------
    Dataset with dim ``peril``: ``aal_from_maps`` (CNY a year, loss columns only),
    ``annual_maxima_error`` (relative difference of the catalogue's annual maxima, all blocks) and
    ``other_storms_share`` (what second storms of a year add, over the maps' AAL).
    """
    chosen = np.array([table.quantities[c] == "loss" for c in table.item_column])
    years, blocks = int(catalogue.attrs["years_per_block"]), int(catalogue.attrs["blocks"])
    frequency = catalogue_frequency(catalogue)
    edges = np.arange(0, LAST_POSITION + 1 + STRIDE, STRIDE, dtype=np.float64)
    probability = probability_from_rate(rate_of_position(edges), frequency)
    middle = ((edges[:-1] + edges[1:]) / 2).astype(np.int64)
    result = np.zeros((3, len(table.perils)))
    for p, peril in enumerate(table.perils):
        curve = table.curves[p]
        responses = table.lookup[p][chosen].astype(np.float64)
        value = table.value[:, chosen]
        arguments = (
            curve.segment_table(), curve.edges.astype(np.float64), curve.left, curve.right,
            table.bins_per_unit[p], responses, value, table.entry_cell,
        )  # fmt: skip
        result[0, p] = _integral(middle, -np.diff(probability), *arguments)
        first, other = _of_all_blocks(catalogue, peril, years, arguments)
        result[1, p], result[2, p] = first / (years * blocks), other / (years * blocks)
    maps = result[0]
    return xr.Dataset(
        {
            "aal_from_maps": ("peril", maps),
            "annual_maxima_error": ("peril", result[1] / maps - 1.0),
            "other_storms_share": ("peril", result[2] / maps),
        },
        {"peril": list(table.perils)},
    )


def _of_all_blocks(
    catalogue: xr.DataTree, peril: str, years: int, arguments: tuple[Any, ...]
) -> tuple[float, float]:
    """Cost of annual maxima, and of other storms of the same years, in all blocks."""
    root = catalogue.to_dataset()
    block_of, year_of = root["block"].values, root["year"].values
    first, other = 0.0, 0.0
    for block, name in enumerate(block_names(catalogue)):
        pairs = catalogue[f"{name}/{peril}"].to_dataset()
        year = (year_of[block_of == block] - block * years).astype(np.int64)
        costs = _from_pairs(
            pairs["pointer"].values, pairs["occurrence"].values, pairs["position"].values,
            year, years, *arguments,
        )  # fmt: skip
        first, other = first + costs[0], other + costs[1]
    return first, other


@nb.njit(cache=True, inline="always")
def _cost(
    cell: int, entry: int, position: int, segments: SegmentArray, edges: FloatArray,
    left: SingleArray, right: SingleArray, density: float, responses: FloatArray,
    value: FloatArray,
) -> float:  # fmt: skip
    """Cost of one position at one entry, all items summed."""
    j = segments[position]
    part = (position - edges[j]) / (edges[j + 1] - edges[j])
    at = (left[cell, j] + (right[cell, j] - left[cell, j]) * part) * density
    last = responses.shape[1] - 1
    at = min(at, np.float64(last))
    low = min(np.int64(at), last - 1)
    total = 0.0
    if at > 0.0:
        for i in range(responses.shape[0]):
            ratio = responses[i, low] + (responses[i, low + 1] - responses[i, low]) * (at - low)
            total += ratio * value[entry, i]
    return total


@nb.njit(parallel=True, cache=True)
def _integral(
    middle: IntArray, weight: FloatArray, segments: SegmentArray, edges: FloatArray,
    left: SingleArray, right: SingleArray, density: float, responses: FloatArray,
    value: FloatArray, entry_cell: IntArray,
) -> float:  # fmt: skip
    """Integral of cost over annual exceedance probability, straight from the maps."""
    by_entry = np.zeros(entry_cell.size)
    for e in nb.prange(entry_cell.size):
        for k in range(middle.size):
            by_entry[e] += weight[k] * _cost(
                entry_cell[e], e, middle[k], segments, edges, left, right, density, responses, value
            )
    return float(by_entry.sum())


@nb.njit(parallel=True, cache=True)
def _from_pairs(
    pointer: IntArray, occurrence: StormArray, position: PositionArray, year: IntArray,
    years: int, segments: SegmentArray, edges: FloatArray, left: SingleArray,
    right: SingleArray, density: float, responses: FloatArray, value: FloatArray,
    entry_cell: IntArray,
) -> tuple[float, float]:  # fmt: skip
    """Cost of annual maxima, and of other storms of the same years, at all entries."""
    first = np.zeros(entry_cell.size)
    other = np.zeros(entry_cell.size)
    for e in nb.prange(entry_cell.size):
        cell = entry_cell[e]
        largest = np.full(years, -1)
        for k in range(pointer[cell], pointer[cell + 1]):
            y = year[occurrence[k]]
            if largest[y] < 0 or position[k] > position[largest[y]]:
                largest[y] = k
        for k in range(pointer[cell], pointer[cell + 1]):
            cost = _cost(
                cell, e, int(position[k]), segments, edges, left, right, density, responses,
                value,
            )  # fmt: skip
            if largest[year[occurrence[k]]] == k:
                first[e] += cost
            else:
                other[e] += cost
    return float(first.sum()), float(other.sum())
