"""Intervals of kind `data`: what a record of so many years leaves open about its tail.

Fits by maximum likelihood get profile-likelihood intervals. Fits by probability-weighted moments
get a bootstrap that answers the same question: which parameters, with these uniform numbers,
would have given the estimates at hand? (A generalised pivotal quantity: Weerahandi 1993,
doi 10.1080/01621459.1993.10476355.) The usual percentile bootstrap of a 100-year amount covered
77 to 92 % where 90 % was asked for, and is not offered. How often each interval covers is printed
in docs/validation/tail_intervals.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeGuard

import numpy as np
import numpy.typing as npt
import xarray as xr
from scipy import special

from riskmodel.core.draws import generator
from riskmodel.core.returnperiod import Frequency, probability_from_rate, rate_from_return_period
from riskmodel.core.schema import Schema, stamp
from riskmodel.exceedance.block_maxima import MaximaFit
from riskmodel.exceedance.intervals import Interval
from riskmodel.exceedance.records import Record
from riskmodel.exceedance.threshold import ThresholdFit, weighted_moments

FloatArray = npt.NDArray[np.float64]
TailFit = ThresholdFit | MaximaFit
SCHEMA = Schema(
    "return_levels",
    {
        "value": ("return_period",),
        "extrapolated": ("return_period",),
        "lower": ("interval", "return_period"),
        "upper": ("interval", "return_period"),
        "observed": ("rank",),
        "observed_return_period": ("rank",),
    },
    ("units", "years", "level", "method"),
)
POISSON = Frequency("poisson")
RESAMPLES = 999
SHAPES, HALVINGS = (-3.0, 3.0), 24  # searched for the shape of each resample
CHUNK = 1_000_000  # excesses held at once


class Pivots(NamedTuple):
    """Parameters that would have given the estimates at hand, each array by resample."""

    shape: FloatArray
    scale: FloatArray
    rate: FloatArray


def pivots(fit: ThresholdFit, *, resamples: int, seed: int) -> Pivots:
    """Draw parameters that would have given the estimates of a fit by weighted moments.

    With u the uniform numbers of a resample, ξ* solves ξ̂(u, ξ*) = ξ̂, σ* = σ̂ / σ̂(u, ξ*) for the
    estimates of a sample of unit scale, and the rate is λ* = Γ(n + 1/2) / years.

    Parameters
    ----------
    fit : ThresholdFit
        Fit by probability-weighted moments.
    resamples : int
        Number of resamples.
    seed : int
        Seed of the run.
    """
    draw = generator(seed, "tail_intervals")
    count, rows = fit.excesses.size, max(1, CHUNK // fit.excesses.size)
    shapes, scales = np.empty(resamples), np.empty(resamples)
    for start in range(0, resamples, rows):
        part = slice(start, min(start + rows, resamples))
        inverse = 1.0 / np.sort(1.0 - draw.random((part.stop - start, count)), axis=1)[:, ::-1]
        low, high = (np.full(inverse.shape[0], bound) for bound in SHAPES)
        for _ in range(HALVINGS):
            middle = (low + high) / 2.0
            found, _ = weighted_moments(special.boxcox(inverse, middle[:, None]))
            low, high = (
                np.where(found < fit.shape, middle, low),
                np.where(found < fit.shape, high, middle),
            )
        shapes[part] = low
        scales[part] = fit.scale / weighted_moments(special.boxcox(inverse, low[:, None]))[1]
    return Pivots(shapes, scales, draw.gamma(count + 0.5, size=resamples) / fit.record.years)


def parameter_intervals(fit: TailFit, *, level: float, seed: int) -> dict[str, Interval]:
    """Intervals of the parameters of a fit, by name.

    Parameters
    ----------
    fit : ThresholdFit or MaximaFit
        Fitted tail.
    level : float
        Level of the intervals, between 0 and 1.
    seed : int
        Seed of the run; used by the bootstrap alone.
    """
    if _bootstrapped(fit):
        drawn = pivots(fit, resamples=RESAMPLES, seed=seed)
        columns = {
            "shape": drawn.shape,
            "scale": drawn.scale,
            "modified_scale": drawn.scale - drawn.shape * fit.threshold,
        }
        bounds = {name: _central(values, level).tolist() for name, values in columns.items()}
    else:
        bounds = {name: list(p.bounds(level)) for name, p in fit.profiles().items()}
    return {
        name: Interval(kind="data", level=level, lower=low, upper=high, method=method_of(fit))
        for name, (low, high) in bounds.items()
    }


def level_bounds(
    fit: TailFit, rates: Sequence[float], *, level: float, seed: int
) -> tuple[FloatArray, FloatArray]:
    """Lower and upper bounds of the amounts at event rates.

    Parameters
    ----------
    fit : ThresholdFit or MaximaFit
        Fitted tail.
    rates : sequence of float
        Events a year, below the threshold's.
    level : float
        Level of the intervals, between 0 and 1.
    seed : int
        Seed of the run; used by the bootstrap alone.

    Returns
    -------
    tuple of ndarray
        Bounds (rate) in the unit of the record.
    """
    if _bootstrapped(fit):
        drawn = pivots(fit, resamples=RESAMPLES, seed=seed)
        # a resampled rate below the asked one puts the amount at the threshold
        ratio = np.maximum(drawn.rate[:, None] / np.asarray(rates), 1.0)
        amounts = drawn.scale[:, None] * special.boxcox(ratio, drawn.shape[:, None])
        low, high = fit.threshold + _central(amounts, level)
        return low, high
    bounds = np.array([fit.profile_of_level(rate).bounds(level) for rate in rates])
    return bounds[:, 0], bounds[:, 1]


def return_levels(
    fit: TailFit, return_periods: Sequence[float], *, level: float, seed: int
) -> xr.Dataset:
    """Amounts of return periods with their intervals, and the record to plot beside them.

    Parameters
    ----------
    fit : ThresholdFit or MaximaFit
        Fitted tail.
    return_periods : sequence of float
        Years on the annual-probability basis, > 1, rising; counts a year are Poisson.
    level : float
        Level of the intervals, between 0 and 1.
    seed : int
        Seed of the run; used by the bootstrap alone.

    Returns
    -------
    Dataset
        `value` (return_period) and `lower`, `upper` (interval, return_period) in the unit of the
        record; `extrapolated` where a return period is longer than the record; `observed` (rank),
        largest first, at `observed_return_period`.

    Raises
    ------
    ReturnPeriodError
        If a return period is one year or less, or below the threshold's rate.
    """
    rates = rate_from_return_period(return_periods, POISSON)
    value = fit.level(rates)
    bounds = level_bounds(fit, rates.tolist(), level=level, seed=seed)
    return stamp(
        level_table(fit.record, return_periods, value, bounds, fit.plotting_rates),
        SCHEMA,
        source=fit.record.source,
        history="return_levels",
        units=fit.record.units,
        years=fit.record.years,
        level=level,
        method=method_of(fit),
    )


def level_table(
    record: Record,
    return_periods: Sequence[float],
    value: FloatArray,
    bounds: tuple[FloatArray, FloatArray],
    plotting_rates: FloatArray,
) -> xr.Dataset:
    """Put amounts, their bounds and the record together, without attributes.

    Parameters
    ----------
    record : Record
        The record, whose largest amounts are plotted.
    return_periods : sequence of float
        Years on the annual-probability basis.
    value : ndarray
        Amounts (return_period).
    bounds : tuple of ndarray
        Lower and upper bounds (return_period).
    plotting_rates : ndarray
        Event rates (rank) of the amounts to plot, largest first.
    """
    periods = np.asarray(return_periods, dtype=np.float64)
    observed = np.sort(record.values)[::-1][: plotting_rates.size]
    observed_periods = 1.0 / probability_from_rate(plotting_rates, POISSON)
    band = ("interval", "return_period")
    return xr.Dataset(
        {
            "value": ("return_period", value),
            "extrapolated": ("return_period", periods > record.years),
            "lower": (band, bounds[0][None]),
            "upper": (band, bounds[1][None]),
            "observed": ("rank", observed),
            "observed_return_period": ("rank", observed_periods),
        },
        {"return_period": periods, "interval": ["data"]},
    )


def _bootstrapped(fit: TailFit) -> TypeGuard[ThresholdFit]:
    return isinstance(fit, ThresholdFit) and fit.estimator == "probability_weighted_moments"


def _central(values: FloatArray, level: float) -> FloatArray:
    """Bounds between which the middle `level` of the resamples lie, first axis."""
    bounds: FloatArray = np.quantile(values, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return bounds


def method_of(fit: TailFit) -> str:
    """Name the method by which the intervals of a fit are made."""
    if _bootstrapped(fit):
        return f"bootstrap of the pivotal quantity, {RESAMPLES} resamples"
    return "profile likelihood"
