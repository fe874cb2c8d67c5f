"""Perils of one storm combine in the cell: 1 - Π(1 - d), or the highest of a benefit paid once.

The combined amount is booked to perils in proportion to what each costs alone; a highest outcome to
the peril that pays it. Each kernel goes through the pairs that `first_peril` lists, and leaves out
those of one peril, and those that an earlier peril has listed too.
"""

from __future__ import annotations

import numba as nb
import numpy as np

from riskmodel.loss.kernel_arrays import Arrays, FloatArray, IntArray, Scratch, Sums

LEAST = 1e-300  # in place of a sum of ratios that is zero


@nb.njit(cache=True, inline="always")
def _listed(acting: int, order: IntArray) -> int:
    """List the perils that act, and count them."""
    count = 0
    for p in range(order.size):
        if acting >> p & 1:
            order[count] = p
            count += 1
    return count


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
    arrays: Arrays, scratch: Scratch, sums: Sums, first_peril: int, zone: int, entry: int,
    count: int, offset: int,
) -> None:  # fmt: skip
    """Add what several perils do at one entry in the only scenario."""
    alone, before = 1 << first_peril, (1 << first_peril) - 1
    entry_item, entry_value = arrays.entry_item, arrays.entry_value
    begin, end = arrays.entry_pointer[entry], arrays.entry_pointer[entry + 1]
    lookup, item_highest, slot = arrays.lookup, arrays.item_highest, arrays.slot
    order, lows, parts = scratch.order, scratch.low, scratch.part
    single, rare, acting = scratch.single, scratch.rare, scratch.acting
    means, rares, listed = sums.mean[zone], sums.extrapolated[zone], scratch.listed[first_peril]
    for place in range(count):
        local = listed[place]
        if acting[local] == alone or acting[local] & before:
            continue
        number, storm = _listed(int(acting[local]), order), offset + local
        for k in range(begin, end):
            i, value = entry_item[k], entry_value[k]
            total, kept, largest = 0.0, 1.0, 0.0
            for n in range(number):
                p = order[n]
                low, part = lows[p, local], parts[p, local]
                below = lookup[low, i]
                ratio = below + (lookup[low + 1, i] - below) * part
                single[n, 0] = ratio
                total += ratio
                kept *= 1.0 - ratio
                largest = max(largest, ratio)
            highest, factor = item_highest[i], value * (1.0 - kept) / max(total, LEAST)
            for n in range(number):
                p, added = order[n], factor * single[n, 0]
                if highest:  # to the first peril with the highest outcome
                    added = value * largest if single[n, 0] == largest else 0.0
                    largest = -1.0 if added > 0.0 else largest
                at = slot[p, i]
                means[storm, at] += added
                if rare[p, local]:
                    rares[storm, at] += added


@nb.njit(cache=True, error_model="numpy")
def add_joint_scenarios(
    arrays: Arrays, scratch: Scratch, sums: Sums, first_peril: int, zone: int, entry: int,
    count: int, offset: int,
) -> None:  # fmt: skip
    """Add what several perils do at one entry in all scenarios."""
    scenarios = np.uint64(scratch.kept.size)
    alone, before = 1 << first_peril, (1 << first_peril) - 1
    entry_item, entry_value = arrays.entry_item, arrays.entry_value
    begin, end = arrays.entry_pointer[entry], arrays.entry_pointer[entry + 1]
    lookup, item_highest, slot = arrays.lookup, arrays.item_highest, arrays.slot
    totals, keeps, order = scratch.total, scratch.kept, scratch.order
    lows, parts, single, rare = scratch.low, scratch.part, scratch.single, scratch.rare
    means, rares, listed = sums.mean[zone], sums.extrapolated[zone], scratch.listed[first_peril]
    acting = scratch.acting
    for place in range(count):
        local = listed[place]
        if acting[local] == alone or acting[local] & before:
            continue
        number, storm = _listed(int(acting[local]), order), offset + local
        for k in range(begin, end):
            i, value = np.uint64(entry_item[k]), entry_value[k]
            for s in range(scenarios):
                totals[s] = 0.0
                keeps[s] = 1.0
            for n in range(number):
                p = order[n]
                low, part = np.uint64(lows[p, local]), parts[p, local]
                high, first = low + np.uint64(1), i * scenarios
                for s in range(scenarios):
                    below = lookup[low, first + s]
                    ratio = below + (lookup[high, first + s] - below) * part
                    single[n, s] = ratio
                    totals[s] += ratio
                    keeps[s] *= 1.0 - ratio
            if item_highest[i]:
                _keep_highest(single, number)
                totals[:] = value
            else:
                for s in range(scenarios):
                    totals[s] = value * (1.0 - keeps[s]) / max(totals[s], LEAST)
            for n in range(number):
                p = order[n]
                at = np.uint64(slot[p, i]) * scenarios
                for s in range(scenarios):
                    means[storm, at + s] += totals[s] * single[n, s]
                if rare[p, local]:
                    for s in range(scenarios):
                        rares[storm, at + s] += totals[s] * single[n, s]


@nb.njit(cache=True, error_model="numpy")
def add_joint_moments(
    arrays: Arrays, scratch: Scratch, sums: Sums, first_peril: int, zone: int, entry: int,
    count: int, offset: int,
) -> None:  # fmt: skip
    """Add the deviations of an entry when perils combine, in the first scenario.

    Deviations of perils are independent, so that of one unit's 1 - Π(1 - d) has the variance
    Π(s² + (1 - m)²) - Π(1 - m)². A highest outcome deviates as its peril does.
    """
    scenarios, alone, before = scratch.kept.size, 1 << first_peril, (1 << first_peril) - 1
    entry_item, entry_value, own = arrays.entry_item, arrays.entry_value, arrays.own
    begin, end = arrays.entry_pointer[entry], arrays.entry_pointer[entry + 1]
    lookup, deviations, item_highest = arrays.lookup, arrays.deviation, arrays.item_highest
    item_column, order, lows, parts = arrays.item_column, scratch.order, scratch.low, scratch.part
    independent, correlated = sums.independent[zone], sums.correlated[zone]
    acting, listed = scratch.acting, scratch.listed[first_peril]
    for place in range(count):
        local = listed[place]
        if acting[local] == alone or acting[local] & before:
            continue
        number, storm = _listed(int(acting[local]), order), offset + local
        for k in range(begin, end):
            i, value = entry_item[k], entry_value[k]
            square, kept, best, of_best = 1.0, 1.0, -1.0, 0.0
            for n in range(number):
                p = order[n]
                low, part = lows[p, local], parts[p, local]
                below, above = lookup[low, i * scenarios], lookup[low + 1, i * scenarios]
                mean = below + (above - below) * part
                below, above = deviations[low, i], deviations[low + 1, i]
                deviation = below + (above - below) * part
                square *= deviation * deviation + (1.0 - mean) * (1.0 - mean)
                kept *= (1.0 - mean) * (1.0 - mean)
                if mean > best:
                    best, of_best = mean, deviation
            if not item_highest[i]:
                of_best = np.sqrt(max(square - kept, 0.0))
            column = item_column[i]
            independent[storm, column] += (value * of_best) ** 2 * own[k]
            correlated[storm, column] += value * of_best
