"""Breakdowns that add up: mean annual loss, co-TVaR (Euler), and what a part adds to the whole.

Return-period losses of parts are never summed: the years in which one county has its 100-year loss
are not those of another, so the sum is the loss of no year. Asking for it is refused.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import xarray as xr

from riskmodel.core.errors import ReturnPeriodError, SchemaError
from riskmodel.core.returnperiod import probability_from_return_period
from riskmodel.exceedance.metrics import FloatArray, tail_value_at_risk, value_at_risk

Group = Literal["peril", "sector", "zone", "cause"]
COLUMNS = {"peril": "peril", "sector": "item"}


def year_losses_by(table: xr.Dataset, group: Group) -> xr.DataArray:
    """Loss of each simulated year by group, CNY.

    Parameters
    ----------
    table : Dataset
        Occurrence table; columns of quantity ``loss``.
    group : {"peril", "sector", "zone", "cause"}
        What the loss is broken down by; cause is the parent event.

    Returns
    -------
    DataArray (group, year), empty years as zero, whose sum over the group is the year's loss.

    Raises
    ------
    SchemaError
        If the group is unknown.
    """
    columns = np.flatnonzero(table["quantity"].values == "loss")
    mean, occurrence = table["mean"].values[:, columns], table["row_occurrence"].values
    year, years = table["year"].values[occurrence], int(table.attrs["years"])
    if group in COLUMNS:
        label = table[COLUMNS[group]].values[columns]
        names = np.array(list(dict.fromkeys(label)))
        parts = [np.bincount(year, mean[:, label == n].sum(axis=1), years) for n in names]
    elif group in ("zone", "cause"):
        names, number = _of_rows(table, group)
        total = mean.sum(axis=1)
        parts = [
            np.bincount(year[number == k], total[number == k], years) for k in range(names.size)
        ]
    else:
        raise SchemaError(
            "losses are not grouped by this",
            where="year_losses_by",
            found=group,
            expected="peril, sector, zone or cause",
            remedy="name one of these groups",
        )
    return xr.DataArray(
        np.stack(parts), {group: names}, (group, "year"), name="loss",
        attrs={k: table.attrs[k] for k in ("currency", "price_year", "years", "blocks")},
    )  # fmt: skip


def _of_rows(table: xr.Dataset, group: str) -> tuple[np.ndarray, np.ndarray]:
    """Names of the groups, and the number of each row's group."""
    if group == "zone":
        return table["zone"].values, table["row_zone"].values.astype(np.int64)
    names, code = np.unique(table["parent_event"].values, return_inverse=True)
    return names, code[table["row_occurrence"].values]


def tail_weights(total: FloatArray, return_period: float) -> FloatArray:
    """Weight of each year in TVaR at T, summing to one; years that tie at the boundary share alike.

    The worst N/T of N years weigh T/N each. What is left of N/T for the years that tie at the
    boundary is spread evenly over them, so that the weights do not depend on the order of years.
    """
    tail = total.size * float(probability_from_return_period(return_period))
    boundary = value_at_risk(total, return_period)
    above, at = total > boundary, total == boundary
    left = tail - np.count_nonzero(above)
    return np.asarray((above + at * (left / int(at.sum()))) / tail)


def co_tail_value_at_risk(losses: xr.DataArray, return_period: float) -> xr.DataArray:
    """Mean loss of each group in the worst years of the whole (co-TVaR), summing to its TVaR.

    co-TVaR_g = Σ_y w_y x_gy, with w the weights of TVaR of the sum; the Euler allocation of TVaR
    (Tasche 1999; Dhaene et al. 2008, Economics of capital allocation by TVaR).

    Parameters
    ----------
    losses : DataArray (group, year)
        From `year_losses_by`.
    return_period : float
        Years on the annual-probability basis, > 1.

    Raises
    ------
    ReturnPeriodError
        If the simulated years do not support it.
    """
    group = str(losses.dims[0])
    weights = tail_weights(losses.sum(group).values, return_period)
    return (losses * xr.DataArray(weights, dims="year")).sum("year").assign_attrs(losses.attrs)


def marginal_tail_value_at_risk(losses: xr.DataArray, return_period: float) -> xr.DataArray:
    """Return what each group adds to the TVaR of the whole: TVaR of all less TVaR without it.

    Each is at most the group's co-TVaR: the worst years of the whole are no worse without it than
    its own worst years. So the sum is at most the TVaR of the whole, and usually less.
    """
    group = str(losses.dims[0])
    total = losses.sum(group).values
    whole = tail_value_at_risk(total, return_period)
    without = [tail_value_at_risk(total - part, return_period) for part in losses.values]
    return xr.DataArray(
        whole - np.array(without), {group: losses[group]}, (group,), attrs=losses.attrs
    )


def breakdown(
    losses: xr.DataArray,
    measure: Literal["aal", "co_tvar", "marginal_tvar"],
    return_period: float | None = None,
) -> xr.DataArray:
    """Break a loss down by group, with a measure that means something for parts.

    Parameters
    ----------
    losses : DataArray (group, year)
        From `year_losses_by`.
    measure : {"aal", "co_tvar", "marginal_tvar"}
        The first two add up to that of the whole.
    return_period : float, optional
        Years, for the measures of the tail.

    Raises
    ------
    ReturnPeriodError
        If return-period losses are asked for, or a tail measure without a return period.
    """
    if measure == "aal":
        return losses.mean("year").assign_attrs(losses.attrs)
    tails = {"co_tvar": co_tail_value_at_risk, "marginal_tvar": marginal_tail_value_at_risk}
    if measure not in tails or return_period is None:
        raise ReturnPeriodError(
            "return-period losses of parts do not add up to that of the whole",
            where="breakdown",
            found=(measure, return_period),
            expected="aal, or co_tvar or marginal_tvar with a return period",
            remedy="take co_tvar: what each part loses in the worst years of the whole",
        )
    return tails[measure](losses, return_period)
