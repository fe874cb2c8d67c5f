"""Perils of one storm combine in the cell: 1 - Π(1 - d), or the highest of a benefit paid once.

The combined amount is booked to perils in proportion to what each costs alone; a highest outcome to
the first peril that pays it.
"""

from __future__ import annotations

import numba as nb
import numpy as np

from riskmodel.loss.kernel_arrays import Between, FloatArray, IntArray, Items, Joint, Spread

LEAST = 1e-300  # in place of a sum of ratios that is zero


@nb.njit(cache=True, inline="always")
def _keep_highest(single: FloatArray, number: int) -> None:
    """Leave, in each scenario, the highest outcome to the first peril that has it."""
    for s in range(single.shape[1]):
        best = 0
        for n in range(1, number):
            if single[n, s] > single[best, s]:
                best = n
        for n in range(number):
            single[n, s] *= n == best


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
    single, totals, keeps = between
    z, one, scenarios = np.uint64(zone), np.uint64(1), np.uint64(mean.shape[3])
    for both in range((end - begin) * size):  # items, and for each the entries
        k, number = begin + both // size, both % size
        item, e = np.uint64(order[k]), np.uint64(number)
        value = values[entry + number, item]
        if value == 0.0:
            continue
        for j in range(np.uint64(starts[e]), np.uint64(starts[e + one])):
            to, start, stop = np.uint64(storm[j]), np.uint64(first[j]), np.uint64(first[j + one])
            for s in range(scenarios):
                totals[s] = 0.0
                keeps[s] = 1.0
            for t in range(start, stop):
                low, n = np.uint64(at[t]), t - start
                part, lower = at[t] - low, (np.uint64(rows[t]) + low) * scenarios
                upper = lower + scenarios
                for s in range(scenarios):
                    below = lookup[item, lower + s]
                    ratio = below + part * (lookup[item, upper + s] - below)
                    single[n, s] = ratio
                    totals[s] += ratio
                    keeps[s] *= 1.0 - ratio
            if highests[item]:
                _keep_highest(single, int(stop - start))
                totals[:] = value
            else:
                for s in range(scenarios):
                    totals[s] = value * (1.0 - keeps[s]) / max(totals[s], LEAST)
            for t in range(start, stop):
                slot, n = np.uint64(slots[peril[t], item]), t - start
                for s in range(scenarios):
                    mean[z, slot, to, s] += totals[s] * single[n, s]
                if far[t]:
                    for s in range(scenarios):
                        extrapolated[z, slot, to, s] += totals[s] * single[n, s]


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
            for t in range(np.uint64(first[j]), np.uint64(first[j + one])):
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
