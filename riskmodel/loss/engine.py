"""The pass over the catalogue: gather, look up, combine in the cell, sum by occurrence and zone.

One task for each (block, zone) owns its output, so results do not depend on the number of threads.
"""

from __future__ import annotations

from collections.abc import Iterator

import numba as nb
import numpy as np
import numpy.typing as npt
import xarray as xr

from riskmodel.core.errors import CatalogueError
from riskmodel.hazard.catalogue import block_names
from riskmodel.loss.compilation import CompiledTable

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
SingleArray = npt.NDArray[np.float32]
SegmentArray = npt.NDArray[np.uint8]
StormArray = npt.NDArray[np.uint32]
PositionArray = npt.NDArray[np.uint16]
NO_STORM = 1 << 62


def block_results(
    catalogue: xr.DataTree, table: CompiledTable
) -> Iterator[tuple[FloatArray, FloatArray]]:
    """Mean outcome of each occurrence by block: two arrays (zone, occurrence, column, peril).

    The first holds the mean, the second its part from cells whose own rate is rarer than the
    peril's rarest map. Perils of one occurrence combine in the cell, as 1 - Π(1 - d) or the
    highest; the combined amount is attributed to perils in proportion to their single amounts.

    Raises
    ------
    CatalogueError
        If the catalogue lacks a peril or a cell of the table.
    """
    block_of = catalogue.to_dataset()["block"].values
    segments = np.stack([c.segment_table() for c in table.curves])
    edges = _padded([c.edges.astype(np.float64) for c in table.curves])
    left, right = (
        _padded_cells([getattr(c, side) for c in table.curves]) for side in ("left", "right")
    )
    beyond = np.array([c.first_extrapolated for c in table.curves])
    for b, name in enumerate(block_names(catalogue)):
        pointer, occurrence, position = _joined_pairs(
            catalogue, name, table.perils, int(table.entry_cell.max(initial=0))
        )
        count = int(np.count_nonzero(block_of == b))
        shape = (table.zone_pointer.size - 1, count, len(table.columns), len(table.perils))
        mean, extrapolated = np.zeros(shape), np.zeros(shape)
        _pass(
            pointer, occurrence, position, segments, edges, left, right, beyond, table.lookup,
            table.bins_per_unit, table.item_column, table.item_highest, table.value,
            table.entry_cell, table.zone_pointer, mean, extrapolated,
        )  # fmt: skip
        yield mean, extrapolated


def _joined_pairs(
    catalogue: xr.DataTree, block: str, perils: tuple[str, ...], last_cell: int
) -> tuple[IntArray, StormArray, PositionArray]:
    missing = [p for p in perils if p not in catalogue[block].children]
    if missing:
        raise CatalogueError("the catalogue lacks perils of the table", where=block, found=missing)
    nodes = [catalogue[f"{block}/{p}"].to_dataset() for p in perils]
    if any(node.sizes["edge"] <= last_cell + 1 for node in nodes):
        raise CatalogueError(
            "the table has cells that the catalogue lacks",
            where=block,
            found=f"cell {last_cell}",
            expected=f"cells below {min(node.sizes['edge'] for node in nodes) - 1}",
            remedy="compile with the census from which the catalogue was made",
        )
    sizes = np.cumsum([0] + [n.sizes["pair"] for n in nodes[:-1]])
    pointer = np.stack([n["pointer"].values + s for n, s in zip(nodes, sizes, strict=True)])
    occurrence = np.concatenate([n["occurrence"].values for n in nodes])
    return pointer, occurrence, np.concatenate([n["position"].values for n in nodes])


def _padded(rows: list[FloatArray]) -> FloatArray:
    width = max(r.size for r in rows)
    return np.stack([np.pad(r, (0, width - r.size), mode="edge") for r in rows])


def _padded_cells(rows: list[SingleArray]) -> SingleArray:
    width = max(r.shape[1] for r in rows)
    return np.stack([np.pad(r, ((0, 0), (0, width - r.shape[1]))) for r in rows])


