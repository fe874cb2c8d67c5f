"""Scenarios of a sweep beside the first one, on the same simulated years."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import xarray as xr

from riskmodel.exceedance.comparison import compare_losses
from riskmodel.run.params import Params

COLUMNS = "scenario figure first second difference lower upper told_apart".split()


def paired_differences(tables: Mapping[str, Path], params: Params) -> pd.DataFrame:
    """Difference of every loss figure from that of the first scenario, with a paired interval.

    Parameters
    ----------
    tables : mapping of str to Path
        Stage ``occurrence_table`` of each scenario, the one compared with first.
    params : Params
        Return periods, and the level of the interval.

    Returns
    -------
    One row a scenario and figure: ``first``, ``second``, ``difference``, ``lower``, ``upper`` (CNY)
    and ``told_apart``. Scenarios with other years, blocks or money are left out: nothing is paired.
    """
    names = list(tables)
    periods, level = list(params.exceedance.return_periods), params.exceedance.interval_level
    frames = []
    with xr.open_dataset(tables[names[0]]) as base:
        for name in names[1:]:
            with xr.open_dataset(tables[name]) as other:
                if any(base.attrs[k] != other.attrs[k] for k in ("years", "blocks", "price_year")):
                    continue
                compared = compare_losses(base, other, periods, level=level)
            frames.append(compared.to_dataframe().reset_index().assign(scenario=name))
    return pd.concat(frames)[COLUMNS] if frames else pd.DataFrame(columns=COLUMNS)
