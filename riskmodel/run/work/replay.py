"""Real storms at today's exposure: read through the rank function, beside what was reported."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.economy.history import reported_losses
from riskmodel.exceedance.intervals import simulation_interval
from riskmodel.hazard.typhoon.history import chinese_names
from riskmodel.loss.occurrence_table import occurrence_table
from riskmodel.run.assumptions import figure_status
from riskmodel.run.folder import Run
from riskmodel.run.params import Params
from riskmodel.run.records import Record, make_record
from riskmodel.run.work.losses import compiled
from riskmodel.run.work.scope import is_whole

DRAWN = ("5 % of draws", "95 % of draws")


def replay_losses(
    run: Run, params: Params, census: xr.DataTree, catalogue: xr.DataTree, storms: xr.DataTree
) -> xr.DataArray:
    """Loss (reading, storm, peril) in CNY; reading 0 is pooled, the others are of single blocks."""
    perils = list(storms.attrs["perils"])
    table = occurrence_table(storms, compiled(run, params, census, catalogue, perils=perils))
    readings, count = int(storms.attrs["blocks"]), int(storms.attrs["years_per_block"])
    result = np.zeros((readings * count, len(perils)))
    for index, peril in enumerate(perils):
        columns = (table["peril"].values == peril) & (table["quantity"].values == "loss")
        np.add.at(
            result[:, index],
            table["row_occurrence"].values,
            table["mean"].values[:, columns].sum(axis=1),
        )
    names = storms.to_dataset()["storm_name"].values[:count]
    return xr.DataArray(
        result.reshape(readings, count, len(perils)),
        {"storm": names, "peril": perils},
        ("reading", "storm", "peril"),
    )


def replay_table(run: Run, losses: xr.DataArray, storms: xr.DataTree) -> pd.DataFrame:
    """Modelled loss of each storm with its simulation interval, by peril, and the reported one.

    Reported losses are of the whole city; a run of some zones has none beside its own.

    Money in CNY; ``below storage, <peril>`` is the share of affected cells that the storm does not
    reach with a rate rarer than the storage rate.
    """
    reported, total = reported_losses(), losses.sum("peril").values
    reported = reported if is_whole(run) else reported.iloc[:0]
    level = run.params.exceedance.interval_level
    perils = [str(peril) for peril in losses["peril"].values]
    rows = []
    for index, storm in enumerate(map(str, losses["storm"].values)):
        interval = simulation_interval(total[0, index], total[1:, index].tolist(), level=level)
        row: dict[str, object] = {"storm": storm, "modelled": float(total[0, index])}
        row |= {"lower": interval["lower"], "upper": interval["upper"]}
        row |= {peril: float(losses.values[0, index, k]) for k, peril in enumerate(perils)}
        row |= {f"below storage, {p}": storms.attrs[f"below_storage_{p}"][index] for p in perils}
        known = storm in reported.index
        row["reported"] = reported.loc[storm, "today"] if known else np.nan
        row["use"] = reported.loc[storm, "use"] if known else ""
        rows.append(row)
    return pd.DataFrame(rows)


def in_yi(table: pd.DataFrame) -> pd.DataFrame:
    """Replay table for reading: money in 亿元, shares in per cent."""
    kind = {end: f"simulation {end}" for end in ("lower", "upper")}
    shown = table.rename(columns=kind)
    for name in shown.select_dtypes("number").columns:
        share = name.startswith("below storage")
        shown[name] = (shown[name] * 100).round(0) if share else (shown[name] / 1e8).round(2)
        unit = "%" if share else "亿元"
        shown = shown.rename(columns={name: f"{name} ({unit})"})
    return shown


def replay_dataset(run: Run, table: pd.DataFrame) -> xr.Dataset:
    """Storms with a reported loss, for drawing; bounds are those of the draws.

    `table` is that of `replay_table` merged with `riskmodel.run.work.storms.drawn_table`. A bound
    of zero has no place on the logarithmic axis and is left out.
    """
    known = table[table["reported"].notna()]
    used, zero = known["use"].isin(["replay", "rank"]), known["modelled"] == 0
    names = {
        "name_zh": _marked(known["storm"].map(chinese_name), used, "参与校准", zero, "模型为 0"),
        "name_en": _marked(known["storm"], used, "calibrated", zero, "model 0"),
    }
    columns = {
        "reported": "reported",
        "modelled": "modelled",
        "modelled_lower": DRAWN[0],
        "modelled_upper": DRAWN[1],
    }
    data = {
        new: ("storm", known[old].replace(0.0, np.nan).to_numpy()) for new, old in columns.items()
    }
    return xr.Dataset(
        data | {name: ("storm", text) for name, text in names.items()},
        attrs={
            "currency": "CNY",
            "price_year": run.params.census.price_year,
            "interval": "draws",
            "level": 0.9,  # from 5 to 95 per cent of them
        },
    )


def chinese_name(storm: str) -> str:
    """Chinese name of a storm such as ``"Megi 2016"``, with its year."""
    name, _, year = storm.partition(" ")
    return f"{chinese_names()[name]} {year}"


def _marked(
    names: pd.Series, used: pd.Series, used_word: str, zero: pd.Series, zero_word: str
) -> list[str]:
    """Storm names with what a reader must know of each point: used in the calibration, or zero."""
    marks = [
        [word for flag, word in ((u, used_word), (z, zero_word)) if flag]
        for u, z in zip(used, zero, strict=True)
    ]
    return [
        f"{name} ({', '.join(words)})" if words else str(name)
        for name, words in zip(names, marks, strict=True)
    ]


def replay_records(run: Run, table: pd.DataFrame) -> list[Record]:
    """Modelled loss of each replayed storm."""
    level = run.params.exceedance.interval_level
    records = []
    for row in table.to_dict("records"):
        interval = {"kind": "simulation", "level": level}
        interval |= {"lower": row["lower"], "upper": row["upper"]}
        records.append(
            make_record(
                name=f"history.replay.{row['storm'].replace(' ', '_').lower()}",
                value=row["modelled"],
                unit="CNY",
                status=figure_status("history.replay"),
                source="riskmodel.hazard.replay",
                intervals=[interval],
            )
        )
    return records
