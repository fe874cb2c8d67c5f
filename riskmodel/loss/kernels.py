"""Kernels of the pass: read intensity, look responses up, combine in the cell, sum by zone.

A task is one zone and one run of occurrences. It alone writes their sums, in an order that is that
of its entries, so no number of threads, no run and no chunking changes a bit. Pairs of a batch of
entries are listed first; then each item goes through the lists, so that its response and its sums
stay in the processor's cache.
"""

from __future__ import annotations

import numba as nb

from riskmodel.loss.alone_kernels import add_alone, add_alone_moments, add_alone_scenarios
from riskmodel.loss.joint_kernels import add_joint, add_joint_moments, new_between
from riskmodel.loss.kernel_arrays import (
    Alone,
    Between,
    Curves,
    Groups,
    IntArray,
    Items,
    Joint,
    Lines,
    Lists,
    Pairs,
    Places,
    Spread,
    Sums,
)
from riskmodel.loss.pair_lists import (
    ENTRIES,
    all_alone,
    list_alone,
    list_batch,
    list_joint,
    new_lists,
)


@nb.njit(cache=True, inline="always")
def bin_of(curves: Curves, layer: int, row: int, position: float) -> float:
    """Fractional bin of the layer's look-up table at a position; at most its last."""
    j = curves.segments[layer, int(position)]
    edges = curves.edges[layer]
    part = (position - edges[j]) / (edges[j + 1] - edges[j])
    left = curves.left[row, j]
    at = (left + (curves.right[row, j] - left) * part) * curves.density[layer]
    return min(at, curves.last[layer])


@nb.njit(cache=True)
def _task(
    curves: Curves, places: Places, items: Items, spread: Spread, groups: Groups, pairs: Pairs,
    made: tuple[Lines, Lists, Alone, Joint], between: Between, sums: Sums, zone: int, first: int,
    low: int, high: int,
) -> None:  # fmt: skip
    """Sum all entries of a zone, occurrences `low` to `high` of a chunk that begins at `first`."""
    for of_means in (sums.mean, sums.extrapolated):
        of_means[zone, :, low:high] = 0.0
    for of_moments in (sums.independent, sums.correlated):
        of_moments[zone, :, low:high] = 0.0
    perils = pairs.pointer.shape[0]
    lines, lists, alone, joint = made
    stop = groups.zone_pointer[zone + 1]
    for entry in range(groups.zone_pointer[zone], stop, ENTRIES):
        size = min(ENTRIES, stop - entry)
        if not list_batch(curves, places, pairs, lines, lists, entry, size, first, low, high):
            continue
        for g in range(groups.mask.size):
            begin, end, mask = groups.first[g], groups.first[g + 1], groups.mask[g]
            left_out = 0
            for p in range(perils):
                if mask == 1 << p:
                    _add_alone(items, spread, groups.order, begin, end, all_alone(lists, p), sums,
                               p, zone, entry, size)  # fmt: skip
                elif mask >> p & 1:
                    left_out = list_alone(lists, alone, joint, p, mask, size, left_out)
                    _add_alone(items, spread, groups.order, begin, end, alone, sums, p, zone,
                               entry, size)  # fmt: skip
            if left_out:
                segments = list_joint(lists, joint, mask, size, low)
                _add_joint(items, spread, groups.order, begin, end, joint, segments, lists.row,
                           between, sums, zone, entry)  # fmt: skip


@nb.njit(cache=True)
def _add_alone(
    items: Items, spread: Spread, order: IntArray, begin: int, end: int, alone: Alone, sums: Sums,
    p: int, zone: int, entry: int, size: int,
) -> None:  # fmt: skip
    """Add what one peril does alone to some items of a batch."""
    mean, extrapolated, independent, correlated = sums
    if mean.shape[3] == 1:
        add_alone(items, order, begin, end, alone, mean, extrapolated, p, zone, entry, size)
    else:
        add_alone_scenarios(
            items, order, begin, end, alone, mean, extrapolated, p, zone, entry, size
        )
    if independent.shape[1]:
        add_alone_moments(
            items, order, begin, end, alone, spread, independent, correlated, zone, entry, size
        )


@nb.njit(cache=True)
def _add_joint(
    items: Items, spread: Spread, order: IntArray, begin: int, end: int, joint: Joint,
    segments: int, rows: IntArray, between: Between, sums: Sums, zone: int, entry: int,
) -> None:  # fmt: skip
    """Add what perils do together to some items of a batch."""
    mean, extrapolated, independent, correlated = sums
    add_joint(items, order, begin, end, joint, segments, rows, between, mean, extrapolated, zone,
              entry)  # fmt: skip
    if independent.shape[1]:
        add_joint_moments(
            items, order, begin, end, joint, segments, rows, spread, mean.shape[3], independent,
            correlated, zone, entry,
        )  # fmt: skip


@nb.njit(parallel=True, cache=True, nogil=True)
def accumulate(
    curves: Curves, places: Places, items: Items, spread: Spread, groups: Groups, pairs: Pairs,
    first: int, run: int, threads: int, sums: Sums,
) -> None:  # fmt: skip
    """Sum the occurrences of a chunk, from number `first` on, in tasks of at most `run`.

    Whatever `sums` held before is written over. The lock of Python is free meanwhile, for the
    thread that reads the next block.

    Each thread takes neighbouring tasks, for which it makes its lists once: touching memory anew
    for every task took longer than some tasks. Those of one run stand together: all zones of some
    runs weigh alike, while some zones of all runs do not.
    """
    zones, storms = sums.mean.shape[0], sums.mean.shape[2]
    tasks = zones * ((storms + run - 1) // run)
    for part in nb.prange(threads):
        begin, end = part * tasks // threads, (part + 1) * tasks // threads
        made = new_lists(pairs.pointer.shape[0], run, curves.left.shape[1])
        between = new_between(pairs.pointer.shape[0], sums.mean.shape[3])
        for task in range(begin, end):
            zone, low = task % zones, task // zones * run
            _task(
                curves, places, items, spread, groups, pairs, made, between, sums, zone, first, low,
                min(low + run, storms),
            )  # fmt: skip
