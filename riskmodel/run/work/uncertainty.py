"""What the spread of damage about its mean adds: occurrence losses sampled from their moments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.exceedance.metrics import Metric, value_at_risk
from riskmodel.exceedance.sampled_years import (
    compare_moments,
    sampled_metrics,
    sampled_year_losses,
)
from riskmodel.loss.correlation import Correlation
from riskmodel.loss.occurrence_table import moments_of
from riskmodel.run.folder import Run
from riskmodel.run.records import Record
from riskmodel.run.settings import correlation
from riskmodel.run.work.records import interval_records

SOURCE = "riskmodel.exceedance.sampled_years"
TOGETHER = Correlation(event=1.0, zone=0.0, cell=0.0)
APART = Correlation(event=0.0, zone=0.0, cell=0.0)


class Sampled(NamedTuple):
    """Moments of the losses, and the years sampled from them (year, group, sample).

    `declared` with the correlation of the params; `apart` without anything common to an event or a
    county, `together` with one draw for all losses of an event: two references, not a band.
    """

    moments: xr.Dataset
    declared: xr.Dataset
    apart: xr.Dataset
    together: xr.Dataset


def sampled_years(run: Run, table: xr.Dataset) -> Sampled:
    """Sample the losses of a table with moments, people and benefits left out."""
    moments = moments_of(table)
    moments = moments.isel(item=np.flatnonzero(moments["quantity"].values == "loss"))
    common = moments.assign(variance_independent=xr.zeros_like(moments["variance_independent"]))
    cases = ((moments, correlation(run.params)), (moments, APART), (common, TOGETHER))
    samples, seed = run.params.loss.samples, run.params.seed
    years = [
        sampled_year_losses(given, correlation=shares, samples=samples, seed=seed)
        for given, shares in cases
    ]
    return Sampled(moments, *years)


def _metrics(years: xr.Dataset, periods: Sequence[float]) -> dict[str, Metric]:
    found = sampled_metrics(years, periods)
    return {name.replace("loss.", "loss.sampled.", 1): metric for name, metric in found.items()}


def sampled_records(run: Run, sampled: Sampled) -> list[Record]:
    """AAL, standard deviation, OEP, AEP and TVaR of all years of all samples, ``loss.sampled.*``.

    No variant carries moments, so there is no `model` interval beside that of the means.
    """
    periods, blocks = run.params.exceedance.return_periods, run.params.hazard.blocks
    length = sampled.declared.sizes["year"] // blocks
    parts = [slice(b * length, (b + 1) * length) for b in range(blocks)]
    of_blocks = [_metrics(sampled.declared.isel(year=part), periods) for part in parts]
    whole = _metrics(sampled.declared, periods)
    return interval_records(run, whole, of_blocks, [], unit="CNY", source=SOURCE)


def sampled_table(
    run: Run, sampled: Sampled, records: Sequence[Record], means: Mapping[str, float]
) -> pd.DataFrame:
    """Figures of the means beside those with spread and its two references, in 亿元.

    `means` holds the figures of the means by name (``loss.oep.100``); bounds are those of the
    simulation interval.
    """
    periods = run.params.exceedance.return_periods
    references = {
        "nothing in common": _metrics(sampled.apart, periods),
        "one draw an event": _metrics(sampled.together, periods),
    }
    rows = []
    for record in records:
        plain = record.name.replace("loss.sampled.", "loss.")
        if plain not in means:
            continue
        spread = next(i for i in record.intervals if i.kind == "simulation")
        amounts = {
            "means only": means[plain], "with spread": record.value,
            "simulation lower": spread.lower, "simulation upper": spread.upper,
        } | {name: metrics[record.name].value for name, metrics in references.items()}  # fmt: skip
        rows.append({"figure (亿元)": plain} | {k: round(v / 1e8, 2) for k, v in amounts.items()})
    return pd.DataFrame(rows)


def moments_table(run: Run, sampled: Sampled) -> pd.DataFrame:
    """Exact beside sampled moments of the declared correlation, in 亿元.

    `apart` is their difference in standard errors of sampling; the exact ones carry no interval.
    """
    found = compare_moments(sampled.moments, sampled.declared, correlation(run.params))
    rows = [
        (name, exact / 1e8, value / 1e8, error / 1e8, (value - exact) / error)
        for name, (exact, value, error) in found.items()
    ]
    titles = ["figure (亿元)", "exact", "sampled", "standard error", "apart (standard errors)"]
    return pd.DataFrame(rows, columns=titles).round(4)


def sampled_lines(sampled: Sampled, curve: xr.Dataset) -> xr.Dataset:
    """OEP of the sampled years at the curve's return periods, to be drawn beside it."""
    periods = curve["return_period"].values
    cases = {"sampled": sampled.declared, "sampled_together": sampled.together}
    largest = [years["largest"].values.ravel() for years in cases.values()]
    value = [[[value_at_risk(losses, t) for t in periods]] for losses in largest]
    return xr.Dataset(
        {"value": (("case", "kind", "return_period"), value)},
        {"case": list(cases), "kind": ["OEP"], "return_period": periods},
        {name: curve.attrs[name] for name in ("currency", "price_year")},
    )
