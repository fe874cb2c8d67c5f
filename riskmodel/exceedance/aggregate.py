"""AEP of an event-rate table on a money grid by fast Fourier transform, with its grid error.

The yearly sum has the characteristic function of a compound distribution,
φ_S = exp(Λ(φ_X - 1)) for Poisson and (1 + Λ(1 - φ_X)/κ)^(-κ) for negative-binomial counts
(Klugman, Panjer & Willmot, *Loss Models*; Embrechts & Frei 2009, doi 10.1007/s00186-008-0249-2, on
the transform beside Panjer's recursion). It is made three times: event losses rounded down to the
grid, split between their two neighbours so that the mean stays, and rounded up. A sum of larger
losses is stochastically larger, so the first and the third enclose the true curve at every
return period: their distance is the grid error.

The transform wraps: sums beyond the grid come back at its start. The grid is as long as a
Chernoff bound P(S > s) <= exp(K(θ) - θ s) asks for, K the cumulant function, so that no more than
`ALIASED` of the probability wraps; the upper curve carries it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import xarray as xr

from riskmodel.core.returnperiod import Frequency, probability_from_return_period
from riskmodel.core.schema import Schema, check, stamp
from riskmodel.exceedance.event_table import (
    ROUNDING,
    annual_standard_deviation,
    average_annual_loss,
    frequency_loss,
    longest_return_period,
    occurrence_loss,
    refuse_beyond,
    split_by_spread,
    spread_frequency,
)
from riskmodel.exceedance.imported_rows import FloatArray
from riskmodel.exceedance.metrics import Metric

SCHEMA = Schema(
    "aggregate_distribution",
    {"exceedance": ("rounding", "loss")},
    ("currency", "price_year", "longest_supported_return_period", "wrapped_loss"),
)
ROUNDINGS = ("value", "lower", "upper")
ALIASED = 1e-12
BINS = 1000


class GridFigure(NamedTuple):
    """A figure of the aggregate distribution and the bounds that its grid leaves, in money."""

    value: float
    lower: float
    upper: float


def aggregate_distribution(
    table: xr.Dataset, frequency: Frequency, *, points: int = 2**16
) -> xr.Dataset:
    """Distribution of the yearly sum of an event loss table.

    Parameters
    ----------
    table : Dataset
        From `event_table`.
    frequency : Frequency
        Declared family of the yearly number of events.
    points : int
        Points of the money grid; twice as many halve the grid error. Events with a spread cost one
        evaluation of a beta function for each event and point.

    Returns
    -------
    Dataset
        `exceedance` P(S > loss) by ``rounding`` (value, lower, upper) and ``loss`` (the grid).
        Attribute `wrapped_loss` bounds the mean loss a year that wrapping can hide.
    """
    longest = longest_return_period(table, frequency)
    length, decay = _grid_length(table, frequency)
    step = length / (points - 1)
    severities = _rounded_rates(table, step, points)
    exceedance = np.array([_compound(rate, frequency) for rate in severities])
    exceedance[2] += ALIASED
    distribution = xr.Dataset(
        {"exceedance": (("rounding", "loss"), exceedance)},
        {"rounding": list(ROUNDINGS), "loss": step * np.arange(points)},
    )
    return stamp(
        distribution, SCHEMA,
        source=table.attrs["source"], history="aggregate_distribution",
        longest_supported_return_period=longest,
        wrapped_loss=ALIASED * (length + 1.0 / decay),
        currency=table.attrs["currency"], price_year=table.attrs["price_year"],
    )  # fmt: skip


def _grid_length(table: xr.Dataset, frequency: Frequency) -> tuple[float, float]:
    """Length of the grid in money, and the decay θ of the bound it rests on.

    Losses are rounded up to bins, and an event with a spread is replaced by its exposed value with
    chance mean/exposed, which has the larger exponential moments (convexity); both keep the bound.
    """
    mean, exposed = table["mean_loss"].values, table["exposed"].values
    spread = table["standard_deviation"].values > 0
    reach = np.where(spread, exposed, mean)
    largest = float(reach.max())
    chance = np.divide(mean, reach, out=np.zeros_like(mean), where=reach > 0)
    bins = np.ceil(reach / largest * BINS).astype(np.int64)
    rates = np.bincount(bins, table["rate"].values * chance, BINS + 1).astype(np.float64)
    decay = np.geomspace(1e-8, 100.0, 800)
    cumulant: FloatArray = np.expm1(np.outer(decay, np.arange(BINS + 1) / BINS)) @ rates
    if frequency.kappa is not None:
        finite = cumulant < frequency.kappa
        decay, cumulant = decay[finite], cumulant[finite]
        cumulant = -frequency.kappa * np.log1p(-cumulant / frequency.kappa)
    lengths = (cumulant - np.log(ALIASED)) / decay
    best = int(lengths.argmin())
    return largest * max(float(lengths[best]), 1.0), float(decay[best]) / largest


def _rounded_rates(table: xr.Dataset, step: float, points: int) -> FloatArray:
    """Rate at each grid point (rounding, loss): split, rounded down and rounded up."""
    fixed, spread = split_by_spread(table)
    rate, place = fixed["rate"].values, fixed["mean_loss"].values / step
    below = np.floor(place).astype(np.int64)
    above, share = np.ceil(place).astype(np.int64), place - below
    found = np.zeros((3, points))  # value, lower, upper
    for row, index, weight in (
        (0, below, 1 - share),
        (0, above, share),
        (1, below, 1.0),
        (2, above, 1.0),
    ):
        found[row] += np.bincount(index, rate * weight, points)
    if spread.sizes["event"]:
        cells = int(np.ceil(float(spread["exposed"].max()) / step))
        mass = -np.diff(spread_frequency(spread, np.arange(cells + 1) * step))  # in each cell
        found[:2, :cells] += [mass / 2, mass]
        found[::2, 1 : cells + 1] += [mass / 2, mass]
    return found


def _compound(rate: FloatArray, frequency: Frequency) -> FloatArray:
    """P(S > s) at the grid points, from the rate of events at each of them."""
    shortfall = rate.sum() - np.fft.rfft(rate)  # Λ(1 - φ_X)
    if frequency.kappa is None:
        transform = np.exp(-shortfall)
    else:
        transform = (1 + shortfall / frequency.kappa) ** -frequency.kappa
    probability = np.maximum(np.fft.irfft(transform, rate.size), 0.0)
    return np.append(np.cumsum(probability[:0:-1])[::-1], 0.0)


def aggregate_loss(distribution: xr.Dataset, return_period: float) -> GridFigure:
    """AEP loss of a return period: the smallest grid amount exceeded with chance at most 1/T.

    Parameters
    ----------
    distribution : Dataset
        From `aggregate_distribution`.
    return_period : float
        Years on the annual-probability basis, > 1.

    Raises
    ------
    ReturnPeriodError
        If T is not above one year or longer than the events support.
    """
    at = _boundaries(distribution, return_period)
    return GridFigure(*(float(amount) for amount in distribution["loss"].values[at]))


def aggregate_tail(distribution: xr.Dataset, return_period: float) -> GridFigure:
    """TVaR of the AEP curve: VaR + T ∫ P(S > s) ds beyond VaR, exact with atoms.

    Raises
    ------
    ReturnPeriodError
        If T is not above one year or longer than the events support.
    """
    at = _boundaries(distribution, return_period)
    exceedance = distribution["exceedance"].values.copy()
    exceedance[2] -= ALIASED  # what wraps comes in as its bounded mean
    loss = distribution["loss"].values
    excess = np.array([row[start:].sum() for row, start in zip(exceedance, at, strict=True)])
    excess *= loss[1]
    excess[2] += distribution.attrs["wrapped_loss"]
    probability = float(probability_from_return_period(return_period))
    return GridFigure(*(float(amount) for amount in loss[at] + excess / probability))


def _boundaries(distribution: xr.Dataset, return_period: float) -> list[int]:
    """Grid point of the T-year sum for each rounding."""
    allowed = float(probability_from_return_period(return_period)) * (1 + ROUNDING)
    longest = check(distribution, SCHEMA).attrs["longest_supported_return_period"]
    refuse_beyond(return_period, longest)
    return [int(np.argmax(row <= allowed)) for row in distribution["exceedance"].values]


def event_metrics(
    table: xr.Dataset,
    frequency: Frequency,
    return_periods: list[float],
    *,
    points: int = 2**16,
) -> dict[str, Metric]:
    """Loss figures of an event loss table under the names of `metrics.loss_metrics`.

    `loss.eef.T` joins them (rate basis, T also below one year, where the other curves have no
    point). What is extrapolated is not known of an imported table: its share is None.

    Raises
    ------
    ReturnPeriodError
        If a return period is not positive or longer than the events support.
    """
    figures = {
        "loss.aal": average_annual_loss(table),
        "loss.standard_deviation": annual_standard_deviation(table, frequency),
    }
    distribution = aggregate_distribution(table, frequency, points=points)
    for t in return_periods:
        figures[f"loss.eef.{t:g}"] = frequency_loss(table, t)
        if t > 1:
            figures[f"loss.oep.{t:g}"] = occurrence_loss(table, t, frequency)
            figures[f"loss.aep.{t:g}"] = aggregate_loss(distribution, t).value
            figures[f"loss.tvar.{t:g}"] = aggregate_tail(distribution, t).value
    return {name: Metric(value) for name, value in figures.items()}
