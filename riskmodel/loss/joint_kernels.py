"""Perils of one storm combine in the cell: 1 - Π(1 - d), or the highest of a benefit paid once.

The combined amount is booked to perils in proportion to what each costs alone; a highest outcome to
the first peril that pays it.
"""

from __future__ import annotations

import numba as nb
import numpy as np

from riskmodel.loss.kernel_arrays import (
    Between,
    FloatArray,
    IntArray,
    Items,
    Joint,
    SingleArray,
    Spread,
)

LEAST = 1e-300  # in place of a sum of ratios that is zero


@nb.njit(cache=True, error_model="numpy")
def add_joint(
    items: Items, order: IntArray, begin: int, end: int, joint: Joint, between: Between,
    mean: FloatArray, extrapolated: FloatArray, zone: int, entry: int, size: int,
) -> None:  # fmt: skip
    """Add some items of the entries from `entry` on, in the only scenario."""
    values, slots, lookup, highests = items
    starts, storm, first, peril, at, rows, far = joint
    single, z, one, none = between.single, np.uint64(zone), np.uint64(1), np.uint64(0)
    for both in range((end - begin) * size):  # items, and for each the entries
        k, number = begin + both // size, both % size
        item, e = np.uint64(order[k]), np.uint64(number)
        value, highest = values[entry + number, item], highests[item]
        if value == 0.0:
            continue
        for j in range(np.uint64(starts[e]), np.uint64(starts[e + one])):
            to, start, stop = np.uint64(storm[j]), np.uint64(first[j]), np.uint64(first[j + one])
            total, kept, largest = 0.0, 1.0, 0.0
            for t in range(start, stop):
                low, row = np.uint64(at[t]), np.uint64(rows[t])
                below = lookup[item, row + low]
                ratio = below + (at[t] - low) * (lookup[item, row + low + one] - below)
                single[t - start, none] = ratio
                total += ratio
                kept *= 1.0 - ratio
                largest = max(largest, ratio)
            if total == 0.0:
                continue
            factor = value * (1.0 - kept) / total
            for t in range(start, stop):
                ratio = single[t - start, none]
                added = factor * ratio
                if highest:  # to the first peril with the highest outcome
                    added = value * largest if ratio == largest else 0.0
                    largest = -1.0 if added > 0.0 else largest
                slot = np.uint64(slots[peril[t], item])
                mean[z, slot, to, none] += added
                if far[t]:
                    extrapolated[z, slot, to, none] += added


@nb.njit(cache=True, error_model="numpy")
def add_joint_scenarios(
    items: Items, order: IntArray, begin: int, end: int, joint: Joint, between: Between,
    mean: FloatArray, extrapolated: FloatArray, zone: int, entry: int, size: int,
) -> None:  # fmt: skip
    """Add some items of the entries from `entry` on, in all scenarios."""
    values, slots, lookup, highests = items
    starts, storm, first, peril, at, rows, far = joint
    single, total, kept = between
    # unsigned numbers need no check for negative indices
    z, one, scenarios = np.uint64(zone), np.uint64(1), np.uint64(mean.shape[3])
    for both in range((end - begin) * size):  # items, and for each the entries
        k, number = begin + both // size, both % size
        item, e, value = np.uint64(order[k]), np.uint64(number), values[entry + number, order[k]]
        if value == 0.0:
            continue
        for j in range(np.uint64(starts[e]), np.uint64(starts[e + one])):
            to, start, stop = np.uint64(storm[j]), np.uint64(first[j]), np.uint64(first[j + one])
            if stop - start == 2 and not highests[item]:
                _two(lookup, item, at, rows, start, value, total, kept)
                _book(mean, extrapolated, z, np.uint64(slots[peril[start], item]), to, total,
                      far[start])  # fmt: skip
                _book(mean, extrapolated, z, np.uint64(slots[peril[start + one], item]), to, kept,
                      far[start + one])  # fmt: skip
                continue
            for t in range(start, stop):
                low, n = np.uint64(at[t]), t - start
                part, left = at[t] - low, (np.uint64(rows[t]) + low) * scenarios
                right = left + scenarios
                for s in range(scenarios):
                    below = lookup[item, left + s]
                    single[n, s] = below + part * (lookup[item, right + s] - below)
            if highests[item]:
                _keep_highest(single, stop - start)
            else:
                _combine(single, total, kept, stop - start)
            for t in range(start, stop):
                slot, n = np.uint64(slots[peril[t], item]), t - start
                for s in range(scenarios):
                    mean[z, slot, to, s] += value * single[n, s]
                if far[t]:
                    for s in range(scenarios):
                        extrapolated[z, slot, to, s] += value * single[n, s]


