"""Add what one peril does at one entry in storms in which no other acts on the same items."""

from __future__ import annotations

import numba as nb
import numpy as np

from riskmodel.loss.kernel_arrays import FloatArray, Items, Lists, Spread


@nb.njit(cache=True, error_model="numpy")
def add_alone(
    items: Items, lists: Lists, mean: FloatArray, extrapolated: FloatArray, p: int, zone: int,
    begin: int, end: int, which: int, count: int, rares: int,
) -> None:  # fmt: skip
    """Add items `begin` to `end` of an entry in the only scenario, for one of the lists."""
    # unsigned numbers need no check for negative indices
    numbers, values, slots, lookup = items
    storm, at, rare, rows = lists
    z, w, peril, one, none = (
        np.uint64(zone), np.uint64(which), np.uint64(p), np.uint64(1), np.uint64(0),
    )  # fmt: skip
    row = np.uint64(rows[w])
    for k in range(np.uint64(begin), np.uint64(end)):
        item, value = np.uint64(numbers[k]), values[k]
        slot = np.uint64(slots[peril, item])
        for n in range(np.uint64(count)):
            low = np.uint64(at[w, n])
            below = lookup[item, row + low]
            ratio = below + (at[w, n] - low) * (lookup[item, row + low + one] - below)
            mean[z, slot, np.uint64(storm[w, n]), none] += value * ratio
        for r in range(np.uint64(rares)):
            m = np.uint64(rare[w, r])
            low = np.uint64(at[w, m])
            below = lookup[item, row + low]
            ratio = below + (at[w, m] - low) * (lookup[item, row + low + one] - below)
            extrapolated[z, slot, np.uint64(storm[w, m]), none] += value * ratio


@nb.njit(cache=True, error_model="numpy")
def add_alone_scenarios(
    items: Items, lists: Lists, mean: FloatArray, extrapolated: FloatArray, p: int, zone: int,
    begin: int, end: int, which: int, count: int, rares: int,
) -> None:  # fmt: skip
    """Add items `begin` to `end` of an entry in all scenarios, for one of the lists."""
    numbers, values, slots, lookup = items
    storm, at, rare, rows = lists
    z, w, peril, scenarios = (
        np.uint64(zone), np.uint64(which), np.uint64(p), np.uint64(mean.shape[3]),
    )  # fmt: skip
    row = np.uint64(rows[w])
    for k in range(np.uint64(begin), np.uint64(end)):
        item, value = np.uint64(numbers[k]), values[k]
        slot = np.uint64(slots[peril, item])
        for n in range(np.uint64(count)):
            low, to = np.uint64(at[w, n]), np.uint64(storm[w, n])
            upper = value * (at[w, n] - low)
            lower, first = value - upper, (row + low) * scenarios
            second = first + scenarios
            for s in range(scenarios):
                added = lower * lookup[item, first + s] + upper * lookup[item, second + s]
                mean[z, slot, to, s] += added
        for r in range(np.uint64(rares)):
            m = np.uint64(rare[w, r])
            low, to = np.uint64(at[w, m]), np.uint64(storm[w, m])
            upper = value * (at[w, m] - low)
            lower, first = value - upper, (row + low) * scenarios
            second = first + scenarios
            for s in range(scenarios):
                added = lower * lookup[item, first + s] + upper * lookup[item, second + s]
                extrapolated[z, slot, to, s] += added


@nb.njit(cache=True, error_model="numpy")
def add_alone_moments(
    items: Items, spread: Spread, lists: Lists, independent: FloatArray, correlated: FloatArray,
    zone: int, begin: int, end: int, which: int, count: int,
) -> None:  # fmt: skip
    """Add the deviations of items `begin` to `end` of an entry, in the first scenario."""
    numbers, values, _, _ = items
    deviations, own, columns = spread
    storm, at, _, rows = lists
    z, w, one, row = np.uint64(zone), np.uint64(which), np.uint64(1), np.uint64(rows[which])
    for k in range(np.uint64(begin), np.uint64(end)):
        item, value, share = np.uint64(numbers[k]), values[k], own[k]
        column = np.uint64(columns[item])
        for n in range(np.uint64(count)):
            low, to = np.uint64(at[w, n]), np.uint64(storm[w, n])
            below, above = deviations[item, row + low], deviations[item, row + low + one]
            deviation = value * (below + (at[w, n] - low) * (above - below))
            independent[z, column, to] += deviation * deviation * share
            correlated[z, column, to] += deviation
