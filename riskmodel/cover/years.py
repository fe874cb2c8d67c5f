"""Payouts of whole years, the outcomes that premiums are made of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from riskmodel.core.money import CURRENCY


def year_totals(payouts: xr.Dataset, *, zones: Sequence[str] | None = None) -> xr.DataArray:
    """Payouts of each contract year and cover, zero in years without occurrence.

    There are as many contract years as simulated ones, and none crosses a block
    (`contract_calendar`); covers may begin theirs on different days.

    Parameters
    ----------
    payouts : Dataset
        From `pay`.
    zones : sequence of str, optional
        Only these zones; all by default.

    Returns
    -------
    DataArray (year, cover), CNY, with coords ``tier`` (cover) and ``block`` (year): blocks are
    equally long runs of years.
    """
    paid = payouts["paid"] if zones is None else payouts["paid"].sel(zone=list(zones))
    by_occurrence = paid.sum("zone").transpose("occurrence", "cover").to_numpy()
    years, blocks = int(payouts.attrs["years"]), int(payouts.attrs["blocks"])
    totals = np.zeros((years, by_occurrence.shape[1]))
    contract_year = payouts["contract_year"].transpose("occurrence", "cover").to_numpy()
    np.add.at(totals, (contract_year, np.arange(totals.shape[1])), by_occurrence)
    year = np.arange(years)
    return xr.DataArray(
        totals,
        dims=("year", "cover"),
        coords={
            "year": year,
            "block": ("year", year * blocks // years),
            "cover": payouts["cover"],
            "tier": payouts["tier"],
        },
        attrs={k: payouts.attrs[k] for k in ("currency", "price_year", "status")}
        | {"units": CURRENCY},
    )


def tier_year_totals(year_losses: xr.DataArray) -> xr.DataArray:
    """Sum `year_totals` over the covers of each tier: DataArray (year, tier), in tier order."""
    totals: xr.DataArray = year_losses.groupby("tier").sum("cover", keep_attrs=True)
    present = set(year_losses["tier"].to_numpy().tolist())
    return totals.sel(tier=[t for t in ("1", "N", "X") if t in present]).transpose("year", "tier")
