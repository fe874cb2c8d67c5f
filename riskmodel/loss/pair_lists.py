"""List what the stored pairs of some entries cost; part single perils from several of one storm.

Lists are written without branches, for whether a pair costs anything is a toss of a coin that a
processor guesses wrong half the time: each pair is written, and the next one over it if it does
not count.
"""

from __future__ import annotations

import numba as nb
import numpy as np

from riskmodel.hazard.position import LAST_POSITION
from riskmodel.loss.kernel_arrays import (
    Alone,
    Curves,
    IntArray,
    Joint,
    Lines,
    Lists,
    MaskArray,
    NumberArray,
    Pairs,
    Places,
)

ENTRIES = 64  # of a batch; fixed, so that no run and no chunking changes the order of sums


@nb.njit(cache=True)
def new_lists(perils: int, run: int, segments: int) -> tuple[Lines, Lists, Alone, Joint]:
    """Make lists for a batch, with room for all that could act; unused room takes no memory."""
    room = ENTRIES * perils * run + 1
    lists = Lists(
        np.empty(room, np.uint32), np.empty(room), np.empty(room, np.int64),
        np.zeros((perils, ENTRIES), np.int64), np.zeros((perils, ENTRIES), np.int64),
        np.zeros((perils, ENTRIES), np.int64), np.zeros((perils, ENTRIES), np.int64),
        np.empty(room, np.uint16), np.empty(room, np.bool_),
    )  # fmt: skip
    several = room if perils > 1 else 0
    alone = Alone(
        np.empty(several, np.uint32), np.empty(several), np.empty(several, np.int64),
        np.zeros(ENTRIES, np.int64), np.zeros(ENTRIES, np.int64), np.zeros(ENTRIES, np.int64),
        np.zeros(ENTRIES, np.int64),
    )  # fmt: skip
    joint = Joint(
        np.zeros(ENTRIES + 1, np.int64), np.empty(several, np.uint32),
        np.empty(several + 1, np.int64), np.empty(several, np.int64), np.empty(several),
        np.empty(several, np.int64), np.empty(several, np.bool_),
    )  # fmt: skip
    lines = Lines(np.zeros(segments), np.zeros(segments), np.zeros(run, np.uint16))
    return lines, lists, alone, joint


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
def list_batch(
    curves: Curves, places: Places, pairs: Pairs, lines: Lines, lists: Lists, entry: int,
    size: int, chunk: int, low: int, high: int,
) -> int:  # fmt: skip
    """List what some entries cost in a run of occurrences, from `entry` on; count the places.

    Occurrences are counted from the first of the chunk, number `chunk` of the block, on.
    All in one: numba counts a reference to each array at each call, and lists may be short.
    """
    segments, edges, density, first_row, last, beyond, left, right = curves
    cell, layers, rows, least = places
    pointer, occurrence, position = pairs
    start, slope, acting = lines
    storm, at, rare, first, length, rares, row_of, _, far = lists
    perils, offset, to = pointer.shape[0], np.uint32(chunk), np.uint64(0)
    for number in range(size):
        e, begin = entry + number, to
        for p in range(perils):
            of_peril, of_rare = to, to
            begins, end = pointer[p, cell[e]], pointer[p, cell[e] + 1]
            if least[p, e] > LAST_POSITION:  # nothing at this entry can cost anything
                end = begins
            begins = _first_at_least(occurrence, begins, end, chunk + low)
            end = _first_at_least(occurrence, begins, end, chunk + high)
            layer, row = layers[p, e], rows[p, e]
            if begins < end:
                for j in range(start.size):
                    width, steps = edges[layer, j + 1] - edges[layer, j], density[layer]
                    rise = (right[row, j] - left[row, j]) * steps
                    slope[j] = rise / width if width > 0.0 else 0.0
                    start[j] = left[row, j] * steps - slope[j] * edges[layer, j]
            lowest, highest, cap = least[p, e], beyond[layer], last[layer]
            # unsigned numbers need no check for negative indices
            for k in range(np.uint64(begins), np.uint64(end)):
                where = position[k]
                j = segments[layer, where]
                bin_of, rarer = start[j] + slope[j] * where, where >= highest
                costs = (where >= lowest) & (bin_of > 0.0)
                storm[to], at[to] = occurrence[k] - offset, min(bin_of, cap)
                far[to], rare[of_rare] = rarer, to
                of_rare += np.uint64(costs & rarer)
                to += np.uint64(costs)
            first[p, number], row_of[p, number] = of_peril, first_row[layer]
            length[p, number], rares[p, number] = to - of_peril, of_rare - of_peril
        if perils > 1:
            _mark(lists, acting, number, int(begin), int(to), low)
    return int(to)


