"""How the gross premium of each tier and cover comes together, and what stands beside it."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pandas as pd

from riskmodel.cover.fields import PremiumPayer
from riskmodel.cover.programme import Programme
from riskmodel.cover.years import year_totals
from riskmodel.price.premiums import COMPONENTS
from riskmodel.run.folder import Run
from riskmodel.run.work.tiers import Paid, premiums_of


def build_up_table(run: Run, programme: Programme, paid: Paid) -> pd.DataFrame:
    """Build-up of the headline premium of tiers and covers, 万元 a year: components sum to gross.

    Beside a tier stands the premium of its treaties, and what is set aside for its reserve: the
    gross premium is before both.
    """
    made = premiums_of(run, programme, year_totals(paid.payouts))
    rows: list[dict[str, str | float]] = []
    for dim, table in made.items():
        for label in table[dim].values:
            one = table.sel({dim: label, "principle": run.params.price.headline})
            tier = dim == "tier"
            row: dict[str, str | float] = {"priced": f"tier {label}" if tier else str(label)}
            row.update(
                {f"{n} (万元)": round(float(one[n]) / 1e4, 1) for n in (*COMPONENTS, "gross")}
            )
            row.update(_beside(programme, str(label), paid) if tier else {})
            rows.append(row)
    return pd.DataFrame(rows).astype(object).fillna("")


def premium_by_payer(run: Run, programme: Programme, paid: Paid) -> pd.DataFrame:
    """Who pays the premiums: headline gross premiums of covers by payer and tier, 万元 a year.

    Each cover is priced on its own, so that a tier's sum is above its premium priced together.
    """
    gross = premiums_of(run, programme, year_totals(paid.payouts))["cover"]["gross"]
    gross = gross.sel(principle=run.params.price.headline)
    tiers = list(dict.fromkeys(cover.tier for cover in programme.covers))
    amounts = {payer: dict.fromkeys(tiers, 0.0) for payer in get_args(PremiumPayer)}
    for cover in programme.covers:
        for payer, share in cover.payer_of_premium.items():
            amounts[payer][cover.tier] += share * float(gross.sel(cover=cover.cover))
    rows = [
        {"payer of premium": payer}
        | {f"tier {tier} (万元)": round(of[tier] / 1e4, 1) for tier in tiers}
        | {"all tiers (万元)": round(sum(of.values()) / 1e4, 1)}
        for payer, of in amounts.items()
        if any(of.values())
    ]
    return pd.DataFrame(rows)


def _beside(programme: Programme, tier: str, paid: Paid) -> dict[str, float]:
    """Premiums of treaties and contributions to the reserve of a tier's covers, 万元 a year."""
    own = {cover.cover for cover in programme.covers if cover.tier == tier}
    layers = paid.recoveries
    mine = [t.treaty for t in programme.treaties if set(t.covers) <= own]
    premium = (layers["premium"] * layers["placed"]).values[np.isin(layers["treaty"].values, mine)]
    reserve = programme.reserve
    kept = reserve is not None and paid.reserve is not None and set(reserve.covers) <= own
    aside = float(paid.reserve["contribution"].mean()) if kept and paid.reserve is not None else 0.0
    return {
        "beside: reinsurance premium (万元)": round(float(np.nansum(premium)) / 1e4, 1),
        "beside: set aside (万元)": round(aside / 1e4, 1),
    }
