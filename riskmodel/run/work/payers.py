"""Exceedance of what each payer pays, tiers and owners alike, for question 4."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.core.messages import Language
from riskmodel.exceedance.curve_table import KINDS, curve_table
from riskmodel.exceedance.metrics import Metric
from riskmodel.run.folder import Run
from riskmodel.run.records import Record
from riskmodel.run.work.records import interval_records
from riskmodel.run.work.tiers import Paid
from riskmodel.show.tables import results_table

SOURCE = "riskmodel.exceedance on the ledger"
WANTED = (10.0, 100.0)  # years; the tables of the whole city hold the others
NAMES = dict(zip(KINDS, ("oep", "oep_tvar", "aep", "tvar"), strict=True))
LEFT_OUT = "oep_tvar"  # TVaR of figures is that of the year's sum


def payments(ledger: xr.Dataset) -> xr.DataArray:
    """Amount that each payer pays for each occurrence, CNY, (occurrence, payer).

    Both accounts and all counties together, what is paid above a need included; the tiers of the
    programme are payers too. Payers add up by occurrence, their curves do not.
    """
    paid = (ledger["amount"] + ledger["overpayment"]).sum("zone")
    return paid.groupby("payer").sum().transpose("occurrence", "payer")


def _figures(paid: Paid, periods: Sequence[float], block: int | None = None) -> dict[str, Metric]:
    ledger = paid.ledger
    amounts, year = payments(ledger), ledger["year"].values
    years = int(ledger.attrs["years"])
    if block is not None:
        years //= int(ledger.attrs["blocks"])
        own = np.flatnonzero(year // years == block)
        amounts, year = amounts.isel(occurrence=own), year[own] - block * years
    occurrence, group = np.nonzero(amounts.values > 0)
    names = [str(name) for name in amounts["payer"].values]
    points = curve_table(
        year[occurrence], amounts.values[occurrence, group], years, periods,
        group=group, groups=names,
    )  # fmt: skip
    kinds = [kind for kind in KINDS if NAMES[kind] != LEFT_OUT]
    return {
        f"ledger.{NAMES[kind]}.{period:g}.{name}": Metric(
            float(points.sel(group=name, kind=kind, return_period=period))
        )
        for name, kind, period in product(names, kinds, periods)
    }


def payer_records(run: Run, baseline: Paid, variants: Sequence[Paid]) -> list[Record]:
    """OEP, AEP and TVaR of each payer at 10 and 100 years, with both intervals."""
    periods = [t for t in run.params.exceedance.return_periods if t in WANTED]
    base = _figures(baseline, periods)
    blocks = [_figures(baseline, periods, b) for b in range(run.params.hazard.blocks)]
    others = [_figures(variant, periods) for variant in variants]
    same = [{name: f.get(name, Metric(0.0)) for name in base} for f in (*blocks, *others)]
    return interval_records(
        run, base, same[: len(blocks)], same[len(blocks) :], unit="CNY", source=SOURCE
    )


def payer_table(records: Sequence[Record], language: Language) -> pd.DataFrame:
    """Return the figures of `payer_records` at the longest return period, with their intervals."""
    longest = f".{max(WANTED):g}"
    shown = [r.name for r in records if f"{longest}." in r.name]
    return results_table([r.model_dump() for r in records], shown, language=language)
