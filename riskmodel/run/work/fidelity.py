"""Does the stored catalogue give every census map back: the first check of question 2."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.core.messages import LANGUAGES, message
from riskmodel.hazard.fidelity import fidelity, summary
from riskmodel.run.folder import Run
from riskmodel.run.records import Record
from riskmodel.run.settings import plain_curves
from riskmodel.run.stages import open_stage, save_stage
from riskmodel.run.work.records import plain_record


def check_fidelity(run: Run, census: xr.DataTree, catalogue: xr.DataTree) -> dict[str, xr.Dataset]:
    """Fidelity of each peril on the maps without scenario, kept as a stage."""
    perils = catalogue.attrs["perils"]
    curves = {peril: plain_curves(run.params, census, catalogue, peril) for peril in perils}
    checks = {peril: fidelity(catalogue, census, curves, peril=peril) for peril in perils}
    save_stage(run, "fidelity", xr.DataTree.from_dict(checks))
    return checks


def fidelity_table(checks: dict[str, xr.Dataset]) -> pd.DataFrame:
    """One row a peril and return period: checks made, share bracketed, largest error in years.

    A peril that reaches no cell has no checks, and neither share nor error.
    """
    rows = []
    for peril, check in checks.items():
        for t in check["return_period"].values:
            one = check.sel(return_period=t)
            made = one["bracketed"].size > 0
            rows.append(
                {
                    "peril": peril, "return period": t, "checks": one["bracketed"].size,
                    "bracketed": float(one["bracketed"].mean()) if made else None,
                    "largest year-count error":
                        int(np.abs(one["year_count_error"]).max()) if made else None,
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def hazard_records(run: Run, catalogue: xr.DataTree, checks: dict[str, xr.Dataset]) -> list[Record]:
    """Size and fidelity of the catalogue, and how many occurrences the scenario makes of it."""
    years = int(catalogue.attrs["blocks"]) * int(catalogue.attrs["years_per_block"])
    found = summary(checks)
    source = "riskmodel.hazard.fidelity, recomputed from the stored catalogue"
    return [
        plain_record("hazard.years", years, "years", "riskmodel.hazard.catalogue"),
        plain_record(
            "hazard.occurrences",
            catalogue.sizes["occurrence"],
            "occurrences",
            "riskmodel.hazard.catalogue",
        ),
        plain_record(
            "hazard.scenario_occurrences",
            open_stage(run, "catalogue").sizes["occurrence"],
            "occurrences",
            "riskmodel.hazard.scenario",
        ),
        plain_record("hazard.fidelity.bracketed_share", found["bracketed_share"], "1", source),
        plain_record(
            "hazard.fidelity.max_year_count_error", found["max_year_count_error"], "years", source
        ),
    ]


def bracket_width(
    census: xr.DataTree, check: xr.Dataset, *, peril: str, return_period: float
) -> xr.Dataset:
    """How closely a map is given back, cell by cell, and where it is not.

    Returns
    -------
    Dataset (y, x): ``width`` of the bracket over the map in per cent, mean of the blocks, where
    the bracket is what the stored years of rank n and n + 1 read; missing where the map is dry.
    ``missed``: cells that a block does not bracket, or counts a year wrong; they have no width.
    """
    one = check.sel(return_period=return_period)
    good = (one["bracketed"] & (one["year_count_error"] == 0)).all("block")
    width = ((one["upper"] - one["lower"]) / one["map"].where(one["map"] > 0)).mean("block")
    zones, cells = census["zones"].to_dataset(), one["cell"].values
    place = zones["row"].values[cells], zones["column"].values[cells]
    field = xr.full_like(census[peril].to_dataset()["state"], np.nan, dtype=np.float64)
    missed = xr.zeros_like(field, dtype=bool)
    field.values[place] = 100.0 * width.where(good).values
    missed.values[place] = ~good.values
    field.attrs = {"units": "%", **_names("axis.bracket_width")}
    missed.attrs = _names("legend.missed_cells", number=int(missed.sum()))
    return xr.Dataset({"width": field, "missed": missed})


def _names(key: str, **values: object) -> dict[str, str]:
    """Names for drawing, in both languages."""
    names = {f"long_name_{code}": message(key, code, **values) for code in LANGUAGES}
    return {"long_name": names["long_name_en"], **names}
