"""Tables of the pack: one row a figure, and one row a zone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from riskmodel.core.messages import Language
from riskmodel.cover.programme import TIERS
from riskmodel.run.records import Record
from riskmodel.run.work.losses import loss_by_zone_and_peril
from riskmodel.run.work.zone_figures import BY_ZONE
from riskmodel.show.tables import result_label

KINDS = ("simulation", "model")
ENDS = ("lower", "upper")
PREFIX = "loss."


def record_frame(
    records: Iterable[Record], zones: Mapping[Language, Mapping[str, str]]
) -> pd.DataFrame:
    """One row a figure: value, unit, status, both intervals, source; money in CNY, no rounding.

    ``label_<language>`` is its name in words, empty where it has none; `zones` has the names of
    the zones by language and code.
    """
    rows = []
    for record in records:
        row: dict[str, object] = {"name": record.name}
        for language, names in zones.items():
            label = result_label(record.name, language, names)
            row[f"label_{language}"] = "" if label == record.name else label
        row |= {"value": record.value, "unit": record.unit}
        row |= {"status": record.status, "share_extrapolated": record.share_extrapolated}
        for interval in record.intervals:
            row[f"{interval.kind}_level"] = interval.level
            row |= {f"{interval.kind}_{end}": getattr(interval, end) for end in ENDS}
        rows.append(row | {"source": record.source})
    return pd.DataFrame(rows)


def zone_frame(
    table: xr.Dataset, records: Iterable[Record], value: xr.DataArray | None, *, status: str
) -> pd.DataFrame:
    """One row a zone: names, exposed value, and every figure with its intervals, CNY.

    Columns are named as ``oep_100``, ``oep_100_simulation_lower``, ``aal_typhoon_wind``;
    ``aal_share`` is the mean annual loss over the value exposed, 1 a year.

    Parameters
    ----------
    table : Dataset
        Occurrence table of these zones.
    records : iterable of Record
        From `zone_records`.
    value : DataArray (zone), optional
        Value exposed, CNY.
    status : str
        Status word, repeated in each row: rows travel alone.
    """
    codes = [str(code) for code in table["zone"].values]
    number = {code: place for place, code in enumerate(codes)}
    columns: dict[str, npt.NDArray[Any] | Sequence[object]] = {
        "code": codes,
        **{name: table[name].values.astype(str) for name in ("name_zh", "name_en")},
        "status": [status] * len(codes),
        "currency": [str(table.attrs["currency"])] * len(codes),
        "price_year": [int(table.attrs["price_year"])] * len(codes),
    }
    figures: dict[str, npt.NDArray[np.float64]] = {}
    for record in records:
        figure, _, code = record.name.removeprefix(PREFIX).partition(BY_ZONE)
        name = figure.replace(".", "_")
        amounts = {name: record.value}
        for one in record.intervals:
            amounts |= {f"{name}_{one.kind}_{end}": getattr(one, end) for end in ENDS}
        for column, amount in amounts.items():
            figures.setdefault(column, np.full(len(codes), np.nan))[number[code]] = amount
    if value is not None:
        exposed = value.values.astype(np.float64)
        columns["value_exposed"] = exposed
        figures["aal_share"] = figures["aal"] / exposed
    by_peril = loss_by_zone_and_peril(table)
    for peril in by_peril["peril"].values:
        figures[f"aal_{peril}"] = by_peril.sel(peril=peril).values
    return pd.DataFrame({**columns, **figures})


def premiums_by_zone(ledger: xr.Dataset) -> Mapping[str, np.ndarray]:
    """Mean annual payout (zone,) of each tier, CNY: its pure premium, which adds up over zones.

    What reinsurers bear of it is in it.
    """
    paid = (ledger["amount"] + ledger["overpayment"]).sum("occurrence") / ledger.attrs["years"]
    return {
        f"pure_premium_tier_{tier}": paid.values[ledger["tier"].values == tier].sum(axis=0)
        for tier in TIERS
    }
