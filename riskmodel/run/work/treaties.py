"""The reinsurance part of question 4: what the layers of the treaties recover."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from riskmodel.cover.balance import SMALLEST_NEED
from riskmodel.cover.programme import Programme
from riskmodel.cover.treaties import NONE, ExcessOfLoss, tower_faults
from riskmodel.exceedance.metrics import Metric
from riskmodel.run.folder import Run
from riskmodel.run.records import Record
from riskmodel.run.work.records import interval_records
from riskmodel.run.work.tiers import Paid

SOURCE = "riskmodel.cover.reinsurance"
RARE = 100.0  # years


def sums_of_years(
    recoveries: xr.Dataset, name: str, block: int | None = None
) -> npt.NDArray[np.float64]:
    """Sum a variable (occurrence, layer) by year: array (year, layer), of all or of one block."""
    years = int(recoveries.attrs["years"])
    sums = np.zeros((years, recoveries.sizes["layer"]))
    np.add.at(sums, recoveries["year"].values, recoveries[name].values)
    return _of_block(sums, recoveries, block)


def largest_of_years(recoveries: xr.Dataset, block: int | None = None) -> npt.NDArray[np.float64]:
    """Largest recovery of one occurrence in each year: array (year, layer)."""
    years = int(recoveries.attrs["years"])
    largest = np.zeros((years, recoveries.sizes["layer"]))
    np.maximum.at(largest, recoveries["year"].values, recoveries["recovery"].values)
    return _of_block(largest, recoveries, block)


def _of_block(
    values: npt.NDArray[np.float64], recoveries: xr.Dataset, block: int | None
) -> npt.NDArray[np.float64]:
    years, blocks = int(recoveries.attrs["years"]), int(recoveries.attrs["blocks"])
    return values if block is None else values.reshape(blocks, years // blocks, -1)[block]


def rare_of_years(largest: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Recovery by layer that years / `RARE` years exceed."""
    rank = int(largest.shape[0] / RARE)
    values: npt.NDArray[np.float64] = -np.sort(-largest, axis=0)[rank]
    return values


def _figures(paid: Paid, block: int | None = None) -> dict[str, Metric]:
    recoveries = paid.recoveries
    mean = {
        "aal": sums_of_years(recoveries, "recovery", block).mean(axis=0),
        "reinstatement_premium": sums_of_years(recoveries, "reinstatement_premium", block).mean(
            axis=0
        ),
        f"oep.{RARE:g}": rare_of_years(largest_of_years(recoveries, block)),
    }
    return {
        f"ledger.reinsurance.{layer}.{name}": Metric(float(values[k]))
        for k, layer in enumerate(recoveries["layer"].values)
        for name, values in mean.items()
    }


def treaty_records(run: Run, baseline: Paid, variants: Sequence[Paid]) -> list[Record]:
    """Mean recovery and reinstatement premium a year, and the 100-year recovery, by layer."""
    blocks = [_figures(baseline, block) for block in range(run.params.hazard.blocks)]
    others = [_figures(variant) for variant in variants]
    return interval_records(
        run, _figures(baseline), blocks, others, unit="CNY", source=SOURCE
    )  # fmt: skip


def tower_table(paid: Paid) -> pd.DataFrame:
    """Terms of each layer, its premium and what it recovers, placed shares; in 亿元 and 万元.

    The rate on line is the premium over the limit, the expected one the mean recovery less mean
    reinstatement premium over the placed limit. Years that recover less than a fen are none.
    """
    r = paid.recoveries
    recovery = sums_of_years(r, "recovery")
    restored = sums_of_years(r, "reinstatement_premium").mean(axis=0)
    limit, placed = r["limit"].values, r["placed"].values
    mean = recovery.mean(axis=0)
    columns = {
        "layer": r["layer"].values,
        "attaches at (亿元)": r["attachment"].values / 1e8,
        "limit (亿元)": limit / 1e8,
        "placed": placed,
        "premium (万元)": (r["premium"].values * placed / 1e4).round(1),
        "mean recovery (万元)": (mean / 1e4).round(1),
        "mean reinstatement premium (万元)": (restored / 1e4).round(1),
        "years with recovery": (recovery >= SMALLEST_NEED).mean(axis=0).round(4),
        f"recovery at {RARE:g} years (万元)": (rare_of_years(largest_of_years(r)) / 1e4).round(1),
        "expected rate on line": ((mean - restored) / (limit * placed)).round(4),
        "rate on line": (r["premium"].values / limit).round(4),
    }
    return pd.DataFrame(columns)


