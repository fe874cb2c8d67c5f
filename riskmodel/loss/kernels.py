"""Kernels of the pass: read intensity, look responses up, combine in the cell, sum by zone.

A task is one zone and one run of occurrences. It alone writes their sums, in an order that is that
of its entries, so no number of threads, no run and no chunking changes a bit. Pairs of a batch of
entries are listed first; then each bundle of lanes goes through the lists, so that its response and
its sums stay in the processor's cache. At its end a task folds its sums to outcomes.
"""

from __future__ import annotations

import numba as nb
import numpy as np

from riskmodel.loss.alone_kernels import add_alone, add_alone_moments
from riskmodel.loss.joint_kernels import add_joint, add_joint_moments, new_between
from riskmodel.loss.kernel_arrays import (
    Alone,
    Between,
    Curves,
    Fold,
    Groups,
    Items,
    Joint,
    Lines,
    Lists,
    Numbers,
    Outcomes,
    Pairs,
    Places,
    Spread,
    Sums,
)
from riskmodel.loss.pair_lists import (
    ENTRIES,
    all_alone,
    forget,
    list_alone,
    list_batch,
    list_joint,
    new_lists,
    new_numbers,
)


@nb.njit(cache=True)
def _task(
    curves: Curves, places: Places, items: Items, spread: Spread, groups: Groups, pairs: Pairs,
    made: tuple[Lines, Lists, Alone, Joint], numbers: Numbers, between: Between, sums: Sums,
    zone: int, low: int, high: int,
) -> None:  # fmt: skip
    """Sum all entries of a zone, occurrences `low` to `high` of a block."""
    forget(numbers)
    lines, lists, alone, joint = made
    stop, cleared = groups.zone_pointer[zone + 1], 0
    for entry in range(groups.zone_pointer[zone], stop, ENTRIES):
        size = min(ENTRIES, stop - entry)
        if list_batch(curves, places, pairs, lines, numbers, lists, entry, size, low, high):
            _clear(sums, cleared, numbers.known[0])
            cleared = numbers.known[0]
            for g in range(groups.mask.size):
                _add_group(items, spread, groups, g, lists, alone, joint, between, sums, entry,
                           size)  # fmt: skip


@nb.njit(cache=True)
def _clear(sums: Sums, first: int, stop: int) -> None:
    """Set the sums of new numbers to zero."""
    for of_means in (sums.mean, sums.extrapolated):
        of_means[:, first:stop] = 0.0
    for of_moments in (sums.independent, sums.correlated):
        of_moments[:, first:stop] = 0.0


@nb.njit(cache=True)
def _add_group(
    items: Items, spread: Spread, groups: Groups, g: int, lists: Lists, alone: Alone, joint: Joint,
    between: Between, sums: Sums, entry: int, size: int,
) -> None:  # fmt: skip
    """Add what a batch of entries costs the bundles on which the same perils act."""
    mask, left_out = groups.mask[g], 0
    for p in range(lists.first.shape[0]):
        if mask == 1 << p:
            whole = all_alone(lists, p)
            _add_alone(items, spread, groups, g, whole, between, sums, p, entry, size)
        elif mask >> p & 1:
            left_out = list_alone(lists, alone, joint, p, mask, size, left_out)
            _add_alone(items, spread, groups, g, alone, between, sums, p, entry, size)
    if left_out:
        segments = list_joint(lists, joint, mask, size)
        _add_joint(items, spread, groups, g, joint, segments, lists, between, sums, entry)


@nb.njit(cache=True)
def _add_alone(
    items: Items, spread: Spread, groups: Groups, g: int, alone: Alone, between: Between,
    sums: Sums, p: int, entry: int, size: int,
) -> None:  # fmt: skip
    """Add what one peril does alone to a group of bundles."""
    mean, extrapolated, independent, correlated = sums
    begin, end = groups.first[g], groups.first[g + 1]
    add_alone(items, begin, end, alone, between.value, mean, extrapolated, p, entry, size)
    if independent.shape[0]:
        begin, end = groups.first_item[g], groups.first_item[g + 1]
        add_alone_moments(
            items, groups.order, begin, end, alone, spread, independent, correlated, entry, size
        )


