"""The identity that must hold: annual maxima of the catalogue cost what the maps say.

For each peril alone, before perils of one storm combine: the mean annual loss of the annual maxima
at each cell equals the integral of loss over annual exceedance probability straight from maps and
responses, up to the error of the quadrature (rank k stands for EP from (k-1)/years to k/years).
"""

from __future__ import annotations

import numba as nb
import numpy as np
import xarray as xr

from riskmodel.core.returnperiod import probability_from_rate
from riskmodel.hazard.catalogue import block_names, catalogue_frequency
from riskmodel.hazard.position import LAST_POSITION, rate_of_position
from riskmodel.loss.compilation import CompiledTable

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
        for name in block_names(catalogue):
            pairs = catalogue[f"{name}/{peril}"]
            block = int(name.removeprefix("block_"))
            in_block = catalogue["block"].values == block
            year = (catalogue["year"].values[in_block] - block * years).astype(np.int64)
            first, other = _from_pairs(
                pairs["pointer"].values,
                pairs["occurrence"].values,
                pairs["position"].values,
                year,
                years,
                *arguments,
            )
            result[1, p] += first / (years * blocks)
            result[2, p] += other / (years * blocks)
    maps = result[0]
    return xr.Dataset(
        {
            "aal_from_maps": ("peril", maps),
            "annual_maxima_error": ("peril", result[1] / maps - 1.0),
            "other_storms_share": ("peril", result[2] / maps),
        },
        {"peril": list(table.perils)},
    )


@nb.njit(cache=True, inline="always")
def _cost(cell, entry, position, segments, edges, left, right, density, responses, value):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
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
def _integral(middle, weight, segments, edges, left, right, density, responses, value, entry_cell):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    by_entry = np.zeros(entry_cell.size)
    for e in nb.prange(entry_cell.size):
        for k in range(middle.size):
            by_entry[e] += weight[k] * _cost(
                entry_cell[e], e, middle[k], segments, edges, left, right, density, responses, value
            )
    return by_entry.sum()


@nb.njit(parallel=True, cache=True)
def _from_pairs(  # type: ignore[no-untyped-def]  # noqa: ANN202
    pointer,
    occurrence,
    position,
    year,
    years,
    segments,
    edges,
    left,
    right,
    density,
    responses,
    value,
    entry_cell,  # noqa: ANN001
):
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
                cell,
                e,
                np.int64(position[k]),
                segments,
                edges,
                left,
                right,
                density,
                responses,
                value,
            )
            if largest[year[occurrence[k]]] == k:
                first[e] += cost
            else:
                other[e] += cost
    return first.sum(), other.sum()
