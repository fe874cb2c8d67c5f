"""Turn physical indices of one block of years into footprints of rates, cell by cell.

The largest index of each year at a cell is ranked against the block's other years; rank k has
EP = (k - u) / years. Another storm of the same year is read between the ranks of the annual
maxima, so it is never rarer than its own year's maximum.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numba as nb
import numpy as np
import numpy.typing as npt

from riskmodel.core.draws import purpose_code, uniform
from riskmodel.core.errors import CatalogueError

CHUNK = 256  # cells ranked at once; bounds the memory of a block of any number of years
TIE = purpose_code("ranking tie")


@dataclass(frozen=True, slots=True)
class Interpolation:
    """Bilinear weights from physics nodes to cells: `node` (cell, 4) and `weight` (cell, 4)."""

    node: npt.NDArray[np.int32]
    weight: npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Ranks:
    """What the ranks of a block stand for.

    `positions` (year,) of rank 1, 2, …; `stored`, how many of them are kept; `knots`, the
    zero-based ranks at which the rank function is kept, below `stored`.
    """

    positions: npt.NDArray[np.uint16]
    stored: int
    knots: npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Pool:
    """Index of one peril over all sources that cause it, in order of date.

    `index` (node, storm) >= 0, zero for no occurrence; `number` (storm,) the rising numbers of the
    storms within the block; `year_pointer` (year + 1,) the first storm of each year.
    """

    index: npt.NDArray[np.float32]
    number: npt.NDArray[np.uint32]
    year_pointer: npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class CellPairs:
    """Stored pairs of some cells in cell-major order, and the index at the knots.

    `count` (cell,) frames each cell's run of `occurrence` (rising numbers within the block) and
    `position`; `rank_index` (cell, knot) holds the index values at the chosen ranks.
    """

    cells: npt.NDArray[np.int64]
    count: npt.NDArray[np.int64]
    occurrence: npt.NDArray[np.uint32]
    position: npt.NDArray[np.uint16]
    rank_index: npt.NDArray[np.float32]


def rank_block(
    pool: Pool,
    interpolation: Interpolation,
    cells: npt.NDArray[np.int64],
    ranks: Ranks,
    *,
    key: tuple[int, int],
    peril: str,
) -> Iterator[CellPairs]:
    """Rank one block of one peril and keep the pairs rarer than the storage rate.

    Parameters
    ----------
    pool : Pool
        Index of all storms of the block that can cause the peril.
    interpolation : Interpolation
        From nodes to all cells of the census.
    cells : array
        Rising numbers of the cells that the peril's maps reach; others store nothing.
    ranks : Ranks
        From `rank_positions`, `stored_ranks` and the knots wanted.
    key, peril : tuple of int and str
        Seed and block, for the draws that break ties; the peril, for messages.

    Yields
    ------
    CellPairs of a few hundred cells at a time, so that memory does not grow with cells.

    Raises
    ------
    CatalogueError
        If a cell has fewer positive years than the storage rate needs.
    """
    for start in range(0, cells.size, CHUNK):
        chunk = cells[start : start + CHUNK]
        node, weight = interpolation.node[chunk], interpolation.weight[chunk]
        count, storm, place, rank_index, short = _rank_cells(
            pool.index, pool.year_pointer, node, weight, chunk, ranks.positions, ranks.stored,
            ranks.knots, *key,
        )  # fmt: skip
        _require_years(chunk[short], chunk.size, ranks.stored, f"{peril}, block {key[1]}")
        occurrence, position = _packed(count, storm, place, pool.number)
        yield CellPairs(chunk, count, occurrence, position, rank_index)


def _require_years(short: npt.NDArray[np.int64], ranked: int, stored: int, where: str) -> None:
    if short.size:
        raise CatalogueError(
            "fewer positive years than the storage rate needs",
            where=f"{where}, cell {short[0]}",
            found=f"{short.size} such cells among the {ranked} ranked together",
            expected=f"{stored} years with an index above zero",
            remedy="lower hazard.storage_rate for the peril, or let the physics reach farther",
        )


@nb.njit(parallel=True, cache=True)
def _packed(
    count: npt.NDArray[np.int64],
    storm: npt.NDArray[np.uint32],
    place: npt.NDArray[np.uint16],
    number: npt.NDArray[np.uint32],
) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint16]]:
    """Occurrence and position of what is stored, cell after cell."""
    first = np.cumsum(count) - count
    occurrence = np.empty(count.sum(), dtype=np.uint32)
    position = np.empty(occurrence.size, dtype=np.uint16)
    for c in nb.prange(count.size):
        for k in range(count[c]):
            occurrence[first[c] + k] = number[storm[c, k]]
            position[first[c] + k] = place[c, k]
    return occurrence, position


@nb.njit(cache=True)
def _descending(
    maxima: npt.NDArray[np.float64], stored: int, seed: int, block: int, cell: int
) -> npt.NDArray[np.int64]:
    """Years of the largest maxima by falling maximum, at least `stored`; ties by keyed draw."""
    least = np.partition(maxima, maxima.size - stored)[maxima.size - stored]
    candidates = np.flatnonzero(maxima >= least)
    order = candidates[np.argsort(-maxima[candidates], kind="mergesort")]
    start = 0
    for k in range(1, order.size + 1):
        if k < order.size and maxima[order[k]] == maxima[order[start]]:
            continue
        if k - start > 1 and maxima[order[start]] > 0:
            draws = np.empty(k - start)
            for i in range(start, k):
                draws[i - start] = uniform(seed, TIE, block, cell, order[i])
            order[start:k] = order[start:k][np.argsort(draws)]
        start = k
    return order


@nb.njit(cache=True)
def _leaders(
    storm_value: npt.NDArray[np.float64], year_pointer: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Largest index of each year and the storm that has it; -1 in a year without any."""
    maxima = np.zeros(year_pointer.size - 1)
    leader = np.full(maxima.size, -1)
    for y in range(maxima.size):
        for s in range(year_pointer[y], year_pointer[y + 1]):
            if storm_value[s] > maxima[y]:
                maxima[y] = storm_value[s]
                leader[y] = s
    return maxima, leader


