"""The catastrophe reserve of a run: how long it lasts, and what it holds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.core.errors import TermsError
from riskmodel.cover.programme import load_programme
from riskmodel.cover.reserve import Reserve
from riskmodel.cover.reserve_account import ENTRIES, balance_path, share_fully_paid
from riskmodel.exceedance.metrics import Metric
from riskmodel.run.folder import Run
from riskmodel.run.records import Record
from riskmodel.run.work.losses import amounts_share
from riskmodel.run.work.records import interval_records
from riskmodel.run.work.tiers import Paid

SOURCE = "riskmodel.cover.reserve_account"
HORIZONS = (10, 20, 30)  # years at which figures are written, as far as the sequences reach
QUANTILES = (0.1, 0.5, 0.9)
PREFIX = "ledger.reserve"


def account_of(paid: Paid, block: int | None = None) -> xr.Dataset:
    """Account of the reserve, of all years or of those of one block.

    Raises
    ------
    TermsError
        If the programme has no reserve.
    """
    if paid.reserve is None:
        raise TermsError("the programme has no reserve", where="reserve")
    account = paid.reserve
    if block is None:
        return account
    own = np.flatnonzero(account["block"].values == block)
    in_block = np.isin(paid.payouts["year"].values, own)
    sequence = account["sequence"].values[own]
    return account.isel(year=own, occurrence=np.flatnonzero(in_block)).assign_coords(
        sequence=("year", sequence - sequence[0])
    )


def _figures(paid: Paid, block: int | None = None) -> tuple[dict[str, Metric], dict[str, Metric]]:
    """Shares and amounts under their dotted names."""
    account = account_of(paid, block)
    path = balance_path(account, quantiles=QUANTILES)
    years = [t for t in HORIZONS if t <= int(account.attrs["horizon"])]
    at = path.sel(year_of_sequence=years)
    shares = {
        f"{PREFIX}.exhaustion.{t}y": Metric(float(v))
        for t, v in zip(years, at["exhausted"].values, strict=True)
    }
    shares[f"{PREFIX}.share_fully_paid"] = Metric(share_fully_paid(account))
    amounts = {
        f"{PREFIX}.balance.{t}y": Metric(float(v))
        for t, v in zip(years, at["mean"].values, strict=True)
    }
    amounts |= {
        f"{PREFIX}.{name}": Metric(float(account[name].mean()))
        for name in ("contribution", "drawn", "shortfall")
    }
    return shares, amounts


def reserve_records(run: Run, baseline: Paid, variants: Sequence[Paid]) -> list[Record]:
    """Exhaustion, balance, and mean contribution, payment and shortfall a year; none without one.

    Exhaustion by year t is the share of sequences in which the reserve could not pay in full at
    least once in the first t years.
    """
    if baseline.reserve is None:
        return []
    base = _figures(baseline)
    blocks = [_figures(baseline, block) for block in range(run.params.hazard.blocks)]
    others = [_figures(variant) for variant in variants]
    return [
        record
        for k, unit in enumerate(("1", "CNY"))
        for record in interval_records(
            run, base[k], [b[k] for b in blocks], [o[k] for o in others], unit=unit, source=SOURCE
        )
    ]


def reserve_terms(run: Run, census: xr.DataTree, reserve: Reserve | None) -> pd.DataFrame:
    """Amounts of the reserve in 万元 as the programme's file has them, and in this run.

    They differ in a run of some zones with ``tiers.limits: by_population``, by the share in the
    last row.

    Parameters
    ----------
    run : Run
        Names the programme's file.
    census : DataTree
        From `census_of`.
    reserve : Reserve, optional
        That of the run, from `programme_of`.
    """
    written = load_programme(run.path(run.params.tiers.programme)).reserve
    if reserve is None or written is None:
        return pd.DataFrame({"": ["the programme has no reserve"]})
    columns = {"as written": _amounts(written), "in this run": _amounts(reserve)}
    rows: list[dict[str, object]] = [
        {"": name} | {f"{column} (万元)": found[name] for column, found in columns.items()}
        for name in columns["as written"]
    ]
    share = amounts_share(run, census)
    rule = f"{run.params.tiers.limits}: {share:.4f} of the city's people" if share < 1 else "all"
    rows.append({"": "amounts go by", "in this run (万元)": rule})
    return pd.DataFrame(rows).astype(object).fillna("")


def _amounts(reserve: Reserve) -> dict[str, float]:
    """Amounts of a reserve in 万元; none stands for no cap."""
    own = reserve.contribution
    amounts = {
        "opening balance": reserve.opening_balance,
        f"contribution a year, {own.share:.0%} of {own.of}": own.share * own.premium,
        f"refunds above, of the {reserve.drawdown.of}": reserve.drawdown.above,
    }
    amounts |= {"cap": reserve.cap} if np.isfinite(reserve.cap) else {}
    return {name: round(amount / 1e4, 1) for name, amount in amounts.items()}


def reserve_table(paid: Paid) -> pd.DataFrame:
    """Show what comes and goes in a mean year, 万元, and by year of a sequence what is left.

    Contributions and interest less releases, payments and the change of the balance are zero; a
    sequence begins anew after its horizon, so that what it then holds leaves the account.
    """
    if paid.reserve is None:
        return pd.DataFrame({"": ["the programme has no reserve"]})
    account = account_of(paid)
    path = balance_path(account, quantiles=QUANTILES)
    means = {name: float(account[name].mean()) / 1e4 for name in (*ENTRIES, "shortfall")}
    rows = [{"": f"mean year: {name}", "万元": round(value, 1)} for name, value in means.items()]
    for t in HORIZONS:
        if t > int(account.attrs["horizon"]):
            continue
        at = path.sel(year_of_sequence=t)
        spread = ", ".join(f"{v / 1e4:,.0f}" for v in at["quantile_balance"].values)
        exhausted = float(at["exhausted"])
        rows.append(
            {
                "": f"after {t} years: mean balance",
                "万元": round(float(at["mean"]) / 1e4, 1),
                "quantiles 10, 50, 90 % (万元)": spread,
                "exhausted by then": round(exhausted, 4),
            }
        )
    return pd.DataFrame(rows)


def reserve_path(reserve: Reserve, paid: Paid) -> xr.Dataset:
    """Balance by year of a sequence with its quantiles, for drawing."""
    path = balance_path(account_of(paid), quantiles=QUANTILES)
    return path.assign_attrs(name_zh=reserve.name_zh, name_en=reserve.name)
