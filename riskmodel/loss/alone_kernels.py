"""Add what one peril does in storms in which no other acts on the same bundle or item.

Each kernel goes through some bundles or items, and for each through the entries of a batch, so that
a response and its sums stay in the processor's cache.
"""

from __future__ import annotations

import numba as nb
import numpy as np

from riskmodel.loss.kernel_arrays import (
    Alone,
    FloatArray,
    IntArray,
    Items,
    NumberArray,
    SingleArray,
    Spread,
)
from riskmodel.loss.lanes import LANES
from riskmodel.loss.vectors import add_between


@nb.njit(cache=True)
def exposes(items: Items, bundle: int, entry: int, value: FloatArray) -> bool:
    """Write what an entry exposes in each lane of a bundle; tell whether it is anything."""
    any_value = False
    for s in range(value.size):
        value[s] = items.value[entry, items.item[bundle, s]]
        any_value |= value[s] != 0.0
    return any_value


@nb.njit(cache=True, error_model="numpy")
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


@nb.njit(cache=True, error_model="numpy", inline="always")
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


@nb.njit(cache=True, error_model="numpy", inline="always")
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


@nb.njit(cache=True, error_model="numpy", inline="always")
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


@nb.njit(cache=True, error_model="numpy")
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