def tower_layers(programme: Programme, paid: Paid) -> xr.Dataset:
    """Layers of the treaties with their mean recovery, for drawing; of the tier they reinsure."""
    r = paid.recoveries
    tiers = {cover.cover: cover.tier for cover in programme.covers}
    of_treaty = {t.treaty: tiers[t.covers[0]] for t in programme.treaties}
    mean = sums_of_years(r, "recovery").mean(axis=0)
    own = {t.treaty: (t.name_zh, t.name) for t in programme.treaties}
    treaties = [str(t) for t in r["treaty"].values]
    plain = [(t, treaties[: k + 1].count(t)) for k, t in enumerate(treaties)]
    return xr.Dataset(
        {
            "tier": ("cover", [of_treaty[t] for t in treaties]),
            "name_zh": ("cover", [f"{own[t][0]} {n}" for t, n in plain]),
            "name_en": ("cover", [f"{own[t][1]} {n}" for t, n in plain]),
            "attachment": ("cover", r["attachment"].values),
            "limit": ("cover", r["limit"].values),
            "expected": ("cover", mean),
        },
        coords={"cover": r["layer"].values},
        attrs={"currency": "CNY", "price_year": r.attrs["price_year"]},
    )


def placement_table(programme: Programme) -> pd.DataFrame:
    """Name what towers leave: gaps and overlaps between layers, and parts that are not placed."""
    rows = []
    for treaty in programme.treaties:
        if not isinstance(treaty, ExcessOfLoss):
            continue
        found = tower_faults(treaty.layers)
        found += [
            f"layer {x.layer}: {1.0 - x.placed:.0%} from {x.attachment:,.0f} CNY on is not placed"
            for x in treaty.layers
            if x.placed < 1.0 - 1e-12
        ]
        rows += [{"treaty": treaty.treaty, "left": words} for words in found or ["nothing"]]
    return pd.DataFrame(rows, columns=["treaty", "left"])


def clause_table(programme: Programme, paid: Paid) -> pd.DataFrame:
    """Show what the hours clauses do to occurrences of each source that a treaty's covers pay for.

    An occurrence longer than the window is split evenly over its days, whatever its peril; a
    treaty whose losses last for months, as droughts do, is written with `hours_clause: none`.
    """
    payouts, rows = paid.payouts, []
    days = (payouts["end"] - payouts["start"]).to_numpy()
    source = payouts["parent_event"].to_numpy().astype(str)
    for treaty in programme.treaties:
        due = payouts["paid"].sel(cover=list(treaty.covers)).sum(("cover", "zone")).to_numpy()
        window = np.inf if treaty.hours_clause == NONE else float(treaty.hours_clause) / 24.0
        for name in np.unique(source[due > 0.0]):
            own = (source == name) & (due > 0.0)
            long = own & (days > window)
            rows.append(
                {
                    "treaty": treaty.treaty,
                    "hours clause": str(treaty.hours_clause),
                    "source": name,
                    "occurrences a year": round(own.sum() / float(payouts.attrs["years"]), 3),
                    "longest (days)": round(float(days[own].max()), 1),
                    "longer than the window (%)": round(100.0 * long.sum() / own.sum(), 1),
                    "of the amount (%)": round(100.0 * due[long].sum() / due[own].sum(), 1),
                    "most windows of one": int(max(np.ceil(days[own].max() / window), 1.0)),
                }
            )
    return pd.DataFrame(rows)
