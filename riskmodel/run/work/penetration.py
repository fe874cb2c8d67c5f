"""Penetration of voluntary cover by county: what more or less take-up would pay of the loss."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from riskmodel.cover.covers import IndemnityCover
from riskmodel.cover.ledger import DIRECT_LOSS
from riskmodel.cover.programme import (
    Programme,
    has_uncertain_take_up,
    insured_shares,
    with_take_up,
)
from riskmodel.run.folder import Run
from riskmodel.run.work.tiers import Paid

LEVELS = ("low", "mid", "high")
VOLUNTARY = "X"


def _paid_by_zone(programme: Programme, paid: Paid) -> npt.NDArray[np.float64]:
    """Mean payment a year of voluntary indemnity covers by zone, CNY."""
    covers = [
        c.cover for c in programme.covers if c.tier == VOLUNTARY and isinstance(c, IndemnityCover)
    ]
    total = paid.payouts["paid"].sel(cover=covers).sum(("occurrence", "cover"))
    found: npt.NDArray[np.float64] = total.to_numpy() / float(paid.payouts.attrs["years"])
    return found


def _insured(programme: Programme, zones: Sequence[str], sector: str) -> npt.NDArray[np.float64]:
    """Share of a sector's value that voluntary covers with a slice of their own insure, by zone."""
    total = np.zeros(len(zones))
    for cover in programme.covers:
        voluntary = cover.tier == VOLUNTARY and isinstance(cover, IndemnityCover)
        if voluntary and isinstance(cover, IndemnityCover) and cover.top_up_of is None:
            total += insured_shares(cover, [sector], zones)[:, 0]
    return total


def penetration_table(
    run: Run, programme: Programme, census: xr.DataTree, baseline: Paid, others: Sequence[Paid]
) -> pd.DataFrame:
    """Take-up of homes, and share of the direct loss that voluntary covers pay, in per cent.

    One row a county, three points of its curve: all take-up low, as stated, and high. Empty where
    the programme states no range.

    Parameters
    ----------
    baseline, others
        From `pay_all`, which puts the low and the high take-up last.
    """
    if not has_uncertain_take_up(programme):
        return pd.DataFrame()
    named = census["zones"].to_dataset()
    zones = [str(zone) for zone in baseline.payouts["zone"].values]
    frame = pd.DataFrame(
        {"county": named[f"name_{run.params.language}"].sel(zone=zones).values.astype(str)}
    )
    at = {"low": with_take_up(programme, "low"), "mid": programme,
          "high": with_take_up(programme, "high")}  # fmt: skip
    for level in LEVELS:
        frame[f"homes insured, {level} (%)"] = 100 * _insured(at[level], zones, "residential")
    need = baseline.ledger["need"].sel(account=DIRECT_LOSS).sum("occurrence").to_numpy()
    loss = need / float(baseline.ledger.attrs["years"])
    for level, paid in zip(LEVELS, (others[-2], baseline, others[-1]), strict=True):
        amount = _paid_by_zone(programme, paid)
        share = np.divide(amount, loss, out=np.zeros_like(loss), where=loss > 0.0)
        frame[f"loss paid by tier X, {level} (%)"] = 100 * share
    return frame.round(2)
