"""Kernels of the pass: read intensity, look responses up, combine in the cell, sum by zone.

A task is one zone and one run of occurrences. It alone writes their sums, entry by entry, so no
number of threads and no chunking changes a bit.
"""

from __future__ import annotations

from typing import NamedTuple

import numba as nb
import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
SingleArray = npt.NDArray[np.float32]
LEAST = 1e-300  # in place of a sum of ratios that is zero


class Arrays(NamedTuple):
    """A compiled table as the kernels read it.

    By layer: ``segments`` (65,536 positions), ``edges``, ``density`` (bins per unit of intensity),
    ``first_row`` and ``last`` bin of the look-up table, ``beyond``, the first extrapolated
    position; ``lookup`` (row, item × scenario) holds their bins; ``left`` and ``right`` (row, segment) hold the rows of all layers. Entry e exposes
    ``entry_value`` of ``entry_item`` from ``entry_pointer[e]`` on; ``own`` is the share of variance
    that its cell and class does not share with others. Pairs before position ``first_damaging``
    (peril, entry) cost nothing.
    """

    segments: npt.NDArray[np.uint8]
    edges: FloatArray
    density: FloatArray
    first_row: IntArray
    last: FloatArray
    beyond: IntArray
    left: SingleArray
    right: SingleArray
    lookup: SingleArray
    deviation: SingleArray
    acts: BoolArray
    item_column: IntArray
    item_highest: BoolArray
    entry_pointer: IntArray
    entry_item: IntArray
    entry_value: FloatArray
    own: FloatArray
    cell: IntArray
    layer: IntArray
    row: IntArray
    first_damaging: npt.NDArray[np.int32]
    zone_pointer: IntArray


class Pairs(NamedTuple):
    """Stored pairs of one block: ``pointer`` (peril, cell + 1), the rest one run after another."""

    pointer: IntArray
    occurrence: npt.NDArray[np.uint32]
    position: npt.NDArray[np.uint16]


class Sums(NamedTuple):
    """What a run of occurrences adds up to.

    ``mean`` and its part ``extrapolated`` (zone, occurrence, column × peril × scenario);
    ``independent`` (variance) and ``correlated`` (standard deviation) (zone, occurrence, column),
    empty without moments; ``touched`` (zone, occurrence) where anything was added.
    """

    mean: FloatArray
    extrapolated: FloatArray
    independent: FloatArray
    correlated: FloatArray
    touched: BoolArray


class Scratch(NamedTuple):
    """What one entry does in a run of occurrences, by peril and occurrence of the run."""

    low: IntArray
    part: FloatArray
    rare: BoolArray
    acting: npt.NDArray[np.uint16]
    listed: npt.NDArray[np.int32]
    single: FloatArray
    total: FloatArray
    kept: FloatArray
    order: IntArray


@nb.njit(cache=True, inline="always")
def bin_of(arrays: Arrays, layer: int, row: int, position: float) -> float:
    """Fractional bin of the layer's look-up table at a position; at most its last."""
    j = arrays.segments[layer, int(position)]
    edges = arrays.edges[layer]
    part = (position - edges[j]) / (edges[j + 1] - edges[j])
    left = arrays.left[row, j]
    at = (left + (arrays.right[row, j] - left) * part) * arrays.density[layer]
    return min(at, arrays.last[layer])


@nb.njit(cache=True)
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
    low, part, rare = np.uint64(scratch.low[p, local]), scratch.part[p, local], scratch.rare[p, local]
    high, moments = low + np.uint64(1), arrays.deviation.shape[0] > 0
    for k in range(np.uint64(arrays.entry_pointer[entry]), np.uint64(arrays.entry_pointer[entry + 1])):
        i, value = np.uint64(arrays.entry_item[k]), arrays.entry_value[k]
        if arrays.acts[p, i]:
            column, first = arrays.item_column[i], i * np.uint64(scenarios)
            at = np.uint64((column * perils + p) * scenarios)
            upper = value * part
            lower = value - upper
            if scenarios == 1:  # no loop, whose start would cost more than its work
                added = lower * arrays.lookup[low, first] + upper * arrays.lookup[high, first]
                sums.mean[zone, storm, at] += added
                if rare:
                    sums.extrapolated[zone, storm, at] += added
            else:
                for s in range(np.uint64(scenarios)):
                    added = lower * arrays.lookup[low, first + s]
                    added += upper * arrays.lookup[high, first + s]
                    sums.mean[zone, storm, at + s] += added
                if rare:
                    for s in range(np.uint64(scenarios)):
                        added = lower * arrays.lookup[low, first + s]
                        added += upper * arrays.lookup[high, first + s]
                        sums.extrapolated[zone, storm, at + s] += added
            if moments:
                below, above = arrays.deviation[low, i], arrays.deviation[high, i]
                deviation = value * (below + (above - below) * part)
                sums.independent[zone, storm, column] += deviation * deviation * arrays.own[k]
                sums.correlated[zone, storm, column] += deviation


