"""Kernels of the pass: read intensity, look responses up, combine in the cell, sum by zone.

A task is one zone and one run of occurrences. It alone writes their sums, in an order that is that
of its entries, so no number of threads, no run and no chunking changes a bit. Pairs of a batch of
entries are listed first; then each bundle of lanes goes through the lists, so that its response and
its sums stay in the processor's cache. Where lists would be in vain pairs are added directly. At
its end a task folds its sums to outcomes.
"""

from __future__ import annotations

import numba as nb

from riskmodel.loss.alone_kernels import add_alone, add_alone_moments, add_directly
from riskmodel.loss.joint_kernels import add_joint, add_joint_moments, new_between
from riskmodel.loss.kernel import kernel, unlocked
from riskmodel.loss.kernel_arrays import (
    Alone,
    Between,
    Curves,
    Fold,
    Groups,
    Items,
    Joint,
    Lists,
    Numbers,
    Outcomes,
    Pairs,
    Places,
    Scratch,
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
    number_all,
)


@kernel
def _sum_entries(
    curves: Curves, places: Places, items: Items, spread: Spread, groups: Groups, pairs: Pairs,
    scratch: Scratch, zone: int, run: tuple[int, int, int], direct: bool,
) -> None:  # fmt: skip
    """Sum all entries of a zone in a run of occurrences, see `pairs_between`."""
    lines, lists, _, _, numbers, between, sums = scratch
    forget(numbers)
    first, stop, cleared = groups.zone_pointer[zone], groups.zone_pointer[zone + 1], 0
    if direct:
        number_all(numbers, run[1] - run[0])
        _clear(sums, 0, run[1] - run[0])
        add_directly(curves, places, items, pairs, lines, between.value, sums.mean,
                     sums.extrapolated, first, stop, run)  # fmt: skip
        return
    for entry in range(first, stop, ENTRIES):
        size = min(ENTRIES, stop - entry)
        if list_batch(curves, places, pairs, lines, numbers, lists, entry, size, run):
            _clear(sums, cleared, numbers.known[0])
            cleared = numbers.known[0]
            for g in range(groups.mask.size):
                _add_group(items, spread, groups, g, scratch, entry, size)


@kernel
def _clear(sums: Sums, first: int, stop: int) -> None:
    """Set the sums of new numbers to zero."""
    for of_means in (sums.mean, sums.extrapolated):
        of_means[:, first:stop] = 0.0
    for of_moments in (sums.independent, sums.correlated):
        of_moments[:, first:stop] = 0.0


@kernel
def _add_group(
    items: Items, spread: Spread, groups: Groups, g: int, scratch: Scratch, entry: int, size: int
) -> None:
    """Add what a batch of entries costs the bundles on which the same perils act."""
    _, lists, alone, joint, _, between, sums = scratch
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


@kernel
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


@kernel
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
            items, groups.order, begin, end, joint, segments, lists.row, spread,
            between.acting[0], mean.shape[2], independent, correlated, entry,
        )  # fmt: skip


@kernel
def _fold(
    fold: Fold, sums: Sums, numbers: Numbers, outcomes: Outcomes, zone: int, first: int, run: int
) -> None:
    """Add the lanes of each outcome up, to rows from the first occurrence of the run on."""
    mean, extrapolated, independent, correlated, occurrence, filled, costs = outcomes
    filled[zone, first // run] = numbers.known[0]
    for n in range(numbers.known[0]):
        row = first + n
        occurrence[zone, row] = first + numbers.occurrence[n]
        for s in range(mean.shape[0]):
            any_cost = False
            for c in range(mean.shape[3]):
                total, beyond, o = 0.0, 0.0, s * mean.shape[3] + c
                for k in range(fold.first[o], fold.first[o + 1]):
                    total += sums.mean[fold.slot[k], n, fold.lane[k]]
                    beyond += sums.extrapolated[fold.slot[k], n, fold.lane[k]]
                mean[s, zone, row, c], extrapolated[s, zone, row, c] = total, beyond
                any_cost |= total > 0.0
            costs[s, zone, row] = any_cost
        for c in range(independent.shape[2]):
            independent[zone, row, c] = sums.independent[c, n]
            correlated[zone, row, c] = sums.correlated[c, n]


@nb.njit(cache=True)
def new_scratch(perils: int, segments: int, pairs: int, sums: Sums) -> Scratch:
    """Make room for all that a task writes beside its sums, for batches of at most so many pairs.

    A thread needs it once.
    """
    _, run, lanes = sums.mean.shape
    lines, lists, alone, joint = new_lists(perils, run, segments, pairs)
    return Scratch(
        lines, lists, alone, joint, new_numbers(run), new_between(perils, lanes), sums
    )  # fmt: skip


@unlocked
def pass_task(
    curves: Curves, places: Places, items: Items, spread: Spread, groups: Groups, fold: Fold,
    pairs: Pairs, scratch: Scratch, outcomes: Outcomes, zone: int, first: int, low: int, run: int,
    count: int, direct: bool,
) -> None:  # fmt: skip
    """Sum one zone in one run of a block of `count` occurrences, with lists or directly.

    The run begins at number `low` of a chunk, and that at `first` of the block. Whatever `outcomes`
    held there before is written over. The lock of Python is free meanwhile.
    """
    between = (first + low, first + min(low + run, outcomes.occurrence.shape[1]), count)
    _sum_entries(curves, places, items, spread, groups, pairs, scratch, zone, between, direct)
    _fold(fold, scratch.sums, scratch.numbers, outcomes, zone, low, run)
