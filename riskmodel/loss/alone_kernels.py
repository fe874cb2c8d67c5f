"""Add what one peril does in storms in which no other acts on the same bundle or item.

Each kernel goes through some bundles or items, and for each through the entries of a batch, so that
a response and its sums stay in the processor's cache. `add_directly` takes stored pairs, not lists.
"""

from __future__ import annotations

import numpy as np

from riskmodel.loss.kernel import inlined, kernel
from riskmodel.loss.kernel_arrays import (
    Alone,
    Curves,
    FloatArray,
    IntArray,
    Items,
    Lines,
    MaskArray,
    NumberArray,
    Pairs,
    Places,
    SingleArray,
    Spread,
)
from riskmodel.loss.lanes import LANES
from riskmodel.loss.pair_lists import AT_ONCE, pairs_between, read_curve
from riskmodel.loss.vectors import add_between


@inlined
def exposes(items: Items, bundle: int, entry: int, value: FloatArray) -> bool:
    """Write what an entry exposes in each lane of a bundle; tell whether it is anything."""
    if not items.exposed[entry, bundle]:
        return False
    for s in range(value.size):
        value[s] = items.value[entry, items.item[bundle, s]]
    return True


@kernel
def add_alone(
    items: Items, begin: int, end: int, alone: Alone, value: FloatArray, mean: FloatArray,
    extrapolated: FloatArray, p: int, entry: int, size: int,
) -> None:  # fmt: skip
    """Add the bundles `begin` to `end` of the entries from `entry` on."""
    storm, at, rare, firsts, counts, rares, rows = alone
    for b in range(begin, end):
        lookup, single, slot = items.lookup[b], items.single[b], np.uint64(items.slot[p, b])
        for number in range(size):
            if counts[number] == 0 or not exposes(items, b, entry + number, value):
                continue
            first, row = np.uint64(firsts[number]), np.uint64(rows[number])
            count, of_rare = np.uint64(counts[number]), np.uint64(rares[number])
            if value.size == 1:
                _add_single(single, row, storm, at, first, count, value[0], mean[slot])
            else:
                _add_lanes(lookup, row, storm, at, first, count, value, mean[slot])
            if of_rare:
                _add_rare(lookup, row, storm, at, rare, first, of_rare, value, extrapolated[slot])


@inlined
def _add_single(
    lookup: FloatArray, row: np.uint64, storm: NumberArray, at: FloatArray, first: np.uint64,
    count: np.uint64, value: float, mean: FloatArray,
) -> None:  # fmt: skip
    """Add places of the lists, of one lane."""
    none, one = np.uint64(0), np.uint64(1)
    for n in range(first, first + count):
        whole = np.int64(at[n])  # a signed number is converted several times as fast
        low = row + np.uint64(whole)
        ratio = lookup[low] + (at[n] - whole) * (lookup[low + one] - lookup[low])
        mean[np.uint64(storm[n]), none] += value * ratio


@inlined
def _add_lanes(
    lookup: SingleArray, row: np.uint64, storm: NumberArray, at: FloatArray, first: np.uint64,
    count: np.uint64, value: FloatArray, mean: FloatArray,
) -> None:  # fmt: skip
    """Add places of the lists, of all lanes at once."""
    lanes = np.uint64(LANES)
    for n in range(first, first + count):
        low = np.int64(at[n])
        left, part = (row + np.uint64(low)) * lanes, at[n] - low
        add_between(lookup, left, part, value, mean, np.uint64(storm[n]))


@inlined
def _add_rare(
    lookup: SingleArray, row: np.uint64, storm: NumberArray, at: FloatArray, rare: IntArray,
    first: np.uint64, count: np.uint64, value: FloatArray, extrapolated: FloatArray,
) -> None:  # fmt: skip
    """Add places that are extrapolated, of any lanes."""
    lanes = np.uint64(value.size)
    for r in range(first, first + count):
        n = np.uint64(rare[r])
        low, to = np.int64(at[n]), np.uint64(storm[n])
        part, left = at[n] - low, (row + np.uint64(low)) * lanes
        right = left + lanes
        for s in range(lanes):
            below = np.float64(lookup[left + s])
            ratio = below + part * (np.float64(lookup[right + s]) - below)
            extrapolated[to, s] += value[s] * ratio


