"""Intervals of kind `data` for the figures of year loss tables and records, without a fitted tail.

They say how far the figures of these years may lie from those of the process that made them. The
ranked years of the catalogue are stratified: for them only `intervals.simulation_interval` is
right, and its tables are refused here.

- A loss at a return period: order statistics, free of any distribution; the coverage in `method` is
  exact for continuous losses and a lower bound with ties (David & Nagaraja 2003, *Order
  Statistics*, section 7.1).
- AAL and TVaR: `mean_intervals.py`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import xarray as xr
from scipy import stats

from riskmodel.core.errors import ReturnPeriodError
from riskmodel.core.returnperiod import (
    Frequency,
    probability_from_return_period,
    rate_from_recurrence_interval,
)
from riskmodel.exceedance.imported_rows import checked_amounts
from riskmodel.exceedance.intervals import Interval
from riskmodel.exceedance.mean_intervals import (
    FIT_A_TAIL,
    bootstrap_intervals,
    outside_each_end,
)
from riskmodel.exceedance.metrics import FloatArray, exceeding_years
from riskmodel.exceedance.year_table import annual_losses, exceeding_occurrences


def quantile_interval(losses: npt.ArrayLike, return_period: float, *, level: float) -> Interval:
    """Interval of the T-year loss between two order statistics of the years.

    Parameters
    ----------
    losses : array_like
        One amount a year (sum or largest), independent, empty years as zero.
    return_period : float
        Years on the annual-probability basis, > 1.
    level : float
        Nominal level in (0, 1); the coverage is at least this.

    Raises
    ------
    SchemaError
        If a loss is NaN or negative.
    ReturnPeriodError
        If so few years are expected beyond T that no year bounds the loss from above.
    """
    ordered = np.sort(checked_amounts(losses, "losses"))[::-1]
    exceeding_years(ordered.size, return_period)  # refuses what the years do not support
    probability = float(probability_from_return_period(return_period))
    return _between_ranks(ordered, stats.binom(ordered.size, probability), level)


def recurrence_loss_interval(
    losses: npt.ArrayLike,
    years: int,
    recurrence_interval: float,
    *,
    frequency: Frequency,
    level: float,
) -> Interval:
    """Interval of the loss that single occurrences exceed 1/T times a year (EEF, rate basis).

    Occurrences above it in `years` years are Poisson of mean years/T, or negative binomial of
    size κ years.

    Parameters
    ----------
    losses : array_like
        Losses of all occurrences, in money.
    years : int
        Years that they occurred in, empty ones included.
    recurrence_interval : float
        T in years, > 0, also below one year.
    frequency : Frequency
        Declared family of the yearly number of occurrences.
    level : float
        Nominal level in (0, 1).

    Raises
    ------
    SchemaError
        If a loss is NaN or negative.
    ReturnPeriodError
        If so few occurrences are expected beyond T that none bounds the loss from above.
    """
    ordered = np.sort(checked_amounts(losses, "losses"))[::-1]
    exceeding_occurrences(years, recurrence_interval)  # refuses what the years do not support
    rate, kappa = float(rate_from_recurrence_interval(recurrence_interval)), frequency.kappa
    if kappa is None:
        return _between_ranks(ordered, stats.poisson(years * rate), level)
    return _between_ranks(ordered, stats.nbinom(years * kappa, kappa / (kappa + rate)), level)


def _between_ranks(
    ordered: FloatArray, beyond: stats.distributions.rv_frozen, level: float
) -> Interval:
    """Interval between order statistics, from the distribution of the number beyond the loss.

    The k-th largest exceeds the loss with chance P(number >= k), so the lower bound is the first k
    for which that is at most (1 - level)/2; the upper bound is the last j with P(number < j) as
    small. Where there are fewer amounts than a rank the bound is no loss.
    """
    outside = outside_each_end(level)
    upper, lower = int(beyond.ppf(outside)), int(beyond.ppf(1 - outside)) + 1
    if upper < 1:
        raise ReturnPeriodError(
            "too few amounts beyond a return period for an upper bound",
            found=f"none beyond it with chance {float(beyond.cdf(0)):.2g}",
            expected=f"a chance of at most {outside:.2g} at level {level:g}",
            remedy=FIT_A_TAIL,
        )
    coverage = float(beyond.cdf(lower - 1) - beyond.cdf(upper - 1))
    bounds = [ordered[k - 1] if k <= ordered.size else 0.0 for k in (lower, upper)]
    return Interval(
        kind="data", level=level, lower=float(bounds[0]), upper=float(bounds[1]),
        method=f"order statistics {upper} and {lower} of {ordered.size}; coverage {coverage:.3f}",
    )  # fmt: skip


def table_intervals(
    table: xr.Dataset,
    return_periods: Sequence[float],
    *,
    frequency: Frequency,
    level: float,
    seed: int,
    resamples: int = 500,
) -> dict[str, list[Interval]]:
    """Intervals of the figures of `year_table.table_metrics`, but for the standard deviation.

    Parameters
    ----------
    table : Dataset
        From `year_table.year_table`.
    return_periods : sequence of float
        Years; those above one year for OEP, AEP and TVaR, all of them for EEF (rate basis).
    frequency : Frequency
        Declared family of the yearly number of occurrences, for EEF.
    level, seed, resamples
        As in `bootstrap_intervals`.

    Raises
    ------
    SchemaError
        If the table is no year loss table, such as an occurrence table of the catalogue.
    ReturnPeriodError
        If a return period has no interval; the functions above say which for each figure.
    """
    losses = annual_losses(table)
    yearly = [t for t in return_periods if t > 1]
    found = bootstrap_intervals(losses.total, yearly, level=level, seed=seed, resamples=resamples)
    for t in yearly:
        found[f"loss.oep.{t:g}"] = quantile_interval(losses.largest, t, level=level)
        found[f"loss.aep.{t:g}"] = quantile_interval(losses.total, t, level=level)
    for t in return_periods:
        found[f"loss.eef.{t:g}"] = recurrence_loss_interval(
            table["loss"].values, int(table.attrs["years"]), t, frequency=frequency, level=level
        )
    return {name: [interval] for name, interval in found.items()}