@nb.njit(cache=True)
def _keep(
    value: npt.NDArray[np.float64], year_pointer: npt.NDArray[np.int64],
    leader: npt.NDArray[np.int64], row: npt.NDArray[np.uint16], top: npt.NDArray[np.float64],
    positions: npt.NDArray[np.uint16], storm: npt.NDArray[np.uint32],
    place: npt.NDArray[np.uint16],
) -> int:  # fmt: skip
    """Write what one cell stores, in order of storms, and count it.

    `row` holds the positions of the kept years' maxima by storm, `top` these maxima, falling. A
    second storm of a kept year lies between its neighbours in rank.
    """
    falling, least, kept = -top, top[top.size - 1], 0
    for y in range(leader.size):
        if leader[y] < 0 or row[leader[y]] == 0:
            continue  # the year's maximum is not kept, be it by the draw of a tie
        for s in range(year_pointer[y], year_pointer[y + 1]):
            position = row[s]
            if position == 0 and value[s] >= least:
                k = np.searchsorted(falling, -value[s], side="right") - 1
                position = positions[k]
                if k + 1 < top.size and top[k] > top[k + 1]:
                    part = (top[k] - value[s]) / (top[k] - top[k + 1])
                    position = np.uint16(
                        positions[k] + part * (np.float64(positions[k + 1]) - positions[k])
                    )
            if position > 0:
                storm[kept], place[kept] = s, position
                kept += 1
    return kept


@nb.njit(parallel=True, cache=True)
def _rank_cells(
    indices: npt.NDArray[np.float32],
    year_pointer: npt.NDArray[np.int64],
    node: npt.NDArray[np.int32],
    weight: npt.NDArray[np.float64],
    cells: npt.NDArray[np.int64],
    positions: npt.NDArray[np.uint16],
    stored: int,
    knots: npt.NDArray[np.int64],
    seed: int,
    block: int,
) -> tuple[
    npt.NDArray[np.int64], npt.NDArray[np.uint32], npt.NDArray[np.uint16],
    npt.NDArray[np.float32], npt.NDArray[np.bool_],
]:  # fmt: skip
    """Count by cell, storms and positions stored, index at the knots, and cells short of years."""
    shape = (cells.size, indices.shape[1])
    count = np.zeros(cells.size, dtype=np.int64)
    storm, place = np.empty(shape, dtype=np.uint32), np.empty(shape, dtype=np.uint16)
    values = np.zeros((cells.size, knots.size), dtype=np.float32)
    short = np.zeros(cells.size, dtype=np.bool_)
    for c in nb.prange(cells.size):
        storm_value = np.zeros(indices.shape[1])
        for corner in range(4):
            storm_value += weight[c, corner] * indices[node[c, corner]]
        maxima, leader = _leaders(storm_value, year_pointer)
        order = _descending(maxima, stored, seed, block, cells[c])
        top = maxima[order[:stored]]
        short[c] = top[stored - 1] <= 0.0
        if short[c]:
            continue
        row = np.zeros(indices.shape[1], dtype=np.uint16)
        for k in range(stored):
            row[leader[order[k]]] = positions[k]
        for k in range(knots.size):
            values[c, k] = top[knots[k]]
        count[c] = _keep(storm_value, year_pointer, leader, row, top, positions, storm[c], place[c])
    return count, storm, place, values, short
