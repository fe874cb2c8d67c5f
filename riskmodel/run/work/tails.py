"""What makes the worst years, for question 3: a breakdown of TVaR that adds up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.core.messages import LANGUAGES, message
from riskmodel.exceedance.breakdown import Group, breakdown, year_losses_by
from riskmodel.exceedance.curve import EXCEEDING_YEARS_NEEDED
from riskmodel.exceedance.metrics import Metric
from riskmodel.run.folder import Run
from riskmodel.run.records import Record
from riskmodel.run.work.records import interval_records
from riskmodel.run.work.scope import zone_words
from riskmodel.show.tables import item_name

SOURCE = "riskmodel.exceedance.breakdown on the occurrence table"
WORST = 100.0  # years; the breakdown is of the worst 1 in 100 years, or of what blocks support


def tail_period(run: Run) -> float:
    """Return the longest return period of the params up to 100 years that each block supports."""
    longest = run.params.hazard.years_per_block / EXCEEDING_YEARS_NEEDED
    periods = run.params.exceedance.return_periods
    return max((t for t in periods if t <= min(longest, WORST)), default=periods[0])


def tail_records(run: Run, table: xr.Dataset, variants: Mapping[str, xr.Dataset]) -> list[Record]:
    """Co-TVaR by peril, sector, zone and cause, with both intervals; each breakdown adds up."""
    period, blocks = tail_period(run), int(table.attrs["blocks"])
    parts = _by_groups(table)
    years = int(table.attrs["years"]) // blocks
    return interval_records(
        run,
        _figures(parts, period),
        [_figures(_of_block(parts, b, years), period) for b in range(blocks)],
        [_figures(_by_groups(variant), period) for variant in variants.values()],
        unit="CNY",
        source=SOURCE,
    )


def _by_groups(table: xr.Dataset) -> dict[str, xr.DataArray]:
    return {group: year_losses_by(table, group) for group in get_args(Group)}


def _of_block(parts: Mapping[str, xr.DataArray], block: int, years: int) -> dict[str, xr.DataArray]:
    own = slice(block * years, (block + 1) * years)
    return {group: losses.isel(year=own) for group, losses in parts.items()}


def _figures(parts: Mapping[str, xr.DataArray], period: float) -> dict[str, Metric]:
    return {
        f"loss.co_tvar.{period:g}.by_{group}.{name}": Metric(float(value))
        for group, losses in parts.items()
        for name, value in zip(
            losses[group].values, breakdown(losses, "co_tvar", period).values, strict=True
        )
    }


def tail_by_zone(
    run: Run, records: list[Record], table: xr.Dataset
) -> tuple[xr.DataArray, xr.DataArray, xr.DataArray]:
    """Co-TVaR of each zone with the bounds of its simulation interval, for drawing."""
    known = {record.name: record for record in records}
    zones, period = table["zone"].values, tail_period(run)
    chosen = [known[f"loss.co_tvar.{period:g}.by_zone.{zone}"] for zone in zones]
    spread = [next(i for i in r.intervals if i.kind == "simulation") for r in chosen]
    names = {f"long_name_{c}": message("axis.co_tvar", c, years=f"{period:g}") for c in LANGUAGES}
    attrs = {"units": "CNY", "currency": "CNY", "price_year": table.attrs["price_year"], **names}
    attrs |= {"long_name": "co-TVaR", "interval": "simulation", "level": spread[0].level}
    coords = {
        "zone": zones,
        **{f"name_{c}": ("zone", table[f"name_{c}"].values) for c in LANGUAGES},
    }
    value, lower, upper = (
        xr.DataArray(np.array(numbers), coords, ("zone",), attrs=attrs)
        for numbers in (
            [r.value for r in chosen], [i.lower for i in spread], [i.upper for i in spread],
        )
    )  # fmt: skip
    return value, lower, upper


def tail_table(run: Run, records: list[Record], table: xr.Dataset) -> pd.DataFrame:
    """Part of each peril, sector, zone and cause in the mean loss of the worst years, in 亿元.

    With the bounds of both intervals, and each part's share; shares are of the same figures.
    Parts bear their names in the language of the run, zones those of the occurrence table.
    """
    prefix, language = f"loss.co_tvar.{tail_period(run):g}.", run.params.language
    zones, rows = zone_words(table, language), []
    for record in records:
        if record.name.startswith(prefix):
            group, _, name = record.name.removeprefix(prefix).partition(".")
            row: dict[str, object] = {"by": group.removeprefix("by_")}
            row["part"] = item_name(group, name, language, zones)
            row["co-TVaR (亿元)"] = record.value / 1e8
            for i in record.intervals:
                row[f"{i.kind} lower (亿元)"] = i.lower / 1e8
                row[f"{i.kind} upper (亿元)"] = i.upper / 1e8
            rows.append(row)
    frame = pd.DataFrame(rows)
    total = frame.groupby("by")["co-TVaR (亿元)"].transform("sum")
    return frame.assign(**{"share (%)": 100 * frame["co-TVaR (亿元)"] / total}).round(2)
