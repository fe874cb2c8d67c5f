"""The programme as people read it: its terms, its contracts, its layers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from riskmodel.cover.contract_table import anchor_words, contract_table
from riskmodel.cover.overview import programme_table
from riskmodel.cover.programme import Programme
from riskmodel.cover.years import year_totals
from riskmodel.run.folder import Run
from riskmodel.run.work.scope import zone_words
from riskmodel.run.work.tiers import Paid

COORDINATION = {
    "primary": "benefits first, indemnity covers for the loss that they leave",
    "excess": "indemnity covers first, benefits for the loss that they leave",
    "contribution": "both as if alone, cut in proportion to the loss",
    "none": "both as if alone; what is above the loss is overpayment",
}


def contract_frame(run: Run, programme: Programme, zones: xr.Dataset) -> pd.DataFrame:
    """Contracts as a readable table, and last how covers of one loss are coordinated.

    Parameters
    ----------
    run : Run
        Its language is that of the zones' names.
    programme : Programme
        From `programme_of`.
    zones : Dataset
        Names of the zones, as an occurrence table has them.
    """
    frame, names = contract_table(programme), zone_words(zones, run.params.language)
    frame["zones"] = [
        ", ".join(names.get(code, code) for code in text.split(", ")) for text in frame["zones"]
    ]
    rule = f"{programme.coordination}: {COORDINATION[programme.coordination]}"
    figures = anchor_words(programme.anchor)
    last = {
        "tier": "all", "cover": "coordination", "limits of one": rule, "public figures": figures,
    }  # fmt: skip
    return pd.concat([frame, pd.DataFrame([last])], ignore_index=True).astype(object).fillna("")


def layers_of(programme: Programme, paid: Paid) -> xr.Dataset:
    """Covers with annual limit and expected payment, for drawing; top-ups on the cover below."""
    table = programme_table(programme)
    expected = year_totals(paid.payouts).mean("year")
    return xr.Dataset(
        {
            "tier": table["tier"], "name_zh": table["name_zh"], "name_en": table["name"],
            "attachment": ("cover", _starts(programme, table)), "limit": table["limit"],
            "expected": expected.sel(cover=table["cover"]).drop_vars("tier"),
        },
        attrs={"currency": "CNY", "price_year": paid.payouts.attrs["price_year"]},
    )  # fmt: skip


def _starts(programme: Programme, table: xr.Dataset) -> npt.NDArray[np.float64]:
    """Amount (CNY) at which each box begins: the annual limit of the cover that it tops up."""
    below = [getattr(cover, "top_up_of", None) for cover in programme.covers]
    return np.array([0.0 if b is None else float(table["limit"].sel(cover=b)) for b in below])


def programme_frame(programme: Programme) -> pd.DataFrame:
    """Programme as a readable table; limits in 亿元, infinite when unlimited."""
    frame = programme_table(programme).to_dataframe().reset_index()
    for limit in ("event_limit", "year_limit"):
        frame[f"{limit} (亿元)"] = frame[limit] / 1e8
    amount = frame["attachment"].map("{:,.10g}".format) + " " + frame["attachment_unit"]
    frame["attaches at"] = amount.where(frame["attachment"].notna(), "")
    shown = ["tier", "cover", "name_zh", "trigger", "attaches at", "event_limit (亿元)"]
    return frame[[*shown, "year_limit (亿元)", "payer_of_premium", "modelled_on", "status"]]