@nb.njit(cache=True, inline="always")
def _single_ratios(arrays: Arrays, scratch: Scratch, i: int, local: int, perils: int) -> None:
    """Fill `single` of the perils that act; `kept` with Π(1 - d) and `total` with Σ d."""
    scenarios = np.uint64(scratch.kept.size)
    for s in range(scenarios):
        scratch.total[s] = 0.0
        scratch.kept[s] = 1.0
    for n in range(perils):
        p = scratch.order[n]
        low, part = np.uint64(scratch.low[p, local]), scratch.part[p, local]
        high, first = low + np.uint64(1), i * scenarios
        for s in range(scenarios):
            below = arrays.lookup[low, first + s]
            ratio = below + (arrays.lookup[high, first + s] - below) * part
            scratch.single[n, s] = ratio
            scratch.total[s] += ratio
            scratch.kept[s] *= 1.0 - ratio


@nb.njit(cache=True, inline="always")
def _factors(scratch: Scratch, highest: bool, perils: int) -> None:
    """Put into `total` what each single ratio is times, so that they sum to the combined ratio.

    Of a highest outcome the ratios of all other perils become zero.
    """
    scenarios = np.uint64(scratch.kept.size)
    if highest:
        for s in range(scenarios):
            best = 0
            for n in range(1, perils):
                if scratch.single[n, s] > scratch.single[best, s]:
                    best = n
            for n in range(perils):
                scratch.single[n, s] *= n == best
            scratch.total[s] = 1.0
    else:
        for s in range(scenarios):
            scratch.total[s] = (1.0 - scratch.kept[s]) / max(scratch.total[s], LEAST)


@nb.njit(cache=True)
def _joint_deviation(
    arrays: Arrays, scratch: Scratch, i: int, local: int, highest: bool, perils: int
) -> float:
    """Return the standard deviation of one unit when perils combine, in scenario 0.

    Deviations of perils are independent, so that of 1 - Π(1 - d) has the variance
    Π(s² + (1 - m)²) - Π(1 - m)². A highest outcome deviates as its peril does.
    """
    square, kept, best, of_best = 1.0, 1.0, -1.0, 0.0
    for n in range(perils):
        p = scratch.order[n]
        low, part = scratch.low[p, local], scratch.part[p, local]
        below, above = arrays.deviation[low, i], arrays.deviation[low + 1, i]
        deviation, mean = below + (above - below) * part, scratch.single[n, 0]
        square *= deviation**2 + (1.0 - mean) ** 2
        kept *= (1.0 - mean) ** 2
        if mean > best:
            best, of_best = mean, deviation
    return of_best if highest else np.sqrt(max(square - kept, 0.0))


@nb.njit(cache=True, inline="always")
def _together(
    arrays: Arrays, scratch: Scratch, sums: Sums, zone: int, entry: int, local: int, storm: int
) -> None:
    """Add what several perils of one storm do at one entry."""
    perils, scenarios, acting = scratch.single.shape[0], scratch.kept.size, 0
    for p in range(perils):
        if scratch.acting[local] >> p & 1:
            scratch.order[acting] = p
            acting += 1
    for k in range(arrays.entry_pointer[entry], arrays.entry_pointer[entry + 1]):
        i, value = np.uint64(arrays.entry_item[k]), arrays.entry_value[k]
        column, highest = arrays.item_column[i], arrays.item_highest[i]
        _single_ratios(arrays, scratch, i, local, acting)
        if arrays.deviation.shape[0]:
            deviation = value * _joint_deviation(arrays, scratch, i, local, highest, acting)
            sums.independent[zone, storm, column] += deviation * deviation * arrays.own[k]
            sums.correlated[zone, storm, column] += deviation
        _factors(scratch, highest, acting)
        for n in range(acting):
            p = scratch.order[n]
            at = np.uint64((column * perils + p) * scenarios)
            for s in range(np.uint64(scenarios)):
                added = value * scratch.total[s] * scratch.single[n, s]
                sums.mean[zone, storm, at + s] += added
            if scratch.rare[p, local]:
                for s in range(np.uint64(scenarios)):
                    added = value * scratch.total[s] * scratch.single[n, s]
                    sums.extrapolated[zone, storm, at + s] += added


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


@nb.njit(cache=True)
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
