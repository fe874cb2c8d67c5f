"""Kernels of the pass: read intensity, look responses up, combine in the cell, sum by zone.

A task is one zone and one run of occurrences. It alone writes their sums, entry by entry, so no
number of threads and no chunking changes a bit. Each kernel goes through a list of an entry's pairs
and takes its arrays apart before: numba counts references whenever an array is taken out of a
tuple, which for each pair took longer than the pair.
"""

from __future__ import annotations

import numba as nb
import numpy as np
import numpy.typing as npt

from riskmodel.hazard.position import LAST_POSITION
from riskmodel.loss.joint_kernels import add_joint, add_joint_moments, add_joint_scenarios
from riskmodel.loss.kernel_arrays import Arrays, FloatArray, IntArray, Pairs, Scratch, Sums


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


@nb.njit(cache=True, error_model="numpy")
def _lines(arrays: Arrays, layer: int, row: int, start: FloatArray, slope: FloatArray) -> None:
    """Bins of one row as lines over position: start + slope · position, by segment."""
    edges, density = arrays.edges[layer], arrays.density[layer]
    left, right = arrays.left[row], arrays.right[row]
    for j in range(start.size):
        width = edges[j + 1] - edges[j]
        slope[j] = (right[j] - left[j]) * density / width if width > 0.0 else 0.0
        start[j] = left[j] * density - slope[j] * edges[j]


@nb.njit(cache=True, error_model="numpy")
def _read(
    arrays: Arrays, pairs: Pairs, scratch: Scratch, p: int, entry: int, low: int, high: int
) -> int:
    """List the occurrences of a run that cost anything at one entry, with their rows."""
    cell, layer, row = arrays.cell[entry], arrays.layer[p, entry], arrays.row[p, entry]
    least, beyond = arrays.first_damaging[p, entry], arrays.beyond[layer]
    lows, parts, rare = scratch.low[p], scratch.part[p], scratch.rare[p]
    acting, listed, first_row = scratch.acting, scratch.listed[p], arrays.first_row[layer]
    occurrences, positions, last = pairs.occurrence, pairs.position, arrays.last[layer]
    segments, start, slope = arrays.segments[layer], scratch.start, scratch.slope
    end, count = pairs.pointer[p, cell + 1], 0
    if least > LAST_POSITION:  # nothing at this entry can cost anything
        return 0
    _lines(arrays, layer, row, start, slope)
    bit = np.uint16(1 << p)
    k = _first_at_least(occurrences, pairs.pointer[p, cell], end, low)
    while k < end and occurrences[k] < high:
        position = np.int64(positions[k])
        if position >= least:
            j = segments[position]
            at = min(start[j] + slope[j] * position, last)
            if at > 0.0:
                local = np.int64(occurrences[k]) - low
                low_bin = np.int64(at)
                lows[local] = first_row + low_bin
                parts[local] = at - low_bin
                rare[local] = position >= beyond
                acting[local] |= bit
                listed[count] = local
                count += 1
        k += 1
    return count


@nb.njit(cache=True, error_model="numpy")
def _alone(
    arrays: Arrays, scratch: Scratch, sums: Sums, p: int, zone: int, entry: int, count: int,
    offset: int,
) -> None:  # fmt: skip
    """Add what one peril does at one entry in storms of its own, in the only scenario."""
    bit = np.uint16(1 << p)
    listed, acting, lows = scratch.listed[p], scratch.acting, scratch.low[p]
    parts, rare = scratch.part[p], scratch.rare[p]
    lookup, acts, slot = arrays.lookup, arrays.acts[p], arrays.slot[p]
    entry_item, entry_value = arrays.entry_item, arrays.entry_value
    first, end = arrays.entry_pointer[entry], arrays.entry_pointer[entry + 1]
    means, rares = sums.mean[zone], sums.extrapolated[zone]
    for n in range(count):
        local = listed[n]
        if acting[local] != bit:
            continue
        low, part, storm = lows[local], parts[local], offset + local
        for k in range(first, end):
            i = entry_item[k]
            if acts[i]:
                upper = entry_value[k] * part
                added = (entry_value[k] - upper) * lookup[low, i] + upper * lookup[low + 1, i]
                means[storm, slot[i]] += added
                if rare[local]:
                    rares[storm, slot[i]] += added


