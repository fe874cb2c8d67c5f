"""What index covers would have paid for real storms, beside what the model says was lost."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from riskmodel.cover.covers import ParametricCover
from riskmodel.cover.index_readings import read_index
from riskmodel.cover.index_residual import measured
from riskmodel.cover.parametric import index_fraction, zone_split
from riskmodel.cover.programme import Programme
from riskmodel.exceedance.metrics import annual_maximum, value_at_risk
from riskmodel.run.folder import Run
from riskmodel.run.records import Record
from riskmodel.run.work.basis import residual_of
from riskmodel.run.work.hazard import catalogue_of
from riskmodel.run.work.records import plain_record
from riskmodel.run.work.replay import replay_losses, replay_table
from riskmodel.run.work.storms import DRAWS, SPAN, dated_storms, real_storms
from riskmodel.run.work.triggers import index_covers, triggers_of, with_areas

SOURCE = "riskmodel.run.work.index_replay"
PERIODS = (10.0, 20.0, 50.0, 100.0, 200.0)  # years


def index_replay(
    run: Run, programme: Programme, census: xr.DataTree
) -> tuple[xr.Dataset, pd.DataFrame]:
    """Payouts of the index covers for the recorded storms, and the table of what these cost.

    The first as of `index_payouts`, the second as of `riskmodel.run.work.replay.replay_table`.
    """
    catalogue = catalogue_of(run)
    storms = real_storms(run, census, catalogue)
    losses = replay_losses(run, run.params, census, catalogue, storms)
    payouts = index_payouts(run, programme, census, dated_storms(run))
    return payouts, replay_table(run, losses, storms)


def index_payouts(
    run: Run, programme: Programme, census: xr.DataTree, storms: xr.Dataset
) -> xr.Dataset:
    """Pay each index cover for each of `dated_storms`, as one occurrence of a year of its own.

    Covers on a mean over counties are left out: no storm brings snow, and the depth of recorded
    cold waves is not known by county.

    Pressure, wind and landfall are of the recorded track, rain as of `triggers_of`.

    Returns
    -------
    Dataset with dims ``cover`` and ``storm``: ``index``, the worst that any county reads (NaN
    where the storm missed the box); ``payout`` on the recorded index, and ``lower`` and ``upper``,
    5 and 95 % of `DRAWS` draws of what is measured, in CNY.
    """
    total = census["exposure"].to_dataset()["total"]
    population = total.sel(exposure_class="population", drop=True)
    zones = [str(zone) for zone in population["zone"].values]
    residual, seed = residual_of(run), run.params.seed
    covers = [cover for cover in index_covers(programme) if cover.trigger.area is None]
    triggers = triggers_of(run, programme, storms)
    # draws of their own: occurrences of the catalogue have the same numbers
    drawn = [measured(triggers, residual, seed=seed, draw=DRAWS + draw) for draw in range(DRAWS)]
    columns: dict[str, list[npt.NDArray[np.float64]]] = {
        name: [] for name in ("index", "payout", "lower", "upper")
    }
    for cover in covers:
        split = zone_split(cover, zones, population)
        columns["index"].append(_worst(cover, read_index(cover, triggers, zones)))
        columns["payout"].append(_payout(cover, triggers, zones, split))
        each = np.stack([_payout(cover, one, zones, split) for one in drawn])
        for name, bound in zip(("lower", "upper"), np.quantile(each, SPAN, axis=0), strict=True):
            columns[name].append(bound)
    return xr.Dataset(
        {name: (("cover", "storm"), np.stack(rows)) for name, rows in columns.items()},
        {
            "cover": [cover.cover for cover in covers],
            "storm": storms["storm_name"].values,
            "unit": ("cover", [cover.trigger.unit for cover in covers]),
        },
    )


def _worst(cover: ParametricCover, index: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    sign = -1.0 if cover.trigger.falling else 1.0
    filled = np.where(np.isnan(index), -np.inf, sign * index).max(axis=1)
    return np.where(np.isfinite(filled), sign * filled, np.nan)


def _payout(
    cover: ParametricCover,
    triggers: xr.Dataset,
    zones: Sequence[str],
    split: npt.NDArray[np.float64],
) -> npt.NDArray[np.float64]:
    fraction = index_fraction(cover, read_index(cover, triggers, zones))
    due = (fraction * split).sum(axis=1) * cover.limits.event
    return np.minimum(due, cover.limits.year)


def index_replay_table(payouts: xr.Dataset, replayed: pd.DataFrame) -> pd.DataFrame:
    """One row a storm: index and payout of each cover, modelled and reported loss (亿元).

    `replayed` is that of `riskmodel.run.work.replay.replay_table`.
    """
    table = pd.DataFrame({"storm": payouts["storm"].values})
    for number, cover in enumerate(payouts["cover"].values):
        one = payouts.isel(cover=number)
        money = {name: (one[name].values / 1e8).round(2) for name in ("payout", "lower", "upper")}
        table[f"{cover}: index ({one['unit'].item()})"] = one["index"].values.round(1)
        table[f"{cover}: payout (亿元)"] = money["payout"]
        pairs = zip(money["lower"], money["upper"], strict=True)
        table[f"{cover}: 5 to 95 % of draws"] = [f"{low:g} – {high:g}" for low, high in pairs]
    losses = replayed[["storm", "modelled", "reported"]].copy()
    for name in ("modelled", "reported"):
        losses[f"{name} loss (亿元)"] = (losses.pop(name) / 1e8).round(2)
    return table.merge(losses, on="storm")


def area_index_table(
    run: Run, programme: Programme, census: xr.DataTree, table: xr.Dataset
) -> pd.DataFrame:
    """How deep the snow of an areal index is in each county of its covers, and what is paid then.

    No recorded cold wave is known by county, so that these are simulated years: the largest index
    of a year that is reached once in T years, and the share of the county's full payment at it.
    """
    zones = [str(zone) for zone in table["zone"].values]
    names = census["zones"].to_dataset()[f"name_{run.params.language}"].sel(zone=zones).values
    triggers = with_areas(triggers_of(run, programme), programme, census, table)
    year, years = table["year"].values.astype(np.int64), int(table.attrs["years"])
    rows: list[dict[str, object]] = []
    for cover in index_covers(programme):
        if cover.trigger.area is None:
            continue
        index = read_index(cover, triggers, zones)
        for place, zone in enumerate(zones):
            if cover.zones != "all" and zone not in cover.zones:
                continue
            largest = annual_maximum(year, index[:, place], years)
            levels = {t: value_at_risk(largest, t) for t in PERIODS}
            row: dict[str, object] = {"cover": cover.cover, "county": str(names[place])}
            for t, level in levels.items():
                row[f"{t:g}-year index ({cover.trigger.unit})"] = round(level, 1)
                paid = index_fraction(cover, [[level]]).item()
                row[f"paid at {t:g} years (%)"] = round(100.0 * paid, 1)
            rows.append(row)
    return pd.DataFrame(rows)


def index_replay_records(payouts: xr.Dataset) -> list[Record]:
    """Payout of each cover for each storm, ``history.index.<cover>.<storm>``."""
    return [
        plain_record(
            f"history.index.{cover}.{str(storm).replace(' ', '_').lower()}",
            float(payouts["payout"].sel(cover=cover, storm=storm)),
            "CNY",
            SOURCE,
        )
        for cover in payouts["cover"].values
        for storm in payouts["storm"].values
    ]
