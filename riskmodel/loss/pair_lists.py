"""List what the stored pairs of some entries cost; part single perils from several of one storm.

Lists are written without branches, for whether a pair costs anything is a toss of a coin that a
processor guesses wrong half the time: each pair is written, and the next one over it if it does
not count.
"""

from __future__ import annotations

import numba as nb
import numpy as np

from riskmodel.hazard.position import LAST_POSITION
from riskmodel.loss.kernel import inlined, kernel
from riskmodel.loss.kernel_arrays import (
    Alone,
    Curves,
    IntArray,
    Joint,
    Lines,
    Lists,
    MaskArray,
    NumberArray,
    Numbers,
    Pairs,
    Places,
)

ENTRIES = 64  # of a batch; fixed, so that no run and no chunking changes the order of sums
AT_ONCE = 256  # pairs whose bins are read in one loop: they stay in the processor's cache
NONE = np.uint32(0xFFFFFFFF)  # of an occurrence that has no number
FAR = np.uint16(1 << 15)  # beside the bits of perils: the place is extrapolated


@nb.njit(cache=True)
def new_lists(
    perils: int, run: int, segments: int, pairs: int
) -> tuple[Lines, Lists, Alone, Joint]:
    """Make lists for a batch of at most so many pairs; unused room takes no memory."""
    room = min(ENTRIES * perils * run, pairs) + 1
    lists = Lists(
        np.empty(room, np.uint32), np.empty(room), np.empty(room, np.int64),
        np.zeros((perils, ENTRIES), np.int64), np.zeros((perils, ENTRIES), np.int64),
        np.zeros((perils, ENTRIES), np.int64), np.zeros((perils, ENTRIES), np.int64),
        np.empty(room, np.uint16),
    )  # fmt: skip
    several = room if perils > 1 else 0
    alone = Alone(
        np.empty(several, np.uint32), np.empty(several), np.empty(several, np.int64),
        np.zeros(ENTRIES, np.int64), np.zeros(ENTRIES, np.int64), np.zeros(ENTRIES, np.int64),
        np.zeros(ENTRIES, np.int64),
    )  # fmt: skip
    storms = min(ENTRIES * run, pairs) + 1 if perils > 1 else 0
    joint = Joint(
        np.empty(storms, np.int64), np.empty(storms, np.int64), np.empty(storms, np.int64),
        np.empty(storms, np.uint32), np.empty((perils, storms)),
        np.empty((perils, storms), np.bool_), np.empty(several, np.int64),
        np.zeros((perils, ENTRIES), np.int64), np.zeros((perils, ENTRIES), np.int64),
        np.empty(storms, np.uint8), np.zeros(run, np.int64),
        np.zeros((1 << perils) + 1, np.int64),
    )  # fmt: skip
    lines = Lines(
        np.zeros(segments), np.zeros(segments), np.empty(AT_ONCE), np.empty(run + 1, np.uint32),
        np.zeros(run, np.uint16),
    )  # fmt: skip
    return lines, lists, alone, joint


@inlined
def pairs_between(
    occurrence: NumberArray, begin: int, end: int, run: tuple[int, int, int]
) -> tuple[int, int]:
    """Find the pairs of one cell, `begin` to `end`, that belong to a run.

    The run has the occurrences from its first number to its second of a block of its third; where
    it begins or ends with the block nothing is searched.
    """
    low, high, count = run
    if low > 0:
        begin = _first_at_least(occurrence, begin, end, low)
    if high < count:
        end = _first_at_least(occurrence, begin, end, high)
    return begin, end


@kernel
def _first_at_least(occurrence: NumberArray, low: int, high: int, wanted: int) -> int:
    """Place of the first occurrence between `low` and `high` that is no earlier than wanted."""
    while low < high:
        middle = (low + high) // 2
        if occurrence[middle] < wanted:
            low = middle + 1
        else:
            high = middle
    return low


@inlined
def read_curve(curves: Curves, lines: Lines, layer: int, row: int) -> None:
    """Write a curve as lines over position that give fractional bins."""
    for j in range(lines.start.size):
        first, density = curves.edges[layer, j], curves.density[layer]
        width = curves.edges[layer, j + 1] - first
        rise = (curves.right[row, j] - curves.left[row, j]) * density
        lines.slope[j] = rise / width if width > 0.0 else 0.0
        lines.start[j] = curves.left[row, j] * density - lines.slope[j] * first


