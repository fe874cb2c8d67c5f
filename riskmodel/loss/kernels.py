"""Kernels of the pass: read intensity, look responses up, combine in the cell, sum by zone.

A task is one zone and one run of occurrences. It alone writes their sums, entry by entry, so no
number of threads and no chunking changes a bit. Helpers are taken into the code of `_task` (numba's
``inline``): as calls for each pair they took twice the time. They are not taken into the parallel
loop itself: that gave sums of zero.
"""

from __future__ import annotations

import numba as nb
import numpy as np
import numpy.typing as npt

from riskmodel.loss.joint_kernels import add_joint, add_joint_moments, add_joint_scenarios
from riskmodel.loss.kernel_arrays import Arrays, IntArray, Pairs, Scratch, Sums


@nb.njit(cache=True, inline="always")
def bin_of(arrays: Arrays, layer: int, row: int, position: float) -> float:
    """Fractional bin of the layer's look-up table at a position; at most its last."""
    j = arrays.segments[layer, int(position)]
    edges = arrays.edges[layer]
    part = (position - edges[j]) / (edges[j + 1] - edges[j])
    left = arrays.left[row, j]
    at = (left + (arrays.right[row, j] - left) * part) * arrays.density[layer]
    return min(at, arrays.last[layer])


@nb.njit(cache=True, inline="always")
def _first_at_least(occurrence: npt.NDArray[np.uint32], low: int, high: int, wanted: int) -> int:
    while low < high:
        middle = (low + high) // 2
        if occurrence[middle] < wanted:
            low = middle + 1
        else:
            high = middle
    return low


@nb.njit(cache=True, inline="always")
def _read(
    arrays: Arrays, pairs: Pairs, scratch: Scratch, p: int, entry: int, low: int, high: int
) -> int:
    """List the occurrences of a run that cost anything at one entry, with their rows."""
    cell, layer, row = arrays.cell[entry], arrays.layer[p, entry], arrays.row[p, entry]
    least, beyond = arrays.first_damaging[p, entry], arrays.beyond[layer]
    end, count = pairs.pointer[p, cell + 1], 0
    bit = np.uint16(1 << p)
    k = _first_at_least(pairs.occurrence, pairs.pointer[p, cell], end, low)
    while k < end and pairs.occurrence[k] < high:
        position = np.int64(pairs.position[k])
        if position >= least:
            at = bin_of(arrays, layer, row, float(position))
            if at > 0.0:
                local = np.int64(pairs.occurrence[k]) - low
                low_bin = np.int64(at)
                scratch.low[p, local] = arrays.first_row[layer] + low_bin
                scratch.part[p, local] = at - low_bin
                scratch.rare[p, local] = position >= beyond
                scratch.acting[local] |= bit
                scratch.listed[p, count] = local
                count += 1
        k += 1
    return count


@nb.njit(cache=True, inline="always")
def _alone(
    arrays: Arrays, scratch: Scratch, sums: Sums, p: int, zone: int, entry: int, local: int,
    storm: int,
) -> None:  # fmt: skip
    """Add what one peril does at one entry."""
    # unsigned numbers need no check for negative indices, so that loops become vector code
    perils, scenarios = scratch.single.shape
    low, part, rare = (
        np.uint64(scratch.low[p, local]),
        scratch.part[p, local],
        scratch.rare[p, local],
    )
    high, moments = low + np.uint64(1), arrays.deviation.shape[0] > 0
    lookup, deviations, acts, own = arrays.lookup, arrays.deviation, arrays.acts, arrays.own
    item_column, entry_item, entry_value = arrays.item_column, arrays.entry_item, arrays.entry_value
    means, rares = sums.mean, sums.extrapolated
    independent, correlated = sums.independent, sums.correlated
    for k in range(
        np.uint64(arrays.entry_pointer[entry]), np.uint64(arrays.entry_pointer[entry + 1])
    ):
        i, value = np.uint64(entry_item[k]), entry_value[k]
        if acts[p, i]:
            column, first = item_column[i], i * np.uint64(scenarios)
            at = np.uint64((column * perils + p) * scenarios)
            upper = value * part
            lower = value - upper
            if scenarios == 1:  # no loop, whose start would cost more than its work
                added = lower * lookup[low, first] + upper * lookup[high, first]
                means[zone, storm, at] += added
                if rare:
                    rares[zone, storm, at] += added
            else:
                for s in range(np.uint64(scenarios)):
                    added = lower * lookup[low, first + s]
                    added += upper * lookup[high, first + s]
                    means[zone, storm, at + s] += added
                if rare:
                    for s in range(np.uint64(scenarios)):
                        added = lower * lookup[low, first + s]
                        added += upper * lookup[high, first + s]
                        rares[zone, storm, at + s] += added
            if moments:
                below, above = deviations[low, i], deviations[high, i]
                deviation = value * (below + (above - below) * part)
                independent[zone, storm, column] += deviation * deviation * own[k]
                correlated[zone, storm, column] += deviation