@nb.njit(cache=True, inline="always")
def _bin(
    p: int, cell: int, position: int, segments: SegmentArray, edges: FloatArray,
    left: SingleArray, right: SingleArray, density: FloatArray, last: float,
) -> float:  # fmt: skip
    """Fractional bin of the look-up table for one pair."""
    j = segments[p, position]
    part = (position - edges[p, j]) / (edges[p, j + 1] - edges[p, j])
    intensity = left[p, cell, j] + (right[p, cell, j] - left[p, cell, j]) * part
    return min(intensity * density[p], last)


@nb.njit(cache=True, inline="always")
def _next_storm(head: IntArray, end: IntArray, occurrence: StormArray) -> int:
    """Lowest occurrence number at the heads of the perils' runs; `NO_STORM` when all are done."""
    storm = np.int64(NO_STORM)
    for p in range(head.size):
        if head[p] < end[p]:
            storm = min(storm, np.int64(occurrence[head[p]]))
    return int(storm)


@nb.njit(cache=True, inline="always")
def _combine(
    i: int, low: IntArray, part: FloatArray, acts: BoolArray, lookup: SingleArray,
    single: FloatArray,
) -> tuple[float, float, int]:  # fmt: skip
    """Fill `single` with each peril's ratio; return their sum, Π(1 - d), and the highest peril."""
    total, kept, best = 0.0, 1.0, -1
    for p in range(single.size):
        single[p] = 0.0
        if acts[p]:
            single[p] = lookup[p, i, low[p]] * (1.0 - part[p]) + lookup[p, i, low[p] + 1] * part[p]
        total += single[p]
        kept *= 1.0 - single[p]
        if single[p] > 0.0 and (best < 0 or single[p] > single[best]):
            best = p
    return total, kept, best


@nb.njit(cache=True, inline="always")
def _booked(
    p: int, highest: bool, single: FloatArray, total: float, kept: float, best: int
) -> float:
    """Part of the combined ratio that is booked to one peril."""
    if highest:
        return single[p] if p == best else 0.0
    return (1.0 - kept) * single[p] / total


@nb.njit(parallel=True, cache=True)
def _pass(
    pointer: IntArray, occurrence: StormArray, position: PositionArray, segments: SegmentArray,
    edges: FloatArray, left: SingleArray, right: SingleArray, beyond: IntArray,
    lookup: SingleArray, density: FloatArray, item_column: IntArray, item_highest: BoolArray,
    value: FloatArray, entry_cell: IntArray, zone_pointer: IntArray, mean: FloatArray,
    extrapolated: FloatArray,
) -> None:  # fmt: skip
    perils, items, bins = lookup.shape
    for zone in nb.prange(zone_pointer.size - 1):
        head, end = np.zeros(perils, np.int64), np.zeros(perils, np.int64)
        low, part = np.zeros(perils, np.int64), np.zeros(perils)
        acts, rare = np.zeros(perils, np.bool_), np.zeros(perils, np.bool_)
        single = np.zeros(perils)
        for entry in range(zone_pointer[zone], zone_pointer[zone + 1]):
            cell = entry_cell[entry]
            for p in range(perils):
                head[p], end[p] = pointer[p, cell], pointer[p, cell + 1]
            storm = _next_storm(head, end, occurrence)
            while storm != NO_STORM:
                wet = False
                for p in range(perils):
                    acts[p] = head[p] < end[p] and occurrence[head[p]] == storm
                    if acts[p]:
                        rank = position[head[p]]
                        head[p] += 1
                        at = _bin(p, cell, rank, segments, edges, left, right, density, bins - 1.0)
                        low[p] = min(np.int64(at), bins - 2)
                        part[p] = at - low[p]
                        rare[p] = rank >= beyond[p]
                        acts[p] = at > 0.0
                        wet = wet or acts[p]
                if wet:
                    for i in range(items):
                        total, kept, best = _combine(i, low, part, acts, lookup, single)
                        if best < 0:
                            continue
                        column, exposed = item_column[i], value[entry, i]
                        for p in range(perils):
                            ratio = _booked(p, item_highest[i], single, total, kept, best)
                            if ratio <= 0.0:
                                continue
                            mean[zone, storm, column, p] += ratio * exposed
                            if rare[p]:
                                extrapolated[zone, storm, column, p] += ratio * exposed
                storm = _next_storm(head, end, occurrence)