@nb.njit(cache=True, error_model="numpy")
def _alone_scenarios(
    arrays: Arrays, scratch: Scratch, sums: Sums, p: int, zone: int, entry: int, count: int,
    offset: int,
) -> None:  # fmt: skip
    """Add what one peril does at one entry in storms of its own, in all scenarios."""
    # unsigned numbers need no check for negative indices, so that loops become vector code
    scenarios, bit = np.uint64(scratch.kept.size), np.uint16(1 << p)
    listed, acting, lows = scratch.listed[p], scratch.acting, scratch.low[p]
    parts, rare = scratch.part[p], scratch.rare[p]
    lookup, acts, slot = arrays.lookup, arrays.acts[p], arrays.slot[p]
    entry_item, entry_value = arrays.entry_item, arrays.entry_value
    start, end = arrays.entry_pointer[entry], arrays.entry_pointer[entry + 1]
    means, rares = sums.mean[zone], sums.extrapolated[zone]
    for n in range(count):
        local = listed[n]
        if acting[local] != bit:
            continue
        low, part, storm = np.uint64(lows[local]), parts[local], offset + local
        high = low + np.uint64(1)
        for k in range(start, end):
            i, value = np.uint64(entry_item[k]), entry_value[k]
            if acts[i]:
                first, at = i * scenarios, np.uint64(slot[i]) * scenarios
                upper = value * part
                lower = value - upper
                for s in range(scenarios):
                    added = lower * lookup[low, first + s]
                    added += upper * lookup[high, first + s]
                    means[storm, at + s] += added
                if rare[local]:
                    for s in range(scenarios):
                        added = lower * lookup[low, first + s]
                        added += upper * lookup[high, first + s]
                        rares[storm, at + s] += added


@nb.njit(cache=True, error_model="numpy")
def _alone_moments(
    arrays: Arrays, scratch: Scratch, sums: Sums, p: int, zone: int, entry: int, count: int,
    offset: int,
) -> None:  # fmt: skip
    """Add the deviations of one entry under one peril alone, in the first scenario."""
    bit, own = np.uint16(1 << p), arrays.own
    listed, acting, lows, parts = scratch.listed[p], scratch.acting, scratch.low[p], scratch.part[p]
    deviations, acts, item_column = arrays.deviation, arrays.acts[p], arrays.item_column
    entry_item, entry_value = arrays.entry_item, arrays.entry_value
    first, end = arrays.entry_pointer[entry], arrays.entry_pointer[entry + 1]
    independent, correlated = sums.independent[zone], sums.correlated[zone]
    for n in range(count):
        local = listed[n]
        if acting[local] != bit:
            continue
        low, part, storm = lows[local], parts[local], offset + local
        for k in range(first, end):
            i = entry_item[k]
            if acts[i]:
                below = deviations[low, i]
                deviation = entry_value[k] * (below + (deviations[low + 1, i] - below) * part)
                independent[storm, item_column[i]] += deviation * deviation * own[k]
                correlated[storm, item_column[i]] += deviation