@nb.njit(cache=True, error_model="numpy")
def _two(
    lookup: SingleArray, item: np.uint64, at: FloatArray, rows: IntArray, start: np.uint64,
    value: float, first: FloatArray, second: FloatArray,
) -> None:  # fmt: skip
    """Share what two perils do together, value · (a + b - ab), in each scenario."""
    scenarios, one = np.uint64(first.size), np.uint64(1)
    low, high = np.uint64(at[start]), np.uint64(at[start + one])
    part, other_part = at[start] - low, at[start + one] - high
    left = (np.uint64(rows[start]) + low) * scenarios
    other_left = (np.uint64(rows[start + one]) + high) * scenarios
    right, other_right = left + scenarios, other_left + scenarios
    for s in range(scenarios):
        below, other_below = lookup[item, left + s], lookup[item, other_left + s]
        a = below + part * (lookup[item, right + s] - below)
        b = other_below + other_part * (lookup[item, other_right + s] - other_below)
        factor = value - value * a * b / max(a + b, LEAST)
        first[s], second[s] = a * factor, b * factor


@nb.njit(cache=True, error_model="numpy")
def _book(
    mean: FloatArray, extrapolated: FloatArray, zone: np.uint64, slot: np.uint64, storm: np.uint64,
    amount: FloatArray, far: bool,
) -> None:  # fmt: skip
    """Add amounts of all scenarios to one place."""
    for s in range(np.uint64(amount.size)):
        mean[zone, slot, storm, s] += amount[s]
    if far:
        for s in range(np.uint64(amount.size)):
            extrapolated[zone, slot, storm, s] += amount[s]


@nb.njit(cache=True, error_model="numpy")
def _combine(single: FloatArray, total: FloatArray, kept: FloatArray, number: np.uint64) -> None:
    """Share 1 - Π(1 - d), the combined ratio of some perils, in each scenario."""
    scenarios = np.uint64(single.shape[1])
    for s in range(scenarios):
        total[s] = single[0, s]
        kept[s] = 1.0 - single[0, s]
    for n in range(np.uint64(1), np.uint64(number)):
        for s in range(scenarios):
            total[s] += single[n, s]
        for s in range(scenarios):
            kept[s] *= 1.0 - single[n, s]
    for s in range(scenarios):
        total[s] = (1.0 - kept[s]) / max(total[s], LEAST)
    for n in range(np.uint64(number)):
        for s in range(scenarios):
            single[n, s] *= total[s]


@nb.njit(cache=True, error_model="numpy")
def _keep_highest(single: FloatArray, number: np.uint64) -> None:
    """Leave, in each scenario, the highest outcome to the first peril that has it."""
    for s in range(single.shape[1]):
        best = 0
        for n in range(1, int(number)):
            if single[n, s] > single[best, s]:
                best = n
        for n in range(int(number)):
            if n != best:
                single[n, s] = 0.0


@nb.njit(cache=True, error_model="numpy")
def add_joint_moments(
    items: Items, order: IntArray, begin: int, end: int, joint: Joint, spread: Spread,
    scenarios: int, independent: FloatArray, correlated: FloatArray, zone: int, entry: int,
    size: int,
) -> None:  # fmt: skip
    """Add deviations when perils combine, of some items and entries, in the first scenario.

    Deviations of perils are independent, so that of one unit's 1 - Π(1 - d) has the variance
    Π(s² + (1 - m)²) - Π(1 - m)². A highest outcome deviates as its peril does.
    """
    values, _, lookup, highests = items
    deviations, own, columns = spread
    starts, storm, first, _, at, rows, _ = joint
    z, one, across = np.uint64(zone), np.uint64(1), np.uint64(scenarios)
    for both in range((end - begin) * size):  # items, and for each the entries
        k, number = begin + both // size, both % size
        item, e = np.uint64(order[k]), np.uint64(number)
        value, share = values[entry + number, item], own[entry + number, item]
        column, highest = np.uint64(columns[item]), highests[item]
        if value == 0.0:
            continue
        for j in range(np.uint64(starts[e]), np.uint64(starts[e + one])):
            to, square, kept, best, of_best = np.uint64(storm[j]), 1.0, 1.0, -1.0, 0.0
            for t in range(first[j], first[j + one]):
                low, row = np.uint64(at[t]), np.uint64(rows[t])
                part, lower = at[t] - low, (row + low) * across
                below, above = lookup[item, lower], lookup[item, lower + across]
                ratio = below + (above - below) * part
                below, above = deviations[item, row + low], deviations[item, row + low + one]
                deviation = below + (above - below) * part
                square *= deviation * deviation + (1.0 - ratio) * (1.0 - ratio)
                kept *= (1.0 - ratio) * (1.0 - ratio)
                if ratio > best:
                    best, of_best = ratio, deviation
            if not highest:
                of_best = np.sqrt(max(square - kept, 0.0))
            independent[z, column, to] += (value * of_best) ** 2 * share
            correlated[z, column, to] += value * of_best
