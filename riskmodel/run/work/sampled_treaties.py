"""Treaties on sampled losses: what the spread of damage does to layers and reinstatements."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr
from tqdm import tqdm

from riskmodel.cover.pay import pay
from riskmodel.cover.programme import Programme
from riskmodel.cover.reinsurance import reinsure
from riskmodel.loss.occurrence_table import moments_of
from riskmodel.loss.response import Item
from riskmodel.loss.sampling import sample_losses
from riskmodel.run.folder import Run
from riskmodel.run.settings import correlation
from riskmodel.run.work.claims import Claims, claims_of
from riskmodel.run.work.losses import benefits_of
from riskmodel.run.work.tiers import Paid
from riskmodel.run.work.treaties import largest_of_years, rare_of_years, sums_of_years

SAMPLES = 16  # of each loss; every one is paid under all covers and treaties
FloatArray = npt.NDArray[np.float64]


class SampledLayers(NamedTuple):
    """Recoveries of layers on sampled losses; arrays (sample, year, layer), CNY."""

    layers: list[str]
    recovery: FloatArray
    reinstatement_premium: FloatArray
    largest: FloatArray


def sampled_layers(
    run: Run,
    programme: Programme,
    census: xr.DataTree,
    table: xr.Dataset,
    samples: int | None = None,
) -> SampledLayers:
    """Pay sampled losses and benefits under every cover, then under the treaties in date order.

    Losses and benefits of one occurrence and county are drawn together, with the correlation of
    the params; the first draws are those of `riskmodel.run.work.uncertainty` for the losses.
    Indices are not drawn: a storm's pressure is known.

    Parameters
    ----------
    run, programme, census : Run, Programme, DataTree
        Of the run.
    table : Dataset
        Occurrence table with moments.
    samples : int, optional
        `SAMPLES`, or those of the params where they are fewer.
    """
    count = samples or min(SAMPLES, run.params.loss.samples)
    claims = claims_of(run, programme, census, table)
    moments = _money(moments_of(table), benefits_of(run.params, census, programme))
    drawn = sample_losses(
        moments, correlation=correlation(run.params), samples=count, seed=run.params.seed
    )
    whole = xr.concat(list(drawn), "row")
    results = [
        _one_sample(programme, claims, whole.isel(sample=number))
        for number in tqdm(range(count), desc="samples under covers and treaties", unit="sample")
    ]
    stacked = [np.stack(arrays) for arrays in zip(*(r[1:] for r in results), strict=True)]
    return SampledLayers(results[0][0], *stacked)


def _money(moments: xr.Dataset, benefits: Sequence[Item]) -> xr.Dataset:
    """Losses and benefits, with the most that each can come to in place of what is exposed.

    What is exposed to a benefit is a number of people or households; the most is what they would
    get together if each had the highest outcome.
    """
    kept = moments.isel(item=np.flatnonzero(moments["unit"].values == "CNY"))
    highest: dict[str, float] = {}
    for item in benefits:
        highest[item.column] = max(highest.get(item.column, 0.0), _highest(item))
    factor = [highest.get(str(name), 1.0) for name in kept["item"].values]
    return kept.assign(value_exposed=kept["value_exposed"] * xr.DataArray(factor, dims="item"))


def _highest(item: Item) -> float:
    """Most that one exposed unit gets of one peril, or of all where they combine.

    Of an outcome that comes with a chance, as a death, the mean is a part of it: all or nothing
    with mean m and deviation s has the amount m + s² / m.
    """
    most = [
        max(m + s**2 / m for m, s in zip(r.value, r.spread, strict=True) if m > 0.0)
        for r in item.responses.values()
        if max(r.value) > 0.0
    ]
    return max(most, default=0.0) if item.combine == "highest" else min(1.0, sum(most))


def _one_sample(programme: Programme, claims: Claims, losses: xr.DataArray) -> SampledLayers:
    """Recoveries (year, layer) of one sample."""
    drawn = _dense(claims.losses, claims, losses), _dense(claims.benefits, claims, losses)
    payouts = pay(programme, drawn[0], drawn[1], claims.triggers, population=claims.population)
    recoveries = reinsure(programme, payouts)
    return SampledLayers(
        [str(name) for name in recoveries["layer"].values],
        sums_of_years(recoveries, "recovery"),
        sums_of_years(recoveries, "reinstatement_premium"),
        largest_of_years(recoveries),
    )


def _dense(kept: xr.DataArray, claims: Claims, losses: xr.DataArray) -> xr.DataArray:
    """Put sampled losses or benefits (occurrence, zone, item) in the place of their means."""
    values = np.zeros(kept.shape)
    rows = np.searchsorted(claims.numbers, losses["row_occurrence"].values)
    items = [losses["item"].values.tolist().index(name) for name in kept[kept.dims[2]].values]
    values[rows, losses["row_zone"].values] = losses.values[:, items]
    return kept.copy(data=values)


def sampled_layer_table(paid: Paid, sampled: SampledLayers) -> pd.DataFrame:
    """Means beside sampled losses, layer by layer, 万元.

    Standard errors are those of sampling the same years again, not of the simulated years.
    """
    samples = sampled.recovery.shape[0]
    means = {
        "recovery": sums_of_years(paid.recoveries, "recovery").mean(axis=0),
        "reinstatement premium": sums_of_years(paid.recoveries, "reinstatement_premium").mean(0),
    }
    drawn = {
        "recovery": sampled.recovery.mean(axis=1),
        "reinstatement premium": sampled.reinstatement_premium.mean(axis=1),
    }
    columns: dict[str, object] = {"layer": sampled.layers}
    for name, value in means.items():
        columns[f"mean {name}, of means (万元)"] = (value / 1e4).round(1)
        columns[f"mean {name}, sampled (万元)"] = (drawn[name].mean(axis=0) / 1e4).round(1)
        error = drawn[name].std(axis=0, ddof=1) / np.sqrt(samples) if samples > 1 else np.nan
        columns[f"standard error, {name} (万元)"] = np.round(error / 1e4, 1)
    rare = rare_of_years(largest_of_years(paid.recoveries))
    again = rare_of_years(np.concatenate(sampled.largest))
    columns["recovery at 100 years, of means (万元)"] = (rare / 1e4).round(1)
    columns["recovery at 100 years, sampled (万元)"] = (again / 1e4).round(1)
    return pd.DataFrame(columns)
