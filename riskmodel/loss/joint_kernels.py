"""Perils of one storm combine in the cell: 1 - Π(1 - d), or the highest of a benefit paid once.

The combined amount is booked to perils in proportion to what each costs alone; a highest outcome to
the first peril that pays it. Occurrences of the same perils and entry go through each step
together: reading each peril, combining, booking each peril.
"""

from __future__ import annotations

import numba as nb
import numpy as np

from riskmodel.loss.alone_kernels import exposes
from riskmodel.loss.kernel_arrays import (
    Between,
    BoolArray,
    FloatArray,
    IntArray,
    Items,
    Joint,
    NumberArray,
    SingleArray,
    Spread,
)
from riskmodel.loss.vectors import add_product, read_between

LEAST = 1e-300  # in place of a sum of ratios that is zero
TOGETHER = 512  # occurrences × lanes that go through the steps together


@nb.njit(cache=True)
def new_between(perils: int, lanes: int) -> Between:
    """Make room for what stands between the steps."""
    room = max(TOGETHER, lanes)
    return Between(
        np.empty(lanes), np.empty((perils, room)), np.empty(room), np.empty(room)
    )  # fmt: skip


@nb.njit(cache=True, error_model="numpy")
def add_joint(
    items: Items, begin: int, end: int, joint: Joint, segments: int, rows: IntArray,
    between: Between, mean: FloatArray, extrapolated: FloatArray, entry: int,
) -> None:  # fmt: skip
    """Add the bundles `begin` to `end` of the entries from `entry` on."""
    first, mask, of, at = joint.first, joint.mask, joint.of, joint.at
    value, ratio, total, union = between
    perils, lanes = items.slot.shape[0], np.uint64(value.size)
    step = max(TOGETHER // value.size, 1)
    for both in range((end - begin) * segments):  # bundles, and for each the segments
        b, g = begin + both // segments, both % segments
        if not exposes(items, b, entry + of[g], value):
            continue
        for low in range(first[g], first[g + 1], step):
            start, stop, n = np.uint64(low), np.uint64(min(low + step, first[g + 1])), 0
            for p in range(perils):
                if mask[g] >> p & 1:
                    _read(items.lookup[b], at[p], rows[p, of[g]], start, stop, ratio[n], lanes)
                    n += 1
            if items.highest[b]:
                _keep_highest(ratio, total, n, (stop - start) * lanes)
            else:
                _combine(ratio, total, union, n, (stop - start) * lanes)
            n = 0
            for p in range(perils):
                if mask[g] >> p & 1:
                    slot = items.slot[p, b]
                    _book(mean[slot], extrapolated[slot], joint.storm, joint.far[p], start, stop,
                          ratio[n], total, value)  # fmt: skip
                    n += 1


@nb.njit(cache=True, error_model="numpy")
def _read(
    lookup: SingleArray, at: FloatArray, first_row: int, start: np.uint64, stop: np.uint64,
    ratio: FloatArray, lanes: np.uint64,
) -> None:  # fmt: skip
    """Read what one peril costs alone."""
    row, one, to = np.uint64(first_row), np.uint64(1), np.uint64(0)
    for j in range(start, stop):
        whole = np.int64(at[j])
        low, part = row + np.uint64(whole), at[j] - whole
        if lanes == one:
            below = np.float64(lookup[low])
            ratio[to] = below + part * (np.float64(lookup[low + one]) - below)
        else:
            read_between(lookup, low * lanes, part, ratio, to)  # type: ignore[call-arg]
        to += lanes


@nb.njit(cache=True, error_model="numpy")
def _combine(
    ratio: FloatArray, total: FloatArray, union: FloatArray, perils: int, number: np.uint64
) -> None:
    """Leave in `total` what a sum of ratios is to be multiplied by to give 1 - Π(1 - d).

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
        total[i] = union[i] / max(total[i], LEAST)


@nb.njit(cache=True, error_model="numpy")
def _keep_highest(ratio: FloatArray, total: FloatArray, perils: int, number: np.uint64) -> None:
    """Leave the highest outcome to the first peril that has it, nothing to the others."""
    for i in range(number):
        best = 0
        for n in range(1, perils):
            if ratio[n, i] > ratio[best, i]:
                best = n
        for n in range(perils):
            if n != best:
                ratio[n, i] = 0.0
        total[i] = 1.0


@nb.njit(cache=True, error_model="numpy")
def _book(
    mean: FloatArray, extrapolated: FloatArray, storm: NumberArray, far: BoolArray,
    start: np.uint64, stop: np.uint64, ratio: FloatArray, total: FloatArray, value: FloatArray,
) -> None:  # fmt: skip
    """Add the part of one peril, and where it is extrapolated."""
    to, lanes = np.uint64(0), np.uint64(value.size)
    for j in range(start, stop):
        row = np.uint64(storm[j])
        if lanes == np.uint64(1):
            mean[row, np.uint64(0)] += value[0] * total[to] * ratio[to]
        else:
            add_product(value, total, ratio, to, mean, row)  # type: ignore[call-arg]
        if far[j]:
            for s in range(lanes):
                extrapolated[row, s] += value[s] * total[to + s] * ratio[to + s]
        to += lanes


@nb.njit(cache=True, error_model="numpy")
def add_joint_moments(
    items: Items, order: IntArray, begin: int, end: int, joint: Joint, segments: int,
    rows: IntArray, spread: Spread, lanes: int, independent: FloatArray, correlated: FloatArray,
    entry: int,
) -> None:  # fmt: skip
    """Add deviations when perils combine, of some items and entries, in the first scenario.

    Deviations of perils are independent, so that of one unit's 1 - Π(1 - d) has the variance
    Π(s² + (1 - m)²) - Π(1 - m)². A highest outcome deviates as its peril does.
    """
    deviations, own = spread.deviation, spread.own
    first, mask, of, storm, at = joint.first, joint.mask, joint.of, joint.storm, joint.at
    one, across = np.uint64(1), np.uint64(lanes)
    perils = np.empty(rows.shape[0], np.int64)
    for both in range((end - begin) * segments):  # items, and for each the segments
        item, g = np.uint64(order[begin + both // segments]), both % segments
        value, share = items.value[entry + of[g], item], own[entry + of[g], item]
        if value == 0.0:
            continue
        lookup, highest = items.lookup[spread.bundle[item]], items.highest[spread.bundle[item]]
        column, lane, acting = np.uint64(spread.column[item]), np.uint64(spread.lane[item]), 0
        for p in range(perils.size):
            perils[acting] = p
            acting += mask[g] >> p & 1
        for j in range(first[g], first[g + 1]):
            to, square, kept, best, of_best = np.uint64(storm[j]), 1.0, 1.0, -1.0, 0.0
            for p in perils[:acting]:
                whole = np.int64(at[p, j])
                low, part = np.uint64(rows[p, of[g]] + whole), at[p, j] - whole
                below = np.float64(lookup[low * across + lane])
                above = np.float64(lookup[(low + one) * across + lane])
                ratio = below + (above - below) * part
                below = np.float64(deviations[item, low])
                deviation = below + (np.float64(deviations[item, low + one]) - below) * part
                square *= deviation * deviation + (1.0 - ratio) * (1.0 - ratio)
                kept *= (1.0 - ratio) * (1.0 - ratio)
                if ratio > best:
                    best, of_best = ratio, deviation
            if not highest:
                of_best = np.sqrt(max(square - kept, 0.0))
            independent[column, to] += (value * of_best) ** 2 * share
            correlated[column, to] += value * of_best
