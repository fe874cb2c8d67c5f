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
    NumberArray,
    Pairs,
    Places,
    SingleArray,
    Spread,
)
from riskmodel.loss.lanes import LANES
from riskmodel.loss.pair_lists import pairs_between, read_curve
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
        lookup, slot = items.lookup[b], np.uint64(items.slot[p, b])
        for number in range(size):
            if counts[number] == 0 or not exposes(items, b, entry + number, value):
                continue
            first, row = np.uint64(firsts[number]), np.uint64(rows[number])
            count, of_rare = np.uint64(counts[number]), np.uint64(rares[number])
            if value.size == 1:
                _add_single(lookup, row, storm, at, first, count, value[0], mean[slot])
            else:
                _add_lanes(lookup, row, storm, at, first, count, value, mean[slot])
            if of_rare:
                _add_rare(lookup, row, storm, at, rare, first, of_rare, value, extrapolated[slot])


@inlined
def _add_single(
    lookup: SingleArray, row: np.uint64, storm: NumberArray, at: FloatArray, first: np.uint64,
    count: np.uint64, value: float, mean: FloatArray,
) -> None:  # fmt: skip
    """Add places of the lists, of one lane."""
    none, one = np.uint64(0), np.uint64(1)
    for n in range(first, first + count):
        whole = np.int64(at[n])  # a signed number is converted several times as fast
        low = row + np.uint64(whole)
        below = np.float64(lookup[low])
        ratio = below + (at[n] - whole) * (np.float64(lookup[low + one]) - below)
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
    for e in range(entry, stop):
        cell, layer = places.cell[e], places.layer[0, e]
        begin, end = pairs_between(
            pairs.occurrence, pairs.pointer[0, cell], pairs.pointer[0, cell + 1], run
        )
        if begin == end:
            continue
        read_curve(curves, lines, layer, places.row[0, e])
        for b in range(items.item.shape[0]):
            if not exposes(items, b, e, value):
                continue
            of_mean, of_rare = mean[items.slot[0, b]], extrapolated[items.slot[0, b]]
            if value.size == 1:
                _add_pairs(curves, layer, items.lookup[b], pairs, begin, end, run[0], lines,
                           value[0], of_mean, of_rare)  # fmt: skip
            else:
                _add_pairs_lanes(curves, layer, items.lookup[b], pairs, begin, end, run[0], lines,
                                 value, of_mean, of_rare)  # fmt: skip


@inlined
def _add_pairs(
    curves: Curves, layer: int, lookup: SingleArray, pairs: Pairs, begin: int, end: int,
    offset: int, lines: Lines, value: float, mean: FloatArray, extrapolated: FloatArray,
) -> None:  # fmt: skip
    """Add stored pairs of one cell, of one lane."""
    cap, highest, first_row = curves.last[layer], curves.beyond[layer], curves.first_row[layer]
    occurrence, position, start, slope = pairs.occurrence, pairs.position, lines.start, lines.slope
    one, none, first, segments = np.uint64(1), np.uint64(0), np.uint32(offset), curves.segments
    for k in range(np.uint64(begin), np.uint64(end)):
        where = position[k]
        j = segments[layer, where]
        at = start[j] + slope[j] * where
        at = at if at < cap else cap
        if not at > 0.0:
            continue
        whole, to = np.int64(at), np.uint64(occurrence[k] - first)
        row = np.uint64(first_row + whole)
        below = np.float64(lookup[row])
        added = value * (below + (at - whole) * (np.float64(lookup[row + one]) - below))
        mean[to, none] += added
        if where >= highest:
            extrapolated[to, none] += added


@inlined
def _add_pairs_lanes(
    curves: Curves, layer: int, lookup: SingleArray, pairs: Pairs, begin: int, end: int,
    offset: int, lines: Lines, value: FloatArray, mean: FloatArray, extrapolated: FloatArray,
) -> None:  # fmt: skip
    """Add stored pairs of one cell, of all lanes at once."""
    cap, highest, first_row = curves.last[layer], curves.beyond[layer], curves.first_row[layer]
    occurrence, position, start, slope = pairs.occurrence, pairs.position, lines.start, lines.slope
    lanes, first, segments = np.uint64(LANES), np.uint32(offset), curves.segments
    for k in range(np.uint64(begin), np.uint64(end)):
        where = position[k]
        j = segments[layer, where]
        at = start[j] + slope[j] * where
        at = at if at < cap else cap
        if not at > 0.0:
            continue
        whole, to = np.int64(at), np.uint64(occurrence[k] - first)
        left, part = np.uint64(first_row + whole) * lanes, at - whole
        add_between(lookup, left, part, value, mean, to)
        if where >= highest:
            add_between(lookup, left, part, value, extrapolated, to)
