"""Which perils a run models, and why it does not model the others: no gap is silent."""

from __future__ import annotations

import pandas as pd
import xarray as xr

from riskmodel.census.units import perils
from riskmodel.core.messages import Language, message
from riskmodel.run.folder import Run


def availability(run: Run, census: xr.DataTree) -> dict[str, str]:
    """State of each peril of the census table: a key ``availability.*`` of the message table."""
    asked = run.params.hazard.storage_rates()
    found: dict[str, str] = {}
    for peril in perils():
        if peril in census.attrs.get("not_available", []):
            found[peril] = "no_probabilities"
        elif peril not in census.attrs["perils"]:
            found[peril] = "no_maps"
        else:
            found[peril] = "modelled" if peril in asked else "left_out"
    return found


def peril_table(run: Run, census: xr.DataTree, language: Language) -> pd.DataFrame:
    """One row for each of the nine perils: what its maps measure, and whether it is modelled."""
    return pd.DataFrame(
        {
            "peril": message(f"peril.{peril}", language),
            "measure": perils()[peril]["measure"][language],
            "unit": next(iter(perils()[peril]["units"])),
            "in this run": message(f"availability.{state}", language),
        }
        for peril, state in availability(run, census).items()
    )
