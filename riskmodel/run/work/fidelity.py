"""Does the stored catalogue give every census map back: the first check of question 2."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.core.messages import Language, message
from riskmodel.hazard.fidelity import fidelity, summary
from riskmodel.run.folder import Run
from riskmodel.run.records import Record
from riskmodel.run.settings import plain_curves
from riskmodel.run.stages import save_stage
from riskmodel.run.work.records import plain_record

LANGUAGES: tuple[Language, Language] = ("zh", "en")


def check_fidelity(run: Run, census: xr.DataTree, catalogue: xr.DataTree) -> dict[str, xr.Dataset]:
    """Fidelity of each peril on the maps without scenario, kept as a stage."""
    perils = catalogue.attrs["perils"]
    curves = {peril: plain_curves(run.params, census, catalogue, peril) for peril in perils}
    checks = {peril: fidelity(catalogue, census, curves, peril=peril) for peril in perils}
    save_stage(run, "fidelity", xr.DataTree.from_dict(checks))
    return checks


def fidelity_table(checks: dict[str, xr.Dataset]) -> pd.DataFrame:
    """One row a peril and return period: checks made, share bracketed, largest error in years."""
    rows = []
    for peril, check in checks.items():
        for t in check["return_period"].values:
            one = check.sel(return_period=t)
            rows.append(
                {
                    "peril": peril, "return period": t, "checks": one["bracketed"].size,
                    "bracketed": float(one["bracketed"].mean()),
                    "largest year-count error": int(np.abs(one["year_count_error"]).max()),
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def hazard_records(catalogue: xr.DataTree, checks: dict[str, xr.Dataset]) -> list[Record]:
    """Size and fidelity of the catalogue."""
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
        plain_record("hazard.fidelity.bracketed_share", found["bracketed_share"], "1", source),
        plain_record(
            "hazard.fidelity.max_year_count_error", found["max_year_count_error"], "years", source
        ),
    ]


def bracket_width(
    census: xr.DataTree, check: xr.Dataset, *, peril: str, return_period: float
) -> xr.DataArray:
    """How closely a map is given back: width of the bracket over the map, mean of the blocks.

    The bracket is what the stored years of rank n and n + 1 read. Cells that a block does not
    bracket, or counts a year wrong, are missing.
    """
    one = check.sel(return_period=return_period)
    good = (one["bracketed"] & (one["year_count_error"] == 0)).all("block").values
    width = ((one["upper"] - one["lower"]) / one["map"]).mean("block").values
    zones, cells = census["zones"].to_dataset(), one["cell"].values
    field = xr.full_like(census[peril].to_dataset()["state"], np.nan, dtype=np.float64)
    place = zones["row"].values[cells], zones["column"].values[cells]
    field.values[place] = np.where(good & (one["map"].values > 0), 100.0 * width, np.nan)
    names = {f"long_name_{c}": message("axis.bracket_width", c) for c in LANGUAGES}
    return field.assign_attrs(units="%", long_name="width of the bracket over the map", **names)
