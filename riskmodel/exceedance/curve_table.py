"""OEP and AEP with TVaR of many groups (zone, peril …) at many return periods, in one pass of rows.

Each group is on its own: its figures are those of `metrics.value_at_risk` and
`metrics.tail_value_at_risk` of its own sums and maxima, number for number. They do not add up over
groups (`breakdown.py` has what does).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import NamedTuple

import numba as nb
import numpy as np
import numpy.typing as npt
import xarray as xr

from riskmodel.core.errors import SchemaError
from riskmodel.exceedance.imported_rows import checked_amounts
from riskmodel.exceedance.metrics import FloatArray, TailCut, ranked_points, tail_cut
from riskmodel.exceedance.worst_years import KeyArray, rank_keys

KINDS = ("OEP", "OEP_TVaR", "AEP", "AEP_TVaR")
CURVES = (0, 1)  # of the largest loss of a year, and of its sum
IntArray = npt.NDArray[np.integer]
Indices = npt.NDArray[np.int64]
CORES = os.cpu_count() or 1


class Rows(NamedTuple):
    """Year, loss and group of each row."""

    year: IntArray
    amount: FloatArray
    group: IntArray

    def part(self, start: int, stop: int) -> Rows:
        """Return some of the rows."""
        return Rows(self.year[start:stop], self.amount[start:stop], self.group[start:stop])


class _Years(NamedTuple):
    """Years of all groups as `_by_group` leaves them; amounts as keys to rank."""

    held: FloatArray
    bounds: Indices

    def count(self, group: int) -> int:
        first, front, back, end = self.bounds[:, group].tolist()
        return int(front - first + (end - back) // len(CURVES))

    def alone(self, group: int) -> KeyArray:
        return self.held[self.bounds[0, group] : self.bounds[1, group]].view(np.uint64)

    def several(self, group: int, curve: int) -> KeyArray:
        back, end = self.bounds[2:, group]
        return self.held[back + curve : end : len(CURVES)].view(np.uint64)


@nb.njit(nogil=True, cache=True)
def _sound(year: IntArray, amount: FloatArray, group: IntArray, years: int, groups: int) -> bool:
    """Whether rows rise by year, and years, groups and amounts are within their ranges."""
    wrong, before = 0, np.int64(0)
    for row in range(year.size):
        now, own = np.int64(year[row]), np.int64(group[row])
        wrong |= int((now < before) | (now >= years) | (own < 0) | (own >= groups))
        wrong |= int(not ((amount[row] >= 0.0) & (amount[row] < np.inf)))
        before = now
    return wrong == 0


@nb.njit(nogil=True, cache=True)
def _by_group(
    year: IntArray, amount: FloatArray, group: IntArray, groups: int, held: FloatArray
) -> Indices:
    """Put the years of rising rows into `held`, group after group, and return (4, group) where.

    Of each group the rows `first` to `end` of `held` are used. A year with one loss, whose maximum
    and sum are the same, is held once, from `first` to `front`; of the others maximum and sum are
    held side by side, from `back` to `end`.
    """
    bounds = np.zeros((4, groups), np.int64)
    first, front, back, end = bounds
    for own in group:
        end[own] += 1
    first[1:] = np.cumsum(end)[:-1]
    end += first
    front[:], back[:] = first, end
    last, several = np.full(groups, -1, np.int64), np.zeros(groups, np.bool_)
    for row in range(year.size):
        own, now, loss = group[row], np.int64(year[row]), amount[row] + 0.0  # no zero below zero
        if now != last[own]:
            last[own], several[own] = now, False
            held[front[own]] = loss
            front[own] += 1
            continue
        if not several[own]:
            several[own] = True
            front[own] -= 1
            back[own] -= 2
            alone = held[front[own]]
            held[back[own]] = held[back[own] + 1] = alone
        held[back[own]] = max(held[back[own]], loss)
        held[back[own] + 1] += loss
    return bounds


@nb.njit(nogil=True, cache=True)
def _side_by_side(
    year: IntArray, amount: FloatArray, group: IntArray, groups: int, held: FloatArray
) -> Indices:
    """Do as `_by_group`, but hold maximum and sum of every year; `held` comes as zeros.

    Faster where most years have several losses: there is no branch to guess wrong.
    """
    bounds = np.zeros((4, groups), np.int64)
    first, front, back, end = bounds
    for own in group:
        end[own] += 2
    first[1:] = np.cumsum(end)[:-1]
    front[:], back[:], end[:] = first, first, first
    last = np.full(groups, -1, np.int64)
    for row in range(year.size):
        own, now, loss = group[row], np.int64(year[row]), amount[row]
        end[own] += 2 * (now != last[own])
        last[own] = now
        place = end[own] - 2
        held[place] = max(held[place], loss)
        held[place + 1] += loss
    return bounds


@nb.njit(nogil=True, cache=True)
def _hold(
    year: IntArray, amount: FloatArray, group: IntArray, groups: int, held: FloatArray, dense: bool
) -> Indices:
    if dense:
        return _side_by_side(year, amount, group, groups, held)
    return _by_group(year, amount, group, groups, held)


@nb.njit(nogil=True, cache=True)
def _merged(one: KeyArray, other: KeyArray, count: int, into: KeyArray) -> FloatArray:
    """Return the `count` largest amounts of two rising arrays, or all, the largest first."""
    i, j, kept = one.size, other.size, min(count, one.size + other.size)
    for rank in range(kept):
        if j == 0 or (i > 0 and one[i - 1] >= other[j - 1]):
            i -= 1
            into[rank] = one[i]
        else:
            j -= 1
            into[rank] = other[j]
    return into[:kept].view(np.float64)


def curve_table(
    year: IntArray,
    amount: npt.ArrayLike,
    years: int,
    return_periods: Sequence[float],
    *,
    group: IntArray | None = None,
    groups: Sequence[str] = ("all",),
) -> xr.DataArray:
    """Points of the curves of each group of losses.

    Parameters
    ----------
    year, amount : (row)
        Year of each loss, an integer from 0 to `years` - 1 (fastest when they rise), and the loss
        in money, >= 0; the largest row of a year counts for OEP.
    years : int
        Number of years; those without a row count as zero.
    return_periods : sequence of float
        Years on the annual-probability basis, > 1.
    group : ndarray of int (row), optional
        Position in `groups` of what each loss belongs to; left out when there is one group.
    groups : sequence of str
        Names of the groups.

    Returns
    -------
    DataArray (group, kind, return_period) in the unit of the amounts, `KINDS` as in Open Results
    Data.

    Raises
    ------
    SchemaError
        If columns have other lengths, years or groups lie outside theirs, or an amount is NaN,
        infinite or negative.
    ReturnPeriodError
        If the years do not support a return period.
    """
    group = np.broadcast_to(np.uint8(0), np.shape(amount)) if group is None else group
    rows = Rows(year, np.asarray(amount, dtype=np.float64), group)
    cuts = [tail_cut(years, t) for t in return_periods]
    with ThreadPoolExecutor(CORES) as pool:
        rows = _rising(rows, years, len(groups), pool)
        points = _points(rows, years, len(groups), cuts, pool)
    coordinates = {"group": list(groups), "kind": list(KINDS), "return_period": [*return_periods]}
    return xr.DataArray(points, coordinates, list(coordinates), name="loss")


def _rising(rows: Rows, years: int, groups: int, pool: ThreadPoolExecutor) -> Rows:
    """Check the rows and put them in the order of years; within a year, so its sum, it stays."""
    shape = rows.amount.shape
    _require_column(rows.year, shape, years, "curve_table.year")
    _require_column(rows.group, shape, groups, "curve_table.group")
    cuts = np.linspace(0, rows.year.size, CORES + 1).astype(np.int64)
    parts = [rows.part(max(i - 1, 0), j) for i, j in pairwise(cuts)]  # each with the row before it
    if all(pool.map(lambda p: _sound(p.year, p.amount, p.group, years, groups), parts)):
        return rows
    _require_within(rows.year, years, "curve_table.year")
    _require_within(rows.group, groups, "curve_table.group")
    checked_amounts(rows.amount, "curve_table.amount")
    order = np.argsort(rows.year, kind="stable")
    return Rows(rows.year[order], rows.amount[order], rows.group[order])


def _require_column(column: IntArray, shape: tuple[int, ...], stop: int, where: str) -> None:
    if column.dtype.kind not in "iu" or column.shape != shape or column.ndim != 1:
        raise _no_place((column.shape, str(column.dtype)), f"{stop - 1} for losses {shape}", where)


def _require_within(column: IntArray, stop: int, where: str) -> None:
    if column.size and not (column.min() >= 0 and column.max() < stop):
        raise _no_place([int(column.min()), int(column.max())], str(stop - 1), where)


def _no_place(found: object, last: str, where: str) -> SchemaError:
    return SchemaError(
        "a column that does not say for each loss where it belongs",
        where=where,
        found=found,
        expected=f"whole numbers from 0 to {last}",
        remedy="number years from zero, count empty years in `years`, name every group",
    )


def _points(
    rows: Rows, years: int, groups: int, cuts: list[TailCut], pool: ThreadPoolExecutor
) -> FloatArray:
    """VaR and TVaR (group, kind, return period); years, then groups, are shared out over the cores.

    Where there are fewer groups than cores, the two curves of a group are.
    """
    edges = np.linspace(0, rows.year.size, CORES + 1).astype(np.int64)
    if rows.year.size:  # no year in two parts
        edges[1:-1] = np.searchsorted(rows.year, rows.year[edges[1:-1]])
    dense = rows.year.size > years * groups
    room = len(CURVES) if dense else 1
    held = np.zeros(rows.year.size * room)

    def years_of(start: int, stop: int) -> _Years:
        part, own = rows.part(start, stop), held[start * room : stop * room]
        return _Years(own, _hold(part.year, part.amount, part.group, groups, own, dense))

    parts = list(pool.map(years_of, edges[:-1], edges[1:]))
    points = np.empty((groups, len(CURVES), 2, len(cuts)))
    curves = [CURVES] if groups >= CORES else [(curve,) for curve in CURVES]
    tasks = [(group, chosen) for group in range(groups) for chosen in curves]
    shares = [tasks[k::CORES] for k in range(CORES)]
    list(pool.map(lambda share: _rank(parts, share, cuts, points), shares))
    return points.reshape(groups, len(KINDS), len(cuts))


def _rank(
    parts: list[_Years],
    tasks: list[tuple[int, tuple[int, ...]]],
    cuts: list[TailCut],
    points: FloatArray,
) -> None:
    """Write the points of some groups' curves; years with one loss are ranked once for both."""
    reach = 1 + max(cut.whole for cut in cuts)
    longest = max((sum(p.count(group) for p in parts) for group, _ in tasks), default=0)
    once, twice = np.empty((2, 2, longest), np.uint64)
    for group, curves in tasks:
        held = _gather([p.alone(group) for p in parts], once[0])
        alone, _ = rank_keys(once, held, reach)
        for curve in curves:
            held = _gather([p.several(group, curve) for p in parts], twice[0])
            several, free = rank_keys(twice, held, reach)
            points[group, curve] = ranked_points(_merged(alone, several, reach, free), cuts)


def _gather(pieces: list[KeyArray], memory: KeyArray) -> int:
    held = sum(piece.size for piece in pieces)
    np.concatenate(pieces, out=memory[:held])
    return held
