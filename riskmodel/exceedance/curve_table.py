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
from riskmodel.exceedance.worst_years import rank_within

KINDS = ("OEP", "OEP_TVaR", "AEP", "AEP_TVaR")
IntArray = npt.NDArray[np.integer]


@nb.njit(nogil=True, cache=True)
def _sums_and_maxima(
    year: IntArray,
    amount: FloatArray,
    group: IntArray,
    groups: int,
    largest: FloatArray,
    total: FloatArray,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Maximum and sum of each year with a row, group after group; return where each begins, ends.

    Rows rise by year, `largest` and `total` come as zeros.
    """
    rows = np.zeros(groups, np.int64)
    for own in group:
        rows[own] += 1
    first = np.cumsum(rows) - rows
    last, end = np.full(groups, -1, np.int64), first.copy()
    for row in range(year.size):
        own, now = group[row], int(year[row])
        end[own] += now != last[own]
        last[own] = now
        place = end[own] - 1
        largest[place] = max(largest[place], amount[row])
        total[place] += amount[row]
    return first, end


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
    year, amounts, group = _rising(year, amount, group, years, len(groups))
    cuts = [tail_cut(years, t) for t in return_periods]
    largest, total = np.zeros(amounts.size), np.zeros(amounts.size)
    first, end = _sums_and_maxima(year, amounts, group, len(groups), largest, total)
    curves = [a[i:j] for i, j in zip(first, end, strict=True) for a in (largest, total)]
    points = _points(curves, cuts).reshape(len(groups), len(KINDS), len(cuts))
    coordinates = {"group": list(groups), "kind": list(KINDS), "return_period": [*return_periods]}
    return xr.DataArray(points, coordinates, list(coordinates), name="loss")


def _rising(
    year: IntArray, amount: npt.ArrayLike, group: IntArray | None, years: int, groups: int
) -> tuple[IntArray, FloatArray, IntArray]:
    """Check the rows and put them in the order of years; within a year, so its sum, it stays."""
    amounts = np.asarray(amount, dtype=np.float64)
    group = np.broadcast_to(np.uint8(0), amounts.shape) if group is None else group
    _require_within(year, amounts.shape, years, "curve_table.year")
    _require_within(group, amounts.shape, groups, "curve_table.group")
    if amounts.size and not (amounts.min() >= 0 and amounts.max() < np.inf):
        checked_amounts(amounts, "curve_table.amount")  # says which
    if (year[1:] >= year[:-1]).all():
        return year, amounts, group
    order = np.argsort(year, kind="stable")
    return year[order], amounts[order], group[order]


def _require_within(column: IntArray, shape: tuple[int, ...], stop: int, where: str) -> None:
    whole = column.dtype.kind in "iu" and column.shape == shape and column.ndim == 1
    if not whole or (column.size and not (column.min() >= 0 and column.max() < stop)):
        raise SchemaError(
            "a column that does not say for each loss where it belongs",
            where=where,
            found=[int(column.min()), int(column.max())] if whole else (column.shape, column.dtype),
            expected=f"whole numbers from 0 to {stop - 1} for losses {shape}",
            remedy="number years from zero, count empty years in `years`, name every group",
        )


def _points(curves: list[FloatArray], cuts: list[TailCut]) -> FloatArray:
    """VaR and TVaR (curve, 2, return period); the curves are shared out over the cores."""
    workers = min(os.cpu_count() or 1, len(curves))
    points = np.empty((len(curves), 2, len(cuts)))
    with ThreadPoolExecutor(workers) as pool:
        parts = pool.map(_points_of, (curves[k::workers] for k in range(workers)), repeat(cuts))
        for k, part in enumerate(parts):
            points[k::workers] = part
    return points


def _points_of(curves: list[FloatArray], cuts: list[TailCut]) -> list[FloatArray]:
    """Rank the curves in their own memory, which is overwritten."""
    reach = 1 + max(cut.whole for cut in cuts)
    spare = np.empty(max(amounts.size for amounts in curves), np.uint64)
    return [
        ranked_points(rank_within(amounts, reach, amounts.view(np.uint64), spare), cuts)
        for amounts in curves
    ]