@nb.njit(cache=True, error_model="numpy")
def _only(
    arrays: Arrays, pairs: Pairs, scratch: Scratch, sums: Sums, zone: int, entry: int, first: int,
    low: int, high: int,
) -> None:  # fmt: skip
    """Add one entry of a table with one peril and no moments; nothing is listed."""
    # unsigned numbers need no check for negative indices
    cell, layer, row = arrays.cell[entry], arrays.layer[0, entry], arrays.row[0, entry]
    least, beyond, last = arrays.first_damaging[0, entry], arrays.beyond[layer], arrays.last[layer]
    occurrences, positions, offset = pairs.occurrence, pairs.position, np.uint32(first)
    segments, start, slope = arrays.segments[layer], scratch.start, scratch.slope
    lookup, slot = arrays.lookup, arrays.slot[0]
    entry_item, entry_value = arrays.entry_item, arrays.entry_value
    begin = np.uint64(arrays.entry_pointer[entry])
    stop, first_row = np.uint64(arrays.entry_pointer[entry + 1]), np.uint64(arrays.first_row[layer])
    means, rares = sums.mean[zone], sums.extrapolated[zone]
    _lines(arrays, layer, row, start, slope)
    whole, one, scenarios = pairs.pointer[0, cell + 1], np.uint64(1), np.uint64(scratch.kept.size)
    k_low = _first_at_least(occurrences, pairs.pointer[0, cell], whole, low)
    k_high = _first_at_least(occurrences, k_low, whole, high)
    for k in range(np.uint64(k_low), np.uint64(k_high)):
        position = positions[k]
        if position < least:
            continue
        j = segments[position]
        at = min(start[j] + slope[j] * position, last)
        if at > 0.0:
            storm, low_bin = np.uint64(occurrences[k] - offset), np.uint64(at)
            part, bin_row = at - low_bin, first_row + low_bin
            for n in range(begin, stop):
                item, value = entry_item[n], entry_value[n]
                i, column = np.uint64(item) * scenarios, np.uint64(slot[item]) * scenarios
                upper = value * part
                lower = value - upper
                if scenarios == one:  # no loop, whose start would cost more than its work
                    added = lower * lookup[bin_row, i] + upper * lookup[bin_row + one, i]
                    means[storm, column] += added
                    if position >= beyond:
                        rares[storm, column] += added
                    continue
                for s in range(scenarios):
                    added = lower * lookup[bin_row, i + s]
                    added += upper * lookup[bin_row + one, i + s]
                    means[storm, column + s] += added
                if position >= beyond:
                    for s in range(scenarios):
                        added = lower * lookup[bin_row, i + s]
                        added += upper * lookup[bin_row + one, i + s]
                        rares[storm, column + s] += added


@nb.njit(cache=True)
def _entry(
    arrays: Arrays, pairs: Pairs, scratch: Scratch, sums: Sums, count: IntArray, zone: int,
    entry: int, first: int, low: int, high: int,
) -> None:  # fmt: skip
    """Add one entry to the sums of the run of occurrences from `low` to `high`."""
    perils, offset, moments = scratch.low.shape[0], low - first, arrays.deviation.shape[0] > 0
    for p in range(perils):
        count[p] = _read(arrays, pairs, scratch, p, entry, low, high)
    for p in range(perils):
        if scratch.kept.size == 1:
            _alone(arrays, scratch, sums, p, zone, entry, count[p], offset)
            add_joint(arrays, scratch, sums, p, zone, entry, count[p], offset)
        else:
            _alone_scenarios(arrays, scratch, sums, p, zone, entry, count[p], offset)
            add_joint_scenarios(arrays, scratch, sums, p, zone, entry, count[p], offset)
        if moments:
            _alone_moments(arrays, scratch, sums, p, zone, entry, count[p], offset)
            add_joint_moments(arrays, scratch, sums, p, zone, entry, count[p], offset)
    touched, acting = sums.touched[zone], scratch.acting
    for p in range(perils):
        listed = scratch.listed[p]
        for n in range(count[p]):
            touched[offset + listed[n]] = True
            acting[listed[n]] = 0


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
        np.zeros(scenarios), np.zeros(perils, np.int64), np.zeros(arrays.left.shape[1]),
        np.zeros(arrays.left.shape[1]),
    )  # fmt: skip
    count = np.zeros(perils, np.int64)
    plain = perils == 1 and arrays.deviation.shape[0] == 0
    for entry in range(arrays.zone_pointer[zone], arrays.zone_pointer[zone + 1]):
        if plain:
            _only(arrays, pairs, scratch, sums, zone, entry, first, low, high)
        else:
            _entry(arrays, pairs, scratch, sums, count, zone, entry, first, low, high)
    if plain:
        for storm in range(low - first, high - first):
            sums.touched[zone, storm] = sums.mean[zone, storm].any()


@nb.njit(parallel=True, cache=True)
def accumulate(arrays: Arrays, pairs: Pairs, first: int, run: int, sums: Sums) -> None:
    """Add the occurrences of a chunk, from number `first` on, in tasks of at most `run`."""
    zones, storms = sums.touched.shape
    runs = (storms + run - 1) // run
    for task in nb.prange(zones * runs):
        zone, low = task // runs, first + task % runs * run
        _task(arrays, pairs, sums, zone, first, low, min(low + run, first + storms))
