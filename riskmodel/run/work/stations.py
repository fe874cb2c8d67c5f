"""Stations of parametric covers: declared rain by return period, and how often it is passed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.hazard.typhoon.stations import (
    calibrated_rain,
    load_stations,
    rain_at,
    rain_variation,
)
from riskmodel.run.folder import Run

PERIODS = (5, 20, 50, 100)  # years


def station_table(run: Run, catalogue: xr.DataTree) -> pd.DataFrame:
    """Return the declared 24-hour rain of each station, and how often simulated years pass it.

    A run of some zones has the stations of these zones.

    ``T-year rain (mm)`` is the station's synthetic curve; ``years in T`` the mean number of years
    in T simulated years whose highest typhoon rain passes it: one, but for the shift of the ranks.
    """
    occurrences = catalogue.to_dataset()
    rain = calibrated_rain(occurrences, first_shift=run.params.hazard.block_shift).values
    years = int(occurrences.attrs["blocks"]) * int(occurrences.attrs["years_per_block"])
    maxima = np.zeros((years, rain.shape[1]))
    np.maximum.at(maxima, occurrences["year"].values, np.nan_to_num(rain))
    stations = load_stations()
    rows: dict[str, object] = {"station": stations["name_zh"] + " " + stations["name_en"]}
    for period in PERIODS:
        level = rain_at(1.0 / period, stations["rain_50"].to_numpy(), rain_variation())
        passed = (maxima > level).sum(axis=0) * period / years
        rows[f"{period}-year rain (mm)"] = level.round(0)
        rows[f"years in {period}"] = passed.round(3)
    frame, zones = pd.DataFrame(rows), run.params.census.zones
    own = slice(None) if zones == "all" else stations.index.isin(zones)
    return frame[own].reset_index(drop=True)
