"""What if: another curve or measure, and the exceedance curve of the whole catalogue at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import xarray as xr

from riskmodel.exceedance.metrics import Metric, loss_metrics
from riskmodel.hazard.intensity import IntensityCurves
from riskmodel.loss.compilation import compile_table
from riskmodel.loss.curves import damage_items
from riskmodel.loss.engine import stored_blocks
from riskmodel.loss.kernel_arrays import Pairs
from riskmodel.loss.occurrence_table import occurrence_tables
from riskmodel.run.folder import Run
from riskmodel.run.params import apply_overrides
from riskmodel.run.settings import damage_levers, scenario_curves


@dataclass(frozen=True, slots=True)
class Held:
    """Census, catalogue and its stored pairs, kept in memory between questions."""

    run: Run
    census: xr.DataTree
    catalogue: xr.DataTree
    curves: Mapping[str, IntensityCurves]
    blocks: Sequence[Pairs]


def held(run: Run, census: xr.DataTree, catalogue: xr.DataTree) -> Held:
    """Read all pairs of the catalogue into memory once."""
    curves = scenario_curves(run.params, census, catalogue)
    items = damage_items(damage_levers(run.params))
    table = compile_table(census, curves, items, depth_spread=run.params.loss.depth_spread)
    return Held(run, census, catalogue, curves, list(stored_blocks(catalogue, table)))


def what_if(kept: Held, changes: Mapping[str, object]) -> dict[str, Metric]:
    """Figures of `loss_metrics` of the occurrences of the catalogue under changed params.

    Parameters
    ----------
    kept : Held
    changes : mapping of str to object
        Dotted keys of the params file, for example ``{"loss.floor_height": 0.45}``.
    """
    base = kept.run.params
    params = apply_overrides(base, dict(changes), where="what if")
    same = params.curves == base.curves and params.scenario == base.scenario
    curves = kept.curves if same else scenario_curves(params, kept.census, kept.catalogue)
    items = [replace(item, column="loss") for item in damage_items(damage_levers(params))]
    table = compile_table(kept.census, curves, items, depth_spread=params.loss.depth_spread)
    (found,) = occurrence_tables(kept.catalogue, [table], blocks=kept.blocks).values()
    return loss_metrics(found, list(params.exceedance.return_periods))
