"""Reference cases of dependence: the same yearly lists of positions, moved to other years.

At a cell the stored pairs of one peril and block give a list of positions for each year: the
annual maximum and the further storms. A rearrangement keeps every cell's lists and changes only
the year in which each of them falls, so marginals, fidelity and the AAL of each single peril stay
as they are, and dependence between cells is the extreme or none.

For one peril these references bound the TVaR and the stop-loss premiums of the sum. They do *not*
bound an exceedance curve point by point: its AALs are equal, so the curves cross. Draw them as
labelled lines, never as a band. What is bounded, and by what:

- *comonotone* is the largest in convex order among all catalogues with these marginals (Dhaene et
  al. 2002, doi 10.1016/S0167-6687(02)00134-8). Lists are ordered by their annual maximum, so this
  holds exactly for the sum of the annual maxima, and nearly for the sum of all storms;
- *independent* is the smallest among catalogues whose cells depend positively (cumulatively:
  Denuit, Dhaene & Ribas 2001, Insurance: Mathematics and Economics 28, 305-308), not among all of
  them. Unrelated cells share the occurrence of their slot, so read it by year, not by occurrence.

Perils that combine in one cell (1 - Π(1 - d), or the highest) meet in other years than before,
so a combined AAL does change.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, get_args

import numba as nb
import numpy as np
import numpy.typing as npt
import xarray as xr

from riskmodel.core.draws import purpose_code, uniform
from riskmodel.core.errors import CatalogueError
from riskmodel.core.schema import stamp
from riskmodel.hazard.catalogue import OCCURRENCES, PAIRS, block_names

Case = Literal["comonotone", "independent"]
IntArray = npt.NDArray[np.int64]
StormArray = npt.NDArray[np.uint32]
PositionArray = npt.NDArray[np.uint16]


def rearranged_blocks(catalogue: xr.DataTree, case: Case, *, seed: int) -> Iterator[xr.DataTree]:
    """Rearrange a catalogue, one block at a time.

    Parameters
    ----------
    catalogue : DataTree
        From `open_catalogue`; occurrences of a block stand in order of date.
    case : {"comonotone", "independent"}
        Comonotone: the list with the k-th largest annual maximum falls in year k at every cell and
        for every peril (ties by year). Independent: the lists of each cell and peril fall in
        distinct years, drawn for it alone.
    seed : int
        Seed of the draws, which are keyed by seed, peril, block, cell and list, so that adding
        cells or blocks leaves the others in their years.

    Returns
    -------
    Iterator of DataTree: for each block a catalogue of that block alone, in memory, with pairs in
    ``block_00/peril``. Occurrence number = year x slots + slot: slot 0 holds the annual maxima,
    slot 1 the second storms, and so on; slots = longest list of the block over cells and perils.
    A rearranged year has no dates: ``start`` and ``end`` are NaN.

    Raises
    ------
    CatalogueError
        If the case is unknown.
    """
    if case not in get_args(Case):
        raise CatalogueError(
            "unknown reference case",
            where="rearranged_blocks",
            found=case,
            expected=" or ".join(get_args(Case)),
            remedy="name one of the two cases",
        )
    blocks = range(int(catalogue.attrs["blocks"]))
    return (_rearranged_block(catalogue, case, seed, block) for block in blocks)


def _rearranged_block(catalogue: xr.DataTree, case: Case, seed: int, block: int) -> xr.DataTree:
    table = catalogue.to_dataset()
    years = int(catalogue.attrs["years_per_block"])
    year = table["year"].values[table["block"].values == block].astype(np.int64)
    children = catalogue[block_names(catalogue)[block]].children
    stored = {peril: node.to_dataset().compute() for peril, node in children.items()}
    slots = max(
        _longest_list(pairs["pointer"].values, pairs["occurrence"].values, year)
        for pairs in stored.values()
    )
    history = f"rearranged_blocks: {case}, seed {seed}, block {block}"
    nodes = {"/": _occurrences(catalogue, years, slots, history)}
    for peril, pairs in stored.items():
        purpose = purpose_code(f"independent rearrangement of {peril}")
        occurrence, position = _rearranged_pairs(
            pairs["pointer"].values, pairs["occurrence"].values, pairs["position"].values,
            year, years, slots, case == "independent", seed, purpose, block,
        )  # fmt: skip
        moved = pairs.assign(occurrence=("pair", occurrence), position=("pair", position))
        nodes[f"block_00/{peril}"] = stamp(moved, PAIRS, source="catalogue", history=history)
    return xr.DataTree.from_dict(nodes, name=case)


def _occurrences(catalogue: xr.DataTree, years: int, slots: int, history: str) -> xr.Dataset:
    count = years * slots
    undated = ("occurrence", np.full(count, np.nan))
    data = xr.Dataset(
        {
            "block": ("occurrence", np.zeros(count, np.int16)),
            "year": ("occurrence", np.repeat(np.arange(years), slots)),
            "start": undated,
            "end": undated,
            "parent_event": ("occurrence", np.full(count, "rearranged")),
        },
        attrs=catalogue.attrs,
    )
    return stamp(data, OCCURRENCES, source="catalogue", history=history, blocks=1)


@nb.njit(cache=True)
def _longest_list(pointer: IntArray, occurrence: StormArray, year: IntArray) -> int:
    """Pairs of the longest yearly list of any cell; 1 when there are no pairs."""
    longest = 1
    for c in range(pointer.size - 1):
        begin = pointer[c]
        for k in range(pointer[c], pointer[c + 1]):
            if year[occurrence[k]] != year[occurrence[begin]]:
                begin = k
            longest = max(longest, k + 1 - begin)
    return longest


@nb.njit(cache=True)
def _yearly_lists(
    first: int, end: int, occurrence: StormArray, position: PositionArray, year: IntArray
) -> tuple[IntArray, IntArray]:
    """First pair of each yearly list of a cell with the end appended, and the annual maxima."""
    begin = np.full(end - first + 1, end)
    largest = np.zeros(end - first, dtype=np.int64)
    lists = 0
    for k in range(first, end):
        if k == first or year[occurrence[k]] != year[occurrence[k - 1]]:
            begin[lists] = k
            lists += 1
        largest[lists - 1] = max(largest[lists - 1], np.int64(position[k]))
    return begin[: lists + 1], largest[:lists]


@nb.njit(cache=True)
def _drawn_years(
    lists: int, years: int, seed: int, purpose: int, block: int, cell: int
) -> IntArray:
    """List that falls in each year, -1 for none: the first steps of a Fisher-Yates shuffle."""
    list_of_year = np.full(years, -1)
    left = np.arange(years)
    for i in range(lists):
        j = i + int(uniform(seed, purpose, block, cell, i) * (years - i))
        list_of_year[left[j]] = i
        left[j] = left[i]
    return list_of_year


@nb.njit(parallel=True, cache=True)
def _rearranged_pairs(
    pointer: IntArray, occurrence: StormArray, position: PositionArray, year: IntArray,
    years: int, slots: int, independent: bool, seed: int, purpose: int, block: int,
) -> tuple[StormArray, PositionArray]:  # fmt: skip
    """Occurrence numbers and positions of the moved lists, each cell within its own run."""
    new_occurrence, new_position = np.empty(occurrence.size, np.uint32), np.empty_like(position)
    for c in nb.prange(pointer.size - 1):
        begin, largest = _yearly_lists(pointer[c], pointer[c + 1], occurrence, position, year)
        if independent:
            list_of_year = _drawn_years(largest.size, years, seed, purpose, block, c)
        else:
            list_of_year = np.argsort(-largest, kind="mergesort")
        start = pointer[c]
        for y in range(list_of_year.size):
            if list_of_year[y] < 0:
                continue
            source = begin[list_of_year[y]]
            for slot in range(begin[list_of_year[y] + 1] - source):
                new_occurrence[start + slot] = y * slots + slot
                at = start + slot
                while at > start and new_position[at - 1] < position[source + slot]:
                    new_position[at] = new_position[at - 1]
                    at -= 1
                new_position[at] = position[source + slot]
            start += begin[list_of_year[y] + 1] - source
    return new_occurrence, new_position
