"""Reference cases of dependence: all cells together, and every cell on its own.

The same footprints rearranged. For one peril they bound TVaR and stop-loss premiums of the sum, but
no exceedance curve point by point, so they are drawn as labelled lines and never as a band. Perils
that combine in a cell meet in other years than before, so the AAL moves a little and the bounds
hold only roughly. Only years are compared: which cells share an occurrence of a rearranged year
means nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, get_args

import numpy as np
import pandas as pd
import xarray as xr
from tqdm import tqdm

from riskmodel.exceedance.intervals import simulation_interval
from riskmodel.exceedance.metrics import (
    FloatArray,
    tail_value_at_risk,
    value_at_risk,
    year_losses,
)
from riskmodel.hazard.rearrangement import Case, rearranged_blocks
from riskmodel.loss.occurrence_table import occurrence_table
from riskmodel.run.folder import Run
from riskmodel.run.stages import save_stage
from riskmodel.run.work.losses import compiled, damage_of

ENDS: tuple[Literal["lower", "upper"], ...] = ("lower", "upper")


def reference_years(run: Run, census: xr.DataTree, catalogue: xr.DataTree) -> dict[str, FloatArray]:
    """Loss of each year in CNY under both rearrangements, with the params of the run.

    Nothing where the scenario thins or repeats occurrences: the catalogue that would be rearranged
    is not the one that is drawn.
    """
    if any(m != 1.0 for m in run.params.scenario.more_occurrences.model_dump().values()):
        return {}
    damage = damage_of(run.params, census)
    table = compiled(run, run.params, census, catalogue, items=damage)
    return {
        case: np.concatenate(
            [
                year_losses(occurrence_table(block, table)).total
                for block in rearranged_blocks(catalogue, case, seed=run.params.seed)
            ]
        )
        for case in tqdm(get_args(Case), desc="reference cases", unit="case")
    }


def reference_lines(
    run: Run, cases: Mapping[str, FloatArray], curve: xr.Dataset
) -> xr.Dataset | None:
    """Annual-loss curves of the cases at the curve's return periods, kept as a stage."""
    if not cases:
        return None
    periods = curve["return_period"].values
    value = [[[value_at_risk(losses, t) for t in periods]] for losses in cases.values()]
    lines = xr.Dataset(
        {"value": (("case", "kind", "return_period"), value)},
        {"case": list(cases), "kind": ["AEP"], "return_period": periods},
        {name: curve.attrs[name] for name in ("currency", "price_year")},
    )
    save_stage(run, "references", lines)
    return lines


def reference_table(run: Run, cases: Mapping[str, FloatArray], table: xr.Dataset) -> pd.DataFrame:
    """Mean, and AEP and TVaR at each return period of the params, in 亿元.

    A column a case, with the bounds of its simulation interval beside it.
    """
    shown = {"sources as modelled": year_losses(table).total, **cases}
    periods, level = run.params.exceedance.return_periods, run.params.exceedance.interval_level
    columns = {}
    for name, losses in shown.items():
        whole = _figures(losses, periods)
        blocks = [_figures(part, periods) for part in np.split(losses, run.params.hazard.blocks)]
        spread = {
            k: simulation_interval(v, [b[k] for b in blocks], level=level) for k, v in whole.items()
        }
        columns[name] = whole
        columns |= {f"{name}, {end}": {k: s[end] for k, s in spread.items()} for end in ENDS}
    return (pd.DataFrame(columns) / 1e8).round(2).reset_index(names="figure (亿元)")


def _figures(losses: FloatArray, periods: Sequence[float]) -> dict[str, float]:
    amounts = {"AAL": float(losses.mean())}
    for t in periods:
        amounts[f"AEP {t:g}"] = value_at_risk(losses, t)
        amounts[f"TVaR {t:g}"] = tail_value_at_risk(losses, t)
    return amounts
