"""Spliced curve of a record: its own order statistics below a threshold, the fitted tail beyond."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import xarray as xr
from scipy import stats

from riskmodel.core.errors import ReturnPeriodError
from riskmodel.core.returnperiod import rate_from_return_period
from riskmodel.core.schema import Schema, stamp
from riskmodel.exceedance.data_intervals import POISSON, level_bounds, level_table, method_of
from riskmodel.exceedance.data_intervals import SCHEMA as RETURN_LEVELS
from riskmodel.exceedance.records import Record
from riskmodel.exceedance.threshold import ThresholdFit

FloatArray = npt.NDArray[np.float64]
SCHEMA = Schema(
    "spliced_curve",
    {**RETURN_LEVELS.variables, "part": ("return_period",)},
    (*RETURN_LEVELS.attrs, "threshold"),
)


def spliced_rate(fit: ThresholdFit, amounts: npt.ArrayLike) -> FloatArray:
    """Events a year that pass each amount: counted up to the threshold, fitted beyond.

    Both give λ at the threshold, so the curve has no step there.

    Parameters
    ----------
    fit : ThresholdFit
        Fitted tail and its record.
    amounts : array_like
        Amounts in the unit of the record.
    """
    array = np.asarray(amounts, dtype=np.float64)
    ordered = np.sort(fit.record.values)
    above = ordered.size - np.searchsorted(ordered, array, side="right")
    tail = fit.rate * fit.exceedance_probability(array)
    return np.where(array < fit.threshold, above / fit.record.years, tail)


def spliced_curve(
    fit: ThresholdFit, return_periods: Sequence[float], *, level: float, seed: int
) -> xr.Dataset:
    """Amounts of return periods on the spliced curve, with intervals of kind `data`.

    In the body the amount is the smallest one of the record that at most ν · years amounts pass;
    its interval lies between order statistics, for the k-th largest is above the true amount
    exactly when N ≥ k amounts pass that, N being Poisson(ν · years).

    Parameters
    ----------
    fit : ThresholdFit
        Fitted tail and its record.
    return_periods : sequence of float
        Years on the annual-probability basis, > 1, rising.
    level : float
        Level of the intervals, between 0 and 1.
    seed : int
        Seed of the run; used by the bootstrap alone.

    Returns
    -------
    Dataset
        As `return_levels`, with all amounts `observed`, and `part` ("body" or "tail").

    Raises
    ------
    ReturnPeriodError
        If a return period is one year or less, or below the rate of the whole record.
    """
    record, ordered = fit.record, np.sort(fit.record.values)[::-1]
    rates = np.atleast_1d(rate_from_return_period(return_periods, POISSON))
    passing = _passing(record, rates)
    body = rates >= fit.rate
    value = ordered[np.floor(passing).astype(int)]
    low, high = _order_bounds(ordered, passing, level)
    if not body.all():
        value[~body] = fit.level(rates[~body])
        low[~body], high[~body] = level_bounds(fit, rates[~body].tolist(), level=level, seed=seed)
    plotted = np.arange(1, ordered.size + 1) / record.years
    curve = level_table(record, return_periods, value, (low, high), plotted)
    return stamp(
        curve.assign(part=("return_period", np.where(body, "body", "tail"))),
        SCHEMA, source=record.source, history="spliced_curve", units=record.units,
        years=record.years, level=level, threshold=fit.threshold,
        method=f"body: order statistics; tail: {method_of(fit)}",
    )  # fmt: skip


def _passing(record: Record, rates: FloatArray) -> FloatArray:
    """Amounts of the record expected at each rate, refused where they are all of them."""
    count = record.values.size
    if (rates * record.years >= count).any():
        raise ReturnPeriodError(
            "a return period below the rate of the record",
            where=record.source,
            found=f"{rates.max():g} events a year",
            expected=f"fewer than {count / record.years:g} events a year",
            remedy="take longer return periods or a fuller record",
        )
    return rates * record.years


def _order_bounds(
    ordered: FloatArray, passing: FloatArray, level: float
) -> tuple[FloatArray, FloatArray]:
    """Order statistics between which the amounts lie that so many amounts are expected to pass."""
    tail = (1.0 - level) / 2.0
    # P(N >= k) <= tail for the lower bound, P(N <= k - 1) <= tail for the upper
    below = stats.poisson.ppf(1.0 - tail, passing).astype(int) + 1
    above = stats.poisson.ppf(tail, passing).astype(int)
    padded = np.concatenate([[np.inf], ordered])
    low = np.where(below > ordered.size, 0.0, padded[np.minimum(below, ordered.size)])
    return low, padded[above]
