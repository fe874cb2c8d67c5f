"""In which months losses fall, by peril, for question 3."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from riskmodel.core.errors import SchemaError
from riskmodel.core.messages import message
from riskmodel.core.money import stamp_money
from riskmodel.exceedance.intervals import simulation_interval
from riskmodel.hazard.composition import FIRST_DAYS
from riskmodel.run.folder import Run
from riskmodel.show.units import HUNDRED_MILLION, interval_name

FloatArray = npt.NDArray[np.float64]
YEAR = 365.0  # days of a simulated year
MOMENT = 1e-6  # days; an occurrence that ends as it starts belongs to its first day


def loss_by_occurrence(table: xr.Dataset) -> xr.DataArray:
    """Loss (occurrence, peril) in CNY of an occurrence table, over zones and sectors."""
    columns = table["quantity"].values == "loss"
    of_column, mean = table["peril"].values[columns], table["mean"].values[:, columns]
    perils = pd.unique(of_column)
    rows, count = table["row_occurrence"].values, table.sizes["occurrence"]
    sums = [np.bincount(rows, mean[:, of_column == p].sum(axis=1), count) for p in perils]
    return xr.DataArray(np.stack(sums, axis=1), {"peril": perils}, ("occurrence", "peril"))


def loss_by_month(table: xr.Dataset) -> xr.DataArray:
    """Average annual loss (block, month, peril) in CNY; their mean over blocks is that of all.

    The loss of an occurrence is spread evenly over its days, so that a drought of a season does
    not fall on the month of its start. Days beyond 31 December count for the months of next year.

    Raises
    ------
    SchemaError
        If an occurrence has no dates, ends before it starts, or lasts longer than a year.
    """
    shares = month_shares(table["start"].values, table["end"].values)
    losses, block = loss_by_occurrence(table), table["block"].values
    blocks = int(table.attrs["blocks"])
    years = int(table.attrs["years"]) // blocks
    sums = [shares[block == b].T @ losses.values[block == b] / years for b in range(blocks)]
    coords = {"month": np.arange(1, 13), "peril": losses["peril"]}
    result = xr.DataArray(np.stack(sums), coords, ("block", "month", "peril"))
    stamp_money(result, price_year=int(table.attrs["price_year"]))
    return result.assign_attrs(
        long_name="average annual loss", long_name_zh="年均损失", long_name_en="Average annual loss"
    )


def month_shares(start: npt.ArrayLike, end: npt.ArrayLike) -> FloatArray:
    """Share (occurrence, month) of the days of some occurrences; each row sums to one.

    Parameters
    ----------
    start, end : array_like
        Days of a 365-day year, 1.0 at the start of 1 January; the end may lie in the next year.

    Raises
    ------
    SchemaError
        If a date is missing, an end comes before its start, or more than a year after it.

    Examples
    --------
    >>> month_shares([30.0], [34.0])[0, :3].tolist()  # 30 and 31 January, 1 and 2 February
    [0.5, 0.5, 0.0]
    """
    first = np.asarray(start, dtype=np.float64)
    lasting = np.asarray(end, dtype=np.float64) - first
    wrong = ~((first >= 1.0) & (first < YEAR + 1.0) & (lasting >= 0.0) & (lasting <= YEAR))
    if wrong.any():
        at = int(np.argmax(wrong))
        raise SchemaError(
            "an occurrence without dates inside a year", where=f"occurrence {at}",
            found=(float(first[at]), float(first[at] + lasting[at])),
            expected="start from day 1 to 365, end after it and within a year",
            remedy="correct the source of the occurrence; rearranged ones have no season",
        )  # fmt: skip
    lasting = np.maximum(lasting, MOMENT)[:, None]
    edges = np.concatenate([FIRST_DAYS, np.add(FIRST_DAYS, YEAR), [2.0 * YEAR + 1.0]])
    reached = np.clip(edges - first[:, None], 0.0, lasting)
    return (np.diff(reached, axis=1) / lasting).reshape(-1, 2, 12).sum(axis=1)


def month_table(run: Run, months: xr.DataArray) -> pd.DataFrame:
    """One row a month in 亿元: each peril, and the sum with its simulation interval."""
    language, level = run.params.language, run.params.exceedance.interval_level
    unit = message("unit.hundred_million_yuan_short", language)
    mean, totals = months.mean("block"), months.sum("peril")
    kind = interval_name("simulation", language, level)
    rows = []
    for month in months["month"].values:
        row: dict[str, object] = {
            message("axis.month", language): message(f"month.{month}", language)
        }
        for peril in months["peril"].values:
            value = float(mean.sel(month=month, peril=peril))
            name = message(f"peril.{peril}", language)
            row[f"{name} ({unit})"] = round(value / HUNDRED_MILLION.factor, 3)
        total = float(mean.sel(month=month).sum())
        blocks = totals.sel(month=month).values.tolist()
        interval = simulation_interval(total, blocks, level=level)
        row[f"{message('hover.total', language)} ({unit})"] = round(
            total / HUNDRED_MILLION.factor, 3
        )
        bounds = [interval["lower"], interval["upper"]]
        row[f"{kind} ({unit})"] = " – ".join(f"{x / HUNDRED_MILLION.factor:.3f}" for x in bounds)
        rows.append(row)
    return pd.DataFrame(rows)
