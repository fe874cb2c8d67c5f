"""Perils of one storm combine in the cell: 1 - Π(1 - d), or the highest of a benefit paid once.

The combined amount is booked to perils in proportion to what each costs alone; a highest outcome to
the first peril that pays it. Occurrences of the same perils and entry go through each step
together: reading each peril, combining, booking each peril.
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
TOGETHER = 512  # occurrences × scenarios that go through the steps together


@nb.njit(cache=True)
def new_between(perils: int, scenarios: int) -> Between:
    """Make room for what stands between the steps."""
    room = max(TOGETHER, scenarios)
    return Between(np.empty((perils, room)), np.empty(room), np.empty(room))


@nb.njit(cache=True, error_model="numpy")
def add_joint(
    items: Items, order: IntArray, begin: int, end: int, joint: Joint, segments: int,
    rows: IntArray, between: Between, mean: FloatArray, extrapolated: FloatArray, zone: int,
    entry: int,
) -> None:  # fmt: skip
    """Add some items of the entries from `entry` on, in all scenarios."""
    values, slots, lookup, highests = items
    first, mask, of, at = joint.first, joint.mask, joint.of, joint.at
    ratio, total, union = between
    perils, scenarios = slots.shape[0], np.uint64(mean.shape[3])
    step = max(TOGETHER // mean.shape[3], 1)
    for both in range((end - begin) * segments):  # items, and for each the segments
        item, g = np.uint64(order[begin + both // segments]), both % segments
        value = values[entry + of[g], item]
        if value == 0.0:
            continue
        for low in range(first[g], first[g + 1], step):
            start, stop, n = np.uint64(low), np.uint64(min(low + step, first[g + 1])), 0
            for p in range(perils):
                if mask[g] >> p & 1:
                    _read(lookup, item, at, p, rows[p, of[g]], start, stop, ratio, n, scenarios)
                    n += 1
            if highests[item]:
                _keep_highest(ratio, total, n, value, (stop - start) * scenarios)
            else:
                _combine(ratio, total, union, n, value, (stop - start) * scenarios)
            n = 0
            for p in range(perils):
                if mask[g] >> p & 1:
                    _book(mean, extrapolated, zone, slots[p, item], joint, p, start, stop, ratio,
                          total, n)  # fmt: skip
                    n += 1


@nb.njit(cache=True, error_model="numpy")
def _read(
    lookup: SingleArray, item: np.uint64, at: FloatArray, p: int, first_row: int,
    start: np.uint64, stop: np.uint64, ratio: FloatArray, n: int, scenarios: np.uint64,
) -> None:  # fmt: skip
    """Read what one peril costs alone."""
    row, one, to = np.uint64(first_row), np.uint64(1), np.uint64(0)
    if scenarios == one:
        for j in range(start, stop):
            low = np.uint64(at[p, j])
            below = lookup[item, row + low]
            ratio[n, j - start] = below + (at[p, j] - low) * (lookup[item, row + low + one] - below)
        return
    for j in range(start, stop):
        low = np.uint64(at[p, j])
        part, left = at[p, j] - low, (row + low) * scenarios
        right = left + scenarios
        for s in range(scenarios):
            below = lookup[item, left + s]
            ratio[n, to + s] = below + part * (lookup[item, right + s] - below)
        to += scenarios


@nb.njit(cache=True, error_model="numpy")
def _combine(
    ratio: FloatArray, total: FloatArray, union: FloatArray, perils: int, value: float,
    number: np.uint64,
) -> None:  # fmt: skip
    """Leave in `total` what a sum of ratios is to be multiplied by to give value · (1 - Π(1 - d)).

    The union is added up as u + d(1 - u), which keeps ratios near zero to the last digit.
    """
    for i in range(number):
        total[i], union[i] = ratio[0, i], ratio[0, i]
    for n in range(1, perils):
        for i in range(number):
            total[i] += ratio[n, i]
        for i in range(number):
            union[i] += ratio[n, i] * (1.0 - union[i])
    for i in range(number):
        total[i] = value * union[i] / max(total[i], LEAST)


@nb.njit(cache=True, error_model="numpy")
def _keep_highest(
    ratio: FloatArray, total: FloatArray, perils: int, value: float, number: np.uint64
) -> None:
    """Leave the highest outcome to the first peril that has it, nothing to the others."""
    for i in range(number):
        best = 0
        for n in range(1, perils):
            if ratio[n, i] > ratio[best, i]:
                best = n
        for n in range(perils):
            if n != best:
                ratio[n, i] = 0.0
        total[i] = value


@nb.njit(cache=True, error_model="numpy")
def _book(
    mean: FloatArray, extrapolated: FloatArray, zone: int, slot: int, joint: Joint, p: int,
    start: np.uint64, stop: np.uint64, ratio: FloatArray, total: FloatArray, n: int,
) -> None:  # fmt: skip
    """Add the part of one peril, and where it is extrapolated."""
    z, of_slot, none, to = np.uint64(zone), np.uint64(slot), np.uint64(0), np.uint64(0)
    storm, far, scenarios = joint.storm, joint.far, np.uint64(mean.shape[3])
    if scenarios == np.uint64(1):
        for j in range(start, stop):
            added = total[j - start] * ratio[n, j - start]
            mean[z, of_slot, np.uint64(storm[j]), none] += added
            if far[p, j]:
                extrapolated[z, of_slot, np.uint64(storm[j]), none] += added
        return
    for j in range(start, stop):
        of_storm = np.uint64(storm[j])
        for s in range(scenarios):
            mean[z, of_slot, of_storm, s] += total[to + s] * ratio[n, to + s]
        if far[p, j]:
            for s in range(scenarios):
                extrapolated[z, of_slot, of_storm, s] += total[to + s] * ratio[n, to + s]
        to += scenarios


@nb.njit(cache=True, error_model="numpy")
def add_joint_moments(
    items: Items, order: IntArray, begin: int, end: int, joint: Joint, segments: int,
    rows: IntArray, spread: Spread, scenarios: int, independent: FloatArray,
    correlated: FloatArray, zone: int, entry: int,
) -> None:  # fmt: skip
    """Add deviations when perils combine, of some items and entries, in the first scenario.

    Deviations of perils are independent, so that of one unit's 1 - Π(1 - d) has the variance
    Π(s² + (1 - m)²) - Π(1 - m)². A highest outcome deviates as its peril does.
    """
    values, _, lookup, highests = items
    deviations, own, columns = spread
    first, mask, of, storm, at = joint.first, joint.mask, joint.of, joint.storm, joint.at
    z, one, across = np.uint64(zone), np.uint64(1), np.uint64(scenarios)
    perils = np.empty(rows.shape[0], np.int64)
    for both in range((end - begin) * segments):  # items, and for each the segments
        item, g = np.uint64(order[begin + both // segments]), both % segments
        value, share = values[entry + of[g], item], own[entry + of[g], item]
        column, highest, acting = np.uint64(columns[item]), highests[item], 0
        if value == 0.0:
            continue
        for p in range(perils.size):
            perils[acting] = p
            acting += mask[g] >> p & 1
        for j in range(first[g], first[g + 1]):
            to, square, kept, best, of_best = np.uint64(storm[j]), 1.0, 1.0, -1.0, 0.0
            for p in perils[:acting]:
                low, row = np.uint64(at[p, j]), np.uint64(rows[p, of[g]])
                part, lower = at[p, j] - low, (row + low) * across
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