@nb.njit(cache=True, inline="always")
def _together(
    arrays: Arrays, scratch: Scratch, sums: Sums, zone: int, entry: int, local: int, storm: int
) -> None:
    """Add what several perils of one storm do at one entry."""
    acting = 0
    for p in range(scratch.order.size):
        if scratch.acting[local] >> p & 1:
            scratch.order[acting] = p
            acting += 1
    if scratch.kept.size == 1:
        add_joint(arrays, scratch, sums, zone, entry, local, storm, acting)
    else:
        add_joint_scenarios(arrays, scratch, sums, zone, entry, local, storm, acting)
    if arrays.deviation.shape[0]:
        add_joint_moments(arrays, scratch, sums, zone, entry, local, storm, acting)


@nb.njit(cache=True, inline="always")
def _entry(
    arrays: Arrays, pairs: Pairs, scratch: Scratch, sums: Sums, count: IntArray, zone: int,
    entry: int, first: int, low: int, high: int,
) -> None:  # fmt: skip
    """Add one entry to the sums of the run of occurrences from `low` to `high`."""
    perils = scratch.low.shape[0]
    for p in range(perils):
        count[p] = _read(arrays, pairs, scratch, p, entry, low, high)
    for p in range(perils):
        lower_perils = (1 << p) - 1
        for n in range(count[p]):
            local = int(scratch.listed[p, n])
            acting, storm = int(scratch.acting[local]), low - first + local
            if acting == 1 << p:
                _alone(arrays, scratch, sums, p, zone, entry, local, storm)
            elif not acting & lower_perils:
                _together(arrays, scratch, sums, zone, entry, local, storm)
            sums.touched[zone, storm] = True
    for p in range(perils):
        for n in range(count[p]):
            scratch.acting[scratch.listed[p, n]] = 0


@nb.njit(cache=True, error_model="numpy")
def _task(
    arrays: Arrays, pairs: Pairs, sums: Sums, zone: int, first: int, low: int, high: int
) -> None:
    """Add all entries of a zone to the sums of the run of occurrences from `low` to `high`."""
    perils, run = pairs.pointer.shape[0], high - low
    scenarios = arrays.lookup.shape[1] // arrays.item_column.size
    scratch = Scratch(
        np.zeros((perils, run), np.int64), np.zeros((perils, run)),
        np.zeros((perils, run), np.bool_), np.zeros(run, np.uint16),
        np.zeros((perils, run), np.int32), np.zeros((perils, scenarios)), np.zeros(scenarios),
        np.zeros(scenarios), np.zeros(perils, np.int64),
    )  # fmt: skip
    count = np.zeros(perils, np.int64)
    for entry in range(arrays.zone_pointer[zone], arrays.zone_pointer[zone + 1]):
        _entry(arrays, pairs, scratch, sums, count, zone, entry, first, low, high)


@nb.njit(parallel=True, cache=True)
def accumulate(arrays: Arrays, pairs: Pairs, first: int, run: int, sums: Sums) -> None:
    """Add the occurrences of a chunk, from number `first` on, in tasks of at most `run`."""
    zones, storms = sums.touched.shape
    runs = (storms + run - 1) // run
    for task in nb.prange(zones * runs):
        zone, low = task // runs, first + task % runs * run
        _task(arrays, pairs, sums, zone, first, low, min(low + run, first + storms))
