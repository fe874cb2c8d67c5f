"""Curves of single zones: each is the zone's own, and they add up to nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr

from riskmodel.exceedance.curve_table import curve_table
from riskmodel.exceedance.metrics import Metric, average_by_group
from riskmodel.run.folder import Run
from riskmodel.run.records import Record
from riskmodel.run.work.records import interval_records

KINDS = {"OEP": "oep", "AEP": "aep", "AEP_TVaR": "tvar"}
BY_ZONE = ".by_zone."


def zone_metrics(
    table: xr.Dataset, return_periods: Sequence[float], *, block: int | None = None
) -> dict[str, Metric]:
    """Mean annual loss, OEP, AEP and TVaR of each zone, CNY, as ``loss.oep.100.by_zone.330381``.

    Parameters
    ----------
    table : Dataset
        Occurrence table; columns of quantity ``loss``.
    return_periods : sequence of float
        Years on the annual-probability basis.
    block : int, optional
        One block only, for the simulation interval.
    """
    means = {n: m for n, m in average_by_group(table, block=block).items() if BY_ZONE in n}
    rows, years = table["row_occurrence"].values, int(table.attrs["years"])
    year = table["year"].values[rows].astype(np.int64)
    kept = np.flatnonzero((block is None) | (table["block"].values[rows] == block))
    if block is not None:
        years //= int(table.attrs["blocks"])
        year = year - block * years
    loss = table["mean"].values[:, table["quantity"].values == "loss"].sum(axis=1)
    codes = [str(code) for code in table["zone"].values]
    kept = kept[loss[kept] > 0.0]
    points = curve_table(
        year[kept], loss[kept], years, list(return_periods),
        group=table["row_zone"].values[kept].astype(np.int64), groups=codes,
    )  # fmt: skip
    curves = {
        f"loss.{name}.{t:g}{BY_ZONE}{code}": Metric(
            float(points.sel(group=code, kind=kind, return_period=t))
        )
        for code in codes
        for kind, name in KINDS.items()
        for t in return_periods
    }
    return means | curves


def zone_records(run: Run, table: xr.Dataset, variants: Mapping[str, xr.Dataset]) -> list[Record]:
    """Figures of `zone_metrics` with both intervals."""
    periods = list(run.params.exceedance.return_periods)
    blocks = range(int(table.attrs["blocks"]))
    return interval_records(
        run,
        zone_metrics(table, periods),
        [zone_metrics(table, periods, block=block) for block in blocks],
        [zone_metrics(variant, periods) for variant in variants.values()],
        unit="CNY",
        source="riskmodel.exceedance.curve_table by zone",
    )
