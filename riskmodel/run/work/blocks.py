"""Whether the catalogue is long enough, and its yearly sums follow from its events alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.exceedance.aggregate import event_metrics
from riskmodel.exceedance.convergence import convergence
from riskmodel.exceedance.event_table import event_table
from riskmodel.run.folder import Run
from riskmodel.run.records import Record
from riskmodel.run.settings import catalogue_settings
from riskmodel.run.work.tails import tail_period

PRECISION = 0.05  # half width of the interval over the figure


def blocks_table(run: Run, table: xr.Dataset) -> pd.DataFrame:
    """Blocks that a half width of 5 % asks for, figure by figure.

    `cautious` allows for how little a few blocks say of their own spread. Figures beyond what one
    block supports are left out: longer blocks are needed there, not more of them.
    """
    periods = [t for t in run.params.exceedance.return_periods if t <= tail_period(run)]
    level = run.params.exceedance.interval_level
    found = convergence(table, periods, precision=PRECISION, level=level).to_dataframe()
    present = (found.pop("relative_half_width") * 100).round(1)
    shown = found.assign(value=(found["value"] / 1e8).round(2)).rename(
        columns={"value": "value (亿元)", "blocks_needed_cautious": "cautious"}
    )
    shown.insert(1, "half width now (%)", present)
    return shown.reset_index()


def event_rates(run: Run, table: xr.Dataset, records: Sequence[Record]) -> pd.DataFrame:
    """Set simulated figures beside those of the same events as an event-rate table, in 亿元.

    Every occurrence becomes an event at the rate of once in all simulated years; number of events a
    year as declared, the sum by a Fourier transform. Years play no part
    in it, so it checks how years were put together, and says what independent events would do.
    """
    columns = table["quantity"].values == "loss"
    loss = np.bincount(table["row_occurrence"].values, table["mean"].values[:, columns].sum(axis=1))
    costly = np.flatnonzero(loss > 0)
    years = float(table.attrs["years"])
    events = event_table(
        costly, np.full(costly.size, 1.0 / years), loss[costly],
        currency=str(table.attrs["currency"]), price_year=int(table.attrs["price_year"]),
        source="occurrences of the run",
    )  # fmt: skip
    periods = [t for t in run.params.exceedance.return_periods if t <= tail_period(run)]
    analytic = event_metrics(events, catalogue_settings(run.params).frequency, periods)
    known = {record.name: record for record in records}
    rows = []
    for name in ("loss.aal", *(f"loss.{k}.{t:g}" for k in ("oep", "aep", "tvar") for t in periods)):
        record = known[name]
        spread = next(i for i in record.intervals if i.kind == "simulation")
        amounts = (record.value, spread.lower, spread.upper, analytic[name].value)
        rows.append((name, *(round(amount / 1e8, 2) for amount in amounts)))
    titles = ("figure", "simulated", "simulation lower", "simulation upper", "event rates")
    frame = pd.DataFrame(rows, columns=list(titles))
    inside = frame["event rates"].between(frame["simulation lower"], frame["simulation upper"])
    units = {name: f"{name} (亿元)" for name in titles[1:]}
    return frame.rename(columns=units).assign(inside=inside)