@kernel
def list_batch(
    curves: Curves, places: Places, pairs: Pairs, lines: Lines, numbers: Numbers, lists: Lists,
    entry: int, size: int, run: tuple[int, int, int],
) -> int:  # fmt: skip
    """List what some entries cost in a run of occurrences, from `entry` on; count the places.

    The run is that of `pairs_between`; occurrences that are met first are numbered.
    """
    segments, _, _, first_row, last, beyond, _, _ = curves
    cell, layers, rows, least = places
    pointer, occurrence, position = pairs
    start, slope, _, kept, acting = lines
    storm, at, rare, first, length, rares, row_of, _ = lists
    number_of, numbered, known = numbers.number, numbers.occurrence, numbers.known[0]
    perils, offset, to = pointer.shape[0], np.uint32(run[0]), np.uint64(0)
    for number in range(size):
        e, begin = entry + number, to
        for p in range(perils):
            of_peril, of_rare, layer, row = to, to, layers[p, e], rows[p, e]
            begins, end = pairs_between(
                occurrence, pointer[p, cell[e]], pointer[p, cell[e] + 1], run
            )
            if least[p, e] > LAST_POSITION:  # nothing at this entry can cost anything
                end = begins
            if begins < end:
                read_curve(curves, lines, layer, row)
            lowest, highest, cap = least[p, e], beyond[layer], last[layer]
            count, base = np.uint64(0), np.uint64(begins)  # unsigned: no check for negative ones
            for ahead in range(np.uint64(end - begins)):
                kept[count] = ahead
                count += np.uint64(position[base + ahead] >= lowest)
            for n in range(count):
                k = base + np.uint64(kept[n])
                where, j = position[k], segments[layer, position[k]]
                bin_of, rarer = start[j] + slope[j] * where, where >= highest
                costs, of = bin_of > 0.0, np.uint64(occurrence[k] - offset)
                if costs and number_of[of] == NONE:
                    number_of[of], numbered[known] = known, of
                    known += 1
                storm[to], at[to] = number_of[of], min(bin_of, cap)
                if rarer:
                    rare[of_rare], of_rare = to, of_rare + np.uint64(costs)
                to += np.uint64(costs)
            first[p, number], row_of[p, number] = of_peril, first_row[layer]
            length[p, number], rares[p, number] = to - of_peril, of_rare - of_peril
        if perils > 1:
            _mark(lists, acting, number, int(begin), int(to))
    numbers.known[0] = known
    return int(to)


@nb.njit(cache=True)
def new_numbers(run: int) -> Numbers:
    """Make room for the numbers of a run."""
    return Numbers(np.full(run, NONE), np.empty(run, np.uint32), np.zeros(1, np.int64))


@kernel
def number_all(numbers: Numbers, size: int) -> None:
    """Give all occurrences of a run the numbers that they have."""
    for n in range(size):
        numbers.number[n], numbers.occurrence[n] = n, n
    numbers.known[0] = size


@kernel
def forget(numbers: Numbers) -> None:
    """Take all numbers back."""
    for n in range(numbers.known[0]):
        numbers.number[numbers.occurrence[n]] = NONE
    numbers.known[0] = 0


@kernel
def _mark(lists: Lists, acting: MaskArray, number: int, begin: int, end: int) -> None:
    """Tell each place of one entry which perils list its occurrence, and if it is extrapolated."""
    storm, to = lists.storm, lists.acting
    for p in range(lists.first.shape[0]):
        bit, first = np.uint16(1 << p), np.uint64(lists.first[p, number])
        for n in range(first, first + np.uint64(lists.length[p, number])):
            acting[np.uint64(storm[n])] |= bit
    for n in range(np.uint64(begin), np.uint64(end)):
        to[n] = acting[np.uint64(storm[n])]
    for p in range(lists.first.shape[0]):
        first = np.uint64(lists.first[p, number])
        for r in range(first, first + np.uint64(lists.rares[p, number])):
            to[np.uint64(lists.rare[r])] |= FAR
    for n in range(np.uint64(begin), np.uint64(end)):
        acting[np.uint64(storm[n])] = 0


