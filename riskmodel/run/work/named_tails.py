"""Premium-relevant figures under each named tail of the intensity curves, for question 4."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import xarray as xr

from riskmodel.core.messages import Language
from riskmodel.cover.programme import Programme
from riskmodel.cover.years import year_totals
from riskmodel.exceedance.metrics import loss_metrics
from riskmodel.run.folder import Run
from riskmodel.run.sections import Variant
from riskmodel.run.work.tails import tail_period
from riskmodel.run.work.tiers import Paid, premiums_of

RARE = 100.0  # years
CURVES = ("loss.oep", "loss.tvar")


def tail_variants(run: Run) -> list[Variant]:
    """Return the variants of the model set that change tails of intensity and nothing else."""
    return [
        v
        for v in run.params.model_set
        if all(key.startswith("curves.") and ".tail" in key for key in v.set)
    ]


def tails_table(
    run: Run,
    programme: Programme,
    table: xr.Dataset,
    variants: Mapping[str, xr.Dataset],
    baseline: Paid,
    others: Sequence[Paid],
) -> pd.DataFrame:
    """Losses and premiums as in the params and under each other named tail, in 亿元.

    One column a tail; a difference between columns is one of model, not of chance, since all see
    the same storms. The headline principle prices the gross premium.
    """
    language: Language = run.params.language
    paid = dict(zip(variants, others, strict=False))  # after them come those of take-up
    columns = {"as in the params": _figures(run, programme, table, baseline)}
    for variant in tail_variants(run):
        label = variant.label_zh if language == "zh" else variant.label_en
        columns[label] = _figures(run, programme, variants[variant.name], paid[variant.name])
    return (pd.DataFrame(columns) / 1e8).round(3).reset_index(names="figure (亿元)")


def _figures(run: Run, programme: Programme, table: xr.Dataset, paid: Paid) -> dict[str, float]:
    rare = min(RARE, tail_period(run))
    losses = loss_metrics(table, [rare])
    found = {name: losses[name].value for name in ("loss.aal", *(f"{c}.{rare:g}" for c in CURVES))}
    tiers = premiums_of(run, programme, year_totals(paid.payouts))["tier"]
    for tier in map(str, tiers["tier"].values):
        one = tiers.sel(tier=tier, principle=run.params.price.headline)
        found |= {f"tier.{tier}.{name}_premium": float(one[name]) for name in ("pure", "gross")}
    return found
