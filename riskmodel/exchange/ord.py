"""Open Results Data out of our Datasets: losses by event and by period, and exceedance points.

The perspective is ground-up loss (``gul`` in file names). Each dated occurrence is an event of its
own with the rate 1 / years; its loss is the mean of the model (sample type analytical). What the
model does not know (spread of one event's loss, exposure in its footprint) is written blank.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from riskmodel.core.errors import SchemaError, UnitsError
from riskmodel.core.money import CURRENCY
from riskmodel.core.schema import Schema, check
from riskmodel.exchange.oed import peril_code
from riskmodel.exchange.ord_files import Group
from riskmodel.exchange.standard import require_yuan

FloatArray = npt.NDArray[np.float64]
OCCURRENCE_TABLE = Schema(
    "occurrence_table",
    {
        "mean": ("row", "column"), "row_occurrence": ("row",), "row_zone": ("row",),
        "year": ("occurrence",), "start": ("occurrence",),
        "quantity": ("column",), "unit": ("column",), "peril": ("column",),
        "zone": ("zone",),
    },
    ("years", "currency", "price_year"),
)  # fmt: skip
MINUTES_A_DAY, DAYS = 1440, 365


def loss_tables(table: xr.Dataset, group: Group, exposed: xr.DataArray) -> dict[str, pd.DataFrame]:
    """Summaries, losses by event and losses by period of an occurrence table.

    Parameters
    ----------
    table : Dataset
        Occurrence table; columns of quantity ``loss`` (CNY) are summed within the grouping.
    group : {"all", "zone", "peril"}
        One summary in all, one a zone (GB/T 2260 code), or one a peril (peril code of the standard,
        or our name where it has none).
    exposed : DataArray (zone)
        Value exposed, CNY; perils share the whole of it.

    Returns
    -------
    Frames ``summary-info``, ``melt`` and ``mplt``. Summaries, events and periods count from one; an
    event is the occurrence's number plus one, a period its simulated year plus one. Rows have a
    loss above zero. Dates are of a 365-day year, to the minute.

    Raises
    ------
    SchemaError
        If the table or the grouping is another one, years lie outside the table's number of years,
        a loss is negative or no number, or zones of `exposed` are missing.
    UnitsError
        If losses are not in CNY.
    """
    _require_usable(table)
    labels, summary, loss, occurrence = _grouped(table, group)
    frame = pd.DataFrame({"event": occurrence + 1, "summary": summary, "mean_loss": loss})
    frame = frame[frame["mean_loss"] > 0].groupby(["event", "summary"], as_index=False).sum()
    frame["sample_type"] = pd.Series("analytical", index=frame.index, dtype=str)
    years = int(table.attrs["years"])
    at = frame["event"].to_numpy() - 1
    period = table["year"].to_numpy()[at].astype(np.int64) + 1
    dates = calendar(table["start"].to_numpy()[at])
    return {
        "summary-info": pd.DataFrame(
            {
                "summary": np.arange(1, len(labels) + 1),
                "label": pd.Series(labels, dtype=str),
                "value": _exposed(table, group, exposed, len(labels)),
            }
        ),
        "melt": frame.assign(rate=1.0 / years),
        "mplt": frame.assign(period=period, period_weight=1.0 / years, year=period, **dates),
    }


def calendar(day: npt.ArrayLike) -> dict[str, npt.NDArray[np.int64]]:
    """Month, day, hour and minute of days of a 365-day year, 1.0 = start of 1 January.

    Examples
    --------
    >>> {name: int(value[0]) for name, value in calendar([32.5]).items()}
    {'month': 2, 'day': 1, 'hour': 12, 'minute': 0}
    """
    minute = np.rint((np.asarray(day, dtype=np.float64) - 1.0) * MINUTES_A_DAY).astype(np.int64)
    minute = np.clip(minute, 0, DAYS * MINUTES_A_DAY - 1)
    time = pd.DatetimeIndex(np.datetime64("2001-01-01") + minute.astype("timedelta64[m]"))
    return {
        name: np.asarray(getattr(time, name), dtype=np.int64)
        for name in ("month", "day", "hour", "minute")
    }


def exceedance_table(curve: xr.Dataset) -> pd.DataFrame:
    """Points of exceedance curves as the frame ``ept``.

    Parameters
    ----------
    curve : Dataset
        An `EpCurve`, or the like: ``value`` in CNY with the labelled dims ``kind`` (OEP, OEP_TVaR,
        AEP, AEP_TVaR), ``return_period`` (years) and, for more than one, ``summary`` (from 1);
        attribute ``currency``. Points are of event means (calculation mean_damage).

    Raises
    ------
    SchemaError
        If the values or a dim is missing.
    UnitsError
        If the values are not in CNY.
    """
    value = curve["value"] if "value" in curve else None
    if value is None or not {"kind", "return_period"} <= set(value.coords):
        raise SchemaError(
            "no exceedance points",
            where="exceedance_table",
            found=sorted(map(str, curve.variables)),
            expected="value over kind and return_period",
            remedy="hand in an exceedance curve",
        )
    require_yuan(curve.attrs.get("currency"), where="exceedance_table")
    if "summary" not in value.dims:
        value = value.expand_dims(summary=[1])
    frame = value.to_series().rename("loss").reset_index()
    frame = frame.rename(columns={"kind": "ep_type"}).astype({"ep_type": str})
    frame["ep_calculation"] = pd.Series("mean_damage", index=frame.index, dtype=str)
    order = ["summary", "ep_type", "return_period"]
    return frame.sort_values(order, ascending=[True, True, False], ignore_index=True)


def _require_usable(table: xr.Dataset) -> None:
    check(table, OCCURRENCE_TABLE)
    require_yuan(table.attrs["currency"], where="occurrence_table")
    loss = table["quantity"].values == "loss"
    units = set(table["unit"].values[loss].tolist())
    if units != {CURRENCY}:
        raise UnitsError(
            "losses in another unit",
            where="occurrence_table, columns of quantity loss",
            found=sorted(map(str, units)) or "no such column",
            expected=CURRENCY,
            remedy="hand in losses in yuan",
        )
    years, year = int(table.attrs["years"]), table["year"].values
    if year.size and not (0 <= year.min() and year.max() < years):
        raise SchemaError(
            "years outside the table's number of years",
            where="occurrence_table.year",
            found=[int(year.min()), int(year.max())],
            expected=f"0 to {years - 1}",
            remedy="give the attribute years all simulated years; empty years count",
        )
    if not (table["mean"].values[:, loss] >= 0).all():
        raise SchemaError(
            "a loss is negative or no number",
            where="occurrence_table.mean",
            expected=">= 0",
            remedy="make the table again",
        )


def _grouped(
    table: xr.Dataset, group: Group
) -> tuple[list[str], npt.NDArray[np.int64], FloatArray, npt.NDArray[np.int64]]:
    """Labels of the summaries; summary (from 1), loss and occurrence of each part of a loss."""
    columns = np.flatnonzero(table["quantity"].values == "loss")
    mean, row = table["mean"].values[:, columns], table["row_occurrence"].values.astype(np.int64)
    if group == "all":
        return ["All-Risks"], np.ones(row.size, dtype=np.int64), mean.sum(axis=1), row
    if group == "zone":
        zone = table["row_zone"].values.astype(np.int64)
        return [str(code) for code in table["zone"].values], zone + 1, mean.sum(axis=1), row
    if group == "peril":
        names, of_column = np.unique(table["peril"].values[columns], return_inverse=True)
        loss = np.concatenate([mean[:, of_column == k].sum(axis=1) for k in range(names.size)])
        summary = np.repeat(np.arange(1, names.size + 1), row.size)
        labels = [peril_code(str(name)) or str(name) for name in names]
        return labels, summary, loss, np.tile(row, names.size)
    raise SchemaError(
        "an unknown grouping",
        where="loss_tables",
        found=group,
        expected="all, zone or peril",
        remedy="choose one of these",
    )


def _exposed(table: xr.Dataset, group: Group, exposed: xr.DataArray, count: int) -> FloatArray:
    missing = np.setdiff1d(table["zone"].values.astype(str), exposed["zone"].values.astype(str))
    if missing.size:
        raise SchemaError(
            "zones without exposure",
            where="loss_tables, exposed",
            found=missing.tolist(),
            expected="a value for each zone of the occurrence table",
            remedy="take the exposure of the census that the run was made with",
        )
    by_zone = exposed.sel(zone=table["zone"].values).values.astype(np.float64)
    return by_zone if group == "zone" else np.full(count, by_zone.sum())
