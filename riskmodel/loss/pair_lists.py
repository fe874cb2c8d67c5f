"""List what the stored pairs of one entry cost, and part single perils from several of one storm.

Lists are written without branches, for whether a pair costs anything is a toss of a coin that a
processor guesses wrong half the time: each pair is written, and the next one over it if it does
not count.
"""

from __future__ import annotations

import numba as nb
import numpy as np

from riskmodel.hazard.position import LAST_POSITION
from riskmodel.loss.kernel_arrays import (
    Curves,
    IntArray,
    Joint,
    Lines,
    Lists,
    Marks,
    NumberArray,
    Pairs,
    Places,
)


@nb.njit(cache=True)
def new_lists(
    perils: int, run: int, segments: int, scenarios: int
) -> tuple[Lines, Lists, Marks, Joint]:
    """Make lists for a run of so many occurrences, with one more place; see above."""
    lists = Lists(
        np.zeros((perils + 1, run + 1), np.uint32), np.zeros((perils + 1, run + 1)),
        np.zeros((perils + 1, run + 1), np.uint32), np.zeros(perils + 1, np.int64),
    )  # fmt: skip
    several = run if perils > 1 else 0
    marks = Marks(
        np.zeros(several, np.uint16), np.zeros(several, np.uint16),
        np.zeros((perils, several), np.uint32),
    )  # fmt: skip
    joint = Joint(
        np.zeros(several, np.uint32), np.zeros(several + 1, np.int64),
        np.zeros(perils * several, np.int64), np.zeros(perils * several),
        np.zeros(perils * several, np.int64), np.zeros(perils * several, np.bool_),
        np.zeros((perils, scenarios)), np.zeros(scenarios), np.zeros(scenarios),
    )  # fmt: skip
    return Lines(np.zeros(segments), np.zeros(segments)), lists, marks, joint


@nb.njit(cache=True)
def _first_at_least(occurrence: NumberArray, low: int, high: int, wanted: int) -> int:
    """Place of the first occurrence between `low` and `high` that is no earlier than wanted."""
    while low < high:
        middle = (low + high) // 2
        if occurrence[middle] < wanted:
            low = middle + 1
        else:
            high = middle
    return low


@nb.njit(cache=True, error_model="numpy")
def list_pairs(
    curves: Curves, places: Places, pairs: Pairs, lines: Lines, lists: Lists, p: int, entry: int,
    low: int, high: int,
) -> tuple[int, int]:  # fmt: skip
    """List the occurrences of a run that cost anything at one entry; count them, and rare ones."""
    cell, layer, row = places.cell[entry], places.layer[p, entry], places.row[p, entry]
    least = places.first_damaging[p, entry]
    if least > LAST_POSITION:  # nothing at this entry can cost anything
        return 0, 0
    pointer, occurrence, position = pairs
    stop = pointer[p, cell + 1]
    first = _first_at_least(occurrence, pointer[p, cell], stop, low)
    stop = _first_at_least(occurrence, first, stop, high)
    if first == stop:
        return 0, 0
    segments, edges, densities, first_rows, lasts, beyonds, left, right = curves
    start, slope = lines
    density, beyond, last = densities[layer], beyonds[layer], lasts[layer]
    for j in range(start.size):
        width = edges[layer, j + 1] - edges[layer, j]
        slope[j] = (right[row, j] - left[row, j]) * density / width if width > 0.0 else 0.0
        start[j] = left[row, j] * density - slope[j] * edges[layer, j]
    storm, at, rare, rows = lists
    rows[p], offset = first_rows[layer], np.uint32(low)
    # unsigned numbers need no check for negative indices
    peril, count, rares = np.uint64(p), np.uint64(0), np.uint64(0)
    for k in range(np.uint64(first), np.uint64(stop)):
        where = position[k]
        j = segments[layer, where]
        bin_of = start[j] + slope[j] * where
        storm[peril, count] = occurrence[k] - offset
        at[peril, count] = min(bin_of, last)
        rare[peril, rares] = count
        costs = (where >= least) & (bin_of > 0.0)
        rares += np.uint64(costs & (where >= beyond))
        count += np.uint64(costs)
    return int(count), int(rares)


@nb.njit(cache=True)
def mark(lists: Lists, marks: Marks, p: int, count: int, rares: int) -> None:
    """Tell each occurrence that a peril lists it, and where."""
    storm, _, rare, _ = lists
    acting, extrapolates, place = marks
    peril, bit = np.uint64(p), np.uint16(1 << p)
    for n in range(np.uint64(count)):
        local = np.uint64(storm[peril, n])
        acting[local] |= bit
        place[peril, local] = n
    for r in range(np.uint64(rares)):
        extrapolates[np.uint64(storm[peril, np.uint64(rare[peril, r])])] |= bit


@nb.njit(cache=True)
def unmark(lists: Lists, marks: Marks, p: int, count: int) -> None:
    """Take the marks of a peril's list away."""
    storm, peril = lists.storm, np.uint64(p)
    acting, extrapolates, _ = marks
    for n in range(np.uint64(count)):
        local = np.uint64(storm[peril, n])
        acting[local] = 0
        extrapolates[local] = 0


@nb.njit(cache=True)
def list_alone(lists: Lists, marks: Marks, p: int, mask: int, count: int) -> tuple[int, int]:
    """Put where a peril is the only one of a mask into the last list; count them and rare ones."""
    storm, at, rare, rows = lists
    acting, extrapolates, _ = marks
    rows[storm.shape[0] - 1] = rows[p]
    peril, last = np.uint64(p), np.uint64(storm.shape[0] - 1)
    bit, among = np.uint16(1 << p), np.uint16(mask)
    found, rares = np.uint64(0), np.uint64(0)
    for n in range(np.uint64(count)):
        local = np.uint64(storm[peril, n])
        single = acting[local] & among == bit
        storm[last, found], at[last, found] = storm[peril, n], at[peril, n]
        rare[last, rares] = found
        rares += np.uint64(single & (extrapolates[local] & bit == bit))
        found += np.uint64(single)
    return int(found), int(rares)


@nb.njit(cache=True)
def list_joint(lists: Lists, marks: Marks, joint: Joint, mask: int, counts: IntArray) -> int:
    """List occurrences in which several perils of a mask act; count them."""
    storm, at, _, rows = lists
    acting, extrapolates, places = marks
    to_storm, to_first, to_peril, to_at, to_row, to_rare = joint[:6]
    perils, number, filled = counts.size, 0, 0
    for p in range(perils):
        if not mask >> p & 1:
            continue
        alone, before = mask & (1 << p), mask & ((1 << p) - 1)
        for n in range(counts[p]):
            local = storm[p, n]
            act = np.int64(acting[local]) & mask
            if act == alone or act & before:  # of one peril, or listed with an earlier one
                continue
            to_storm[number], to_first[number] = local, filled
            for q in range(p, perils):
                if act >> q & 1:
                    to_peril[filled] = q
                    to_at[filled], to_row[filled] = at[q, places[q, local]], rows[q]
                    to_rare[filled] = extrapolates[local] >> q & 1
                    filled += 1
            number += 1
    to_first[number] = filled
    return number