@nb.njit(cache=True)
def _add_joint(
    items: Items, spread: Spread, groups: Groups, g: int, joint: Joint, segments: int,
    lists: Lists, between: Between, sums: Sums, entry: int,
) -> None:  # fmt: skip
    """Add what perils do together to a group of bundles."""
    mean, extrapolated, independent, correlated = sums
    begin, end = groups.first[g], groups.first[g + 1]
    add_joint(items, begin, end, joint, segments, lists.row, between, mean, extrapolated, entry)
    if independent.shape[0]:
        begin, end = groups.first_item[g], groups.first_item[g + 1]
        add_joint_moments(
            items, groups.order, begin, end, joint, segments, lists.row, spread, mean.shape[2],
            independent, correlated, entry,
        )  # fmt: skip


@nb.njit(cache=True)
def _fold(
    fold: Fold, sums: Sums, numbers: Numbers, outcomes: Outcomes, zone: int, first: int, run: int
) -> None:
    """Add the lanes of each outcome up, to rows from the first occurrence of the run on."""
    mean, extrapolated, independent, correlated, occurrence, filled, costs = outcomes
    lanes, filled[zone, first // run] = sums.mean.shape[2], numbers.known[0]
    for n in range(numbers.known[0]):
        row = first + n
        occurrence[zone, row] = first + numbers.occurrence[n]
        for s in range(mean.shape[0]):
            any_cost = False
            for c in range(mean.shape[3]):
                total, beyond, o = 0.0, 0.0, s * mean.shape[3] + c
                for k in range(fold.first[o], fold.first[o + 1]):
                    slot, lane = fold.source[k] // lanes, fold.source[k] % lanes
                    total += sums.mean[slot, n, lane]
                    beyond += sums.extrapolated[slot, n, lane]
                mean[s, zone, row, c], extrapolated[s, zone, row, c] = total, beyond
                any_cost |= total > 0.0
            costs[s, zone, row] = any_cost
        for c in range(independent.shape[2]):
            independent[zone, row, c] = sums.independent[c, n]
            correlated[zone, row, c] = sums.correlated[c, n]


@nb.njit(cache=True)
def _new_sums(slots: int, columns: int, run: int, lanes: int) -> Sums:
    """Make room for the sums of a run."""
    means, moments = (slots, run, lanes), (columns, run)
    return Sums(np.empty(means), np.empty(means), np.empty(moments), np.empty(moments))


@nb.njit(parallel=True, cache=True, nogil=True)
def accumulate(
    curves: Curves, places: Places, items: Items, spread: Spread, groups: Groups, fold: Fold,
    pairs: Pairs, slots: int, first: int, run: int, threads: int, outcomes: Outcomes,
) -> None:  # fmt: skip
    """Sum the occurrences of a chunk, from number `first` of the block on, in runs.

    Whatever `outcomes` held before is written over. The lock of Python is free meanwhile, for the
    thread that reads the next block.

    Each thread takes neighbouring tasks, for which it makes its lists and sums once: touching
    memory anew for every task took longer than some tasks. Those of one run stand together: all
    zones of some runs weigh alike, while some zones of all runs do not.
    """
    zones, storms = outcomes.occurrence.shape
    perils, lanes = pairs.pointer.shape[0], items.item.shape[1]
    tasks = zones * outcomes.filled.shape[1]
    for part in nb.prange(threads):
        begin, end = part * tasks // threads, (part + 1) * tasks // threads
        made, between = new_lists(perils, run, curves.left.shape[1]), new_between(perils, lanes)
        sums, numbers = (
            _new_sums(slots, outcomes.independent.shape[2], run, lanes),
            new_numbers(run),
        )
        for task in range(begin, end):
            zone, low = task % zones, task // zones * run
            _task(
                curves, places, items, spread, groups, pairs, made, numbers, between, sums, zone,
                first + low, first + min(low + run, storms),
            )  # fmt: skip
            _fold(fold, sums, numbers, outcomes, zone, low, run)
