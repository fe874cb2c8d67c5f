"""Perils of one storm combine in the cell: 1 - Π(1 - d), or the highest of a benefit paid once.

The combined amount is booked to perils in proportion to what each costs alone; a highest outcome to
the first peril that pays it. Occurrences of the same perils and entry stand together in segments.
"""

from __future__ import annotations

import numba as nb
import numpy as np

from riskmodel.loss.alone_kernels import exposes
from riskmodel.loss.kernel import kernel
from riskmodel.loss.kernel_arrays import (
    Between,
    FloatArray,
    IntArray,
    Items,
    Joint,
    SingleArray,
    Spread,
)
from riskmodel.loss.lanes import LANES
from riskmodel.loss.vectors import LEAST, add_product, add_two, begin_union, grow_union, share_union


@nb.njit(cache=True)
def new_between(perils: int, lanes: int) -> Between:
    """Make room for what stands between the steps."""
    return Between(
        np.empty(lanes), np.empty((perils, lanes)), np.empty(lanes), np.empty(lanes),
        np.empty((3, perils), np.int64),
    )  # fmt: skip


@kernel
def add_joint(
    items: Items, begin: int, end: int, joint: Joint, segments: int, rows: IntArray,
    between: Between, mean: FloatArray, extrapolated: FloatArray, entry: int,
) -> None:  # fmt: skip
    """Add the bundles `begin` to `end` of the entries from `entry` on."""
    perils, row, slot = between.acting
    for both in range((end - begin) * segments):  # bundles, and for each the segments
        b, g = begin + both // segments, both % segments
        if not exposes(items, b, entry + joint.of[g], between.value):
            continue
        acting = 0
        for p in range(perils.size):
            perils[acting], row[acting], slot[acting] = p, rows[p, joint.of[g]], items.slot[p, b]
            acting += joint.mask[g] >> p & 1
        lookup, single, highest = items.lookup[b], items.single[b], items.highest[b]
        of, rows_of, slots = perils[:acting], row[:acting], slot[:acting]
        if between.value.size == 1:
            _add_single(single, joint, g, of, rows_of, slots, highest, between, mean, extrapolated)
        else:
            _add_lanes(lookup, joint, g, of, rows_of, slots, highest, between, mean, extrapolated)


@kernel
def _add_single(
    lookup: FloatArray, joint: Joint, g: int, perils: IntArray, rows: IntArray, slots: IntArray,
    highest: bool, between: Between, mean: FloatArray, extrapolated: FloatArray,
) -> None:  # fmt: skip
    """Add the occurrences of a segment, of one lane.

    The union is added up as u + d(1 - u), which keeps ratios near zero to the last digit.
    """
    ratio, one, lane = between.ratio, np.uint64(1), np.uint64(0)
    for j in range(np.uint64(joint.first[g]), np.uint64(joint.first[g + 1])):
        total, union = 0.0, 0.0
        for n in range(perils.size):
            at = joint.at[perils[n], j]
            whole = np.int64(at)
            low = np.uint64(rows[n] + whole)
            d = lookup[low] + (at - whole) * (lookup[low + one] - lookup[low])
            ratio[n, lane] = d
            total, union = total + d, union + d * (1.0 - union)
        if highest:
            _keep_highest(ratio, perils.size)
            share = between.value[0]
        else:
            share = between.value[0] * (union / max(total, LEAST))
        for n in range(perils.size):
            to, added = np.uint64(joint.storm[j]), share * ratio[n, lane]
            mean[np.uint64(slots[n]), to, lane] += added
            if joint.far[perils[n], j]:
                extrapolated[np.uint64(slots[n]), to, lane] += added


@kernel
def _add_lanes(
    lookup: SingleArray, joint: Joint, g: int, perils: IntArray, rows: IntArray, slots: IntArray,
    highest: bool, between: Between, mean: FloatArray, extrapolated: FloatArray,
) -> None:  # fmt: skip
    """Add the occurrences of a segment, of all lanes at once."""
    value, ratio, total, union, _ = between
    two = perils.size == 2 and not highest
    for j in range(np.uint64(joint.first[g]), np.uint64(joint.first[g + 1])):
        to = np.uint64(joint.storm[j])
        if two and not (joint.far[perils[0], j] or joint.far[perils[1], j]):
            # most often so: nothing in between leaves the processor's registers
            at, other = joint.at[perils[0], j], joint.at[perils[1], j]
            whole, next_whole = np.int64(at), np.int64(other)
            add_two(
                lookup, np.uint64((rows[0] + whole) * LANES), at - whole,
                np.uint64((rows[1] + next_whole) * LANES), other - next_whole, value, mean,
                np.uint64(slots[0]), np.uint64(slots[1]), to,
            )  # fmt: skip
            continue
        for n in range(perils.size):
            at = joint.at[perils[n], j]
            whole = np.int64(at)
            left = np.uint64((rows[n] + whole) * LANES)
            if n == 0:
                begin_union(lookup, left, at - whole, ratio, total, union)
            else:
                grow_union(lookup, left, at - whole, ratio, np.uint64(n), total, union)
        if highest:
            _keep_highest(ratio, perils.size)
            for s in range(value.size):  # an assignment of all at once would copy them first
                total[s] = value[s]
        else:
            share_union(value, total, union)
        for n in range(perils.size):
            slot = np.uint64(slots[n])
            add_product(total, ratio, np.uint64(n), mean, slot, to)
            if joint.far[perils[n], j]:
                add_product(total, ratio, np.uint64(n), extrapolated, slot, to)


@kernel
def _keep_highest(ratio: FloatArray, perils: int) -> None:
    """Leave the highest outcome to the first peril that has it, nothing to the others."""
    for s in range(ratio.shape[1]):
        best = 0
        for n in range(1, perils):
            if ratio[n, s] > ratio[best, s]:
                best = n
        for n in range(perils):
            if n != best:
                ratio[n, s] = 0.0


@kernel
def add_joint_moments(
    items: Items, order: IntArray, begin: int, end: int, joint: Joint, segments: int,
    rows: IntArray, spread: Spread, perils: IntArray, lanes: int, independent: FloatArray,
    correlated: FloatArray, entry: int,
) -> None:  # fmt: skip
    """Add deviations when perils combine, of some items and entries, in the first scenario.

    Deviations of perils are independent, so that of one unit's 1 - Π(1 - d) has the variance
    Π(s² + (1 - m)²) - Π(1 - m)². A highest outcome deviates as its peril does. There is room in
    `perils` (peril,) for those of a segment.
    """
    deviations, own = spread.deviation, spread.own
    first, mask, of, storm, at = joint.first, joint.mask, joint.of, joint.storm, joint.at
    one, across = np.uint64(1), np.uint64(lanes)
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
