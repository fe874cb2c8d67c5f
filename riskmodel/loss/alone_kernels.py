"""Add what one peril does in storms in which no other acts on the same items.

Each kernel goes through items `begin` to `end` of an order, and for each through the entries of a
batch, so that a response and its sums stay in the processor's cache.
"""

from __future__ import annotations

import numba as nb
import numpy as np

from riskmodel.loss.kernel_arrays import Alone, FloatArray, IntArray, Items, Spread


@nb.njit(cache=True, error_model="numpy")
def add_alone(
    items: Items, order: IntArray, begin: int, end: int, alone: Alone, mean: FloatArray,
    extrapolated: FloatArray, p: int, zone: int, entry: int, size: int,
) -> None:  # fmt: skip
    """Add some items of the entries from `entry` on, in the only scenario."""
    # unsigned numbers need no check for negative indices
    values, slots, lookup, _ = items
    storm, at, rare, firsts, counts, rares, rows = alone
    z, one, none = np.uint64(zone), np.uint64(1), np.uint64(0)
    for k in range(begin, end):
        item = np.uint64(order[k])
        slot = np.uint64(slots[p, item])
        for number in range(size):
            value, count = values[entry + number, item], np.uint64(counts[number])
            if value == 0.0 or count == none:
                continue
            row, first = np.uint64(rows[number]), np.uint64(firsts[number])
            for n in range(first, first + count):
                low = np.uint64(at[n])
                below = lookup[item, row + low]
                ratio = below + (at[n] - low) * (lookup[item, row + low + one] - below)
                mean[z, slot, np.uint64(storm[n]), none] += value * ratio
            for r in range(first, first + np.uint64(rares[number])):
                m = np.uint64(rare[r])
                low = np.uint64(at[m])
                below = lookup[item, row + low]
                ratio = below + (at[m] - low) * (lookup[item, row + low + one] - below)
                extrapolated[z, slot, np.uint64(storm[m]), none] += value * ratio


@nb.njit(cache=True, error_model="numpy")
def add_alone_scenarios(
    items: Items, order: IntArray, begin: int, end: int, alone: Alone, mean: FloatArray,
    extrapolated: FloatArray, p: int, zone: int, entry: int, size: int,
) -> None:  # fmt: skip
    """Add some items of the entries from `entry` on, in all scenarios."""
    values, slots, lookup, _ = items
    storm, at, rare, firsts, counts, rares, rows = alone
    z, none, scenarios = np.uint64(zone), np.uint64(0), np.uint64(mean.shape[3])
    for k in range(begin, end):
        item = np.uint64(order[k])
        slot = np.uint64(slots[p, item])
        for number in range(size):
            value, count = values[entry + number, item], np.uint64(counts[number])
            if value == 0.0 or count == none:
                continue
            row, first = np.uint64(rows[number]), np.uint64(firsts[number])
            for n in range(first, first + count):
                low, to = np.uint64(at[n]), np.uint64(storm[n])
                upper = value * (at[n] - low)
                lower, left = value - upper, (row + low) * scenarios
                right = left + scenarios
                for s in range(scenarios):
                    added = lower * lookup[item, left + s] + upper * lookup[item, right + s]
                    mean[z, slot, to, s] += added
            for r in range(first, first + np.uint64(rares[number])):
                m = np.uint64(rare[r])
                low, to = np.uint64(at[m]), np.uint64(storm[m])
                upper = value * (at[m] - low)
                lower, left = value - upper, (row + low) * scenarios
                right = left + scenarios
                for s in range(scenarios):
                    added = lower * lookup[item, left + s] + upper * lookup[item, right + s]
                    extrapolated[z, slot, to, s] += added


@nb.njit(cache=True, error_model="numpy")
def add_alone_moments(
    items: Items, order: IntArray, begin: int, end: int, alone: Alone, spread: Spread,
    independent: FloatArray, correlated: FloatArray, zone: int, entry: int, size: int,
) -> None:  # fmt: skip
    """Add the deviations of some items of the entries from `entry` on, in the first scenario."""
    deviations, own, columns = spread
    storm, at, _, firsts, counts, _, rows = alone
    z, one, none = np.uint64(zone), np.uint64(1), np.uint64(0)
    for k in range(begin, end):
        item = np.uint64(order[k])
        column = np.uint64(columns[item])
        for number in range(size):
            value, count = items.value[entry + number, item], np.uint64(counts[number])
            if value == 0.0 or count == none:
                continue
            row, first = np.uint64(rows[number]), np.uint64(firsts[number])
            share = own[entry + number, item]
            for n in range(first, first + count):
                low, to = np.uint64(at[n]), np.uint64(storm[n])
                below, above = deviations[item, row + low], deviations[item, row + low + one]
                deviation = value * (below + (at[n] - low) * (above - below))
                independent[z, column, to] += deviation * deviation * share
                correlated[z, column, to] += deviation