@nb.njit(cache=True)
def _mark(lists: Lists, acting: MaskArray, number: int, begin: int, end: int, low: int) -> None:
    """Tell each place of an entry which perils list its occurrence; the run begins at `low`."""
    storm, to, run = lists.storm, lists.acting, np.uint64(low)
    for p in range(lists.first.shape[0]):
        bit, first = np.uint16(1 << p), np.uint64(lists.first[p, number])
        for n in range(first, first + np.uint64(lists.length[p, number])):
            acting[np.uint64(storm[n]) - run] |= bit
    for n in range(np.uint64(begin), np.uint64(end)):
        to[n] = acting[np.uint64(storm[n]) - run]
    for n in range(np.uint64(begin), np.uint64(end)):
        acting[np.uint64(storm[n]) - run] = 0


@nb.njit(cache=True)
def list_alone(lists: Lists, alone: Alone, p: int, mask: int, size: int) -> int:
    """List where a peril is the only one of a mask that acts; count the places left out."""
    storm, at, acting, far = lists.storm, lists.at, lists.acting, lists.far
    own_storm, own_at, own_rare = alone.storm, alone.at, alone.rare
    bit, among = np.uint16(1 << p), np.uint16(mask)
    to, left_out = np.uint64(0), 0
    for number in range(size):
        begin, of_rare = to, to
        first = np.uint64(lists.first[p, number])
        for n in range(first, first + np.uint64(lists.length[p, number])):
            single = acting[n] & among == bit
            own_storm[to], own_at[to], own_rare[of_rare] = storm[n], at[n], to
            of_rare += np.uint64(single & far[n])
            to += np.uint64(single)
        alone.first[number], alone.row[number] = begin, lists.row[p, number]
        alone.length[number], alone.rares[number] = to - begin, of_rare - begin
        left_out += lists.length[p, number] - alone.length[number]
    return left_out


@nb.njit(cache=True)
def all_alone(lists: Lists, p: int) -> Alone:
    """Take the lists of a peril as they are, where no other acts on the same items."""
    return Alone(
        lists.storm, lists.at, lists.rare, lists.first[p], lists.length[p], lists.rares[p],
        lists.row[p],
    )  # fmt: skip


@nb.njit(cache=True)
def list_joint(lists: Lists, joint: Joint, mask: int, size: int) -> None:
    """List occurrences in which several perils of a mask act.

    The lists of an entry rise by occurrence, so `cursor` (peril) moves along each of them once for
    each peril that comes first in a storm.
    """
    perils, number, filled = lists.first.shape[0], 0, 0
    cursor = np.zeros(perils, np.int64)
    for entry in range(size):
        joint.start[entry] = number
        for p in range(perils):
            if not mask >> p & 1:
                continue
            cursor[:] = lists.first[:, entry]
            number, filled = _joint_of(lists, joint, cursor, mask, p, entry, number, filled)
    joint.start[size], joint.first[number] = number, filled


@nb.njit(cache=True)
def _joint_of(
    lists: Lists, joint: Joint, cursor: IntArray, mask: int, p: int, entry: int, number: int,
    filled: int,
) -> tuple[int, int]:  # fmt: skip
    """List those of an entry whose first peril is p; count occurrences and places."""
    storm, at, acting, far, row = lists.storm, lists.at, lists.acting, lists.far, lists.row
    alone, before = mask & (1 << p), mask & ((1 << p) - 1)
    first = lists.first[p, entry]
    for n in range(first, first + lists.length[p, entry]):
        act = int(acting[n]) & mask
        if act == alone or act & before:  # of one peril, or listed with an earlier one
            continue
        joint.storm[number], joint.first[number] = storm[n], filled
        for q in range(p, cursor.size):
            if act >> q & 1:
                while storm[cursor[q]] < storm[n]:
                    cursor[q] += 1
                place = cursor[q]
                joint.peril[filled], joint.at[filled] = q, at[place]
                joint.row[filled], joint.far[filled] = row[q, entry], far[place]
                filled += 1
        number += 1
    return number, filled