@kernel
def add_alone_moments(
    items: Items, order: IntArray, begin: int, end: int, alone: Alone, spread: Spread,
    independent: FloatArray, correlated: FloatArray, entry: int, size: int,
) -> None:  # fmt: skip
    """Add the deviations of items `begin` to `end` of an order, in the first scenario."""
    storm, at, _, firsts, counts, _, rows = alone
    deviations, own, one = spread.deviation, spread.own, np.uint64(1)
    for k in range(begin, end):
        item = np.uint64(order[k])
        column = np.uint64(spread.column[item])
        for number in range(size):
            value, count = items.value[entry + number, item], np.uint64(counts[number])
            if value == 0.0 or count == 0:
                continue
            row, first = np.uint64(rows[number]), np.uint64(firsts[number])
            share = own[entry + number, item]
            for n in range(first, first + count):
                whole, to = np.int64(at[n]), np.uint64(storm[n])
                low = row + np.uint64(whole)
                below = np.float64(deviations[item, low])
                above = np.float64(deviations[item, low + one])
                deviation = value * (below + (at[n] - whole) * (above - below))
                independent[column, to] += deviation * deviation * share
                correlated[column, to] += deviation


@kernel
def add_directly(
    curves: Curves, places: Places, items: Items, pairs: Pairs, lines: Lines, value: FloatArray,
    mean: FloatArray, extrapolated: FloatArray, entry: int, stop: int, run: tuple[int, int, int],
) -> None:  # fmt: skip
    """Add the entries `entry` to `stop` in a run of occurrences, for one peril.

    Occurrences stand in sums as they do in the run, see `pairs_between`. Where most pairs cost
    something, and that to a bundle or two, lists would take longer than they save.
    """
    first = np.uint32(run[0])
    for e in range(entry, stop):
        cell, layer = places.cell[e], places.layer[0, e]
        begin, end = pairs_between(
            pairs.occurrence, pairs.pointer[0, cell], pairs.pointer[0, cell + 1], run
        )
        if begin == end:
            continue
        read_curve(curves, lines, layer, places.row[0, e])
        row, highest = curves.first_row[layer], curves.beyond[layer]
        for start in range(begin, end, AT_ONCE):
            size = min(AT_ONCE, end - start)
            _read_bins(curves, layer, lines, pairs.position, start, size)
            for b in range(items.item.shape[0]):
                if not exposes(items, b, e, value):
                    continue
                of_mean, of_rare = mean[items.slot[0, b]], extrapolated[items.slot[0, b]]
                if value.size == 1:
                    _add_pairs(items.single[b], row, highest, pairs, start, size, first, lines.at,
                               value[0], of_mean, of_rare)  # fmt: skip
                else:
                    _add_pairs_lanes(items.lookup[b], row, highest, pairs, start, size, first,
                                     lines.at, value, of_mean, of_rare)  # fmt: skip


@inlined
def _read_bins(
    curves: Curves, layer: int, lines: Lines, position: MaskArray, begin: int, size: int
) -> None:
    """Write the fractional bins of some pairs, in a loop that waits for nothing."""
    segments, cap, base = curves.segments, curves.last[layer], np.uint64(begin)
    start, slope, at = lines.start, lines.slope, lines.at
    for i in range(np.uint64(size)):
        where = position[base + i]
        j = segments[layer, where]
        bin_of = start[j] + slope[j] * where
        at[i] = bin_of if bin_of < cap else cap


@inlined
def _add_pairs(
    lookup: FloatArray, first_row: int, highest: int, pairs: Pairs, begin: int, size: int,
    first: np.uint32, at: FloatArray, value: float, mean: FloatArray, extrapolated: FloatArray,
) -> None:  # fmt: skip
    """Add stored pairs whose bins are read, of one lane."""
    occurrence, position, base = pairs.occurrence, pairs.position, np.uint64(begin)
    one, none = np.uint64(1), np.uint64(0)
    for i in range(np.uint64(size)):
        if not at[i] > 0.0:
            continue
        whole, to = np.int64(at[i]), np.uint64(occurrence[base + i] - first)
        row = np.uint64(first_row + whole)
        added = value * (lookup[row] + (at[i] - whole) * (lookup[row + one] - lookup[row]))
        mean[to, none] += added
        if position[base + i] >= highest:
            extrapolated[to, none] += added


@inlined
def _add_pairs_lanes(
    lookup: SingleArray, first_row: int, highest: int, pairs: Pairs, begin: int, size: int,
    first: np.uint32, at: FloatArray, value: FloatArray, mean: FloatArray,
    extrapolated: FloatArray,
) -> None:  # fmt: skip
    """Add stored pairs whose bins are read, of all lanes at once."""
    occurrence, position, base = pairs.occurrence, pairs.position, np.uint64(begin)
    lanes = np.uint64(LANES)
    for i in range(np.uint64(size)):
        if not at[i] > 0.0:
            continue
        whole, to = np.int64(at[i]), np.uint64(occurrence[base + i] - first)
        left, part = np.uint64(first_row + whole) * lanes, at[i] - whole
        add_between(lookup, left, part, value, mean, to)
        if position[base + i] >= highest:
            add_between(lookup, left, part, value, extrapolated, to)
