"""AAL, OEP, AEP and TVaR of simulated years, exact with ties and atoms.

OEP is the distribution of the largest occurrence of a year, AEP (aggregate exceedance probability,
年累计超越概率) that of the year's sum; here AEP never means annual exceedance probability.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import xarray as xr

from riskmodel.core.errors import ReturnPeriodError
from riskmodel.core.returnperiod import probability_from_return_period
from riskmodel.exceedance.worst_years import worst_first

FloatArray = npt.NDArray[np.float64]
WINDOW = 1.25  # ranks within a factor of 1.25 give the share of extrapolated loss at a curve point
CURVES = ("oep", "aep", "tvar")


class Metric(NamedTuple):
    """A figure and the share of it that comes from cells beyond their rarest map.

    The share is between 0 and 1, or None where it has not been followed through.
    """

    value: float
    share_extrapolated: float | None = None


def value_at_risk(losses: npt.ArrayLike, return_period: float) -> float:
    """Smallest amount whose exceedance probability is at most 1/T, among equally likely years.

    Parameters
    ----------
    losses : array_like
        One amount a simulated year, empty years as zero.
    return_period : float
        Years on the annual-probability basis, > 1.

    Raises
    ------
    ReturnPeriodError
        If T is longer than the simulated years support (fewer than one exceeding year).

    Examples
    --------
    >>> value_at_risk([5.0, 1.0, 3.0, 2.0, 4.0], 5.0)
    4.0
    """
    return float(year_points(losses, [return_period])[0, 0])


def exceeding_years(years: int, return_period: float) -> int:
    """Whole number of years above the T-year amount; refused when there is none."""
    count = int(
        np.floor(years * float(probability_from_return_period(return_period)) * (1 + 1e-12))
    )
    if not 1 <= count < years:
        raise ReturnPeriodError(
            "a return period that the simulated years do not support",
            found=return_period,
            expected=f"more than one and at most {years} years",
            remedy="simulate more blocks, or import more years",
        )
    return count


def tail_value_at_risk(losses: npt.ArrayLike, return_period: float) -> float:
    """Mean of the worst 1/T of all years, splitting the year at the boundary.

    TVaR = (1/(N p)) (Σ_{i ≤ floor(N p)} x_(i) + (N p - floor(N p)) x_(floor(N p)+1)), p = 1/T.

    Examples
    --------
    >>> tail_value_at_risk([5.0, 1.0, 3.0, 2.0, 4.0], 2.5)
    4.5
    """
    return float(year_points(losses, [return_period])[1, 0])


class TailCut(NamedTuple):
    """Where a return period cuts the ranked years: N/T years, `whole` of them above the loss."""

    whole: int
    years: float


def tail_cut(years: int, return_period: float) -> TailCut:
    """Return the cut of so many years at T; refused like `exceeding_years`."""
    tail = years * float(probability_from_return_period(return_period))
    return TailCut(exceeding_years(years, return_period), tail)


def ranked_points(ordered: FloatArray, cuts: Sequence[TailCut]) -> FloatArray:
    """VaR and TVaR (2, return period) of years in falling order.

    Parameters
    ----------
    ordered : ndarray
        The largest amounts; years beyond them have no loss.
    cuts : sequence of TailCut
        From `tail_cut`, one a return period.
    """
    value = np.array([ordered[cut.whole] if cut.whole < ordered.size else 0.0 for cut in cuts])
    counts = [_without_zeros(cut.whole, ordered.size) for cut in cuts]
    if max(counts) > ordered.size:
        ordered = np.append(ordered, np.zeros(max(counts) - ordered.size))
    above = np.array([ordered[:count].sum() for count in counts])
    whole, years = np.array(cuts, dtype=np.float64).T
    return np.stack([value, (above + (years - whole) * value) / years])


def _without_zeros(count: int, losses: int) -> int:
    """Years whose sum is that of `count` years to the last bit, if all but `losses` are zero.

    numpy adds pairwise: it halves an array, the first half a multiple of eight, until 128 are
    left. A second half of zeros adds nothing.
    """
    while count > 128 and (half := count // 16 * 8) >= losses:
        count = half
    return count


def year_points(losses: npt.ArrayLike, return_periods: Sequence[float]) -> FloatArray:
    """VaR and TVaR (2, return period) of years in any order, ranked once for all of them."""
    amounts = np.asarray(losses, dtype=np.float64)
    cuts = [tail_cut(amounts.size, t) for t in return_periods]
    return ranked_points(worst_first(amounts, max(cut.whole for cut in cuts) + 1), cuts)


def annual_sum(year: npt.NDArray[np.int64], amount: FloatArray, years: int) -> FloatArray:
    """Sum of amounts by simulated year, empty years as zero."""
    return np.bincount(year, weights=amount, minlength=years).astype(np.float64)


def annual_maximum(year: npt.NDArray[np.int64], amount: FloatArray, years: int) -> FloatArray:
    """Largest amount by simulated year, empty years as zero."""
    largest = np.zeros(years)
    np.maximum.at(largest, year, amount)
    return largest


class YearLosses(NamedTuple):
    """Losses of the years of a catalogue or of one block, with the extrapolated part.

    `total` and `largest` have one amount a year; `total_extrapolated` and `largest_extrapolated`
    the part of the same amounts beyond the rarest maps.
    """

    total: FloatArray
    largest: FloatArray
    total_extrapolated: FloatArray
    largest_extrapolated: FloatArray


def year_losses(table: xr.Dataset, *, block: int | None = None) -> YearLosses:
    """Annual sums and maxima of the losses of an occurrence table (all blocks, or one).

    Parameters
    ----------
    table : Dataset
        Occurrence table; columns of quantity ``loss`` are summed over zones, items and perils.
    block : int, optional
        Keep one block only; its years are numbered from zero.
    """
    columns = table["quantity"].values == "loss"
    rows = table["row_occurrence"].values
    count = table.sizes["occurrence"]
    amount, beyond = (
        annual_sum(rows, table[name].values[:, columns].sum(axis=1), count)
        for name in ("mean", "extrapolated")
    )
    years = int(table.attrs["years"])
    year = table["year"].values.astype(np.int64)
    if block is not None:
        years //= int(table.attrs["blocks"])
        chosen = table["block"].values == block
        amount, beyond, year = amount[chosen], beyond[chosen], year[chosen] - block * years
    largest = annual_maximum(year, amount, years)
    leading = np.flatnonzero((amount > 0) & (amount == largest[year]))
    largest_extrapolated = np.zeros(years)
    largest_extrapolated[year[leading]] = beyond[leading]
    return YearLosses(
        annual_sum(year, amount, years),
        largest,
        annual_sum(year, beyond, years),
        largest_extrapolated,
    )


def curve_points(
    amounts: FloatArray, extrapolated: FloatArray, return_periods: Sequence[float]
) -> tuple[list[Metric], list[Metric]]:
    """VaR and TVaR at return periods with their shares of extrapolated loss; years are ranked once.

    Parameters
    ----------
    amounts, extrapolated : ndarray (year)
        Loss of each year and the part of it beyond the rarest maps.
    return_periods : sequence of float
        Years on the annual-probability basis, > 1.

    Returns
    -------
    VaR, with the share among the years ranked nearby, and TVaR, with that among the years beyond;
    one a return period. Years that tie are ranked in their order.

    Raises
    ------
    ReturnPeriodError
        If the years do not support one of them.
    """
    cuts = [tail_cut(amounts.size, t) for t in return_periods]
    nearby = [slice(int(cut.whole / WINDOW), int(np.ceil(cut.whole * WINDOW)) + 1) for cut in cuts]
    ordered = worst_first(amounts, min(max(near.stop for near in nearby), amounts.size))
    worst = np.flatnonzero(amounts >= ordered[-1])
    worst = worst[np.argsort(-amounts[worst], kind="stable")]

    def metrics(values: FloatArray, ranks: list[slice]) -> list[Metric]:
        parts = [_share(extrapolated[worst[r]].sum(), amounts[worst[r]].sum()) for r in ranks]
        return [Metric(float(v), part) for v, part in zip(values, parts, strict=True)]

    value, tail = ranked_points(ordered, cuts)
    return metrics(value, nearby), metrics(tail, [slice(cut.whole) for cut in cuts])


def _share(part: float, whole: float) -> float:
    return float(part / whole) if whole > 0 else 0.0


def loss_metrics(
    table: xr.Dataset, return_periods: list[float], *, block: int | None = None
) -> dict[str, Metric]:
    """All loss figures of one occurrence table under their dotted names (money in CNY).

    Parameters
    ----------
    table : Dataset
        Occurrence table.
    return_periods : list of float
        Years for OEP, AEP and TVaR (of the AEP curve).
    block : int, optional
        Figures of one block only, for the simulation interval.
    """
    losses = year_losses(table, block=block)
    aal = Metric(
        float(losses.total.mean()), _share(losses.total_extrapolated.sum(), losses.total.sum())
    )
    metrics = {
        "loss.aal": aal,
        "loss.standard_deviation": Metric(float(losses.total.std())),
    }
    if return_periods:
        oep, _ = curve_points(losses.largest, losses.largest_extrapolated, return_periods)
        aep, tvar = curve_points(losses.total, losses.total_extrapolated, return_periods)
        for t, *points in zip(return_periods, oep, aep, tvar, strict=True):
            metrics |= {f"loss.{n}.{t:g}": p for n, p in zip(CURVES, points, strict=True)}
    return metrics | average_by_group(table, block=block)


def average_by_group(table: xr.Dataset, *, block: int | None = None) -> dict[str, Metric]:
    """AAL by peril, sector, zone and cause (parent event); each breakdown sums to the AAL."""
    columns = np.flatnonzero(table["quantity"].values == "loss")
    rows, years = np.arange(table.sizes["row"]), int(table.attrs["years"])
    if block is not None:
        rows = np.flatnonzero(table["block"].values[table["row_occurrence"].values] == block)
        years //= int(table.attrs["blocks"])
    mean, beyond = (table[n].values[np.ix_(rows, columns)] for n in ("mean", "extrapolated"))
    zone_of = table["row_zone"].values[rows]
    metrics: dict[str, Metric] = {}
    for group in ("peril", "item"):
        label = {"peril": "by_peril", "item": "by_sector"}[group]
        names = table[group].values[columns]
        for name in dict.fromkeys(names):
            part, rare = mean[:, names == name].sum(), beyond[:, names == name].sum()
            metrics[f"loss.aal.{label}.{name}"] = Metric(float(part) / years, _share(rare, part))
    causes, cause_of = np.unique(table["parent_event"].values, return_inverse=True)
    by_row = (
        ("by_zone", table["zone"].values, zone_of),
        ("by_cause", causes, cause_of[table["row_occurrence"].values[rows]]),
    )
    for label, names, of_row in by_row:
        sums, rare_sums = (np.bincount(of_row, a.sum(axis=1), names.size) for a in (mean, beyond))
        for name, part, rare in zip(names, sums, rare_sums, strict=True):
            metrics[f"loss.aal.{label}.{name}"] = Metric(float(part) / years, _share(rare, part))
    return metrics
