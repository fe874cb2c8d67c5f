"""Event-rate tables (ELT): frequency, OEP, AAL and standard deviation without simulation.

Events occur independently at annual rates λ_i. Their number a year is Poisson, or negative
binomial of size κ: one gamma factor of mean 1 and variance 1/κ scales all rates of a year, so any
part of the table keeps the same κ. With L_i the loss of event i:

- all-events frequency EEF(x) = Σ λ_i P(L_i > x);
- OEP(x) = 1 - exp(-EEF(x)), or 1 - (1 + EEF(x)/κ)^(-κ) (`core/returnperiod.py`);
- AAL = Σ λ_i E[L_i], variance = Σ λ_i E[L_i²] + AAL²/κ (Klugman, Panjer & Willmot, *Loss Models*,
  compound distributions).

An event with a spread has a beta loss between nothing and its exposed value (the usual reading of
vendors' tables: mean, standard deviation, exposed value); without one its loss is the mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import xarray as xr
from scipy import optimize, special

from riskmodel.core.errors import ReturnPeriodError, SchemaError
from riskmodel.core.returnperiod import (
    Frequency,
    probability_from_rate,
    rate_from_recurrence_interval,
    rate_from_return_period,
    recurrence_interval_from_rate,
    return_period_from_probability,
)
from riskmodel.core.schema import Schema, check, stamp
from riskmodel.exceedance.imported_rows import (
    FloatArray,
    Labels,
    checked_amounts,
    checked_identifiers,
    rows,
)

SCHEMA = Schema(
    "event_loss_table",
    {
        "rate": ("event",),
        "mean_loss": ("event",),
        "standard_deviation": ("event",),
        "exposed": ("event",),
    },
    ("currency", "price_year"),
)
ROUNDING = 1e-12  # sums of rates that meet a wanted rate in decimals may miss it in binary


class Spread(NamedTuple):
    """Secondary uncertainty of each event, in money; a standard deviation of zero means none."""

    standard_deviation: npt.ArrayLike
    exposed: npt.ArrayLike


def event_table(
    event: Sequence[object] | npt.NDArray,
    rate: npt.ArrayLike,
    mean_loss: npt.ArrayLike,
    *,
    currency: str,
    price_year: int,
    source: str,
    spread: Spread | None = None,
    labels: Labels | None = None,
) -> xr.Dataset:
    """Build a checked event loss table.

    Parameters
    ----------
    event : sequence
        Identifier of each event, unique.
    rate : array_like
        Occurrences a year, > 0.
    mean_loss : array_like
        Mean loss of an occurrence in money, >= 0.
    currency, price_year, source
        Unit and provenance of the amounts.
    spread : Spread, optional
        Standard deviation and exposed value of each event.
    labels : mapping, optional
        Name of a label (peril, zone …) to its value for each event.

    Raises
    ------
    SchemaError
        For duplicate events, rates <= 0, negative or NaN losses, or an impossible spread.
    """
    identifiers = checked_identifiers(event, "event_loss_table.event")
    mean = checked_amounts(mean_loss, "event_loss_table.mean_loss")
    deviation, exposed = spread or Spread(np.zeros_like(mean), mean)
    columns = {
        "event": identifiers,
        "rate": _positive_rates(rate),
        "mean_loss": mean,
        "standard_deviation": checked_amounts(deviation, "event_loss_table.standard_deviation"),
        "exposed": checked_amounts(exposed, "event_loss_table.exposed"),
    }
    table = rows(columns, labels or {}, "event")
    _refuse_impossible_spread(table)
    return stamp(
        table, SCHEMA, source=source, history="event_table", currency=currency,
        price_year=price_year,
    )  # fmt: skip


def _positive_rates(rate: npt.ArrayLike) -> FloatArray:
    rates = checked_amounts(rate, "event_loss_table.rate")
    if not (rates > 0).all():
        raise SchemaError(
            "events without a rate",
            where="event_loss_table.rate",
            found=f"rows {np.flatnonzero(rates <= 0)[:3].tolist()}",
            expected="occurrences a year > 0",
            remedy="drop events that cannot occur",
        )
    return rates


def _refuse_impossible_spread(table: xr.Dataset) -> None:
    mean, exposed = table["mean_loss"], table["exposed"]
    spread = table["standard_deviation"]
    bad = ((spread > 0) & (spread**2 >= mean * (exposed - mean))) | (mean > exposed)
    if bad.any():
        first = table.isel(event=np.flatnonzero(bad)[:1])
        raise SchemaError(
            "a spread that no loss between nothing and the exposed value can have",
            where=f"event_loss_table, event {first['event'].values.tolist()[0]!r}",
            found={name: float(first[name].values[0]) for name in SCHEMA.variables},
            expected="mean <= exposed and variance < mean x (exposed - mean)",
            remedy="correct the exposed value or the standard deviation; zero means no spread",
        )


def exceedance_frequency(table: xr.Dataset, loss: npt.ArrayLike) -> FloatArray:
    """All-events frequency EEF(x) = Σ λ_i P(L_i > x), events a year.

    Parameters
    ----------
    table : Dataset
        From `event_table`.
    loss : array_like
        Amounts x >= 0 in the money of the table.
    """
    amounts = np.asarray(loss, dtype=np.float64)
    fixed, spread = split_by_spread(table)
    order = np.argsort(fixed["mean_loss"].values)
    rate = fixed["rate"].values[order]
    beyond = np.append(np.cumsum(rate[::-1])[::-1], 0.0)
    frequency = beyond[np.searchsorted(fixed["mean_loss"].values[order], amounts, side="right")]
    if spread.sizes["event"]:
        frequency = frequency + spread_frequency(spread, amounts)
    return np.asarray(frequency, dtype=np.float64)


def split_by_spread(table: xr.Dataset) -> tuple[xr.Dataset, xr.Dataset]:
    """Events without and with a spread."""
    wide = check(table, SCHEMA)["standard_deviation"].values > 0
    return table.isel(event=np.flatnonzero(~wide)), table.isel(event=np.flatnonzero(wide))


def spread_frequency(spread: xr.Dataset, amounts: npt.NDArray[np.floating]) -> FloatArray:
    """EEF of events that all have a spread: the sum of their rates times their beta survival."""
    spread = spread.sortby("exposed", ascending=False)
    exposed, rate = spread["exposed"].values, spread["rate"].values
    mean = spread["mean_loss"].values / exposed
    total = mean * (1 - mean) / (spread["standard_deviation"].values / exposed) ** 2 - 1
    a, b = mean * total, (1 - mean) * total
    reached = np.searchsorted(-exposed, -amounts.ravel())  # events that can cost more
    sums = [
        rate[:m] @ special.betainc(b[:m], a[:m], 1 - x / exposed[:m])
        for x, m in zip(amounts.flat, reached, strict=True)
    ]
    return np.reshape(sums, amounts.shape)


def occurrence_probability(
    table: xr.Dataset, loss: npt.ArrayLike, frequency: Frequency
) -> FloatArray:
    """OEP(x): chance that some event of a year costs more than x.

    Parameters
    ----------
    table : Dataset
        From `event_table`.
    loss : array_like
        Amounts x >= 0; beyond the largest possible loss the answer is zero.
    frequency : Frequency
        Declared family of the yearly number of events.
    """
    rate = exceedance_frequency(table, loss)
    return np.where(rate > 0, probability_from_rate(np.where(rate > 0, rate, 1.0), frequency), 0.0)


def longest_return_period(table: xr.Dataset, frequency: Frequency) -> float:
    """Longest return period (years, probability basis) that the events support.

    That of a loss of at least the largest mean loss; beyond it the curve only repeats its end.
    """
    probability = probability_from_rate(_rarest_rate(table), frequency)
    return float(return_period_from_probability(probability))


def _rarest_rate(table: xr.Dataset) -> float:
    """Rate of losses of at least the largest mean loss."""
    largest = float(table["mean_loss"].max())
    if largest == 0:
        raise SchemaError(
            "no event has a loss",
            where="event_loss_table.mean_loss",
            remedy="import a table with losses; without any, every figure is zero",
        )
    return float(exceedance_frequency(table, np.nextafter(largest, 0.0)))


def refuse_beyond(return_period: float, longest: float) -> None:
    """Refuse a return period (years) longer than the events support.

    Raises
    ------
    ReturnPeriodError
        Naming the longest one, on the same basis.
    """
    if return_period > longest * (1 + ROUNDING):
        raise ReturnPeriodError(
            "a return period that the events do not support",
            found=return_period,
            expected=f"at most {longest:g} years, that of the largest mean loss",
            remedy="ask for a shorter return period, or import rarer events",
        )


def frequency_loss(table: xr.Dataset, recurrence_interval: float) -> float:
    """Smallest loss exceeded at most 1/T times a year by single events (EEF, rate basis).

    Parameters
    ----------
    table : Dataset
        From `event_table`.
    recurrence_interval : float
        T in years, > 0, also below one year.

    Raises
    ------
    ReturnPeriodError
        If T is not positive or longer than the events support.
    """
    rate = float(rate_from_recurrence_interval(recurrence_interval))
    refuse_beyond(recurrence_interval, float(recurrence_interval_from_rate(_rarest_rate(table))))
    return _loss_at_rate(table, rate)


def occurrence_loss(table: xr.Dataset, return_period: float, frequency: Frequency) -> float:
    """OEP loss of a return period (probability basis): the smallest with OEP(x) <= 1/T.

    Raises
    ------
    ReturnPeriodError
        If T is not above one year or longer than the events support.
    """
    rate = float(rate_from_return_period(return_period, frequency))
    refuse_beyond(return_period, longest_return_period(table, frequency))
    return _loss_at_rate(table, rate)


def _loss_at_rate(table: xr.Dataset, rate: float) -> float:
    """Smallest loss x >= 0 with EEF(x) <= rate."""
    allowed = rate * (1 + ROUNDING)
    if not (table["standard_deviation"].values > 0).any():
        amounts = np.unique(np.append(table["mean_loss"].values, 0.0))
        return float(amounts[np.argmax(exceedance_frequency(table, amounts) <= allowed)])
    if float(exceedance_frequency(table, 0.0)) <= allowed:
        return 0.0
    highest = float(table["exposed"].max())

    def surplus(loss: float) -> float:
        return float(exceedance_frequency(table, loss)) - allowed

    return float(optimize.bisect(surplus, 0.0, highest, xtol=ROUNDING * highest))


def average_annual_loss(table: xr.Dataset) -> float:
    """AAL = Σ λ_i E[L_i], in money a year."""
    return float((check(table, SCHEMA)["rate"] * table["mean_loss"]).sum())


def annual_standard_deviation(table: xr.Dataset, frequency: Frequency) -> float:
    """Square root of Σ λ_i E[L_i²] + AAL²/κ (no second term for Poisson), in money."""
    squares = table["mean_loss"] ** 2 + table["standard_deviation"] ** 2
    kappa = np.inf if frequency.kappa is None else frequency.kappa
    clustering = average_annual_loss(table) ** 2 / kappa
    return float(np.sqrt(float((table["rate"] * squares).sum()) + clustering))
