"""OEP and AEP with TVaR of many groups (zone, peril …) at many return periods, in one pass of rows.

Each group is on its own: its figures are those of `metrics.value_at_risk` and
`metrics.tail_value_at_risk` of its own sums and maxima, number for number. They do not add up over
groups (`breakdown.py` has what does).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat

import numba as nb
import numpy as np
import numpy.typing as npt
import xarray as xr

from riskmodel.core.errors import SchemaError
from riskmodel.exceedance.imported_rows import checked_amounts
from riskmodel.exceedance.metrics import FloatArray, TailCut, ranked_points, tail_cut
from riskmodel.exceedance.worst_years import rank_into

KINDS = ("OEP", "OEP_TVaR", "AEP", "AEP_TVaR")
IntArray = npt.NDArray[np.integer]


@nb.njit(nogil=True, cache=True)
def _sums_and_maxima(
    year: IntArray,
    amount: FloatArray,
    group: IntArray,
    first: npt.NDArray[np.int64],
    largest: FloatArray,
    total: FloatArray,
) -> npt.NDArray[np.int64]:
    """Maximum and sum of each year with a row, by group from place `first` on; return the ends.

    Rows rise by year, `largest` and `total` come as zeros.
    """
    last = np.full(first.size, -1, np.int64)
    end = first.copy()
    for row in range(year.size):
        own, now = group[row], np.int64(year[row])
        end[own] += now != last[own]
        last[own] = now
        place = end[own] - 1
        largest[place] = max(largest[place], amount[row])
        total[place] += amount[row]
    return end


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
    year : ndarray of int (row)
        Year of each loss, 0 to `years` - 1; fastest when rows rise by year.
    amount : array_like (row)
        Losses in money, >= 0; a year's largest row is its OEP.
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
    DataArray (group, kind, return_period) in the unit of the amounts; kinds are those of Open
    Results Data: OEP, OEP_TVaR, AEP, AEP_TVaR.

    Raises
    ------
    SchemaError
        If columns have other lengths, years or groups lie outside theirs, or an amount is NaN,
        infinite or negative.
    ReturnPeriodError
        If the years do not support a return period.
    """
    amounts = checked_amounts(amount, "curve_table.amount")
    group = np.zeros(amounts.size, np.uint8) if group is None else group
    _require_within(year, amounts.size, years, "curve_table.year")
    _require_within(group, amounts.size, len(groups), "curve_table.group")
    if (year[1:] < year[:-1]).any():
        order = np.argsort(year, kind="stable")  # rows of a year keep their order, and so its sum
        year, amounts, group = year[order], amounts[order], group[order]
    cuts = [tail_cut(years, t) for t in return_periods]
    rows = np.bincount(group, minlength=len(groups))
    first = np.cumsum(rows) - rows
    largest, total = np.zeros(amounts.size), np.zeros(amounts.size)
    end = _sums_and_maxima(year, amounts, group, first, largest, total)
    curves = [a[i:j] for i, j in zip(first, end, strict=True) for a in (largest, total)]
    return xr.DataArray(
        _points(curves, cuts).reshape(len(groups), len(KINDS), len(cuts)),
        {"group": list(groups), "kind": list(KINDS), "return_period": list(return_periods)},
        ("group", "kind", "return_period"),
        name="loss",
    )


def _require_within(column: IntArray, rows: int, stop: int, where: str) -> None:
    whole = column.dtype.kind in "iu" and column.shape == (rows,)
    if not whole or (rows and not (column.min() >= 0 and column.max() < stop)):
        raise SchemaError(
            "a column that does not say for each loss where it belongs",
            where=where,
            found=[int(column.min()), int(column.max())] if whole else (column.shape, column.dtype),
            expected=f"{rows} whole numbers from 0 to {stop - 1}",
            remedy="number years from zero, count empty years in `years`, name every group",
        )


def _points(curves: list[FloatArray], cuts: list[TailCut]) -> FloatArray:
    """VaR and TVaR (curve, 2, return period); the curves are shared out over the cores."""
    workers = min(os.cpu_count() or 1, len(curves))
    with ThreadPoolExecutor(workers) as pool:
        parts = pool.map(_points_of, (curves[k::workers] for k in range(workers)), repeat(cuts))
        points = np.empty((len(curves), 2, len(cuts)))
        for k, part in enumerate(parts):
            points[k::workers] = part
    return points


def _points_of(curves: list[FloatArray], cuts: list[TailCut]) -> list[FloatArray]:
    rising = np.empty(1 + max((cut.whole for cut in cuts), default=0))
    points = []
    for amounts in curves:
        rank_into(rising, amounts)
        points.append(ranked_points(rising[::-1], cuts))
    return points
