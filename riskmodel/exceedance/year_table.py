"""Imported year loss tables (YLT, PLT) and historical records of losses by year.

The number of years is a required attribute: years without a loss have no row and count all the
same. Years are independent and equally likely, unlike the ranked years of the catalogue, so their
figures have intervals of kind `data` (`year_table_intervals.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import xarray as xr

from riskmodel.core.errors import ReturnPeriodError, SchemaError
from riskmodel.core.returnperiod import rate_from_recurrence_interval
from riskmodel.core.schema import Schema, check, stamp
from riskmodel.exceedance.imported_rows import (
    FloatArray,
    Labels,
    checked_amounts,
    checked_identifiers,
    rows,
)
from riskmodel.exceedance.metrics import (
    CURVES,
    Metric,
    annual_maximum,
    annual_sum,
    year_points,
)
from riskmodel.exceedance.worst_years import worst_first

SCHEMA = Schema(
    "year_loss_table",
    {"year": ("occurrence",), "loss": ("occurrence",)},
    ("years", "first_year", "currency", "price_year"),
)
STATE_YEARS = "state the number of simulated or observed years; years without a loss count too"


class AnnualLosses(NamedTuple):
    """Sum and largest occurrence of each year in money, empty years as zero."""

    total: FloatArray
    largest: FloatArray


def year_table(
    occurrence: Sequence[object] | npt.NDArray,
    year: Sequence[int] | npt.NDArray,
    loss: npt.ArrayLike,
    *,
    years: int,
    currency: str,
    price_year: int,
    source: str,
    first_year: int = 1,
    labels: Labels | None = None,
) -> xr.Dataset:
    """Build a checked year loss table.

    Parameters
    ----------
    occurrence : sequence
        Identifier of each occurrence, unique.
    year : sequence of int
        Year (period) of each occurrence, from `first_year` to `first_year` + `years` - 1.
    loss : array_like
        Loss of each occurrence in money, >= 0.
    years : int
        Number of years, empty ones included.
    currency, price_year, source
        Unit and provenance of the amounts.
    first_year : int
        1 for periods of a simulation, the calendar year for a record.
    labels : mapping, optional
        Name of a label (peril, zone …) to its value for each occurrence.

    Raises
    ------
    SchemaError
        If the number of years is missing, a year lies outside them, an occurrence appears twice,
        or a loss is negative or NaN.
    """
    numbers = np.asarray(year)
    columns = {
        "occurrence": checked_identifiers(occurrence, "year_loss_table.occurrence"),
        "year": numbers,
        "loss": checked_amounts(loss, "year_loss_table.loss"),
    }
    table = rows(columns, labels or {}, "occurrence")
    _refuse_years(numbers, years, first_year)
    return stamp(
        table, SCHEMA, source=source, history="year_table", years=int(years),
        first_year=first_year, currency=currency, price_year=price_year,
    )  # fmt: skip


def _refuse_years(numbers: npt.NDArray, years: object, first_year: int) -> None:
    if isinstance(years, bool) or not isinstance(years, int | np.integer) or years < 1:
        raise SchemaError(
            "the number of years is missing",
            where="year_loss_table.years",
            found=years,
            expected="a whole number of at least 1",
            remedy=STATE_YEARS,
        )
    last = first_year + int(years) - 1
    whole = numbers.dtype.kind in "iu"
    outside = ~((numbers >= first_year) & (numbers <= last) & whole)
    if outside.any():
        raise SchemaError(
            "occurrences outside the years of the table",
            where="year_loss_table.year",
            found=numbers[outside][:3].tolist(),
            expected=f"whole numbers from {first_year} to {last}",
            remedy=f"correct first_year, or {STATE_YEARS}",
        )


def annual_losses(table: xr.Dataset) -> AnnualLosses:
    """Sum and largest occurrence of each year of a year loss table.

    Raises
    ------
    SchemaError
        If the table is no year loss table or does not say its number of years.
    """
    if "years" not in table.attrs:
        raise SchemaError(
            "the number of years is missing",
            where="year_loss_table.years",
            found=sorted(map(str, table.attrs)),
            expected="attribute years",
            remedy=STATE_YEARS,
        )
    check(table, SCHEMA)
    year = table["year"].values.astype(np.int64) - int(table.attrs["first_year"])
    loss, years = table["loss"].values, int(table.attrs["years"])
    return AnnualLosses(annual_sum(year, loss, years), annual_maximum(year, loss, years))


def exceeding_occurrences(years: int, recurrence_interval: float) -> int:
    """Whole number of occurrences above the T-year loss of the rate basis: floor(years / T).

    Raises
    ------
    ReturnPeriodError
        If T is not positive, or longer than the years.
    """
    rate = float(rate_from_recurrence_interval(recurrence_interval))
    count = int(np.floor(years * rate * (1 + 1e-12)))
    if count < 1:
        raise ReturnPeriodError(
            "a recurrence interval that the years do not support",
            found=recurrence_interval,
            expected=f"at most {years} years",
            remedy="import more years, or fit a tail",
        )
    return count


def recurrence_loss(losses: npt.ArrayLike, years: int, recurrence_interval: float) -> float:
    """Smallest amount that occurrences exceed at most 1/T times a year (EEF, rate basis).

    Parameters
    ----------
    losses : array_like
        Losses of all occurrences, in money.
    years : int
        Years that they occurred in, empty ones included.
    recurrence_interval : float
        T in years, > 0, also below one year; zero when there are fewer occurrences than years / T.

    Raises
    ------
    ReturnPeriodError
        If T is not positive, or longer than the years.

    Examples
    --------
    >>> recurrence_loss([5.0, 1.0, 3.0], 2, 1.0)
    1.0
    """
    return _recurrence_losses(losses, years, [recurrence_interval])[0]


def _recurrence_losses(
    losses: npt.ArrayLike, years: int, recurrence_intervals: Sequence[float]
) -> list[float]:
    amounts = checked_amounts(losses, "losses")
    counts = [exceeding_occurrences(years, t) for t in recurrence_intervals]
    ordered = worst_first(amounts, min(max(counts, default=-1) + 1, amounts.size))
    return [float(ordered[count]) if count < amounts.size else 0.0 for count in counts]


def table_metrics(table: xr.Dataset, return_periods: list[float]) -> dict[str, Metric]:
    """Loss figures of a year loss table under the names of `metrics.loss_metrics`.

    `loss.eef.T` joins them (rate basis, T also below one year, where the other curves have no
    point). What is extrapolated is not known of an imported table: its share is None.

    Raises
    ------
    ReturnPeriodError
        If a return period is not positive or longer than the years.
    """
    losses = annual_losses(table)
    years = int(table.attrs["years"])
    figures = {
        "loss.aal": float(losses.total.mean()),
        "loss.standard_deviation": float(losses.total.std()),
    }
    eef = _recurrence_losses(table["loss"].values, years, return_periods)
    yearly = [t for t in return_periods if t > 1]
    points: dict[float, Iterable[float]] = {}
    if yearly:
        (oep, _), (aep, tvar) = (year_points(a, yearly) for a in (losses.largest, losses.total))
        points = dict(zip(yearly, np.stack([oep, aep, tvar]).T.tolist(), strict=True))
    for t, loss in zip(return_periods, eef, strict=True):
        figures[f"loss.eef.{t:g}"] = loss
        figures |= {f"loss.{n}.{t:g}": v for n, v in zip(CURVES, points.get(t, ()), strict=False)}
    return {name: Metric(value) for name, value in figures.items()}
