"""Kernels of the pass: read intensity, look responses up, combine in the cell, sum by zone.

A task is one zone and one run of occurrences. It alone writes their sums, entry by entry, so no
number of threads, no run and no chunking changes a bit. Pairs of an entry are listed first; then
each item goes through the lists, so that its response and its sums stay in the processor's cache.
Kernels that are called for each entry get no more arrays than they need: numba counts a reference
to each of them in each call.
"""

from __future__ import annotations

import numba as nb
import numpy as np

from riskmodel.loss.alone_kernels import add_alone, add_alone_moments, add_alone_scenarios
from riskmodel.loss.joint_kernels import add_joint, add_joint_moments, add_joint_scenarios
from riskmodel.loss.kernel_arrays import (
    BoolArray,
    Curves,
    Groups,
    IntArray,
    Items,
    Joint,
    Lists,
    Marks,
    Pairs,
    Places,
    Spread,
    Sums,
)
from riskmodel.loss.pair_lists import list_alone, list_joint, list_pairs, mark, new_lists, unmark


@nb.njit(cache=True, inline="always")
def bin_of(curves: Curves, layer: int, row: int, position: float) -> float:
    """Fractional bin of the layer's look-up table at a position; at most its last."""
    j = curves.segments[layer, int(position)]
    edges = curves.edges[layer]
    part = (position - edges[j]) / (edges[j + 1] - edges[j])
    left = curves.left[row, j]
    at = (left + (curves.right[row, j] - left) * part) * curves.density[layer]
    return min(at, curves.last[layer])


@nb.njit(cache=True, error_model="numpy")
def _single(
    curves: Curves, places: Places, items: Items, spread: Spread, groups: Groups, pairs: Pairs,
    sums: Sums, zone: int, low: int, high: int,
) -> None:  # fmt: skip
    """Add all entries of a zone when there is one peril: it is alone in each storm."""
    _, _, pointer, zone_pointer = groups
    mean, extrapolated, independent, correlated = sums
    once, moments = mean.shape[3] == 1, independent.shape[1] > 0
    lines, lists, _, _ = new_lists(1, high - low, curves.left.shape[1], 1)
    for entry in range(zone_pointer[zone], zone_pointer[zone + 1]):
        count, rares = list_pairs(curves, places, pairs, lines, lists, 0, entry, low, high)
        begin, end = pointer[entry], pointer[entry + 1]
        if count and once:
            add_alone(items, lists, mean, extrapolated, 0, zone, begin, end, 0, count, rares)
        elif count:
            add_alone_scenarios(
                items, lists, mean, extrapolated, 0, zone, begin, end, 0, count, rares
            )
        if count and moments:
            add_alone_moments(
                items, spread, lists, independent, correlated, zone, begin, end, 0, count
            )


@nb.njit(cache=True, error_model="numpy")
def _several(
    curves: Curves, places: Places, items: Items, spread: Spread, groups: Groups, pairs: Pairs,
    sums: Sums, zone: int, low: int, high: int,
) -> None:  # fmt: skip
    """Add all entries of a zone when perils may act in one storm."""
    acting, highest, pointer, zone_pointer = groups
    perils = pairs.pointer.shape[0]
    lines, lists, marks, joint = new_lists(
        perils, high - low, curves.left.shape[1], sums.mean.shape[3]
    )
    counts, rares = np.zeros(perils, np.int64), np.zeros(perils, np.int64)
    for entry in range(zone_pointer[zone], zone_pointer[zone + 1]):
        found = 0
        for p in range(perils):
            counts[p], rares[p] = list_pairs(
                curves, places, pairs, lines, lists, p, entry, low, high
            )
            found += counts[p]
        if not found:
            continue
        for p in range(perils):
            mark(lists, marks, p, counts[p], rares[p])
        begin, end = pointer[entry], pointer[entry + 1]
        while begin < end:
            mask, stop = int(acting[items.item[begin]]), begin + 1
            while stop < end and acting[items.item[stop]] == mask:
                stop += 1
            _add(
                items, spread, highest, lists, marks, joint, counts, rares, sums, mask, zone, begin,
                stop,
            )  # fmt: skip
            begin = stop
        for p in range(perils):
            unmark(lists, marks, p, counts[p])


@nb.njit(cache=True, error_model="numpy")
def _add(
    items: Items, spread: Spread, highest: BoolArray, lists: Lists, marks: Marks, joint: Joint,
    counts: IntArray, rares: IntArray, sums: Sums, mask: int, zone: int, begin: int, end: int,
) -> None:  # fmt: skip
    """Add items of an entry on which the same perils act, those of a mask."""
    mean, extrapolated, independent, correlated = sums
    perils, once, moments = counts.size, mean.shape[3] == 1, independent.shape[1] > 0
    several = False
    for p in range(perils):
        if not mask >> p & 1 or not counts[p]:
            continue
        which, count, rare = p, counts[p], rares[p]
        if mask != 1 << p:
            count, rare = list_alone(lists, marks, p, mask, count)
            which, several = perils, several or count < counts[p]
        if count and once:
            add_alone(items, lists, mean, extrapolated, p, zone, begin, end, which, count, rare)
        elif count:
            add_alone_scenarios(
                items, lists, mean, extrapolated, p, zone, begin, end, which, count, rare
            )
        if count and moments:
            add_alone_moments(
                items, spread, lists, independent, correlated, zone, begin, end, which, count
            )
    if not several:
        return
    number = list_joint(lists, marks, joint, mask, counts)
    if once:
        add_joint(items, joint, highest, mean, extrapolated, zone, begin, end, number)
    else:
        add_joint_scenarios(items, joint, highest, mean, extrapolated, zone, begin, end, number)
    if moments:
        add_joint_moments(
            items, joint, highest, spread, independent, correlated, zone, begin, end, number
        )


@nb.njit(cache=True)
def _of_run(sums: Sums, low: int, high: int) -> Sums:
    """Take the sums of a run of the occurrences."""
    return Sums(
        sums.mean[:, :, low:high], sums.extrapolated[:, :, low:high],
        sums.independent[:, :, low:high], sums.correlated[:, :, low:high],
    )  # fmt: skip


@nb.njit(parallel=True, cache=True)
def accumulate(
    curves: Curves, places: Places, items: Items, spread: Spread, groups: Groups, pairs: Pairs,
    first: int, run: int, sums: Sums,
) -> None:  # fmt: skip
    """Add the occurrences of a chunk, from number `first` on, in tasks of at most `run`.

    Threads take neighbouring tasks, so those of one run stand together: all zones of some runs
    weigh alike, while some zones of all runs do not.
    """
    zones, storms = sums.mean.shape[0], sums.mean.shape[2]
    runs = (storms + run - 1) // run
    for task in nb.prange(zones * runs):
        zone, low = task % zones, task // zones * run
        high = min(low + run, storms)
        of_run = _of_run(sums, low, high)
        if pairs.pointer.shape[0] == 1:
            _single(
                curves, places, items, spread, groups, pairs, of_run, zone, first + low,
                first + high,
            )  # fmt: skip
        else:
            _several(
                curves, places, items, spread, groups, pairs, of_run, zone, first + low,
                first + high,
            )  # fmt: skip
