"""How many people a year are affected, evacuated, injured and killed by water, for question 3."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.exceedance.metrics import Metric
from riskmodel.run.folder import Run
from riskmodel.run.records import Record
from riskmodel.run.work.records import interval_records
from riskmodel.show.tables import results_table

SOURCE = "riskmodel.loss.people on the occurrence table"


def people_records(run: Run, table: xr.Dataset, variants: Mapping[str, xr.Dataset]) -> list[Record]:
    """Mean number of persons a year, ``people.affected.aal`` and so on, with both intervals."""
    blocks = range(int(table.attrs["blocks"]))
    return interval_records(
        run,
        _means(table),
        [_means(table, block) for block in blocks],
        [_means(variant) for variant in variants.values()],
        unit="person",
        source=SOURCE,
    )


def people_table(run: Run, records: list[Record]) -> pd.DataFrame:
    """Return the records in words."""
    rows = [record.model_dump() for record in records]
    return results_table(rows, [r.name for r in records], language=run.params.language)


def _means(table: xr.Dataset, block: int | None = None) -> dict[str, Metric]:
    """Persons a year by item, of all blocks or of one."""
    years = int(table.attrs["years"])
    of_row = table["block"].values[table["row_occurrence"].values]
    if block is not None:
        years //= int(table.attrs["blocks"])
    rows = np.flatnonzero((of_row == block) | (block is None))
    persons = np.flatnonzero(table["quantity"].values == "persons")
    names = table["item"].values[persons]
    sums = table["mean"].values[rows][:, persons].sum(axis=0) / years
    beyond = table["extrapolated"].values[rows][:, persons].sum(axis=0) / years
    result = {}
    for name in dict.fromkeys(names.tolist()):
        value, part = (float(x[names == name].sum()) for x in (sums, beyond))
        result[f"{name}.aal"] = Metric(value, part / value if value else None)
    return result