@kernel
def list_alone(
    lists: Lists, alone: Alone, joint: Joint, p: int, mask: int, size: int, left_out: int
) -> int:
    """List where a peril is the only one of a mask that acts; put the other places to `rest`.

    They stand behind the `left_out` of the perils before; their new number is returned.
    """
    storm, at, acting, rest = lists.storm, lists.at, lists.acting, joint.rest
    own_storm, own_at, own_rare = alone.storm, alone.at, alone.rare
    bit, among = np.uint16(1 << p), np.uint16(mask)
    to, other = np.uint64(0), np.uint64(left_out)
    for number in range(size):
        begin, of_rare, of_other = to, to, other
        first = np.uint64(lists.first[p, number])
        for n in range(first, first + np.uint64(lists.length[p, number])):
            single = acting[n] & among == bit
            own_storm[to], own_at[to], rest[other] = storm[n], at[n], n
            if acting[n] & FAR:
                own_rare[of_rare] = to
                of_rare += np.uint64(single)
            to += np.uint64(single)
            other += np.uint64(not single)
        alone.first[number], alone.row[number] = begin, lists.row[p, number]
        alone.length[number], alone.rares[number] = to - begin, of_rare - begin
        joint.rest_first[p, number], joint.rest_length[p, number] = of_other, other - of_other
    return int(other)


@kernel
def all_alone(lists: Lists, p: int) -> Alone:
    """Take the lists of a peril as they are, where no other acts on the same items."""
    return Alone(
        lists.storm, lists.at, lists.rare, lists.first[p], lists.length[p], lists.rares[p],
        lists.row[p],
    )  # fmt: skip


@kernel
def list_joint(lists: Lists, joint: Joint, mask: int, size: int) -> int:
    """List occurrences in which several perils of a mask act, by which perils; count the segments.

    A counting sort of what `list_alone` put to `rest`: occurrences of the same perils stand
    together, and of these those of an entry.
    """
    cursor, among = joint.cursor, np.uint16(mask)
    cursor[:] = 0
    for p in range(lists.first.shape[0]):
        if mask >> p & 1:
            before, last = np.uint16((1 << p) - 1) & among, size - 1
            end = joint.rest_first[p, last] + joint.rest_length[p, last]
            for r in range(np.uint64(joint.rest_first[p, 0]), np.uint64(end)):
                act = lists.acting[np.uint64(joint.rest[r])] & among
                cursor[np.uint64(act) + np.uint64(1)] += act & before == 0
    for act in range(cursor.size - 1):
        cursor[act + 1] += cursor[act]
    for entry in range(size):
        for p in range(lists.first.shape[0]):
            if mask >> p & 1:
                _place(lists, joint, cursor, among, p, entry)
    return _segments(joint, cursor)


@kernel
def _place(
    lists: Lists, joint: Joint, cursor: IntArray, among: np.uint16, p: int, entry: int
) -> None:
    """Put a peril and entry to its occurrences; the first peril of each takes the next place."""
    before, first = np.uint16((1 << p) - 1) & among, np.uint64(joint.rest_first[p, entry])
    for r in range(first, first + np.uint64(joint.rest_length[p, entry])):
        n = np.uint64(joint.rest[r])
        act, storm = np.uint64(lists.acting[n] & among), np.uint64(lists.storm[n])
        new = lists.acting[n] & before == 0
        to = np.uint64(cursor[act] if new else joint.place[storm])
        cursor[act] += new
        joint.place[storm], joint.storm[to], joint.entry[to] = to, storm, entry
        joint.at[p, to], joint.far[p, to] = lists.at[n], lists.acting[n] >= FAR


@kernel
def _segments(joint: Joint, stop: IntArray) -> int:
    """Note where segments begin; `stop` (perils) is where occurrences of these perils end."""
    number, begin = 0, 0
    for act in range(stop.size - 1):
        last = -1
        for j in range(begin, stop[act]):
            if joint.entry[j] != last:
                last = joint.entry[j]
                joint.first[number], joint.mask[number], joint.of[number] = j, act, last
                number += 1
        begin = stop[act]
    joint.first[number] = begin
    return number
