"""Tables of the pack: one row a figure, and one row a zone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.cover.programme import TIERS
from riskmodel.run.records import Record
from riskmodel.run.work.losses import loss_by_zone_and_peril
from riskmodel.run.work.zone_figures import BY_ZONE

KINDS = ("simulation", "model")
ENDS = ("lower", "upper")
PREFIX = "loss."


def record_frame(records: Iterable[Record]) -> pd.DataFrame:
    """One row a figure: value, unit, status, both intervals, source; money in CNY, no rounding."""
    rows = []
    for record in records:
        row: dict[str, object] = {"name": record.name, "value": record.value, "unit": record.unit}
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
    columns: dict[str, list[object] | np.ndarray] = {
        "code": list(codes),
        **{name: table[name].values.astype(str) for name in ("name_zh", "name_en")},
        "status": [status] * len(codes),
        "currency": [str(table.attrs["currency"])] * len(codes),
        "price_year": [int(table.attrs["price_year"])] * len(codes),
    }
    if value is not None:
        columns["value_exposed"] = value.values.astype(float)
    frame = pd.DataFrame(columns).set_index("code")
    for record in records:
        figure, _, code = record.name.removeprefix(PREFIX).partition(BY_ZONE)
        name = figure.replace(".", "_")
        frame.loc[code, name] = record.value
        for interval in record.intervals:
            for end in ENDS:
                frame.loc[code, f"{name}_{interval.kind}_{end}"] = getattr(interval, end)
    if value is not None:
        frame["aal_share"] = frame["aal"] / frame["value_exposed"]
    by_peril = loss_by_zone_and_peril(table)
    for peril in by_peril["peril"].values:
        frame[f"aal_{peril}"] = by_peril.sel(peril=peril).values
    return frame.reset_index()


def premiums_by_zone(ledger: xr.Dataset) -> Mapping[str, np.ndarray]:
    """Mean annual payout (zone,) of each tier, CNY: its pure premium, which adds up over zones.

    What reinsurers bear of it is in it.
    """
    paid = (ledger["amount"] + ledger["overpayment"]).sum("occurrence") / ledger.attrs["years"]
    return {
        f"pure_premium_tier_{tier}": paid.values[ledger["tier"].values == tier].sum(axis=0)
        for tier in TIERS
    }
