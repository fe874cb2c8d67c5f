"""Penetration of covers: by county what more or less take-up pays, and beside public schemes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

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
INSURED: Mapping[str, str] = {
    "residential": "homes", "commercial": "commerce", "industrial": "industry"
}  # fmt: skip


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
    """Take-up of voluntary covers, and share of the direct loss that they pay, in per cent.

    One row a county, three points of its curve: all take-up low, as stated, and high; take-up of
    each sector of `INSURED` that they insure. Empty where the programme states no range.

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
    for sector, name in INSURED.items():
        for level in LEVELS if _insured(at["high"], zones, sector).any() else ():
            share = 100 * _insured(at[level], zones, sector)
            frame[f"{name} insured, {level} (%)"] = share
    need = baseline.ledger["need"].sel(account=DIRECT_LOSS).sum("occurrence").to_numpy()
    loss = need / float(baseline.ledger.attrs["years"])
    for level, paid in zip(LEVELS, (others[-2], baseline, others[-1]), strict=True):
        amount = _paid_by_zone(programme, paid)
        share = np.divide(amount, loss, out=np.zeros_like(loss), where=loss > 0.0)
        frame[f"loss paid by tier X, {level} (%)"] = 100 * share
    return frame.round(2)


def anchor_table(programme: Programme, census: xr.DataTree, paid: Paid) -> pd.DataFrame:
    """Covers that follow a public scheme, beside its figures; one row a cover.

    Of a cover of homes the insured households are Σ take-up x households over its counties, with
    all take-up low and high in brackets: take-up is of value, so that households are taken to be
    worth the same in each county. The modelled premium is the pure one, of natural hazards alone.
    """
    total = census["exposure"].to_dataset()["total"]
    households = total.sel(exposure_class="households").to_numpy()
    zones = [str(zone) for zone in total["zone"].values]
    mean = paid.payouts["paid"].sum(("occurrence", "zone")) / float(paid.payouts.attrs["years"])
    rows: list[dict[str, object]] = []
    for cover in programme.covers:
        if (public := cover.anchor) is None:
            continue
        modelled = float(mean.sel(cover=cover.cover))
        row: dict[str, object] = {"cover": cover.cover, "public figures of": public.year}
        row["public premium (万元)"] = _in_wan(public.premium)
        row["modelled pure premium (万元)"] = _in_wan(modelled)
        if public.premium:
            row["modelled of public (%)"] = round(100 * modelled / public.premium, 1)
        row["public policies"] = f"{public.policies:,}" if public.policies else ""
        if isinstance(cover, IndemnityCover) and "residential" in cover.take_up:
            counts = [
                float(insured_shares(one, ["residential"], zones)[:, 0] @ households)
                for one in _at_levels(programme, cover.cover)
            ]
            low, mid, high = (f"{round(count, -3):,.0f}" for count in counts)
            row["insured households in the model"] = f"{mid} ({low} - {high})"
        if public.sum_insured and public.policies:
            row["sum insured a policy (万元)"] = _in_wan(public.sum_insured / public.policies)
        if public.sum_insured and public.premium:
            row["premium of sum insured (%)"] = round(100 * public.premium / public.sum_insured, 3)
        rows.append(row)
    return pd.DataFrame(rows).astype(object).fillna("")


def _in_wan(amount: float | None) -> object:
    return "" if amount is None else round(amount / 1e4, 1)


def _at_levels(programme: Programme, name: str) -> list[IndemnityCover]:
    """One cover with its take-up low, as stated, and high."""
    ways = (with_take_up(programme, "low"), programme, with_take_up(programme, "high"))
    found = [next(c for c in way.covers if c.cover == name) for way in ways]
    return [cover for cover in found if isinstance(cover, IndemnityCover)]
